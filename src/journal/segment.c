/* A segment file: how it is named, made, read, and what of it is intact. */
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
    snprintf(out, size, "%s/%020" PRIu64 SEGMENT_ENDING, dir, first_lsn);
}

int read_at(int fd, void *to, size_t len, uint64_t offset) {
    char *at = to;
    while (len > 0) {
        ssize_t got = pread(fd, at, len, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return MP_E_IO;
        }
        if (got == 0) {
            return MP_E_CORRUPT;
        }
        at += got;
        len -= (size_t)got;
        offset += (uint64_t)got;
    }
    return MP_OK;
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

int disk_fail(struct mp_error *err, int sys, const char *what) {
    mp_fail_sys(err, sys, "journal", "%s", what);
    if (sys == EFBIG) {
        err->code = MP_E_FULL;
    }
    return (int)err->code;
}

/* Whole and on disk before use: later commits then change no file size, and a full disk is met
 * here, where nothing has been promised yet. */
static int preallocate(int fd, uint64_t bytes, struct mp_error *err) {
    int failed;
    do {
        failed = posix_fallocate(fd, 0, (off_t)bytes);
    } while (failed == EINTR);
    if (failed == 0 && fsync(fd) != 0) {
        failed = errno;
    }
    return failed == 0 ? MP_OK : disk_fail(err, failed, "cannot preallocate a segment");
}

int segment_create(const char *dir, uint64_t first_lsn, uint64_t bytes, struct mp_error *err) {
    char path[JOURNAL_PATH_MAX], fresh[JOURNAL_PATH_MAX];
    segment_path(path, sizeof(path), dir, first_lsn);
    snprintf(fresh, sizeof(fresh), "%s/%020" PRIu64 SEGMENT_FRESH_ENDING, dir, first_lsn);
    int fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        disk_fail(err, errno, "cannot make a segment");
        return -1;
    }
    int code = preallocate(fd, bytes, err);
    if (code == MP_OK && rename(fresh, path) != 0) {
        code = disk_fail(err, errno, "cannot name a segment");
    }
    if (code != MP_OK) {
        close(fd);
        unlink(fresh);
        return -1;
    }
    if (directory_sync(dir, err) != MP_OK) {
        close(fd); /* the empty segment may stay: the next try replaces it */
        return -1;
    }
    return fd;
}

int segment_read_block(int fd, uint64_t first_lsn, uint64_t lsn, struct mp_buf *stored,
                       struct block_header *header) {
    uint64_t offset = lsn - first_lsn;
    mp_buf_clear(stored);
    char *to = mp_buf_reserve(stored, BLOCK_HEADER_BYTES);
    int code = to ? read_at(fd, to, BLOCK_HEADER_BYTES, offset) : MP_E_MEMORY;
    if (code != MP_OK) {
        return code;
    }
    if (!block_header_decode((const uint8_t *)to, lsn, header)) {
        return MP_E_CORRUPT;
    }
    stored->len = BLOCK_HEADER_BYTES;
    to = mp_buf_reserve(stored, header->stored_len);
    code = to ? read_at(fd, to, header->stored_len, offset + BLOCK_HEADER_BYTES) : MP_E_MEMORY;
    if (code != MP_OK) {
        return code;
    }
    stored->len += header->stored_len;
    bool is_intact = block_is_intact((const uint8_t *)stored->ptr, (const uint8_t *)to, header);
    return is_intact ? MP_OK : MP_E_CORRUPT;
}

/* The first intact block among the places in chunk where a block's magic stands. */
static int resync_chunk(int fd, uint64_t first_lsn, uint64_t chunk_lsn, struct mp_str chunk,
                        struct mp_buf *stored, uint64_t *found) {
    const uint8_t magic[] = {BLOCK_MAGIC & 0xff, BLOCK_MAGIC >> 8 & 0xff, BLOCK_MAGIC >> 16 & 0xff,
                             BLOCK_MAGIC >> 24};
    const char *at = chunk.ptr;
    const char *end = chunk.ptr + chunk.len;
    while ((at = memmem(at, (size_t)(end - at), magic, sizeof(magic))) != NULL) {
        struct block_header header;
        uint64_t lsn = chunk_lsn + (uint64_t)(at - chunk.ptr);
        int code = segment_read_block(fd, first_lsn, lsn, stored, &header);
        if (code != MP_E_CORRUPT) {
            *found = lsn;
            return code;
        }
        at++;
    }
    return MP_E_NOT_FOUND;
}

int segment_resync(int fd, uint64_t first_lsn, uint64_t from, uint64_t end, struct mp_buf *stored,
                   uint64_t *found) {
    char chunk[SCAN_BYTES];
    uint64_t at = from;
    while (at < end && end - at > BLOCK_HEADER_BYTES) {
        size_t len = end - at < sizeof(chunk) ? (size_t)(end - at) : sizeof(chunk);
        int code = read_at(fd, chunk, len, at - first_lsn);
        if (code == MP_E_CORRUPT) { /* the file was cut short: nothing is behind */
            break;
        }
        if (code == MP_OK) {
            code = resync_chunk(fd, first_lsn, at, mp_str_range(chunk, len), stored, found);
        }
        if (code != MP_E_NOT_FOUND) {
            return code;
        }
        at += len - 3; /* a magic may lie across two chunks */
    }
    *found = end;
    return MP_OK;
}

/* One past the last byte from offset on that is not zero; offset when all are zero. */
static int last_written(int fd, uint64_t offset, uint64_t size, uint64_t *out) {
    uint8_t chunk[SCAN_BYTES];
    *out = offset;
    while (offset < size) {
        size_t len = size - offset < sizeof(chunk) ? (size_t)(size - offset) : sizeof(chunk);
        int code = read_at(fd, chunk, len, offset);
        if (code != MP_OK) {
            return code;
        }
        for (size_t i = len; i > 0; i--) {
            if (chunk[i - 1] != 0) {
                *out = offset + i;
                break;
            }
        }
        offset += len;
    }
    return MP_OK;
}

/* A torn write is always the last one: a commit begins only when the one before it is on disk. So
 * an intact block behind a bad place shows that the bad place was good once. */
static int scan(int fd, uint64_t first_lsn, uint64_t size, struct mp_buf *stored,
                struct segment_state *out) {
    uint64_t limit = first_lsn + size;
    while (limit - out->end_lsn > BLOCK_HEADER_BYTES) {
        struct block_header header;
        uint64_t lsn = out->end_lsn;
        int code = segment_read_block(fd, first_lsn, lsn, stored, &header);
        if (code == MP_E_CORRUPT) {
            code = segment_resync(fd, first_lsn, lsn + 1, limit, stored, &lsn);
            if (code == MP_OK && lsn == limit) {
                return MP_OK;
            }
            if (code == MP_OK) {
                out->damaged_bytes += lsn - out->end_lsn;
                code = segment_read_block(fd, first_lsn, lsn, stored, &header);
            }
        }
        if (code != MP_OK) {
            return code;
        }
        out->end_lsn = lsn + BLOCK_HEADER_BYTES + header.stored_len;
    }
    return MP_OK;
}

int segment_verify(int fd, uint64_t first_lsn, struct segment_state *out, struct mp_error *err) {
    struct stat info;
    struct mp_buf stored;
    if (fstat(fd, &info) != 0) {
        return mp_fail_sys(err, errno, "journal", "cannot look at the last segment");
    }
    uint64_t written = 0;
    *out = (struct segment_state){.end_lsn = first_lsn};
    mp_buf_init(&stored, BLOCK_HEADER_BYTES + BLOCK_RAW_MAX);
    int code = scan(fd, first_lsn, (uint64_t)info.st_size, &stored, out);
    mp_buf_deinit(&stored);
    if (code == MP_OK) {
        uint64_t end = out->end_lsn - first_lsn;
        code = last_written(fd, end, (uint64_t)info.st_size, &written);
        out->torn_bytes = code == MP_OK ? written - end : 0;
    }
    return code == MP_OK
               ? MP_OK
               : mp_fail(err, (enum mp_code)code, "journal", "cannot read the last segment");
}
