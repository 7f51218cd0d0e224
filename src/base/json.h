/*
 * JSON in: a C face on simdjson's DOM parser. One parser a thread; a parsed document and all
 * strings taken from it live until the parser's next parse. Numbers keep their exact kind.
 */
#ifndef MP_BASE_JSON_H
#define MP_BASE_JSON_H

#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mp_json_parser;

enum mp_json_type {
    MP_JSON_NULL,
    MP_JSON_BOOL,
    MP_JSON_INT,
    MP_JSON_UINT /* above INT64_MAX */,
    MP_JSON_DOUBLE,
    MP_JSON_STRING,
    MP_JSON_ARRAY,
    MP_JSON_OBJECT
};

/* A value inside the parser's document. Copy freely; meaningless after the next parse. */
struct mp_json {
    const void *doc;
    size_t index;
};

/* max_bytes and max_depth bound what parse accepts. NULL when out of memory. */
struct mp_json_parser *mp_json_parser_create(size_t max_bytes, size_t max_depth);
void mp_json_parser_destroy(struct mp_json_parser *parser);
/*
 * Parses UTF-8 text (copied into a padded buffer that the parser keeps). 0, or MP_E_ARGUMENT with
 * the reason ("depth over 16", "not valid UTF-8", …), or MP_E_TOO_LARGE.
 */
MP_MUST_CHECK int mp_json_parse(struct mp_json_parser *parser, struct mp_str text,
                                struct mp_json *root, struct mp_error *err);

enum mp_json_type mp_json_type(struct mp_json value);
/* Each is false when the value is of another kind. i64 also takes a double that is whole. */
MP_MUST_CHECK bool mp_json_bool(struct mp_json value, bool *out);
MP_MUST_CHECK bool mp_json_i64(struct mp_json value, int64_t *out);
MP_MUST_CHECK bool mp_json_f64(struct mp_json value, double *out); /* from any number */
MP_MUST_CHECK bool mp_json_str(struct mp_json value, struct mp_str *out);
/* Number of elements of an array or members of an object, else 0. */
size_t mp_json_size(struct mp_json value);
/* The member of that name (the first of equal names); false when none or not an object. */
MP_MUST_CHECK bool mp_json_get(struct mp_json object, struct mp_str name, struct mp_json *out);

/* The text of the member of that name; empty when there is none, or when it is no string. */
struct mp_str mp_json_text(struct mp_json object, const char *name);

/* Iterates an array or object: struct mp_json_iter it = mp_json_iter(v); while (mp_json_next(&it,
 * &key, &val)) … */
struct mp_json_iter {
    const void *doc;
    size_t index;
    size_t end;
    bool is_object;
};
struct mp_json_iter mp_json_iter(struct mp_json container);
/* key may be NULL; it is empty for arrays. */
MP_MUST_CHECK bool mp_json_next(struct mp_json_iter *iter, struct mp_str *key,
                                struct mp_json *value);
/* Appends the value as compact JSON text to a struct mp_buf. */
struct mp_buf;
void mp_json_dump(struct mp_json value, struct mp_buf *out);

#ifdef __cplusplus
}
#endif
#endif
