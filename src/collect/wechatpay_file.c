/* DATA_DIR/wechatpay.json: {"version": 1, "accounts": [{"app": …, "merchant_id": …, "apiv3_key": …,
 * "platform_keys": [{"serial": …, "pem": …}]}]}. */
#include "collect/wechatpay_accounts.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/json_file.h"
#include "base/json_write.h"

#include <stdlib.h>

#define FILE_VERSION 1
/* An account takes at most COLLECT_WECHATPAY_KEYS_MAX PEMs of 4 KB, escaped, and 1 KB besides. */
#define FILE_BYTES_MAX ((size_t)32 << 20)
#define FILE_DEPTH_MAX 6

static int read_keys(struct mp_json object, struct wechatpay_entry *entry, struct mp_error *err) {
    struct mp_json keys, key;
    int code = MP_OK;
    if (!mp_json_get(object, MP_STR("platform_keys"), &keys) ||
        mp_json_type(keys) != MP_JSON_ARRAY || mp_json_size(keys) == 0) {
        return mp_fail(err, MP_E_CORRUPT, "platform_keys", "platform_keys is no list, or empty");
    }
    struct mp_json_iter iter = mp_json_iter(keys);
    while (code == MP_OK && mp_json_next(&iter, NULL, &key)) {
        code =
            wechatpay_take_key(entry, mp_json_text(key, "pem"), mp_json_text(key, "serial"), err);
    }
    return code;
}

static int read_account(struct mp_json object, struct wechatpay_accounts *accounts,
                        struct mp_error *err) {
    struct mp_str app = mp_json_text(object, "app");
    if (app.len == 0 || app.len > MP_APP_ID_MAX || wechatpay_find(accounts, app)) {
        return mp_fail(err, MP_E_CORRUPT, "app", "app is missing, too long, or there twice");
    }
    struct wechatpay_entry *entry = &accounts->entries[accounts->count];
    memcpy(entry->account.app, app.ptr, app.len);
    int code = wechatpay_take_merchant(entry, mp_json_text(object, "merchant_id"), err);
    code = code ? code : wechatpay_take_secret(entry, mp_json_text(object, "apiv3_key"), err);
    code = code ? code : read_keys(object, entry, err);
    accounts->count++; /* also when it failed: what was read of its secrets is wiped */
    return code;
}

static int read_document(void *out, struct mp_json root, struct mp_error *err) {
    struct mp_json member, list, object;
    int64_t version = 0;
    if (!mp_json_get(root, MP_STR("version"), &member) || !mp_json_i64(member, &version) ||
        version != FILE_VERSION) {
        return mp_fail(err, MP_E_CORRUPT, "version", "version is not %d", FILE_VERSION);
    }
    if (!mp_json_get(root, MP_STR("accounts"), &list) || mp_json_type(list) != MP_JSON_ARRAY ||
        mp_json_size(list) > COLLECT_WECHATPAY_ACCOUNTS_MAX) {
        return mp_fail(err, MP_E_CORRUPT, "accounts", "accounts is no list of at most %d",
                       COLLECT_WECHATPAY_ACCOUNTS_MAX);
    }
    struct wechatpay_accounts *accounts = wechatpay_accounts_create(mp_json_size(list));
    if (!accounts) {
        return mp_fail(err, MP_E_MEMORY, "accounts", "no memory for the accounts");
    }
    int code = MP_OK;
    struct mp_json_iter iter = mp_json_iter(list);
    while (code == MP_OK && mp_json_next(&iter, NULL, &object)) {
        code = read_account(object, accounts, err);
        if (code != MP_OK) {
            code = mp_error_wrap(err, "accounts[%zu]", accounts->count);
        }
    }
    if (code != MP_OK) {
        wechatpay_release(accounts);
        return code;
    }
    *(struct wechatpay_accounts **)out = accounts;
    return MP_OK;
}

int wechatpay_file_read(const char *path, struct wechatpay_accounts **out, struct mp_error *err) {
    return mp_json_file_read(path, FILE_BYTES_MAX, FILE_DEPTH_MAX, read_document, out, err);
}

static void write_account(struct mp_json_writer *writer, const struct wechatpay_entry *entry) {
    mp_jw_object_begin(writer);
    mp_jw_text_member(writer, "app", entry->account.app);
    mp_jw_text_member(writer, "merchant_id", entry->account.merchant_id);
    mp_jw_text_member(writer, "apiv3_key", entry->apiv3_key);
    mp_jw_key(writer, "platform_keys");
    mp_jw_array_begin(writer);
    for (size_t i = 0; i < entry->account.key_count; i++) {
        mp_jw_object_begin(writer);
        mp_jw_text_member(writer, "serial", entry->account.keys[i].serial);
        mp_jw_text_member(writer, "pem", entry->pem[i]);
        mp_jw_object_end(writer);
    }
    mp_jw_array_end(writer);
    mp_jw_object_end(writer);
}

int wechatpay_file_write(const char *dir, const struct wechatpay_accounts *accounts,
                         struct mp_error *err) {
    struct mp_json_writer writer;
    struct mp_buf text;
    mp_buf_init(&text, FILE_BYTES_MAX);
    mp_jw_init(&writer, &text);
    mp_jw_object_begin(&writer);
    mp_jw_key(&writer, "version");
    mp_jw_i64(&writer, FILE_VERSION);
    mp_jw_key(&writer, "accounts");
    mp_jw_array_begin(&writer);
    for (size_t i = 0; i < accounts->count; i++) {
        write_account(&writer, &accounts->entries[i]);
    }
    mp_jw_array_end(&writer);
    mp_jw_object_end(&writer);
    mp_buf_append_byte(&text, '\n');
    int code = text.failed ? mp_fail(err, MP_E_TOO_LARGE, COLLECT_WECHATPAY_FILE, "over %zu bytes",
                                     FILE_BYTES_MAX)
                           : mp_file_replace(dir, COLLECT_WECHATPAY_FILE, mp_buf_str(&text), err);
    if (text.ptr) {
        explicit_bzero(text.ptr, text.len);
    }
    mp_buf_deinit(&text);
    return code;
}
