/* Who is what on an app, and invitations to become it. */
#include "api/internal.h"

static void put_member(void *arg, const char *name, enum accounts_role role) {
    struct answer *answer = arg;
    mp_jw_object_begin(&answer->json);
    answer_text(answer, "user", name);
    answer_text(answer, "role", accounts_role_name(role));
    mp_jw_object_end(&answer->json);
}

void handle_members(struct http_request *request, struct api *api,
                    const struct api_access *access) {
    static const char *const none[] = {NULL};
    struct mp_error err;
    struct answer answer;
    answer_init(&answer);
    mp_jw_key(&answer.json, "members");
    mp_jw_array_begin(&answer.json);
    int code = check_query(request, none, &err);
    code = code
               ? code
               : accounts_members(api->config.accounts, access->app->id, put_member, &answer, &err);
    mp_jw_array_end(&answer.json);
    answer_reply(&answer, request, 200, code, &err);
}

void handle_member_set(struct http_request *request, struct api *api,
                       const struct api_access *access) {
    static const char *const known[] = {"role", NULL};
    struct mp_error err = {0};
    struct form form;
    enum accounts_role role = ACCOUNTS_NONE;
    int code = form_open(request, known, &form, &err);
    code = code ? code : form_role(&form, &role, &err);
    form_close(&form);
    code = code ? code
                : accounts_member_set(api->config.accounts, &access->caller, access->app->id,
                                      http_param(request, "user"), role, &err);
    reply_done(request, code, &err);
}

void handle_member_remove(struct http_request *request, struct api *api,
                          const struct api_access *access) {
    struct mp_error err;
    int code = accounts_member_remove(api->config.accounts, &access->caller, access->app->id,
                                      http_param(request, "user"), &err);
    reply_done(request, code, &err);
}

static void put_invitation(struct answer *answer, const struct accounts_invitation *invitation) {
    mp_jw_key(&answer->json, "id");
    mp_jw_i64(&answer->json, invitation->id);
    answer_text(answer, "role", accounts_role_name(invitation->role));
    answer_time(answer, "created", invitation->created_ms);
    answer_time(answer, "expires", invitation->expires_ms);
}

static void put_listed(void *arg, const struct accounts_invitation *invitation) {
    struct answer *answer = arg;
    mp_jw_object_begin(&answer->json);
    put_invitation(answer, invitation);
    answer_text(answer, "created_by", invitation->created_by);
    mp_jw_object_end(&answer->json);
}

void handle_invitations(struct http_request *request, struct api *api,
                        const struct api_access *access) {
    static const char *const none[] = {NULL};
    struct mp_error err;
    struct answer answer;
    answer_init(&answer);
    mp_jw_key(&answer.json, "invitations");
    mp_jw_array_begin(&answer.json);
    int code = check_query(request, none, &err);
    code = code ? code
                : accounts_invitations(api->config.accounts, access->app->id, put_listed, &answer,
                                       &err);
    mp_jw_array_end(&answer.json);
    answer_reply(&answer, request, 200, code, &err);
}

void handle_invite(struct http_request *request, struct api *api, const struct api_access *access) {
    static const char *const known[] = {"role", NULL};
    struct mp_error err = {0};
    struct form form;
    struct answer answer;
    struct accounts_invitation made = {0};
    char secret[ACCOUNTS_SECRET_SIZE] = "";
    enum accounts_role role = ACCOUNTS_NONE;
    int code = form_open(request, known, &form, &err);
    code = code ? code : form_role(&form, &role, &err);
    form_close(&form);
    code = code ? code
                : accounts_invite(api->config.accounts, &access->caller, access->app->id, role,
                                  secret, &made, &err);
    answer_init(&answer);
    put_invitation(&answer, &made);
    answer_text(&answer, "code", secret);
    answer_reply(&answer, request, 201, code, &err);
}

void handle_uninvite(struct http_request *request, struct api *api,
                     const struct api_access *access) {
    struct mp_error err = {0};
    int64_t id = 0;
    int code = take_id(request, &id, &err);
    code =
        code ? code
             : accounts_uninvite(api->config.accounts, &access->caller, access->app->id, id, &err);
    reply_done(request, code, &err);
}
