/* Sensors' format. The first byte chooses how the rest arrives: 'f' a form body as it is, 'q' the
 * query's data, anything else: JSON that is base64-encoded here, so that the fuzzer need not learn
 * base64. */
#include "fuzz/collect_common.h"

static void encode(struct mp_buf *out, const uint8_t *data, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    int held = 0;
    for (size_t i = 0; i < size; i++) {
        bits = bits << 8 | data[i];
        for (held += 8; held >= 6; held -= 6) {
            mp_buf_append_byte(out, (uint8_t)digits[bits >> (held - 6) & 63]);
        }
    }
    if (held > 0) {
        mp_buf_append_byte(out, (uint8_t)digits[bits << (6 - held) & 63]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct collect_result result;
    struct mp_error err;
    struct mp_buf out, text;
    fuzz_setup();
    if (size < 1) {
        return 0;
    }
    struct collect_input input = {.project = mp_str_of(fuzz_app.write_key),
                                  .peer = MP_STR("203.0.113.7"),
                                  .received_ms = 1795000000000};
    mp_buf_init(&text, 8u << 20);
    mp_buf_init(&out, MP_RECORD_BYTES_MAX);
    if (data[0] == 'f') {
        input.body = mp_str_range((const char *)data + 1, size - 1);
    } else if (data[0] == 'q') {
        input.query = mp_str_range((const char *)data + 1, size - 1);
    } else {
        encode(&text, data + 1, size - 1);
        input.query = mp_buf_str(&text);
    }
    if (collect_sensors(fuzz_worker, &input, &out, &result, &err) == MP_OK) {
        fuzz_check(&out, &result);
    } else if (err.message[0] == '\0') {
        abort();
    }
    mp_buf_deinit(&text);
    mp_buf_deinit(&out);
    return 0;
}
