/* `minipulse app`: the registry of apps. A running serve notices changes within a second. */
#include "cmd/cmd.h"

#include "base/json_write.h"

#include <stdio.h>

#define LIST_BYTES_MAX (16u << 20)

/* What the registry does not know of an app: "" where there is none. */
struct extras {
    char token[ACCOUNTS_SECRET_SIZE]; /* just made, as the secret */
    char appid[ACCOUNTS_APPID_MAX + 1];
    char secret[ACCOUNTS_APPSECRET_SIZE];
};

static void write_app(struct mp_json_writer *json, const struct mp_app *app,
                      const struct extras *extras) {
    mp_jw_object_begin(json);
    mp_jw_key(json, "id");
    mp_jw_text(json, app->id);
    mp_jw_key(json, "name");
    mp_jw_text(json, app->name);
    mp_jw_key(json, "zone");
    mp_jw_text(json, mp_zone_name(app->zone));
    mp_jw_key(json, "open_timeout_ms");
    mp_jw_i64(json, app->open_timeout_ms);
    mp_jw_key(json, "write_key");
    mp_jw_text(json, app->write_key);
    mp_jw_key(json, "previous_write_key");
    mp_jw_text(json, app->previous_write_key);
    mp_jw_key(json, "sdk");
    mp_jw_object_begin(json);
    mp_app_sdk_put(json, &app->sdk);
    mp_jw_object_end(json);
    mp_jw_text_member(json, "weixin_appid", extras->appid);
    if (extras->secret[0]) {
        mp_jw_text_member(json, "weixin_secret", extras->secret);
    }
    if (extras->token[0]) {
        mp_jw_text_member(json, "token", extras->token);
    }
    mp_jw_object_end(json);
}

static void write_text(struct mp_buf *out, const struct mp_app *app, const struct extras *extras) {
    mp_buf_printf(out, "app        %s\n", app->id);
    mp_buf_printf(out, "name       %s\n", app->name);
    mp_buf_printf(out, "zone       %s\n", mp_zone_name(app->zone));
    mp_buf_printf(out, "write key  %s   (goes into the SDK; may only send events)\n",
                  app->write_key);
    if (app->previous_write_key[0]) {
        mp_buf_printf(out, "           %s   (the key before, still accepted)\n",
                      app->previous_write_key);
    }
    if (extras->appid[0]) {
        mp_buf_printf(out, "appid      %s   (Weixin's server SDKs show it)\n", extras->appid);
    }
    if (extras->secret[0]) {
        mp_buf_printf(out, "secret     %s   (of the appid, shown once)\n", extras->secret);
    }
    if (extras->token[0]) {
        mp_buf_printf(out, "token      %s   (secret, shown once; reads reports)\n", extras->token);
    }
}

/* Prints the apps from the registry's present content: all, or the one of that id. */
static int print_apps(const struct cmd_call *call, struct mp_apps *apps, struct accounts *accounts,
                      const char *only_id, struct extras *extras) {
    struct mp_buf out;
    struct mp_json_writer json;
    struct mp_error err = {0};
    bool as_json = cmd_flag(call, "json") != NULL;
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
    bool is_first = true;
    int code = MP_OK;
    mp_buf_init(&out, LIST_BYTES_MAX);
    mp_jw_init(&json, &out);
    if (as_json && !only_id) {
        mp_jw_array_begin(&json);
    }
    for (size_t i = 0; code == MP_OK && i < mp_apps_count(snapshot); i++) {
        const struct mp_app *app = mp_apps_at(snapshot, i);
        if (only_id && strcmp(app->id, only_id) != 0) {
            continue;
        }
        code = accounts_weixin(accounts, app->id, extras->appid, &err);
        if (as_json) {
            write_app(&json, app, extras);
        } else {
            mp_buf_append_text(&out, is_first ? "" : "\n");
            write_text(&out, app, extras);
        }
        is_first = false;
    }
    if (as_json && !only_id) {
        mp_jw_array_end(&json);
    }
    mp_buf_append_text(&out, as_json ? "\n" : "");
    mp_apps_release(snapshot);
    return cmd_finish(&out, code, &err);
}

static int add(struct cmd_call *call, struct mp_apps *apps, struct accounts *accounts,
               const char *id, struct mp_app *out, char token[ACCOUNTS_SECRET_SIZE],
               struct mp_error *err) {
    int64_t timeout_ms = 0;
    const char *name = cmd_flag(call, "name");
    const char *zone = cmd_flag(call, "zone");
    int code = cmd_flag_i64(call, "open-timeout-ms", MP_OPEN_TIMEOUT_MS_DEFAULT, 1000,
                            24 * 3600 * 1000, &timeout_ms, err);
    code = code ? code
                : mp_apps_add(apps, id, name ? name : id, zone ? zone : call->config.default_zone,
                              (int32_t)timeout_ms, out, err);
    return code ? code : cmd_first_token(accounts, out->id, token, err);
}

/* Changes what the flags name of what the app's SDK is told. */
static int set_sdk(const struct cmd_call *call, struct mp_apps *apps, struct accounts *accounts,
                   const char *id, struct mp_app *out, struct mp_error *err) {
    struct accounts_caller caller = cmd_caller();
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
    const struct mp_app *app = mp_apps_by_id(snapshot, mp_str_of(id));
    const char *collect = cmd_flag(call, "collect");
    const char *keep = cmd_flag(call, "keep");
    struct mp_app_sdk sdk = app ? app->sdk : (struct mp_app_sdk){0};
    int code = MP_OK;
    mp_apps_release(snapshot);
    if (collect && strcmp(collect, "on") != 0 && strcmp(collect, "off") != 0) {
        return mp_fail(err, MP_E_ARGUMENT, "collect", "must be on or off");
    }
    sdk.is_off = collect ? strcmp(collect, "off") == 0 : sdk.is_off;
    code = keep ? mp_app_sdk_keep(&sdk, mp_str_of(keep), err) : MP_OK;
    code = code ? code : mp_apps_set_sdk(apps, id, &sdk, out, err);
    return code ? code : accounts_audit_note(accounts, &caller, id, "app.sdk", out->name, err);
}

static int rotate_key(struct mp_apps *apps, struct accounts *accounts, const char *id,
                      struct mp_app *out, struct mp_error *err) {
    struct accounts_caller caller = cmd_caller();
    int code = mp_apps_rotate_key(apps, id, out, err);
    return code ? code
                : accounts_audit_note(accounts, &caller, id, "app.rotate_key", out->name, err);
}

/* Gives the app an appid and a secret, or takes them away. */
static int weixin(const struct cmd_call *call, struct accounts *accounts, const char *id,
                  struct extras *extras, struct mp_error *err) {
    struct accounts_caller caller = cmd_caller();
    const char *appid = cmd_flag(call, "appid");
    struct mp_str input = {0}, secret = {0};
    int code = cmd_check_app(&call->config, id, err);
    if (code != MP_OK || cmd_flag(call, "off")) {
        return code ? code : accounts_weixin_remove(accounts, &caller, id, err);
    }
    code = accounts_weixin(accounts, id, extras->appid, err);
    if (code == MP_OK && !appid && !extras->appid[0]) {
        accounts_weixin_make_appid(extras->appid);
        appid = extras->appid;
    }
    code = code ? code : cmd_read_input(call, "secret-file", &input, err);
    secret = mp_str_trim(input);
    if (code == MP_OK && input.ptr && secret.len == 0) {
        code =
            mp_fail(err, MP_E_ARGUMENT, "secret-file", "--secret-file: there is no secret in it");
    }
    if (cmd_flag(call, "new-secret")) {
        secret = MP_STR("");
    }
    code = code ? code
                : accounts_weixin_set(accounts, &caller, id,
                                      appid ? mp_str_of(appid) : mp_str_range(NULL, 0), secret,
                                      extras->secret, err);
    cmd_wipe(input);
    return code;
}

static int act(struct cmd_call *call, struct mp_apps *apps, struct accounts *accounts,
               struct mp_error *err) {
    const char *verb = call->positionals[0];
    const char *id = call->positional_count > 1 ? call->positionals[1] : "";
    struct extras extras = {0};
    struct mp_app app = {0};
    int code = MP_OK;
    if (strcmp(verb, "list") == 0 && !id[0]) {
        return print_apps(call, apps, accounts, NULL, &extras);
    }
    if (strcmp(verb, "add") == 0) {
        code = add(call, apps, accounts, id, &app, extras.token, err);
    } else if (strcmp(verb, "rotate-key") == 0 && id[0]) {
        code = rotate_key(apps, accounts, id, &app, err);
    } else if (strcmp(verb, "weixin") == 0 && id[0]) {
        snprintf(app.id, sizeof(app.id), "%s", id);
        code = weixin(call, accounts, id, &extras, err);
    } else if (strcmp(verb, "sdk") == 0 && id[0]) {
        code = set_sdk(call, apps, accounts, id, &app, err);
    } else {
        code = mp_fail(err, MP_E_ARGUMENT, "app", "usage: minipulse app %s", call->cmd->arguments);
    }
    return code == MP_OK ? print_apps(call, apps, accounts, app.id, &extras) : cmd_error(err);
}

static int run(struct cmd_call *call) {
    struct mp_apps *apps = NULL;
    struct accounts *accounts = NULL;
    struct mp_error err = {0};
    if (call->positional_count == 0) {
        mp_fail(&err, MP_E_ARGUMENT, "app", "usage: minipulse app %s", call->cmd->arguments);
        return cmd_error(&err);
    }
    int code = cmd_accounts_open(&call->config, &accounts, &err);
    code = code ? code : mp_apps_open(call->config.data_dir, &apps, &err);
    int result = code == MP_OK ? act(call, apps, accounts, &err) : cmd_error(&err);
    mp_apps_close(apps);
    accounts_close(accounts);
    return result;
}

const struct cmd cmd_app = {
    .name = "app",
    .arguments = "add [ID] | list | rotate-key ID | sdk ID | weixin ID",
    .summary = "add and list apps, renew a write key, steer the SDK, set up Weixin's server API",
    .details = "  add [ID]        makes an app, its write key and a first token that reads its\n"
               "                  reports; without ID one is made up\n"
               "  list            prints every app\n"
               "  rotate-key ID   makes a new write key; the one before stays accepted until the\n"
               "                  next rotation, so that released clients go on\n"
               "  sdk ID          what the app's SDK is told: whether it collects, and how much\n"
               "  weixin ID       gives the app an appid and a secret, with which Weixin's server\n"
               "                  SDKs ask us for its figures; what is not given is made\n\n"
               "A running `minipulse serve` notices within a second.",
    .flags = {{.name = "name", .value_name = "TEXT", .doc = "add: the name for people."},
              {.name = "zone",
               .value_name = "ZONE",
               .doc = "add: whose days count, as `Asia/Shanghai`; else default_zone."},
              {.name = "open-timeout-ms",
               .value_name = "MS",
               .doc = "add: an open ends after so long in the background; else 1800000."},
              {.name = "appid", .value_name = "APPID", .doc = "weixin: as your SDK shows it."},
              {.name = "secret-file",
               .value_name = "FILE",
               .doc = "weixin: a file with 32 hexadecimal digits; `-` reads standard input."},
              {.name = "new-secret", .doc = "weixin: make another secret."},
              {.name = "off", .doc = "weixin: take appid and secret away."},
              {.name = "collect",
               .value_name = "on|off",
               .doc = "sdk: whether clients collect; they ask every five minutes of use."},
              {.name = "keep",
               .value_name = "LIST",
               .doc = "sdk: the percent of opens in which events of a class are kept, as "
                      "`click=10,custom=50`, or `all`."},
              {.name = "json", .doc = "Print JSON."}},
    .positionals_max = 2,
    .run = run,
};
