#include "collect/base64.h"

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool form_decode(struct mp_str text, struct mp_buf *out) {
    mp_buf_clear(out);
    char *to = mp_buf_reserve(out, text.len + 1);
    if (!to) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            bool is_whole = text.len - i > 2;
            int high = is_whole ? hex_digit(text.ptr[i + 1]) : -1;
            int low = is_whole ? hex_digit(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        to[out->len++] = c;
    }
    return true;
}

struct mp_str form_field(struct mp_str form, const char *name) {
    while (form.len > 0) {
        struct mp_str value = mp_str_cut(&form, '&');
        struct mp_str key = mp_str_cut(&value, '=');
        if (mp_str_is(key, name)) {
            return value.ptr ? value : mp_str_range("", 0);
        }
    }
    return mp_str_range(NULL, 0);
}

static int base64_digit(char c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+' || c == '-' || c == ' ') {
        return 62;
    }
    return c == '/' || c == '_' ? 63 : -1;
}

bool base64_decode(struct mp_str text, struct mp_buf *out) {
    uint32_t bits = 0;
    int held = 0;
    while (text.len > 0 && (text.ptr[text.len - 1] == '=' || text.ptr[text.len - 1] == '\n' ||
                            text.ptr[text.len - 1] == '\r')) {
        text.len--;
    }
    mp_buf_clear(out);
    char *to = mp_buf_reserve(out, text.len / 4 * 3 + 3);
    if (!to || text.len % 4 == 1) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        int digit = base64_digit(text.ptr[i]);
        if (digit < 0) {
            return false;
        }
        bits = (bits << 6 | (uint32_t)digit) & 0xffffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            to[out->len++] = (char)(bits >> held);
        }
    }
    return true;
}
