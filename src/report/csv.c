#include "report/internal.h"

static bool looks_like_formula(struct mp_str text) {
    return text.len > 0 && memchr("=+-@\t\r", text.ptr[0], 6) != NULL;
}

static bool needs_quotes(struct mp_str text) {
    for (size_t i = 0; i < text.len; i++) {
        if (memchr("\",\r\n", text.ptr[i], 4)) {
            return true;
        }
    }
    return false;
}

void report_csv_text(struct mp_buf *out, struct mp_str text) {
    bool is_quoted = needs_quotes(text);
    if (is_quoted) {
        mp_buf_append_byte(out, '"');
    }
    if (looks_like_formula(text)) {
        mp_buf_append_byte(out, '\'');
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"') {
            mp_buf_append_byte(out, '"');
        }
        mp_buf_append_byte(out, (uint8_t)text.ptr[i]);
    }
    if (is_quoted) {
        mp_buf_append_byte(out, '"');
    }
}
