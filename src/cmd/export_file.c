#include "cmd/export_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct export_file {
    int fd;
    const char *path; /* NULL = standard output */
    char part[PATH_MAX];
    int sys; /* errno of the first write that failed */
};

int export_file_open(const char *path, struct export_file **out, struct mp_error *err) {
    struct export_file *file = calloc(1, sizeof(*file));
    *out = NULL;
    if (!file) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for a file");
    }
    file->path = path;
    file->fd = STDOUT_FILENO;
    if (path) {
        int len = snprintf(file->part, sizeof(file->part), "%s.part", path);
        file->fd = len < (int)sizeof(file->part)
                       ? open(file->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
                       : -1;
    }
    if (file->fd < 0) {
        int code = mp_fail_sys(err, errno, "output", "cannot write %s", path);
        free(file);
        return code;
    }
    *out = file;
    return MP_OK;
}

int export_file_write(void *arg, struct mp_str bytes) {
    struct export_file *file = arg;
    while (bytes.len > 0) {
        ssize_t written = write(file->fd, bytes.ptr, bytes.len);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            file->sys = errno;
            return 1;
        }
        bytes = mp_str_range(bytes.ptr + written, bytes.len - (size_t)written);
    }
    return 0;
}

int export_file_close(struct export_file *file, bool is_whole, struct mp_error *err) {
    int sys = file->sys;
    if (file->path) {
        if (is_whole && sys == 0 && fsync(file->fd) != 0) {
            sys = errno;
        }
        close(file->fd);
        if (is_whole && sys == 0 && rename(file->part, file->path) != 0) {
            sys = errno;
        }
        if (!is_whole || sys != 0) {
            unlink(file->part);
        }
    }
    int code = sys ? mp_fail_sys(err, sys, "output", "cannot write %s",
                                 file->path ? file->path : "standard output")
                   : MP_OK;
    free(file);
    return code;
}
