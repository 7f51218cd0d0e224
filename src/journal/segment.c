#include "journal/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCAN_BYTES (64 * 1024)

void segment_path(char *out, size_t size, const char *dir, uint64_t first_lsn) {
    snprintf(out, size, "%s/%020" PRIu64 ".seg", dir, first_lsn);
}

bool read_at(int fd, void *to, size_t len, uint64_t offset) {
    char *at = to;
    while (len > 0) {
        ssize_t got = pread(fd, at, len, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        at += got;
        len -= (size_t)got;
        offset += (uint64_t)got;
    }
    return true;
}

int directory_sync(const char *dir, struct mp_error *err) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int code = MP_OK;
    if (fd < 0 || fsync(fd) != 0) {
        code = mp_fail_sys(err, errno, dir, "cannot sync the directory");
    }
    if (fd >= 0) {
        close(fd);
    }
    return code;
}

int segment_create(const char *dir, uint64_t first_lsn, uint64_t bytes, struct mp_error *err) {
    char path[JOURNAL_PATH_MAX];
    segment_path(path, sizeof(path), dir, first_lsn);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        mp_fail_sys(err, errno, path, "cannot make a journal segment");
        return -1;
    }
    /* Whole and on disk before use: later commits then change no metadata, and a full disk is met
     * here, where nothing has been promised yet. */
    int failed = posix_fallocate(fd, 0, (off_t)bytes);
    if (failed == 0 && fsync(fd) != 0) {
        failed = errno;
    }
    if (failed != 0) {
        mp_fail_sys(err, failed, path, "cannot preallocate %" PRIu64 " bytes", bytes);
        close(fd);
        unlink(path);
        return -1;
    }
    if (directory_sync(dir, err) != MP_OK) {
        close(fd);
        unlink(path);
        return -1;
    }
    return fd;
}

/* One past the last byte from offset on that is not zero; offset when all are zero. */
static uint64_t last_written(int fd, uint64_t offset, uint64_t size) {
    uint8_t chunk[SCAN_BYTES];
    uint64_t last = offset;
    while (offset < size) {
        size_t len = size - offset < sizeof(chunk) ? (size_t)(size - offset) : sizeof(chunk);
        if (!read_at(fd, chunk, len, offset)) {
            break;
        }
        for (size_t i = len; i > 0; i--) {
            if (chunk[i - 1] != 0) {
                last = offset + i;
                break;
            }
        }
        offset += len;
    }
    return last;
}

int segment_verify(int fd, uint64_t first_lsn, uint64_t *end_lsn, uint64_t *torn_bytes,
                   struct mp_error *err) {
    struct stat info;
    struct mp_buf payload;
    uint64_t offset = 0;
    if (fstat(fd, &info) != 0) {
        return mp_fail_sys(err, errno, "journal", "cannot look at the last segment");
    }
    uint64_t size = (uint64_t)info.st_size;
    mp_buf_init(&payload, BLOCK_RAW_MAX);
    while (size - offset >= BLOCK_HEADER_BYTES) {
        uint8_t bytes[BLOCK_HEADER_BYTES];
        struct block_header header;
        if (!read_at(fd, bytes, sizeof(bytes), offset) ||
            !block_header_decode(bytes, first_lsn + offset, &header) ||
            header.stored_len > size - offset - BLOCK_HEADER_BYTES) {
            break;
        }
        mp_buf_clear(&payload);
        char *to = mp_buf_reserve(&payload, header.stored_len);
        if (!to || !read_at(fd, to, header.stored_len, offset + BLOCK_HEADER_BYTES) ||
            !block_is_intact(bytes, (const uint8_t *)to, &header)) {
            break;
        }
        offset += BLOCK_HEADER_BYTES + header.stored_len;
    }
    mp_buf_deinit(&payload);
    *end_lsn = first_lsn + offset;
    *torn_bytes = last_written(fd, offset, size) - offset;
    return MP_OK;
}
