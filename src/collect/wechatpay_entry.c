/* One account: what each of its values may be. */
#include "collect/wechatpay_accounts.h"
#include "collect/wechatpay_crypto.h"

#include <stdio.h>
#include <strings.h>

#define KEY_ID_PREFIX "PUB_KEY_ID_"

/* Copies text that has been checked to fit. */
static void copy(char *out, struct mp_str text) {
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
}

static bool is_number(struct mp_str text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
    }
    return text.len > 0;
}

int wechatpay_take_merchant(struct wechatpay_entry *entry, struct mp_str merchant_id,
                            struct mp_error *err) {
    if (!is_number(merchant_id) || merchant_id.len > COLLECT_WECHATPAY_MERCHANT_MAX) {
        return mp_fail(err, MP_E_ARGUMENT, "merchant_id", "a merchant id is 1 to %d digits",
                       COLLECT_WECHATPAY_MERCHANT_MAX);
    }
    copy(entry->account.merchant_id, merchant_id);
    return MP_OK;
}

int wechatpay_take_secret(struct wechatpay_entry *entry, struct mp_str apiv3_key,
                          struct mp_error *err) {
    bool is_fine = apiv3_key.len == COLLECT_WECHATPAY_SECRET_BYTES;
    for (size_t i = 0; is_fine && i < apiv3_key.len; i++) {
        is_fine = apiv3_key.ptr[i] > ' ' && apiv3_key.ptr[i] <= '~';
    }
    if (!is_fine) {
        return mp_fail(err, MP_E_ARGUMENT, "apiv3_key",
                       "an APIv3 key is %d letters and digits, this is something else",
                       COLLECT_WECHATPAY_SECRET_BYTES);
    }
    copy(entry->apiv3_key, apiv3_key);
    return MP_OK;
}

/* Tools differ in how many zeros a hex number begins with. */
static struct mp_str without_zeros(struct mp_str serial) {
    while (serial.len > 1 && serial.ptr[0] == '0') {
        serial = mp_str_range(serial.ptr + 1, serial.len - 1);
    }
    return serial;
}

static bool is_same_serial(struct mp_str a, struct mp_str b) {
    a = without_zeros(a);
    b = without_zeros(b);
    return a.len == b.len && a.len > 0 && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

/* A public key has no serial number of its own: WeChat Pay names it, and signs under that name. */
static int take_key_id(struct collect_wechatpay_key *key, struct mp_str key_id,
                       struct mp_error *err) {
    if (key->is_certificate) {
        return key_id.len == 0 || is_same_serial(mp_str_of(key->serial), key_id)
                   ? MP_OK
                   : mp_fail(err, MP_E_ARGUMENT, "platform_key_id",
                             "a certificate has its own serial number, %s: no id goes with it",
                             key->serial);
    }
    if (!mp_str_starts_with(key_id, MP_STR(KEY_ID_PREFIX)) ||
        key_id.len > COLLECT_WECHATPAY_SERIAL_MAX ||
        !is_number(
            mp_str_range(key_id.ptr + strlen(KEY_ID_PREFIX), key_id.len - strlen(KEY_ID_PREFIX)))) {
        return mp_fail(err, MP_E_ARGUMENT, "platform_key_id",
                       "a public key goes with its id, as the merchant platform shows it: "
                       "PUB_KEY_ID_ and digits");
    }
    copy(key->serial, key_id);
    return MP_OK;
}

size_t wechatpay_find_key(const struct wechatpay_entry *entry, struct mp_str serial) {
    size_t i = 0;
    while (i < entry->account.key_count &&
           !is_same_serial(mp_str_of(entry->account.keys[i].serial), serial)) {
        i++;
    }
    return i;
}

int wechatpay_take_key(struct wechatpay_entry *entry, struct mp_str pem, struct mp_str key_id,
                       struct mp_error *err) {
    struct collect_wechatpay_key key;
    pem = mp_str_trim(pem);
    if (pem.len > COLLECT_WECHATPAY_PEM_MAX || memchr(pem.ptr ? pem.ptr : "", '\0', pem.len)) {
        return mp_fail(err, MP_E_ARGUMENT, "platform_key", "must be PEM text of at most %d bytes",
                       COLLECT_WECHATPAY_PEM_MAX);
    }
    int code = wechatpay_inspect_key(pem, &key, err);
    code = code ? code : take_key_id(&key, key_id, err);
    if (code != MP_OK) {
        return code;
    }
    size_t index = wechatpay_find_key(entry, mp_str_of(key.serial));
    if (index == COLLECT_WECHATPAY_KEYS_MAX) {
        return mp_fail(err, MP_E_FULL, "platform_key",
                       "there are %d platform keys already: remove one that is out of use",
                       COLLECT_WECHATPAY_KEYS_MAX);
    }
    entry->account.key_count += index == entry->account.key_count;
    entry->account.keys[index] = key;
    copy(entry->pem[index], pem);
    return MP_OK;
}
