#include "collect/internal.h"

#include <strings.h>

static bool is_word(struct mp_str text, const char *word) {
    return text.len == strlen(word) && strncasecmp(text.ptr, word, text.len) == 0;
}

int body_plain(struct collect_worker *worker, const struct collect_input *input, struct mp_str *out,
               struct mp_error *err) {
    struct mp_str encoding = input->content_encoding;
    if (input->body.len > COLLECT_BODY_BYTES_MAX) {
        return mp_fail(err, MP_E_TOO_LARGE, "body", "over %u bytes", COLLECT_BODY_BYTES_MAX);
    }
    if (is_word(encoding, "gzip")) {
        return inflate_gzip(worker, input->body, out, err);
    }
    if (encoding.len > 0 && !is_word(encoding, "identity")) {
        return mp_fail(err, MP_E_ARGUMENT, "Content-Encoding", "must be gzip or identity");
    }
    *out = input->body;
    return MP_OK;
}

static int hex4(const char *at) {
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int lower = at[i] | 0x20;
        int digit = at[i] >= '0' && at[i] <= '9'   ? at[i] - '0'
                    : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10
                                                   : -1;
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* The kind of "\uXXXX" at i: 'h' the first half of a pair, 'l' the second one, 0 anything else. */
static char half_at(const char *text, size_t len, size_t i) {
    if (len - i < 6 || text[i] != '\\' || text[i + 1] != 'u') {
        return 0;
    }
    int unit = hex4(text + i + 2);
    return unit >= 0xd800 && unit <= 0xdbff ? 'h' : unit >= 0xdc00 && unit <= 0xdfff ? 'l' : 0;
}

/* Overwrites each half without its other half, escaped or as three raw bytes, by U+FFFD, which is
 * as long. True when there was one. */
static bool mend_surrogates(char *text, size_t len) {
    bool is_mended = false;
    for (size_t i = 0; i < len; i++) {
        const unsigned char *raw = (const unsigned char *)text + i;
        if (text[i] == '\\') {
            char half = half_at(text, len, i);
            if (half == 'h' && half_at(text, len, i + 6) == 'l') {
                i += 11;
            } else if (half) {
                memcpy(text + i + 2, "fffd", 4);
                is_mended = true;
                i += 5;
            } else {
                i++; /* whatever is escaped is no backslash of its own */
            }
        } else if (raw[0] == 0xed && len - i >= 3 && raw[1] >= 0xa0) {
            memcpy(text + i, "\xef\xbf\xbd", 3);
            is_mended = true;
            i += 2;
        }
    }
    return is_mended;
}

/* The text mended, in scratch; ptr NULL when there was nothing to mend. */
static struct mp_str mended(struct collect_worker *worker, struct mp_str text) {
    struct mp_buf *copy = &worker->scratch;
    mp_buf_clear(copy);
    mp_buf_append_str(copy, text);
    bool is_mended = !copy->failed && copy->len > 0 && mend_surrogates(copy->ptr, copy->len);
    return is_mended ? mp_buf_str(copy) : mp_str_range(NULL, 0);
}

int body_parse(struct collect_worker *worker, struct mp_str text, struct mp_json *root,
               struct mp_error *err) {
    struct mp_error first = {0};
    int code = mp_json_parse(worker->parser, text, root, &first);
    if (code == MP_E_ARGUMENT) {
        struct mp_str other = mended(worker, text);
        code = other.ptr ? mp_json_parse(worker->parser, other, root, &first) : code;
    }
    return code == MP_OK ? MP_OK : mp_fail(err, code, "body", "%s", first.message);
}
