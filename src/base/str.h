/*
 * Strings that carry their length. Input from outside is never NUL-terminated here, so every
 * function that takes text takes a struct mp_str. A mp_str borrows: it owns nothing.
 * All functions are pure and safe from any thread.
 */
#ifndef MP_BASE_STR_H
#define MP_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MP_MUST_CHECK __attribute__((warn_unused_result))
#define MP_PRINTF(fmt_index, first_arg) __attribute__((format(printf, fmt_index, first_arg)))

struct mp_str {
    const char *ptr;
    size_t len;
};

/* A literal as a mp_str; the length is computed by the compiler. */
#define MP_STR(literal) ((struct mp_str){("" literal), sizeof(literal) - 1})
/* For printf: printf("%.*s", MP_STR_ARG(s)). */
#define MP_STR_ARG(s) (int)(s).len, (s).ptr

static inline struct mp_str mp_str_of(const char *text) {
    struct mp_str s = {text, text ? strlen(text) : 0};
    return s;
}

static inline struct mp_str mp_str_range(const char *ptr, size_t len) {
    struct mp_str s = {ptr, len};
    return s;
}

static inline bool mp_str_eq(struct mp_str a, struct mp_str b) {
    /* The first byte tells most names apart, without a call. */
    return a.len == b.len &&
           (a.len == 0 || (a.ptr[0] == b.ptr[0] && memcmp(a.ptr, b.ptr, a.len) == 0));
}

static inline bool mp_str_is(struct mp_str a, const char *text) {
    return mp_str_eq(a, mp_str_of(text));
}

/* True when s begins with prefix. */
bool mp_str_starts_with(struct mp_str s, struct mp_str prefix);
/* Cuts spaces, tabs, CR and LF from both ends. */
struct mp_str mp_str_trim(struct mp_str s);
/*
 * Cuts s at the first separator: returns what stood before it, and leaves in *s what stands
 * behind. Without a separator returns all of s and leaves *s empty with ptr NULL.
 */
struct mp_str mp_str_cut(struct mp_str *s, char separator);
/* Orders by bytes, shorter first on a tie; <0, 0, >0. */
int mp_str_compare(struct mp_str a, struct mp_str b);
/*
 * Whole decimal numbers only (optional '-' for i64); false on anything else: empty, sign alone,
 * spaces, overflow, trailing bytes. *out is untouched on false.
 */
MP_MUST_CHECK bool mp_str_to_u64(struct mp_str s, uint64_t *out);
MP_MUST_CHECK bool mp_str_to_i64(struct mp_str s, int64_t *out);
/* True when s is well-formed UTF-8 (no surrogates, no overlong forms) without NUL bytes. */
bool mp_str_is_utf8(struct mp_str s);
/* The longest prefix of s with at most max bytes that does not cut a UTF-8 sequence in two. */
struct mp_str mp_str_clip(struct mp_str s, size_t max_bytes);

#ifdef __cplusplus
}
#endif
#endif
