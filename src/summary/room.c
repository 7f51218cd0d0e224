#include "summary/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* A nameless file of dir, its blocks reserved: a write into the mapping that finds the disk full
 * would kill the process. */
static int map_fresh(const char *dir, size_t bytes, void **out, struct mp_error *err) {
    char path[SUMMARY_PATH_BYTES];
    snprintf(path, sizeof(path), "%s/room.XXXXXX", dir);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        return mp_fail_sys(err, errno, dir, "cannot make a file in %s", dir);
    }
    unlink(path);
    int sys = posix_fallocate(fd, 0, (off_t)bytes);
    *out = MAP_FAILED;
    if (sys == 0) {
        *out = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        sys = *out == MAP_FAILED ? errno : 0;
    }
    close(fd);
    return sys ? mp_fail_sys(err, sys, dir, "cannot make room in %s", dir) : MP_OK;
}

int summary_room_grow(struct summary_room *room, const char *dir, size_t bytes, int fill,
                      struct mp_error *err) {
    void *fresh;
    size_t wanted = room->bytes ? room->bytes : 4096;
    if (bytes <= room->bytes) {
        return MP_OK;
    }
    while (wanted < bytes) {
        wanted *= 2;
    }
    int code = map_fresh(dir, wanted, &fresh, err);
    if (code != MP_OK) {
        return code;
    }
    memset((char *)fresh + room->bytes, fill, wanted - room->bytes);
    if (room->at) {
        memcpy(fresh, room->at, room->bytes);
        munmap(room->at, room->bytes);
    }
    *room = (struct summary_room){fresh, wanted};
    return MP_OK;
}

void summary_room_free(struct summary_room *room) {
    if (room->at) {
        munmap(room->at, room->bytes);
    }
    *room = (struct summary_room){0};
}
