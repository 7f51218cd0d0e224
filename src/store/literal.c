/*
 * Literals that ClickHouse 18.16 and its newest successors read back as the very same value.
 */
#include <stdio.h>

#include "store/internal.h"

void store_literal_str(struct mp_buf *out, struct mp_str value) {
    mp_buf_append_byte(out, '\'');
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = (uint8_t)value.ptr[i];
        if (byte == '\'' || byte == '\\') {
            mp_buf_append_byte(out, '\\');
            mp_buf_append_byte(out, byte);
        } else if (byte < 0x20 || byte == 0x7f) {
            mp_buf_printf(out, "\\x%02X", byte);
        } else {
            mp_buf_append_byte(out, byte);
        }
    }
    mp_buf_append_byte(out, '\'');
}

/* By its bits: 18.16 refuses decimals of tiny numbers, and its parser of decimals is in a hurry. */
void store_literal_f64(struct mp_buf *out, double value) {
    uint8_t bytes[sizeof(value)];
    memcpy(bytes, &value, sizeof(value));
    mp_buf_append_text(out, "reinterpretAsFloat64(unhex('");
    for (size_t i = 0; i < sizeof(bytes); i++) {
        mp_buf_printf(out, "%02x", bytes[i]);
    }
    mp_buf_append_text(out, "'))");
}
