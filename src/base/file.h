/*
 * Small files that are replaced as a whole: registries that the commands write and a running serve
 * watches. A reader sees all of one content or all of the next. Any thread; they do I/O.
 */
#ifndef MP_BASE_FILE_H
#define MP_BASE_FILE_H

#include "base/error.h"

#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What tells one content of a file from the next: an atomic replacement is a new inode. */
struct mp_file_identity {
    bool exists;
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec modified;
};
struct mp_file_identity mp_file_identify(const char *path);
bool mp_file_is_same(const struct mp_file_identity *a, const struct mp_file_identity *b);

/* All of a plain file, in memory that the caller frees (text->ptr). MP_E_NOT_FOUND, MP_E_IO,
 * MP_E_MEMORY; MP_E_CORRUPT when it is no plain file or longer than bytes_max. */
MP_MUST_CHECK int mp_file_read(const char *path, size_t bytes_max, struct mp_str *text,
                               struct mp_error *err);
/* Replaces dir/name, mode 0600, and makes that durable; on failure the former file stands. */
MP_MUST_CHECK int mp_file_replace(const char *dir, const char *name, struct mp_str text,
                                  struct mp_error *err);
/* The lock dir/name against other processes, *fd to be closed; makes dir (mode 0700) when it is
 * missing. MP_E_TIMEOUT when another one has held it for 10 s, MP_E_IO. */
MP_MUST_CHECK int mp_file_lock(const char *dir, const char *name, int *fd, struct mp_error *err);

#ifdef __cplusplus
}
#endif
#endif
