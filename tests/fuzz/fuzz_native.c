/* Our own format: any body is refused or becomes a record that the loader can read. The first byte
 * chooses gzip or plain. */
#include "fuzz/collect_common.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct collect_result result;
    struct mp_error err;
    struct mp_buf out;
    fuzz_setup();
    if (size < 1) {
        return 0;
    }
    struct collect_input input = {.body = mp_str_range((const char *)data + 1, size - 1),
                                  .content_encoding = data[0] == 'z' ? MP_STR("gzip") : MP_STR(""),
                                  .key = mp_str_of(fuzz_app.write_key),
                                  .peer = MP_STR("203.0.113.7"),
                                  .received_ms = 1795000000000};
    mp_buf_init(&out, MP_RECORD_BYTES_MAX);
    if (collect_native(fuzz_worker, &input, &out, &result, &err) == MP_OK) {
        fuzz_check(&out, &result);
    } else if (err.message[0] == '\0') {
        abort(); /* a refusal says why */
    }
    mp_buf_deinit(&out);
    return 0;
}
