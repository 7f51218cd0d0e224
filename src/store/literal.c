/* Typed literals, exact on ClickHouse 18.16 and on every later one. */
#include "store/literal.h"

#include "base/zone.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void store_literal_str(struct mp_buf *out, struct mp_str value) {
    static const char hex[] = "0123456789ABCDEF";
    mp_buf_append_byte(out, '\'');
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c == '\'' || c == '\\') {
            mp_buf_append_byte(out, '\\');
            mp_buf_append_byte(out, c);
        } else if (c < 0x20 || c == 0x7f || c == '{' || c == '}') {
            /* Control bytes as \xHH; braces too, so that no text can look like a place. */
            char escape[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};
            mp_buf_append(out, escape, sizeof(escape));
        } else {
            mp_buf_append_byte(out, c);
        }
    }
    mp_buf_append_byte(out, '\'');
}

void store_literal_f64(struct mp_buf *out, double value) {
    char text[40];
    if (isnan(value)) {
        mp_buf_append_text(out, "nan");
    } else if (isinf(value)) {
        mp_buf_append_text(out, value < 0 ? "-inf" : "inf");
    } else {
        /* 17 digits read back as the same double; toFloat64('…') parses it as a float always, where
         * a bare 1 would be a UInt8. */
        snprintf(text, sizeof(text), "toFloat64('%.17g')", value);
        mp_buf_append_text(out, text);
    }
}

void literal_day(struct mp_buf *out, int32_t day) {
    char text[11];
    mp_day_format(day, text);
    mp_buf_printf(out, "toDate('%s')", text);
}

void literal_u64s(struct mp_buf *out, const uint64_t *values, size_t count) {
    if (count == 0) {
        mp_buf_append_text(out, "emptyArrayUInt64()");
        return;
    }
    mp_buf_append_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        mp_buf_printf(out, "%stoUInt64(%llu)", i ? "," : "", (unsigned long long)values[i]);
    }
    mp_buf_append_byte(out, ']');
}

void literal_strs(struct mp_buf *out, const struct mp_str *values, size_t count) {
    if (count == 0) {
        mp_buf_append_text(out, "emptyArrayString()");
        return;
    }
    mp_buf_append_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            mp_buf_append_byte(out, ',');
        }
        store_literal_str(out, values[i]);
    }
    mp_buf_append_byte(out, ']');
}
