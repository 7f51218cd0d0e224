/* `minipulse app`: the registry of apps. A running serve notices changes within a second. */
#include "cmd/cmd.h"

#include "base/json_write.h"

#include <stdio.h>

#define LIST_BYTES_MAX (16u << 20)

/* token: the one just made, NULL when none was. */
static void write_app(struct mp_json_writer *json, const struct mp_app *app, const char *token) {
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
    if (token) {
        mp_jw_key(json, "token");
        mp_jw_text(json, token);
    }
    mp_jw_object_end(json);
}

static void write_text(struct mp_buf *out, const struct mp_app *app, const char *token) {
    mp_buf_printf(out, "app        %s\n", app->id);
    mp_buf_printf(out, "name       %s\n", app->name);
    mp_buf_printf(out, "zone       %s\n", mp_zone_name(app->zone));
    mp_buf_printf(out, "write key  %s   (goes into the SDK; may only send events)\n",
                  app->write_key);
    if (app->previous_write_key[0]) {
        mp_buf_printf(out, "           %s   (the key before, still accepted)\n",
                      app->previous_write_key);
    }
    if (token) {
        mp_buf_printf(out, "token      %s   (secret, shown once; reads reports)\n", token);
    }
}

/* Prints the apps from the registry's present content: all, or the one of that id. */
static int print_apps(const struct cmd_call *call, struct mp_apps *apps, const char *only_id,
                      const char *token) {
    struct mp_buf out;
    struct mp_json_writer json;
    bool as_json = cmd_flag(call, "json") != NULL;
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
    bool is_first = true;
    mp_buf_init(&out, LIST_BYTES_MAX);
    mp_jw_init(&json, &out);
    if (as_json && !only_id) {
        mp_jw_array_begin(&json);
    }
    for (size_t i = 0; i < mp_apps_count(snapshot); i++) {
        const struct mp_app *app = mp_apps_at(snapshot, i);
        if (only_id && strcmp(app->id, only_id) != 0) {
            continue;
        }
        if (as_json) {
            write_app(&json, app, token);
        } else {
            mp_buf_append_text(&out, is_first ? "" : "\n");
            write_text(&out, app, token);
        }
        is_first = false;
    }
    if (as_json && !only_id) {
        mp_jw_array_end(&json);
    }
    mp_buf_append_text(&out, as_json ? "\n" : "");
    int result = cmd_print(mp_buf_str(&out));
    mp_buf_deinit(&out);
    mp_apps_release(snapshot);
    return result;
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

static int act(struct cmd_call *call, struct mp_apps *apps, struct accounts *accounts,
               struct mp_error *err) {
    const char *verb = call->positionals[0];
    const char *id = call->positional_count > 1 ? call->positionals[1] : "";
    char token[ACCOUNTS_SECRET_SIZE] = "";
    struct mp_app app;
    int code = MP_OK;
    if (strcmp(verb, "list") == 0 && !id[0]) {
        return print_apps(call, apps, NULL, NULL);
    }
    if (strcmp(verb, "add") == 0) {
        code = add(call, apps, accounts, id, &app, token, err);
    } else if (strcmp(verb, "rotate-key") == 0 && id[0]) {
        code = rotate_key(apps, accounts, id, &app, err);
    } else if (strcmp(verb, "sdk") == 0 && id[0]) {
        code = set_sdk(call, apps, accounts, id, &app, err);
    } else {
        code = mp_fail(err, MP_E_ARGUMENT, "app", "usage: minipulse app %s", call->cmd->arguments);
    }
    return code == MP_OK ? print_apps(call, apps, app.id, token[0] ? token : NULL) : cmd_error(err);
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
    .arguments = "add [ID] | list | rotate-key ID | sdk ID",
    .summary = "add and list apps, renew a write key, steer the SDK",
    .details = "  add [ID]        makes an app, its write key and a first token that reads its\n"
               "                  reports; without ID one is made up\n"
               "  list            prints every app\n"
               "  rotate-key ID   makes a new write key; the one before stays accepted until the\n"
               "                  next rotation, so that released clients go on\n"
               "  sdk ID          what the app's SDK is told: whether it collects, and how much\n\n"
               "A running `minipulse serve` notices within a second.",
    .flags = {{.name = "name", .value_name = "TEXT", .doc = "add: the name for people."},
              {.name = "zone",
               .value_name = "ZONE",
               .doc = "add: whose days count, as `Asia/Shanghai`; else default_zone."},
              {.name = "open-timeout-ms",
               .value_name = "MS",
               .doc = "add: an open ends after so long in the background; else 1800000."},
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
