#include "base/json_file.h"

#include "base/file.h"

#include <stdlib.h>

int mp_json_file_read(const char *path, size_t bytes_max, size_t depth_max, mp_json_take *take,
                      void *arg, struct mp_error *err) {
    struct mp_str text = {0};
    struct mp_json root;
    int code = mp_file_read(path, bytes_max, &text, err);
    if (code != MP_OK) {
        return code;
    }
    struct mp_json_parser *parser = mp_json_parser_create(text.len + 1, depth_max);
    code = parser ? mp_json_parse(parser, text, &root, err)
                  : mp_fail(err, MP_E_MEMORY, path, "no memory to parse it");
    code = code ? code : take(arg, root, err);
    mp_json_parser_destroy(parser);
    explicit_bzero((char *)text.ptr, text.len);
    free((char *)text.ptr);
    if (code == MP_OK) {
        return MP_OK;
    }
    /* Whatever rule a file from outside breaks: what stands on disk is at fault. */
    if (code != MP_E_MEMORY) {
        err->code = MP_E_CORRUPT;
    }
    return mp_error_wrap(err, "%s", path);
}
