#include "engine/internal.h"

void literal_append(struct mp_buf *out, struct mp_str value) {
    mp_buf_append_byte(out, '\'');
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == '\0') {
            mp_buf_append_text(out, "\\0");
            continue;
        }
        if (c == '\'' || c == '\\') {
            mp_buf_append_byte(out, '\\');
        }
        mp_buf_append_byte(out, (uint8_t)c);
    }
    mp_buf_append_byte(out, '\'');
}
