/* Apps: which there are for the caller, making one, its name, its keys, what it is to Weixin's
 * SDKs. */
#include "api/internal.h"

#include <stdio.h>

#define ZONE_SIZE 96

/* appid: "" where there is none. */
static void put_app_members(struct answer *answer, const struct mp_app *app, const char *zone,
                            enum accounts_role role, const char *appid) {
    answer_text(answer, "id", app->id);
    answer_text(answer, "name", app->name);
    answer_text(answer, "zone", zone);
    mp_jw_key(&answer->json, "open_timeout_ms");
    mp_jw_i64(&answer->json, app->open_timeout_ms);
    answer_text(answer, "role", accounts_role_name(role));
    if (role >= ACCOUNTS_OWNER) {
        answer_text(answer, "write_key", app->write_key);
        answer_text(answer, "previous_write_key", app->previous_write_key);
        answer_text(answer, "weixin_appid", appid);
    }
}

struct listing {
    struct answer *answer;
    const struct mp_apps_snapshot *snapshot;
};

static void put_listed(void *arg, const char *id, enum accounts_role role) {
    const struct listing *listing = arg;
    const struct mp_app *app = mp_apps_by_id(listing->snapshot, mp_str_of(id));
    if (app) {
        mp_jw_object_begin(&listing->answer->json);
        answer_text(listing->answer, "id", app->id);
        answer_text(listing->answer, "name", app->name);
        answer_text(listing->answer, "zone", mp_zone_name(app->zone));
        answer_text(listing->answer, "role", accounts_role_name(role));
        mp_jw_object_end(&listing->answer->json);
    }
}

int put_apps(struct answer *answer, struct api *api, const struct accounts_caller *caller,
             const struct mp_apps_snapshot *snapshot, struct mp_error *err) {
    struct listing listing = {answer, snapshot};
    int code = MP_OK;
    mp_jw_key(&answer->json, "apps");
    mp_jw_array_begin(&answer->json);
    if (caller->is_admin) {
        for (size_t i = 0; i < mp_apps_count(snapshot); i++) {
            put_listed(&listing, mp_apps_at(snapshot, i)->id, ACCOUNTS_OWNER);
        }
    } else if (caller->kind == ACCOUNTS_TOKEN) {
        put_listed(&listing, caller->app, caller->role);
    } else {
        code = accounts_memberships(api->config.accounts, caller->id, put_listed, &listing, err);
    }
    mp_jw_array_end(&answer->json);
    return code;
}

void handle_apps(struct http_request *request, struct api *api, const struct api_access *access) {
    static const char *const none[] = {NULL};
    struct mp_error err;
    struct answer answer;
    answer_init(&answer);
    int code = check_query(request, none, &err);
    code = code ? code : put_apps(&answer, api, &access->caller, access->snapshot, &err);
    answer_reply(&answer, request, 200, code, &err);
}

void handle_app(struct http_request *request, struct api *api, const struct api_access *access) {
    static const char *const none[] = {NULL};
    struct mp_error err;
    struct answer answer;
    char appid[ACCOUNTS_APPID_MAX + 1] = "";
    int code = check_query(request, none, &err);
    code = code ? code : accounts_weixin(api->config.accounts, access->app->id, appid, &err);
    answer_init(&answer);
    put_app_members(&answer, access->app, mp_zone_name(access->app->zone), access->role, appid);
    answer_reply(&answer, request, 200, code, &err);
}

static void note_owner(void *arg, const char *id, enum accounts_role role) {
    bool *is_owner = arg;
    (void)id;
    *is_owner = *is_owner || role == ACCOUNTS_OWNER;
}

/* Administrators, and whoever owns an app already. */
static int check_may_add(struct api *api, const struct accounts_caller *caller,
                         struct mp_error *err) {
    bool may = caller->is_admin;
    int code =
        may ? MP_OK : accounts_memberships(api->config.accounts, caller->id, note_owner, &may, err);
    return code == MP_OK && !may ? mp_fail(err, MP_E_FORBIDDEN, "",
                                           "only administrators and owners of an app may do this")
                                 : code;
}

/* A text of the form with its NUL; "" when absent. */
static int take_text(const struct form *form, const char *name, char *out, size_t size,
                     struct mp_error *err) {
    struct mp_str text;
    int code = form_optional_text(form, name, &text, err);
    if (code == MP_OK && (text.len >= size || (text.ptr && text.len == 0))) {
        code = mp_fail(err, MP_E_ARGUMENT, name, "must be 1 to %zu bytes", size - 1);
    }
    snprintf(out, size, "%.*s", code == MP_OK ? (int)text.len : 0, text.ptr ? text.ptr : "");
    return code;
}

static int add_app(struct api *api, const struct form *form, const struct accounts_caller *caller,
                   struct mp_app *out, char zone[ZONE_SIZE], struct mp_error *err) {
    char id[sizeof(out->id)], name[sizeof(out->name)];
    int code = take_text(form, "id", id, sizeof(id), err);
    code = code ? code : take_text(form, "name", name, sizeof(name), err);
    code = code ? code : take_text(form, "zone", zone, ZONE_SIZE, err);
    if (code == MP_OK && !zone[0]) {
        snprintf(zone, ZONE_SIZE, "%s", api->config.default_zone);
    }
    code = code ? code
                : mp_apps_add(api->config.apps, id, name[0] ? name : NULL, zone,
                              MP_OPEN_TIMEOUT_MS_DEFAULT, out, err);
    if (code == MP_E_NOT_FOUND) {
        code = mp_fail(err, MP_E_ARGUMENT, "zone", "there is no such time zone");
    }
    return code ? code : accounts_app_added(api->config.accounts, caller, out->id, err);
}

void handle_app_add(struct http_request *request, struct api *api,
                    const struct api_access *access) {
    static const char *const known[] = {"id", "name", "zone", NULL};
    struct mp_error err = {0};
    struct form form = {0};
    struct answer answer;
    struct mp_app app = {0};
    char zone[ZONE_SIZE] = "";
    int code = check_may_add(api, &access->caller, &err);
    code = code ? code : form_open(request, known, &form, &err);
    code = code ? code : add_app(api, &form, &access->caller, &app, zone, &err);
    form_close(&form);
    answer_init(&answer);
    put_app_members(&answer, &app, zone, ACCOUNTS_OWNER, "");
    answer_reply(&answer, request, 201, code, &err);
}

/* Tells what the path's app is now; secret: the one just made, "" when none was. */
static void reply_changed(struct http_request *request, struct api *api,
                          const struct api_access *access, const struct mp_app *app,
                          const char *secret, int code, struct mp_error *err) {
    struct answer answer;
    char appid[ACCOUNTS_APPID_MAX + 1] = "";
    code = code ? code : accounts_weixin(api->config.accounts, access->app->id, appid, err);
    answer_init(&answer);
    put_app_members(&answer, app, mp_zone_name(access->app->zone), access->role, appid);
    if (secret[0]) {
        answer_text(&answer, "weixin_secret", secret);
    }
    answer_reply(&answer, request, 200, code, err);
}

/* What a change of an app says of Weixin's SDKs. */
struct weixin_change {
    bool is_given;
    bool is_off;          /* both go */
    struct mp_str appid;  /* ptr NULL = stays */
    struct mp_str secret; /* as accounts_weixin_set takes it */
};

static int take_weixin(const struct form *form, struct weixin_change *out, struct mp_error *err) {
    struct mp_json member;
    *out = (struct weixin_change){0};
    int code = form_optional_text(form, "weixin_secret", &out->secret, err);
    if (code == MP_OK && mp_json_get(form->root, MP_STR("weixin_appid"), &member) &&
        mp_json_type(member) == MP_JSON_NULL) {
        out->is_given = out->is_off = true;
        return out->secret.ptr ? mp_fail(err, MP_E_ARGUMENT, "weixin_secret",
                                         "without an appid there is no secret")
                               : MP_OK;
    }
    code = code ? code : form_optional_text(form, "weixin_appid", &out->appid, err);
    out->is_given = out->appid.ptr || out->secret.ptr;
    return code;
}

static int change_weixin(struct api *api, const struct api_access *access,
                         const struct weixin_change *change, char made[ACCOUNTS_APPSECRET_SIZE],
                         struct mp_error *err) {
    struct accounts *accounts = api->config.accounts;
    if (change->is_off) {
        return accounts_weixin_remove(accounts, &access->caller, access->app->id, err);
    }
    return change->is_given ? accounts_weixin_set(accounts, &access->caller, access->app->id,
                                                  change->appid, change->secret, made, err)
                            : MP_OK;
}

static int rename_app(struct api *api, const struct api_access *access, const char *name,
                      struct mp_app *out, struct mp_error *err) {
    int code = mp_apps_rename(api->config.apps, access->app->id, name, out, err);
    return code ? code
                : accounts_audit_note(api->config.accounts, &access->caller, out->id, "app.rename",
                                      out->name, err);
}

void handle_app_change(struct http_request *request, struct api *api,
                       const struct api_access *access) {
    static const char *const known[] = {"name", "weixin_appid", "weixin_secret", NULL};
    struct mp_error err = {0};
    struct form form;
    struct mp_app app = *access->app;
    struct weixin_change weixin = {0};
    char name[sizeof(app.name)] = "", made[ACCOUNTS_APPSECRET_SIZE] = "";
    int code = form_open(request, known, &form, &err);
    code = code ? code : take_text(&form, "name", name, sizeof(name), &err);
    code = code ? code : take_weixin(&form, &weixin, &err);
    if (code == MP_OK && !name[0] && !weixin.is_given) {
        code = mp_fail(&err, MP_E_ARGUMENT, "body", "says nothing to change");
    }
    code = code ? code : change_weixin(api, access, &weixin, made, &err);
    form_close(&form);
    code = code || !name[0] ? code : rename_app(api, access, name, &app, &err);
    reply_changed(request, api, access, &app, made, code, &err);
}

void handle_app_rotate_key(struct http_request *request, struct api *api,
                           const struct api_access *access) {
    struct mp_error err = {0};
    struct mp_app app = {0};
    int code = mp_apps_rotate_key(api->config.apps, access->app->id, &app, &err);
    code = code ? code
                : accounts_audit_note(api->config.accounts, &access->caller, app.id,
                                      "app.rotate_key", app.name, &err);
    reply_changed(request, api, access, &app, "", code, &err);
}
