/* An app's API tokens. */
#include "api/internal.h"

int take_id(const struct http_request *request, int64_t *out, struct mp_error *err) {
    return mp_str_to_i64(http_param(request, "id"), out)
               ? MP_OK
               : mp_fail(err, MP_E_NOT_FOUND, "id", "an id is a whole number");
}

static void put_token(void *arg, const struct accounts_token *token) {
    struct answer *answer = arg;
    mp_jw_object_begin(&answer->json);
    mp_jw_key(&answer->json, "id");
    mp_jw_i64(&answer->json, token->id);
    answer_text(answer, "label", token->label);
    answer_text(answer, "role", accounts_role_name(token->role));
    answer_time(answer, "created", token->created_ms);
    answer_text(answer, "created_by", token->created_by);
    answer_time(answer, "used", token->used_ms);
    mp_jw_object_end(&answer->json);
}

void handle_tokens(struct http_request *request, struct api *api, const struct api_access *access) {
    static const char *const none[] = {NULL};
    struct mp_error err;
    struct answer answer;
    answer_init(&answer);
    mp_jw_key(&answer.json, "tokens");
    mp_jw_array_begin(&answer.json);
    int code = check_query(request, none, &err);
    code = code ? code
                : accounts_tokens(api->config.accounts, access->app->id, put_token, &answer, &err);
    mp_jw_array_end(&answer.json);
    answer_reply(&answer, request, 200, code, &err);
}

void handle_token_add(struct http_request *request, struct api *api,
                      const struct api_access *access) {
    static const char *const known[] = {"label", "role", NULL};
    struct mp_error err = {0};
    struct form form;
    struct answer answer;
    struct mp_str label = {0};
    enum accounts_role role = ACCOUNTS_NONE;
    char token[ACCOUNTS_SECRET_SIZE] = "";
    int64_t id = 0;
    int code = form_open(request, known, &form, &err);
    code = code ? code : form_text(&form, "label", &label, &err);
    code = code ? code : form_role(&form, &role, &err);
    code = code ? code
                : accounts_token_add(api->config.accounts, &access->caller, access->app->id, label,
                                     role, token, &id, &err);
    answer_init(&answer);
    mp_jw_key(&answer.json, "id");
    mp_jw_i64(&answer.json, id);
    mp_jw_key(&answer.json, "label");
    mp_jw_str(&answer.json, label);
    answer_text(&answer, "role", accounts_role_name(role));
    answer_text(&answer, "token", token);
    answer_reply(&answer, request, 201, code, &err);
    form_close(&form);
}

void handle_token_revoke(struct http_request *request, struct api *api,
                         const struct api_access *access) {
    struct mp_error err = {0};
    int64_t id = 0;
    int code = take_id(request, &id, &err);
    code = code ? code
                : accounts_token_revoke(api->config.accounts, &access->caller, access->app->id, id,
                                        &err);
    reply_done(request, code, &err);
}
