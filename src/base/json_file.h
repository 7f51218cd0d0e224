/*
 * Small JSON files of our own that are read as a whole (base/file.h writes them). Any thread; does
 * I/O.
 */
#ifndef MP_BASE_JSON_FILE_H
#define MP_BASE_JSON_FILE_H

#include "base/json.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Takes the document; what it keeps it copies. Its error is handed on. */
typedef int mp_json_take(void *arg, struct mp_json root, struct mp_error *err);
/* Reads and parses the file, and wipes its text, which may have secrets. MP_E_NOT_FOUND, MP_E_IO,
 * MP_E_MEMORY; MP_E_CORRUPT for all that is wrong with the content, whatever take calls it. */
MP_MUST_CHECK int mp_json_file_read(const char *path, size_t bytes_max, size_t depth_max,
                                    mp_json_take *take, void *arg, struct mp_error *err);

#ifdef __cplusplus
}
#endif
#endif
