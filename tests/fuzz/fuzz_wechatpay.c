/* A notice of WeChat Pay, step by step, since no fuzzer guesses a signature. The first byte
 * chooses: 'h' headers, one a line, and the body, against a real account; 'e' the envelope of a
 * believed notice; 'p' and 'r' the decrypted text of a payment and of a refund. Whatever it is, it
 * is refused with a reason or becomes a record that the loader can read. */
#include "collect/notice.h"
#include "fuzz/collect_common.h"
#include "unit/collect/notice_fixture.h"

static struct collect_wechatpay *accounts;

static void set_up(void) {
    char dir[] = "/tmp/minipulse-fuzz-XXXXXX", path[128];
    struct mp_error err;
    struct collect_wechatpay_change change = {.app = "fuzz",
                                              .merchant_id = MP_STR("1900000109"),
                                              .apiv3_key = mp_str_of(secret),
                                              .platform_key = mp_str_of(certificate)};
    fuzz_setup();
    if (accounts) {
        return;
    }
    if (!mkdtemp(dir) || collect_wechatpay_open(dir, &accounts, &err) != MP_OK ||
        collect_wechatpay_set(accounts, &change, &err) != MP_OK) {
        abort();
    }
    static const char *const files[] = {"wechatpay.json", "wechatpay.lock"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        unlink(path);
    }
    rmdir(dir);
    fuzz_worker->collect->wechatpay = accounts;
}

static int read_headers(struct collect_input *input, struct mp_buf *out,
                        struct collect_result *result, struct mp_error *err) {
    struct collect_signature *from = &input->signature;
    struct mp_str *const lines[] = {&from->timestamp, &from->nonce, &from->serial, &from->signature,
                                    &from->type};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        *lines[i] = mp_str_cut(&input->body, '\n');
    }
    return collect_notice(fuzz_worker, input, out, result, err);
}

static int read_steps(char step, const struct collect_input *input, struct mp_buf *out,
                      struct collect_result *result, struct mp_error *err) {
    static const struct wechatpay_entry entry = {.apiv3_key = "0123456789abcdefABCDEF9876543210"};
    struct batch batch = collect_batch_begin(fuzz_worker, input, out, result);
    enum notice_kind kind = step == 'r' ? NOTICE_REFUND : NOTICE_PAYMENT;
    struct mp_str text = input->body;
    int code = MP_OK;
    batch.app = &fuzz_app;
    batch.is_from_server = true;
    if (step == 'e') {
        code = notice_unseal(&batch, &entry, &kind, &text, err);
    }
    return code == MP_OK && kind != NOTICE_OTHER ? notice_read(&batch, kind, text, "1", err) : code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct collect_result result;
    struct mp_error err = {0};
    struct mp_buf out;
    set_up();
    if (size < 1 || size > COLLECT_NOTICE_BYTES_MAX) {
        return 0;
    }
    struct collect_input input = {.body = mp_str_range((const char *)data + 1, size - 1),
                                  .app = MP_STR("fuzz"),
                                  .received_ms = 1795000000000};
    mp_buf_init(&out, MP_RECORD_BYTES_MAX);
    int code = data[0] == 'h' ? read_headers(&input, &out, &result, &err)
                              : read_steps((char)data[0], &input, &out, &result, &err);
    if (code == MP_OK) {
        fuzz_check(&out, &result);
    } else if (err.message[0] == '\0' || out.len != 0) {
        abort(); /* a refusal says why, and leaves nothing */
    }
    mp_buf_deinit(&out);
    return 0;
}
