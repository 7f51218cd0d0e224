/* Private to base/: apps.json on disk. */
#ifndef MP_BASE_APPS_FILE_H
#define MP_BASE_APPS_FILE_H

#include "base/apps.h"

struct mp_apps_snapshot {
    _Atomic int references;
    size_t count;
    struct mp_app *apps;
};

bool mp_app_id_is_valid(struct mp_str id);
MP_MUST_CHECK int mp_apps_file_lock(const char *path, int *fd, struct mp_error *err);
void mp_apps_file_unlock(int fd);
/* A missing file is an empty snapshot. */
MP_MUST_CHECK int mp_apps_file_read(const char *path, struct mp_apps_snapshot **out,
                                    struct mp_error *err);
/* Atomic: the former file stays until the new one is on disk. */
MP_MUST_CHECK int mp_apps_file_write(const char *path, const struct mp_apps_snapshot *snapshot,
                                     struct mp_error *err);

#endif
