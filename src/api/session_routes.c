/* People: the first set-up, logging in and out, their own password, accepting an invitation. */
#include "api/internal.h"

#include "base/clock.h"

#include <stdio.h>

/* Who waits for a throttle is told how long. */
static void tell_wait(struct http_request *request, int code, int64_t wait_ms) {
    char text[24];
    if (code == MP_E_TOO_OFTEN) {
        snprintf(text, sizeof(text), "%lld", (long long)(wait_ms / MP_MS_PER_SECOND + 1));
        http_reply_header(request, "Retry-After", text);
    }
}

/* What a page must know of its session. */
static int put_session(struct answer *answer, struct api *api, const struct accounts_caller *caller,
                       struct mp_str secret, const struct mp_apps_snapshot *snapshot,
                       struct mp_error *err) {
    char csrf[ACCOUNTS_SECRET_SIZE];
    accounts_csrf(secret, csrf);
    answer_text(answer, "user", caller->name);
    mp_jw_key(&answer->json, "is_admin");
    mp_jw_bool(&answer->json, caller->is_admin);
    answer_text(answer, "csrf_token", csrf);
    answer_time(answer, "expires", caller->expires_ms);
    return put_apps(answer, api, caller, snapshot, err);
}

/* Replies to a log-in of any kind: the cookie, and what GET /v1/session tells. */
static void reply_session(struct http_request *request, struct api *api, int status, int code,
                          const struct accounts_session *session,
                          const struct accounts_login *login, struct mp_error *err) {
    struct accounts_caller caller;
    struct answer answer;
    struct mp_str secret = mp_str_of(session->secret);
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(api->config.apps);
    answer_init(&answer);
    code = code ? code : accounts_by_session(api->config.accounts, secret, &caller, err);
    code = code ? code : put_session(&answer, api, &caller, secret, snapshot, err);
    if (code == MP_OK) {
        set_cookie(request, api, session->secret,
                   (session->expires_ms - mp_now_ms()) / MP_MS_PER_SECOND);
    }
    tell_wait(request, code, login->wait_ms);
    answer_reply(&answer, request, status, code, err);
    mp_apps_release(snapshot);
}

void handle_setup_state(struct http_request *request, void *arg) {
    struct api *api = arg;
    static const char *const none[] = {NULL};
    struct mp_error err;
    struct answer answer;
    bool is_needed = false;
    int code = check_query(request, none, &err);
    code = code ? code : accounts_needs_setup(api->config.accounts, &is_needed, &err);
    answer_init(&answer);
    mp_jw_key(&answer.json, "is_needed");
    mp_jw_bool(&answer.json, is_needed);
    answer_reply(&answer, request, 200, code, &err);
}

typedef int log_in(struct accounts *accounts, struct accounts_login *login,
                   struct accounts_session *out, struct mp_error *err);

/* The three ways to a session differ in the members they take, the function and the status. */
static void log_in_by(struct http_request *request, struct api *api, bool has_code, log_in *by,
                      int status) {
    static const char *const with_code[] = {"code", "name", "password", NULL};
    struct mp_error err = {0};
    struct form form;
    struct accounts_session session = {0};
    char address[ACCOUNTS_ADDRESS_SIZE];
    struct accounts_login login = {.address = address};
    client_address(request, api, address);
    int code = form_open(request, has_code ? with_code : with_code + 1, &form, &err);
    code = code ? code : form_text(&form, "name", &login.name, &err);
    code = code ? code : form_text(&form, "password", &login.password, &err);
    if (code == MP_OK && has_code) {
        code = form_text(&form, "code", &login.code, &err);
    }
    code = code ? code : by(api->config.accounts, &login, &session, &err);
    form_close(&form);
    reply_session(request, api, status, code, &session, &login, &err);
}

void handle_setup(struct http_request *request, void *api) {
    log_in_by(request, api, true, accounts_set_up, 201);
}

void handle_join(struct http_request *request, void *api) {
    log_in_by(request, api, true, accounts_join, 201);
}

void handle_log_in(struct http_request *request, void *api) {
    log_in_by(request, api, false, accounts_log_in, 200);
}

void handle_session(struct http_request *request, struct api *api,
                    const struct api_access *access) {
    static const char *const none[] = {NULL};
    struct mp_error err;
    struct answer answer;
    answer_init(&answer);
    int code = check_query(request, none, &err);
    code = code
               ? code
               : put_session(&answer, api, &access->caller, access->secret, access->snapshot, &err);
    answer_reply(&answer, request, 200, code, &err);
}

void handle_log_out(struct http_request *request, struct api *api,
                    const struct api_access *access) {
    struct mp_error err;
    int code = accounts_log_out(api->config.accounts, &access->caller, access->secret, &err);
    if (code == MP_OK) {
        set_cookie(request, api, "", 0);
    }
    reply_done(request, code, &err);
}

void handle_own_password(struct http_request *request, struct api *api,
                         const struct api_access *access) {
    static const char *const known[] = {"current", "password", NULL};
    struct mp_error err = {0};
    struct form form;
    struct mp_str current, password;
    int64_t wait_ms = 0;
    int code = form_open(request, known, &form, &err);
    code = code ? code : form_text(&form, "current", &current, &err);
    code = code ? code : form_text(&form, "password", &password, &err);
    code = code ? code
                : accounts_change_password(api->config.accounts, &access->caller, access->secret,
                                           current, password, &wait_ms, &err);
    form_close(&form);
    tell_wait(request, code, wait_ms);
    reply_done(request, code, &err);
}

void handle_join_as(struct http_request *request, struct api *api,
                    const struct api_access *access) {
    static const char *const known[] = {"code", NULL};
    struct mp_error err = {0};
    struct form form;
    struct accounts_login login = {0};
    int code = form_open(request, known, &form, &err);
    code = code ? code : form_text(&form, "code", &login.code, &err);
    code = code ? code : accounts_join_as(api->config.accounts, &access->caller, &login, &err);
    form_close(&form);
    tell_wait(request, code, login.wait_ms);
    reply_done(request, code, &err);
}
