#include "base/str.h"

bool mp_str_starts_with(struct mp_str s, struct mp_str prefix) {
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct mp_str mp_str_trim(struct mp_str s) {
    while (s.len > 0 && is_space(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && is_space(s.ptr[s.len - 1])) {
        s.len--;
    }
    return s;
}

struct mp_str mp_str_cut(struct mp_str *s, char separator) {
    const char *at = s->len > 0 ? memchr(s->ptr, separator, s->len) : NULL;
    struct mp_str head = *s;
    if (!at) {
        *s = mp_str_range(NULL, 0);
        return head;
    }
    head.len = (size_t)(at - s->ptr);
    *s = mp_str_range(at + 1, s->len - head.len - 1);
    return head;
}

int mp_str_compare(struct mp_str a, struct mp_str b) {
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter > 0 ? memcmp(a.ptr, b.ptr, shorter) : 0;
    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

bool mp_str_to_u64(struct mp_str s, uint64_t *out) {
    uint64_t value = 0;
    if (s.len == 0) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)(s.ptr[i] - '0');
        if (digit > 9 || __builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            return false;
        }
    }
    *out = value;
    return true;
}

bool mp_str_to_i64(struct mp_str s, int64_t *out) {
    bool is_negative = s.len > 0 && s.ptr[0] == '-';
    uint64_t magnitude = 0;
    struct mp_str digits = is_negative ? mp_str_range(s.ptr + 1, s.len - 1) : s;
    if (!mp_str_to_u64(digits, &magnitude)) {
        return false;
    }
    if (magnitude > (uint64_t)INT64_MAX + (is_negative ? 1 : 0)) {
        return false;
    }
    *out = is_negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

/* Length of the well-formed sequence at p (Unicode standard, table 3-7), or 0. */
static size_t utf8_sequence(const unsigned char *p, size_t left) {
    unsigned char lead = p[0];
    if (lead < 0x80) {
        return lead != 0;
    }
    size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || left < need) {
        return 0;
    }
    unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < need; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return need;
}

bool mp_str_is_utf8(struct mp_str s) {
    const unsigned char *p = (const unsigned char *)s.ptr;
    size_t at = 0;
    while (at < s.len) {
        size_t step = utf8_sequence(p + at, s.len - at);
        if (step == 0) {
            return false;
        }
        at += step;
    }
    return true;
}

struct mp_str mp_str_clip(struct mp_str s, size_t max_bytes) {
    if (s.len <= max_bytes) {
        return s;
    }
    size_t len = max_bytes;
    while (len > 0 && ((unsigned char)s.ptr[len] & 0xc0) == 0x80) {
        len--;
    }
    return mp_str_range(s.ptr, len);
}
