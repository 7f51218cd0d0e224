#include "collect/form.h"

struct mp_str form_field(struct mp_str form, const char *name) {
    while (form.len > 0) {
        struct mp_str value = mp_str_cut(&form, '&');
        struct mp_str key = mp_str_cut(&value, '=');
        if (mp_str_is(key, name)) {
            return value.ptr ? value : MP_STR("");
        }
    }
    return mp_str_range(NULL, 0);
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    int lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
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
        *to++ = c;
    }
    out->len = (size_t)(to - out->ptr);
    return true;
}

/* The six bits of each sign, plus one; 0 = none. */
static const uint8_t digits[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['-'] = 63,
    [' '] = 63, ['/'] = 64, ['_'] = 64,
};

int64_t base64_decode(char *text, size_t len) {
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r')) {
        len--;
    }
    for (int padding = 0; padding < 2 && len > 0 && text[len - 1] == '='; padding++) {
        len--;
    }
    if (len % 4 == 1) {
        return -1;
    }
    uint32_t bits = 0;
    int held = 0;
    char *to = text; /* never overtakes the reading */
    for (size_t i = 0; i < len; i++) {
        uint8_t digit = digits[(unsigned char)text[i]];
        if (digit == 0) {
            return -1;
        }
        bits = bits << 6 | (uint32_t)(digit - 1);
        held += 6;
        if (held >= 8) {
            held -= 8;
            *to++ = (char)(bits >> held);
        }
    }
    return to - text;
}
