/*
 * JSON out: writes into a mp_buf, keeping track of commas. Strings are escaped; bytes that are
 * not UTF-8 become U+FFFD. Doubles that are NaN or infinite are written as null.
 */
#ifndef MP_BASE_JSON_WRITE_H
#define MP_BASE_JSON_WRITE_H

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MP_JSON_WRITE_DEPTH_MAX 32

struct mp_json_writer {
    struct mp_buf *out;
    int depth;
    bool needs_comma[MP_JSON_WRITE_DEPTH_MAX];
    bool after_key;
};

void mp_jw_init(struct mp_json_writer *writer, struct mp_buf *out);
void mp_jw_object_begin(struct mp_json_writer *writer);
void mp_jw_object_end(struct mp_json_writer *writer);
void mp_jw_array_begin(struct mp_json_writer *writer);
void mp_jw_array_end(struct mp_json_writer *writer);
void mp_jw_key(struct mp_json_writer *writer, const char *key);
void mp_jw_key_str(struct mp_json_writer *writer, struct mp_str key);
void mp_jw_str(struct mp_json_writer *writer, struct mp_str value);
void mp_jw_text(struct mp_json_writer *writer, const char *value);
/* A key and its text. */
void mp_jw_text_member(struct mp_json_writer *writer, const char *key, const char *value);
void mp_jw_i64(struct mp_json_writer *writer, int64_t value);
void mp_jw_u64(struct mp_json_writer *writer, uint64_t value);
/* The shortest decimal text that reads back as the same double, and not as a whole number that no
 * double holds: beyond 2^53 with a point or an exponent. */
void mp_jw_f64(struct mp_json_writer *writer, double value);
void mp_jw_bool(struct mp_json_writer *writer, bool value);
void mp_jw_null(struct mp_json_writer *writer);
/* Writes text that is JSON already. */
void mp_jw_raw(struct mp_json_writer *writer, struct mp_str json);

#ifdef __cplusplus
}
#endif
#endif
