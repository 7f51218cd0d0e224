#include "base/file.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define PATH_BYTES_MAX 4096
#define LOCK_WAIT_MS 10000 /* a change takes milliseconds; who holds the lock longer hangs */
#define LOCK_POLL_MS 20

struct mp_file_identity mp_file_identify(const char *path) {
    struct stat info;
    if (stat(path, &info) != 0) {
        return (struct mp_file_identity){0};
    }
    return (struct mp_file_identity){true, info.st_dev, info.st_ino, info.st_size, info.st_mtim};
}

bool mp_file_is_same(const struct mp_file_identity *a, const struct mp_file_identity *b) {
    return a->exists == b->exists && a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec;
}

/* All of an open file; the caller frees text->ptr. */
static int read_all(int fd, const char *path, size_t bytes_max, struct mp_str *text,
                    struct mp_error *err) {
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return mp_fail_sys(err, errno, path, "cannot stat %s", path);
    }
    if (!S_ISREG(info.st_mode) || info.st_size < 0 || (size_t)info.st_size > bytes_max) {
        return mp_fail(err, MP_E_CORRUPT, path, "%s is no plain file of at most %zu bytes", path,
                       bytes_max);
    }
    size_t size = (size_t)info.st_size, done = 0;
    char *bytes = malloc(size + 1);
    if (!bytes) {
        return mp_fail(err, MP_E_MEMORY, path, "no memory to read %s", path);
    }
    while (done < size) {
        ssize_t got = read(fd, bytes + done, size - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            free(bytes);
            return mp_fail_sys(err, got < 0 ? errno : EIO, path, "cannot read %s", path);
        }
        done += (size_t)got;
    }
    *text = mp_str_range(bytes, size);
    return MP_OK;
}

int mp_file_read(const char *path, size_t bytes_max, struct mp_str *text, struct mp_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return mp_fail(err, MP_E_NOT_FOUND, path, "there is no %s", path);
    }
    if (fd < 0) {
        return mp_fail_sys(err, errno, path, "cannot open %s", path);
    }
    int code = read_all(fd, path, bytes_max, text, err);
    close(fd);
    return code;
}

/* 0 or errno. */
static int write_all(int fd, struct mp_str text) {
    while (text.len > 0) {
        ssize_t put = write(fd, text.ptr, text.len);
        if (put < 0 && errno != EINTR) {
            return errno;
        }
        size_t step = put > 0 ? (size_t)put : 0;
        text = mp_str_range(text.ptr + step, text.len - step);
    }
    return 0;
}

/* Makes the rename itself durable. 0 or errno. */
static int sync_dir(const char *dir) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    int sys = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return sys;
}

int mp_file_replace(const char *dir, const char *name, struct mp_str text, struct mp_error *err) {
    char path[PATH_BYTES_MAX], fresh[PATH_BYTES_MAX];
    int len = snprintf(path, sizeof(path), "%s/%s", dir, name);
    snprintf(fresh, sizeof(fresh), "%s/%s.tmp", dir, name);
    if (len < 0 || (size_t)len + sizeof(".tmp") > sizeof(path)) {
        return mp_fail(err, MP_E_ARGUMENT, "data_dir", "the path is too long");
    }
    /* 0600: what stands in such files are secrets. */
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return mp_fail_sys(err, errno, name, "cannot make %s", fresh);
    }
    int sys = write_all(fd, text);
    sys = sys == 0 && fsync(fd) != 0 ? errno : sys;
    close(fd);
    sys = sys == 0 && rename(fresh, path) != 0 ? errno : sys;
    if (sys != 0) {
        unlink(fresh);
        return mp_fail_sys(err, sys, name, "cannot write %s", path);
    }
    sys = sync_dir(dir);
    return sys == 0 ? MP_OK : mp_fail_sys(err, sys, name, "cannot sync %s", dir);
}

int mp_file_lock(const char *dir, const char *name, int *fd, struct mp_error *err) {
    char path[PATH_BYTES_MAX];
    if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path)) {
        return mp_fail(err, MP_E_ARGUMENT, "data_dir", "the path is too long");
    }
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return mp_fail_sys(err, errno, "data_dir", "cannot make %s", dir);
    }
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0) {
        return mp_fail_sys(err, errno, name, "cannot open %s", path);
    }
    for (int64_t waited_ms = 0; flock(*fd, LOCK_EX | LOCK_NB) != 0; waited_ms += LOCK_POLL_MS) {
        int sys = errno;
        if ((sys != EWOULDBLOCK && sys != EINTR) || waited_ms >= LOCK_WAIT_MS) {
            close(*fd);
            return sys == EWOULDBLOCK ? mp_fail(err, MP_E_TIMEOUT, name,
                                                "another process holds %s since 10 s", path)
                                      : mp_fail_sys(err, sys, name, "cannot lock %s", path);
        }
        mp_sleep_ms(LOCK_POLL_MS);
    }
    return MP_OK;
}
