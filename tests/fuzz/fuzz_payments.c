/* Payments from a server: any body is refused or becomes a record that the loader can read. */
#include "fuzz/collect_common.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct collect_result result;
    struct mp_error err = {0};
    struct mp_buf out;
    fuzz_setup();
    struct collect_input input = {.body = mp_str_range((const char *)data, size),
                                  .app = MP_STR("fuzz"),
                                  .received_ms = 1795000000000};
    mp_buf_init(&out, MP_RECORD_BYTES_MAX);
    if (collect_payments(fuzz_worker, &input, &out, &result, &err) == MP_OK) {
        fuzz_check(&out, &result);
    } else if (err.message[0] == '\0' || out.len != 0) {
        abort(); /* a refusal says why, and leaves nothing */
    }
    mp_buf_deinit(&out);
    return 0;
}
