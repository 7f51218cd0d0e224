/* Notices of WeChat Pay's APIv3: who signed them, and what is sealed in them. Formats: WeChat Pay's
 * documentation, "签名验证", "支付成功回调通知", "退款结果通知". */
#include "collect/notice.h"

#include "base/clock.h"
#include "collect/form.h"
#include "collect/wechatpay_crypto.h"

#include <stdio.h>

#define SIGNATURE_TYPE "WECHATPAY2-SHA256-RSA2048"
/* WeChat Pay sends requests so signed now and then, to see that they are refused. */
#define PROBE_PREFIX "WECHATPAY/SIGNTEST/"
#define ALGORITHM "AEAD_AES_256_GCM"
#define SIGNATURE_BYTES_MAX 2048 /* base64; 344 today */
#define NONCE_BYTES_MAX 128
#define EVENT_TYPE_BYTES_MAX 64
#define ASSOCIATED_BYTES_MAX 256 /* "under 16" today */

/* Letters, digits and '_': fit for the log, whoever sent it. */
static bool is_word(struct mp_str text, size_t bytes_max) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!is_alnum && c != '_') {
            return false;
        }
    }
    return text.len > 0 && text.len <= bytes_max;
}

static int deny(struct mp_error *err, const char *header, const char *why) {
    return mp_fail(err, MP_E_DENIED, header, "%s", why);
}

static int check_time(const struct collect_input *input, struct mp_error *err) {
    static const char header[] = "Wechatpay-Timestamp";
    uint64_t seconds = 0;
    if (!mp_str_to_u64(input->signature.timestamp, &seconds) ||
        seconds > COLLECT_TIME_MS_MAX / MP_MS_PER_SECOND) {
        return deny(err, header, "is missing or no time in seconds");
    }
    int64_t age_ms = input->received_ms - (int64_t)seconds * MP_MS_PER_SECOND;
    int64_t most_ms = COLLECT_NOTICE_AGE_S_MAX * MP_MS_PER_SECOND;
    return age_ms > most_ms || age_ms < -most_ms
               ? deny(err, header, "is more than 5 minutes off this server's clock")
               : MP_OK;
}

/* The platform key that the notice names. */
static int find_key(const struct collect_input *input, const struct wechatpay_entry *entry,
                    struct mp_str *pem, struct mp_error *err) {
    static const char header[] = "Wechatpay-Serial";
    struct mp_str serial = input->signature.serial;
    if (!is_word(serial, COLLECT_WECHATPAY_SERIAL_MAX)) {
        return deny(err, header, "is missing or malformed");
    }
    size_t index = wechatpay_find_key(entry, serial);
    if (index == entry->account.key_count) {
        return mp_fail(err, MP_E_DENIED, header,
                       "%.*s is none of the account's platform keys: `minipulse wechatpay set` "
                       "adds one",
                       MP_STR_ARG(serial));
    }
    const struct collect_wechatpay_key *key = &entry->account.keys[index];
    if (key->is_certificate && key->expires_ms < input->received_ms) {
        return deny(err, header, "names a platform certificate that has expired");
    }
    *pem = mp_str_of(entry->pem[index]);
    return MP_OK;
}

static int check_signature(const struct collect_input *input, struct mp_str pem,
                           struct mp_error *err) {
    static const char header[] = "Wechatpay-Signature";
    const struct collect_signature *from = &input->signature;
    char bytes[SIGNATURE_BYTES_MAX];
    if (mp_str_starts_with(from->signature, MP_STR(PROBE_PREFIX))) {
        return deny(err, header, "is WeChat Pay's probe, which is to be refused");
    }
    if (from->signature.len == 0 || from->signature.len > sizeof(bytes)) {
        return deny(err, header, "is missing or too long");
    }
    memcpy(bytes, from->signature.ptr, from->signature.len);
    int64_t len = base64_decode(bytes, from->signature.len);
    if (len < 0) {
        return deny(err, header, "is no base64");
    }
    struct wechatpay_signed message = {.timestamp = from->timestamp,
                                       .nonce = from->nonce,
                                       .body = input->body,
                                       .signature = mp_str_range(bytes, (size_t)len)};
    return wechatpay_verify(pem, &message, err);
}

int notice_authenticate(const struct collect_input *input, const struct wechatpay_entry *entry,
                        struct mp_error *err) {
    const struct collect_signature *from = &input->signature;
    struct mp_str pem;
    if (from->type.len > 0 && !mp_str_is(from->type, SIGNATURE_TYPE)) {
        return deny(err, "Wechatpay-Signature-Type", "is not " SIGNATURE_TYPE);
    }
    if (from->nonce.len == 0 || from->nonce.len > NONCE_BYTES_MAX) {
        return deny(err, "Wechatpay-Nonce", "is missing or too long");
    }
    int code = find_key(input, entry, &pem, err);
    code = code ? code : check_time(input, err);
    return code ? code : check_signature(input, pem, err);
}

/* ---- What is sealed ------------------------------------------------------------------------- */

static enum notice_kind kind_of(struct mp_str event_type) {
    if (mp_str_is(event_type, "TRANSACTION.SUCCESS")) {
        return NOTICE_PAYMENT;
    }
    return mp_str_is(event_type, "REFUND.SUCCESS") ? NOTICE_REFUND : NOTICE_OTHER;
}

static int fail_member(struct mp_error *err, const char *member, const char *why) {
    return mp_fail(err, MP_E_ARGUMENT, member, "%s", why);
}

/* The ciphertext's bytes go into worker->unescaped, the rest stays in the parser's document. */
static int take_resource(struct batch *batch, struct mp_json resource, struct mp_str *nonce,
                         struct mp_str *associated_data, struct mp_error *err) {
    struct mp_buf *bytes = &batch->worker->unescaped;
    struct mp_str sealed = mp_json_text(resource, "ciphertext");
    *nonce = mp_json_text(resource, "nonce");
    *associated_data = mp_json_text(resource, "associated_data");
    if (!mp_str_is(mp_json_text(resource, "algorithm"), ALGORITHM)) {
        return fail_member(err, "resource.algorithm", "is not " ALGORITHM);
    }
    if (nonce->len > NONCE_BYTES_MAX) {
        return fail_member(err, "resource.nonce", "is too long");
    }
    if (associated_data->len > ASSOCIATED_BYTES_MAX) {
        return fail_member(err, "resource.associated_data", "is too long");
    }
    mp_buf_clear(bytes);
    mp_buf_append_str(bytes, sealed);
    int64_t len = bytes->failed || sealed.len == 0 ? -1 : base64_decode(bytes->ptr, bytes->len);
    if (len < 0) {
        return fail_member(err, "resource.ciphertext", "is missing or no base64");
    }
    bytes->len = (size_t)len;
    return MP_OK;
}

int notice_unseal(struct batch *batch, const struct wechatpay_entry *entry, enum notice_kind *kind,
                  struct mp_str *text, struct mp_error *err) {
    struct collect_worker *worker = batch->worker;
    struct mp_json root, resource;
    struct mp_str nonce, associated_data;
    *text = MP_STR("");
    int code = body_parse(worker, batch->input->body, &root, err);
    if (code != MP_OK) {
        return code;
    }
    struct mp_str event_type = mp_json_text(root, "event_type");
    if (event_type.len == 0 || event_type.len > EVENT_TYPE_BYTES_MAX) {
        return fail_member(err, "event_type", "is missing or too long");
    }
    *kind = kind_of(event_type);
    if (*kind == NOTICE_OTHER) {
        snprintf(batch->result->note, sizeof(batch->result->note), "event_type is %.*s",
                 MP_STR_ARG(event_type));
        return MP_OK;
    }
    if (!mp_json_get(root, MP_STR("resource"), &resource)) {
        return fail_member(err, "resource", "is missing");
    }
    code = take_resource(batch, resource, &nonce, &associated_data, err);
    code = code ? code
                : wechatpay_decrypt(entry->apiv3_key, nonce, associated_data,
                                    mp_buf_str(&worker->unescaped), &worker->unzipped, err);
    *text = mp_buf_str(&worker->unzipped);
    return code;
}

static int take_notice(struct batch *batch, const struct wechatpay_entry *entry,
                       struct mp_error *err) {
    enum notice_kind kind = NOTICE_OTHER;
    struct mp_str text;
    snprintf(batch->result->app, sizeof(batch->result->app), "%s", batch->app->id);
    int code = notice_authenticate(batch->input, entry, err);
    code = code ? code : notice_unseal(batch, entry, &kind, &text, err);
    if (code != MP_OK || kind == NOTICE_OTHER) {
        return code;
    }
    return notice_read(batch, kind, text, entry->account.merchant_id, err);
}

int collect_notice(struct collect_worker *worker, const struct collect_input *input,
                   struct mp_buf *out, struct collect_result *result, struct mp_error *err) {
    struct batch batch = collect_batch_begin(worker, input, out, result);
    struct collect_wechatpay *wechatpay = worker->collect->wechatpay;
    batch.is_from_server = true;
    batch.context.sdk = MP_STR("wechatpay");
    if (input->body.len > COLLECT_NOTICE_BYTES_MAX) {
        return mp_fail(err, MP_E_TOO_LARGE, "body", "over %u bytes", COLLECT_NOTICE_BYTES_MAX);
    }
    struct mp_apps_snapshot *apps = mp_apps_acquire(worker->collect->apps);
    struct wechatpay_accounts *accounts = wechatpay ? wechatpay_acquire(wechatpay) : NULL;
    const struct wechatpay_entry *entry = accounts ? wechatpay_find(accounts, input->app) : NULL;
    batch.app = mp_apps_by_id(apps, input->app);
    int code = batch.app && entry
                   ? take_notice(&batch, entry, err)
                   : mp_fail(err, MP_E_DENIED, "app", "the app has no WeChat Pay account");
    wechatpay_release(accounts);
    mp_apps_release(apps);
    return code;
}
