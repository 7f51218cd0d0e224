#include "base/json_write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Beyond it readers that tell whole numbers from doubles would take one for the other. */
#define WHOLE_MAX 9007199254740992.0 /* 2^53 */

void mp_jw_init(struct mp_json_writer *writer, struct mp_buf *out) {
    *writer = (struct mp_json_writer){.out = out};
}

/* Puts the comma that stands before a value or key, where one is due. */
static void separate(struct mp_json_writer *writer) {
    if (writer->after_key) {
        writer->after_key = false;
        return;
    }
    if (writer->needs_comma[writer->depth]) {
        mp_buf_append_byte(writer->out, ',');
    }
    writer->needs_comma[writer->depth] = true;
}

static void begin(struct mp_json_writer *writer, char bracket) {
    separate(writer);
    mp_buf_append_byte(writer->out, (uint8_t)bracket);
    if (writer->depth + 1 >= MP_JSON_WRITE_DEPTH_MAX) {
        writer->out->failed = true;
        return;
    }
    writer->needs_comma[++writer->depth] = false;
}

static void end(struct mp_json_writer *writer, char bracket) {
    if (writer->depth == 0) {
        writer->out->failed = true;
        return;
    }
    writer->depth--;
    mp_buf_append_byte(writer->out, (uint8_t)bracket);
}

void mp_jw_object_begin(struct mp_json_writer *writer) {
    begin(writer, '{');
}

void mp_jw_object_end(struct mp_json_writer *writer) {
    end(writer, '}');
}

void mp_jw_array_begin(struct mp_json_writer *writer) {
    begin(writer, '[');
}

void mp_jw_array_end(struct mp_json_writer *writer) {
    end(writer, ']');
}

/* Bytes of the character at s (1 when it is not well-formed, and *is_valid false). */
static size_t character(struct mp_str s, bool *is_valid) {
    size_t len = s.len < 4 ? s.len : 4;
    for (size_t n = 1; n <= len; n++) {
        struct mp_str one = mp_str_range(s.ptr, n);
        if (mp_str_is_utf8(one)) {
            *is_valid = true;
            return n;
        }
    }
    *is_valid = false;
    return 1;
}

static void append_escaped(struct mp_buf *out, struct mp_str s) {
    size_t plain = 0; /* bytes that go out as they are, before `at` */
    size_t at = 0;
    while (at < s.len) {
        unsigned char c = (unsigned char)s.ptr[at];
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            at++;
            continue;
        }
        bool is_valid = true;
        size_t step = c < 0x80 ? 1 : character(mp_str_range(s.ptr + at, s.len - at), &is_valid);
        if (c >= 0x80 && is_valid) {
            at += step;
            continue;
        }
        mp_buf_append(out, s.ptr + plain, at - plain);
        if (!is_valid) {
            mp_buf_append_text(out, "\xef\xbf\xbd");
        } else if (c == '"' || c == '\\') {
            mp_buf_append_byte(out, '\\');
            mp_buf_append_byte(out, c);
        } else if (c == '\n') {
            mp_buf_append_text(out, "\\n");
        } else {
            mp_buf_printf(out, "\\u%04x", c);
        }
        at += step;
        plain = at;
    }
    mp_buf_append(out, s.ptr + plain, at - plain);
}

void mp_jw_str(struct mp_json_writer *writer, struct mp_str value) {
    separate(writer);
    mp_buf_append_byte(writer->out, '"');
    append_escaped(writer->out, value);
    mp_buf_append_byte(writer->out, '"');
}

void mp_jw_key(struct mp_json_writer *writer, const char *key) {
    mp_jw_key_str(writer, mp_str_of(key));
}

void mp_jw_key_str(struct mp_json_writer *writer, struct mp_str key) {
    mp_jw_str(writer, key);
    mp_buf_append_byte(writer->out, ':');
    writer->after_key = true;
}

void mp_jw_text(struct mp_json_writer *writer, const char *value) {
    mp_jw_str(writer, mp_str_of(value));
}

void mp_jw_text_member(struct mp_json_writer *writer, const char *key, const char *value) {
    mp_jw_key(writer, key);
    mp_jw_text(writer, value);
}

void mp_jw_i64(struct mp_json_writer *writer, int64_t value) {
    separate(writer);
    mp_buf_printf(writer->out, "%lld", (long long)value);
}

void mp_jw_u64(struct mp_json_writer *writer, uint64_t value) {
    separate(writer);
    mp_buf_printf(writer->out, "%llu", (unsigned long long)value);
}

void mp_jw_f64(struct mp_json_writer *writer, double value) {
    char text[32];
    if (!isfinite(value)) {
        mp_jw_null(writer);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    bool looks_whole = strcspn(text, ".e") == strlen(text);
    mp_jw_raw(writer, mp_str_of(text));
    if (looks_whole && fabs(value) > WHOLE_MAX) {
        mp_buf_append_text(writer->out, ".0");
    }
}

void mp_jw_bool(struct mp_json_writer *writer, bool value) {
    mp_jw_raw(writer, mp_str_of(value ? "true" : "false"));
}

void mp_jw_null(struct mp_json_writer *writer) {
    mp_jw_raw(writer, mp_str_of("null"));
}

void mp_jw_raw(struct mp_json_writer *writer, struct mp_str json) {
    separate(writer);
    mp_buf_append_str(writer->out, json);
}
