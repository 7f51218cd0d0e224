#include "engine/internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SPOOL_MEMORY_MAX (4u << 20)

void spool_init(struct spool *spool) {
    *spool = (struct spool){.fd = -1};
    mp_buf_init(&spool->memory, SPOOL_MEMORY_MAX);
}

void spool_deinit(struct spool *spool) {
    if (spool->fd >= 0) {
        close(spool->fd);
        spool->fd = -1;
    }
    mp_buf_deinit(&spool->memory);
}

static bool write_all(int fd, struct mp_str data) {
    while (data.len > 0) {
        ssize_t done = write(fd, data.ptr, data.len);
        if (done <= 0) {
            return false;
        }
        data = mp_str_range(data.ptr + done, data.len - (size_t)done);
    }
    return true;
}

/* Has no name from the first moment, so that a killed engine leaves nothing behind. */
static bool move_to_file(struct spool *spool, const char *dir) {
    spool->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return spool->fd >= 0 && write_all(spool->fd, mp_buf_str(&spool->memory));
}

bool spool_append(struct spool *spool, const char *dir, struct mp_str data) {
    spool->len += data.len;
    if (spool->fd < 0 && data.len <= SPOOL_MEMORY_MAX - spool->memory.len) {
        mp_buf_append_str(&spool->memory, data);
        return !spool->memory.failed;
    }
    return (spool->fd >= 0 || move_to_file(spool, dir)) && write_all(spool->fd, data);
}

long spool_read(struct spool *spool, void *buf, size_t max) {
    size_t left = (size_t)(spool->len - spool->at);
    size_t count = left < max ? left : max;
    if (spool->fd >= 0 && count > 0) {
        ssize_t got = pread(spool->fd, buf, count, (off_t)spool->at);
        if (got <= 0) {
            return -1;
        }
        count = (size_t)got;
    } else if (count > 0) {
        memcpy(buf, spool->memory.ptr + spool->at, count);
    }
    spool->at += count;
    return (long)count;
}
