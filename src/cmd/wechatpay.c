/* `minipulse wechatpay`: the WeChat Pay accounts of apps. A running serve notices changes within a
 * second. Secrets come from files or standard input and are never printed. */
#include "cmd/cmd.h"

#include "base/json_write.h"
#include "collect/wechatpay.h"

#include <stdio.h>

#define SHOW_BYTES_MAX (16u << 20)

static void write_json(struct mp_json_writer *json,
                       const struct collect_wechatpay_account *account) {
    mp_jw_object_begin(json);
    mp_jw_text_member(json, "app", account->app);
    mp_jw_text_member(json, "merchant_id", account->merchant_id);
    mp_jw_key(json, "platform_keys");
    mp_jw_array_begin(json);
    for (size_t i = 0; i < account->key_count; i++) {
        char expires[25];
        mp_time_format(account->keys[i].expires_ms, expires);
        mp_jw_object_begin(json);
        mp_jw_text_member(json, "serial", account->keys[i].serial);
        mp_jw_text_member(json, "kind",
                          account->keys[i].is_certificate ? "certificate" : "public key");
        mp_jw_key(json, "expires");
        if (account->keys[i].is_certificate) {
            mp_jw_text(json, expires);
        } else {
            mp_jw_null(json);
        }
        mp_jw_object_end(json);
    }
    mp_jw_array_end(json);
    mp_jw_object_end(json);
}

static void write_text(struct mp_buf *out, const struct collect_wechatpay_account *account) {
    mp_buf_printf(out, "app           %s\n", account->app);
    mp_buf_printf(out, "merchant id   %s\n", account->merchant_id);
    mp_buf_append_text(out, "APIv3 key     (set)\n");
    for (size_t i = 0; i < account->key_count; i++) {
        const struct collect_wechatpay_key *key = &account->keys[i];
        if (key->is_certificate) {
            char expires[25];
            mp_time_format(key->expires_ms, expires);
            mp_buf_printf(out, "platform key  %s   (certificate, until %.10s)\n", key->serial,
                          expires);
        } else {
            mp_buf_printf(out, "platform key  %s   (public key)\n", key->serial);
        }
    }
}

/* All accounts, or the one of that app. */
static int show(const struct cmd_call *call, struct collect_wechatpay *wechatpay, const char *app,
                struct mp_error *err) {
    struct collect_wechatpay_account account;
    struct mp_json_writer json;
    struct mp_buf out;
    bool as_json = cmd_flag(call, "json") != NULL;
    size_t shown = 0;
    mp_buf_init(&out, SHOW_BYTES_MAX);
    mp_jw_init(&json, &out);
    if (as_json && !app) {
        mp_jw_array_begin(&json);
    }
    for (size_t i = 0; collect_wechatpay_at(wechatpay, i, &account); i++) {
        if (app && strcmp(app, account.app) != 0) {
            continue;
        }
        if (as_json) {
            write_json(&json, &account);
        } else {
            mp_buf_append_text(&out, shown > 0 ? "\n" : "");
            write_text(&out, &account);
        }
        shown++;
    }
    if (as_json && !app) {
        mp_jw_array_end(&json);
    }
    mp_buf_append_text(&out, as_json ? "\n" : "");
    if (app && shown == 0) {
        mp_fail(err, MP_E_NOT_FOUND, "app", "app %s has no WeChat Pay account", app);
    }
    int result = app && shown == 0 ? cmd_error(err) : cmd_print(mp_buf_str(&out));
    mp_buf_deinit(&out);
    return result;
}

static int check_app(const struct cmd_call *call, const char *app, struct mp_error *err) {
    struct mp_apps *apps = NULL;
    int code = mp_apps_open(call->config.data_dir, &apps, err);
    if (code != MP_OK) {
        return code;
    }
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
    if (!mp_apps_by_id(snapshot, mp_str_of(app))) {
        code = mp_fail(err, MP_E_NOT_FOUND, "app",
                       "there is no app %s; `minipulse app list` shows them", app);
    }
    mp_apps_release(snapshot);
    mp_apps_close(apps);
    return code;
}

static int set(const struct cmd_call *call, struct collect_wechatpay *wechatpay, const char *app,
               struct mp_error *err) {
    const char *merchant_id = cmd_flag(call, "merchant-id");
    const char *key_id = cmd_flag(call, "platform-key-id");
    struct mp_str secret = {0}, pem = {0};
    int code = check_app(call, app, err);
    code = code ? code : cmd_read_input(call, "apiv3-key-file", &secret, err);
    code = code ? code : cmd_read_input(call, "platform-key-file", &pem, err);
    if (code == MP_OK) {
        struct collect_wechatpay_change change = {.app = app,
                                                  .merchant_id = mp_str_of(merchant_id),
                                                  .apiv3_key = mp_str_trim(secret),
                                                  .platform_key = pem,
                                                  .platform_key_id = mp_str_of(key_id)};
        code = collect_wechatpay_set(wechatpay, &change, err);
    }
    cmd_wipe(secret);
    cmd_wipe(pem);
    return code == MP_OK ? show(call, wechatpay, app, err) : cmd_error(err);
}

static int act(const struct cmd_call *call, struct collect_wechatpay *wechatpay,
               struct mp_error *err) {
    const char *verb = call->positionals[0];
    const char *app = call->positional_count > 1 ? call->positionals[1] : NULL;
    const char *serial = call->positional_count > 2 ? call->positionals[2] : NULL;
    if (strcmp(verb, "show") == 0 && !serial) {
        return show(call, wechatpay, app, err);
    }
    if (strcmp(verb, "set") == 0 && app && !serial) {
        return set(call, wechatpay, app, err);
    }
    if (strcmp(verb, "remove") == 0 && app) {
        int code = collect_wechatpay_remove(wechatpay, app, serial, err);
        return code == MP_OK ? CMD_DONE : cmd_error(err);
    }
    mp_fail(err, MP_E_ARGUMENT, "wechatpay", "usage: minipulse wechatpay %s", call->cmd->arguments);
    return cmd_error(err);
}

static int run(struct cmd_call *call) {
    struct collect_wechatpay *wechatpay = NULL;
    struct mp_error err = {0};
    if (call->positional_count == 0) {
        mp_fail(&err, MP_E_ARGUMENT, "wechatpay", "usage: minipulse wechatpay %s",
                call->cmd->arguments);
        return cmd_error(&err);
    }
    int code = cmd_make_data_dir(&call->config, &err);
    code = code ? code : collect_wechatpay_open(call->config.data_dir, &wechatpay, &err);
    int result = code == MP_OK ? act(call, wechatpay, &err) : cmd_error(&err);
    collect_wechatpay_close(wechatpay);
    return result;
}

const struct cmd cmd_wechatpay = {
    .name = "wechatpay",
    .arguments = "set APP | show [APP] | remove APP [SERIAL]",
    .summary = "set up payment notices of WeChat Pay",
    .details =
        "  set APP              makes or changes the app's account; a platform key is added\n"
        "                       beside the ones that are there\n"
        "  show [APP]           prints merchant ids and platform keys, never the APIv3 key\n"
        "  remove APP [SERIAL]  removes the account, or one platform key\n\n"
        "docs/payments.md tells where to find each value. A running `minipulse serve` notices\n"
        "within a second.",
    .flags = {{.name = "merchant-id", .value_name = "ID", .doc = "set: the merchant id (mchid)."},
              {.name = "apiv3-key-file",
               .value_name = "FILE",
               .doc = "set: a file that holds the APIv3 key; `-` reads standard input."},
              {.name = "platform-key-file",
               .value_name = "FILE",
               .doc = "set: WeChat Pay's public key or a platform certificate (PEM)."},
              {.name = "platform-key-id",
               .value_name = "ID",
               .doc = "set: with a public key, its id: `PUB_KEY_ID_…`."},
              {.name = "json", .doc = "Print JSON."}},
    .positionals_max = 3,
    .run = run,
};
