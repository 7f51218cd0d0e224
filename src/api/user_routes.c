/* The server's users, for its administrators. */
#include "api/internal.h"

static void put_user(void *arg, const struct accounts_user *user) {
    struct answer *answer = arg;
    mp_jw_object_begin(&answer->json);
    answer_text(answer, "name", user->name);
    mp_jw_key(&answer->json, "is_admin");
    mp_jw_bool(&answer->json, user->is_admin);
    answer_time(answer, "created", user->created_ms);
    answer_time(answer, "logged_in", user->logged_in_ms);
    mp_jw_object_end(&answer->json);
}

void handle_users(struct http_request *request, struct api *api, const struct api_access *access) {
    static const char *const none[] = {NULL};
    struct mp_error err;
    struct answer answer;
    (void)access;
    answer_init(&answer);
    mp_jw_key(&answer.json, "users");
    mp_jw_array_begin(&answer.json);
    int code = check_query(request, none, &err);
    code = code ? code : accounts_users(api->config.accounts, put_user, &answer, &err);
    mp_jw_array_end(&answer.json);
    answer_reply(&answer, request, 200, code, &err);
}

void handle_user_add(struct http_request *request, struct api *api,
                     const struct api_access *access) {
    static const char *const known[] = {"name", "password", "is_admin", NULL};
    struct mp_error err = {0};
    struct form form;
    struct answer answer;
    struct mp_str name = {0}, password;
    bool is_admin = false, is_given;
    int code = form_open(request, known, &form, &err);
    code = code ? code : form_text(&form, "name", &name, &err);
    code = code ? code : form_text(&form, "password", &password, &err);
    code = code ? code : form_bool(&form, "is_admin", &is_given, &is_admin, &err);
    code = code ? code
                : accounts_user_add(api->config.accounts, &access->caller, name, password, is_admin,
                                    &err);
    answer_init(&answer);
    mp_jw_key(&answer.json, "name");
    mp_jw_str(&answer.json, name);
    mp_jw_key(&answer.json, "is_admin");
    mp_jw_bool(&answer.json, is_admin);
    answer_reply(&answer, request, 201, code, &err);
    form_close(&form);
}

void handle_user_change(struct http_request *request, struct api *api,
                        const struct api_access *access) {
    static const char *const known[] = {"password", "is_admin", NULL};
    struct mp_error err = {0};
    struct form form;
    struct mp_str password = {0};
    bool is_admin = false, is_given = false;
    int code = form_open(request, known, &form, &err);
    code = code ? code : form_optional_text(&form, "password", &password, &err);
    code = code ? code : form_bool(&form, "is_admin", &is_given, &is_admin, &err);
    if (code == MP_OK && !password.ptr && !is_given) {
        code = mp_fail(&err, MP_E_ARGUMENT, "body", "nothing is to be changed");
    }
    code = code ? code
                : accounts_user_change(api->config.accounts, &access->caller,
                                       http_param(request, "user"), password,
                                       is_given ? &is_admin : NULL, &err);
    form_close(&form);
    reply_done(request, code, &err);
}

void handle_user_remove(struct http_request *request, struct api *api,
                        const struct api_access *access) {
    struct mp_error err;
    int code = accounts_user_remove(api->config.accounts, &access->caller,
                                    http_param(request, "user"), &err);
    reply_done(request, code, &err);
}
