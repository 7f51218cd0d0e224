/*
 * Segments DIR/seen-<first batch, 10 digits>.log of blocks: a header, then the prints of one batch.
 * A block is written once and whole; one that was torn belongs to a batch whose cursor had not
 * moved, so that its events come again.
 */
#include "load/seen.h"

#include "base/buf.h"
#include "base/grow.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEEN_PATH_MAX 4096
/* One segment per six hours or 32 MB: years of the busiest site. */
#define SEEN_SEGMENTS_MAX 100000u
#define BLOCK_MAGIC 0x3145534du /* "MSE1" */
#define BLOCK_HEADER_BYTES 32u
#define PRINT_BYTES 12u

struct segment {
    uint32_t first_batch;
    uint32_t last_batch;
    int64_t first_ms;
    int64_t last_ms;
    uint64_t bytes;
};

struct seen_log {
    char dir[SEEN_PATH_MAX];
    struct segment *segments; /* ascending by batch */
    size_t segment_count;
    size_t segment_capacity;
    uint32_t last_batch;
    int fd; /* of the last segment; -1 = a new one begins with the next block */
    struct mp_buf block;
};

struct block {
    uint32_t batch;
    uint32_t count;
    int64_t time_ms;
};

static void segment_path(const struct seen_log *log, uint32_t first_batch, char *out, size_t size) {
    snprintf(out, size, "%s/seen-%010" PRIu32 ".log", log->dir, first_batch);
}

/* ---- Blocks ----------------------------------------------------------------------------- */

static void encode(struct mp_buf *out, const struct block *block, const struct seen_print *prints) {
    mp_buf_clear(out);
    mp_buf_append_u32(out, BLOCK_MAGIC);
    mp_buf_append_u32(out, block->batch);
    mp_buf_append_u32(out, block->count);
    mp_buf_append_u32(out, 0);
    mp_buf_append_u64(out, (uint64_t)block->time_ms);
    mp_buf_append_u64(out, 0); /* the checksum's place */
    for (uint32_t i = 0; i < block->count; i++) {
        mp_buf_append_u32(out, prints[i].words[0]);
        mp_buf_append_u32(out, prints[i].words[1]);
        mp_buf_append_u32(out, prints[i].words[2]);
    }
    if (!out->failed) {
        uint64_t checksum = mp_checksum(out->ptr, out->len);
        for (size_t i = 0; i < sizeof(checksum); i++) {
            out->ptr[BLOCK_HEADER_BYTES - sizeof(checksum) + i] = (char)(checksum >> (8 * i));
        }
    }
}

/* Reads the block that bytes begin with, whose checksum's place is zeroed on the way; its length,
 * or 0 when it is damaged or cut off. */
static size_t decode(uint8_t *bytes, size_t len, struct block *block) {
    struct mp_reader reader;
    mp_reader_init(&reader, bytes, len);
    uint32_t magic = mp_read_u32(&reader);
    block->batch = mp_read_u32(&reader);
    block->count = mp_read_u32(&reader);
    (void)mp_read_u32(&reader);
    block->time_ms = (int64_t)mp_read_u64(&reader);
    uint64_t checksum = mp_read_u64(&reader);
    size_t whole = BLOCK_HEADER_BYTES + (size_t)block->count * PRINT_BYTES;
    if (reader.failed || magic != BLOCK_MAGIC || block->batch == 0 ||
        block->count > SEEN_BLOCK_PRINTS_MAX || whole > len) {
        return 0;
    }
    memset(bytes + BLOCK_HEADER_BYTES - sizeof(checksum), 0, sizeof(checksum));
    return mp_checksum(bytes, whole) == checksum ? whole : 0;
}

static int index_block(struct seen_index *index, const struct block *block, const uint8_t *bytes,
                       struct mp_error *err) {
    struct mp_reader reader;
    int code = seen_index_reserve(index, block->count, err);
    mp_reader_init(&reader, bytes + BLOCK_HEADER_BYTES, (size_t)block->count * PRINT_BYTES);
    for (uint32_t i = 0; code == MP_OK && i < block->count; i++) {
        struct seen_print print;
        print.words[0] = mp_read_u32(&reader);
        print.words[1] = mp_read_u32(&reader);
        print.words[2] = mp_read_u32(&reader);
        if (!seen_index_add(index, print, block->batch)) {
            continue; /* a batch that was committed twice */
        }
    }
    return code;
}

/* ---- Segments --------------------------------------------------------------------------- */

static struct segment *add_segment(struct seen_log *log, uint32_t first_batch) {
    if (!mp_grow(&log->segments, &log->segment_capacity, log->segment_count + 1,
                 sizeof(*log->segments))) {
        return NULL;
    }
    struct segment *segment = &log->segments[log->segment_count++];
    *segment = (struct segment){.first_batch = first_batch, .last_batch = first_batch};
    return segment;
}

static int read_file(const char *path, struct mp_buf *out, struct mp_error *err) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0) {
        int sys = errno;
        if (fd >= 0) {
            close(fd);
        }
        return mp_fail_sys(err, sys, path, "cannot read the log of seen events");
    }
    mp_buf_clear(out);
    char *to = mp_buf_reserve(out, (size_t)info.st_size);
    ssize_t got = 0;
    while (to && out->len < (size_t)info.st_size &&
           (got = read(fd, out->ptr + out->len, (size_t)info.st_size - out->len)) > 0) {
        out->len += (size_t)got;
    }
    close(fd);
    if (!to) {
        return mp_fail(err, MP_E_MEMORY, path, "no memory for the log of seen events");
    }
    return got < 0 ? mp_fail_sys(err, errno, path, "cannot read the log of seen events") : MP_OK;
}

static int read_segment(struct seen_log *log, struct segment *segment, struct seen_index *index,
                        uint32_t replay_batch, struct mp_error *err) {
    char path[SEEN_PATH_MAX + 32];
    struct mp_buf bytes;
    struct block block;
    size_t at = 0, len = 1;
    mp_buf_init(&bytes, 2 * (size_t)SEEN_SEGMENT_BYTES + SEEN_BLOCK_PRINTS_MAX * PRINT_BYTES);
    segment_path(log, segment->first_batch, path, sizeof(path));
    int code = read_file(path, &bytes, err);
    while (code == MP_OK && at < bytes.len &&
           (len = decode((uint8_t *)bytes.ptr + at, bytes.len - at, &block)) > 0) {
        if (replay_batch == 0 || block.batch < replay_batch) {
            code = index_block(index, &block, (const uint8_t *)bytes.ptr + at, err);
        }
        segment->first_ms = at == 0 ? block.time_ms : segment->first_ms;
        segment->last_ms = block.time_ms > segment->last_ms ? block.time_ms : segment->last_ms;
        segment->last_batch = block.batch;
        log->last_batch = block.batch > log->last_batch ? block.batch : log->last_batch;
        at += len;
    }
    if (code == MP_OK && at < bytes.len) {
        mp_log(MP_LOG_WARN, "load", "the end of a log of seen events is damaged",
               "file=\"%s\" bytes=%zu", path, bytes.len - at);
    }
    mp_buf_deinit(&bytes);
    return code;
}

static int compare_segments(const void *a, const void *b) {
    const struct segment *left = a, *right = b;
    return (left->first_batch > right->first_batch) - (left->first_batch < right->first_batch);
}

static int list_segments(struct seen_log *log, struct mp_error *err) {
    DIR *folder = opendir(log->dir);
    int code = MP_OK;
    if (!folder) {
        return mp_fail_sys(err, errno, log->dir, "cannot list the log of seen events");
    }
    for (struct dirent *entry; code == MP_OK && (entry = readdir(folder));) {
        uint32_t first_batch;
        int end = 0;
        if (sscanf(entry->d_name, "seen-%10" SCNu32 ".log%n", &first_batch, &end) != 1 ||
            end == 0 || entry->d_name[end] != '\0') {
            continue;
        }
        if (log->segment_count == SEEN_SEGMENTS_MAX || !add_segment(log, first_batch)) {
            code = mp_fail(err, MP_E_MEMORY, log->dir, "too many segments of seen events");
        }
    }
    closedir(folder);
    if (log->segment_count > 0) {
        qsort(log->segments, log->segment_count, sizeof(*log->segments), compare_segments);
    }
    return code;
}

int seen_log_open(const char *dir, struct seen_index *index, uint32_t replay_batch,
                  struct seen_log **out, struct mp_error *err) {
    struct seen_log *log = calloc(1, sizeof(*log));
    *out = NULL;
    if (!log) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for the log of seen events");
    }
    log->fd = -1;
    mp_buf_init(&log->block, BLOCK_HEADER_BYTES + (size_t)SEEN_BLOCK_PRINTS_MAX * PRINT_BYTES);
    int len = snprintf(log->dir, sizeof(log->dir), "%s", dir);
    int code = len < 0 || (size_t)len >= sizeof(log->dir)
                   ? mp_fail(err, MP_E_ARGUMENT, "dir", "the path is too long")
                   : list_segments(log, err);
    for (size_t i = 0; code == MP_OK && i < log->segment_count; i++) {
        code = read_segment(log, &log->segments[i], index, replay_batch, err);
    }
    if (code != MP_OK) {
        seen_log_close(log);
        return code;
    }
    *out = log;
    return MP_OK;
}

void seen_log_close(struct seen_log *log) {
    if (!log) {
        return;
    }
    if (log->fd >= 0) {
        close(log->fd);
    }
    mp_buf_deinit(&log->block);
    free(log->segments);
    free(log);
}

uint32_t seen_log_last_batch(const struct seen_log *log) {
    return log->last_batch;
}

/* ---- Appending -------------------------------------------------------------------------- */

static int sync_dir(const char *dir, struct mp_error *err) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int sys = fd < 0 || fsync(fd) != 0 ? errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    return sys ? mp_fail_sys(err, sys, dir, "cannot sync the folder") : MP_OK;
}

/* Begins a segment. One of that name can only hold what is replayed now, and is emptied. */
static int begin_segment(struct seen_log *log, uint32_t batch, struct mp_error *err) {
    char path[SEEN_PATH_MAX + 32];
    segment_path(log, batch, path, sizeof(path));
    log->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (log->fd < 0) {
        return mp_fail_sys(err, errno, path, "cannot make a segment of seen events");
    }
    int code = sync_dir(log->dir, err);
    struct segment *last = log->segment_count ? &log->segments[log->segment_count - 1] : NULL;
    if (code == MP_OK && last && last->first_batch == batch) {
        *last = (struct segment){.first_batch = batch, .last_batch = batch};
    } else if (code == MP_OK && !add_segment(log, batch)) {
        code = mp_fail(err, MP_E_MEMORY, path, "no memory for a segment");
    }
    if (code != MP_OK) {
        close(log->fd);
        log->fd = -1;
    }
    return code;
}

static void roll(struct seen_log *log, int64_t time_ms, size_t bytes) {
    if (log->fd < 0) {
        return;
    }
    const struct segment *last = &log->segments[log->segment_count - 1];
    if (last->bytes + bytes > SEEN_SEGMENT_BYTES || time_ms - last->first_ms > SEEN_SEGMENT_MS) {
        close(log->fd);
        log->fd = -1;
    }
}

int seen_log_append(struct seen_log *log, uint32_t batch, int64_t time_ms,
                    const struct seen_print *prints, size_t count, struct mp_error *err) {
    if (count == 0) {
        return MP_OK;
    }
    if (count > SEEN_BLOCK_PRINTS_MAX) {
        return mp_fail(err, MP_E_TOO_LARGE, "batch", "%zu events in one batch", count);
    }
    struct block block = {batch, (uint32_t)count, time_ms};
    encode(&log->block, &block, prints);
    if (log->block.failed) {
        return mp_fail(err, MP_E_MEMORY, "batch", "no memory for a block of seen events");
    }
    roll(log, time_ms, log->block.len);
    int code = log->fd < 0 ? begin_segment(log, batch, err) : MP_OK;
    if (code != MP_OK) {
        return code;
    }
    struct segment *last = &log->segments[log->segment_count - 1];
    ssize_t put = pwrite(log->fd, log->block.ptr, log->block.len, (off_t)last->bytes);
    if (put != (ssize_t)log->block.len || fdatasync(log->fd) != 0) {
        /* The next try writes the same place again. */
        int sys = put >= 0 && put != (ssize_t)log->block.len ? ENOSPC : errno;
        return mp_fail_sys(err, sys, log->dir, "cannot write the log of seen events");
    }
    last->first_ms = last->bytes == 0 ? time_ms : last->first_ms;
    last->bytes += log->block.len;
    last->last_ms = time_ms > last->last_ms ? time_ms : last->last_ms;
    last->last_batch = batch;
    return MP_OK;
}

int seen_log_expire(struct seen_log *log, int64_t oldest_ms, uint32_t *first_batch,
                    struct mp_error *err) {
    size_t gone = 0;
    int code = MP_OK;
    /* The last segment stays: it is being written. */
    while (gone + 1 < log->segment_count && log->segments[gone].last_ms < oldest_ms) {
        char path[SEEN_PATH_MAX + 32];
        segment_path(log, log->segments[gone].first_batch, path, sizeof(path));
        if (unlink(path) != 0 && errno != ENOENT) {
            code = mp_fail_sys(err, errno, path, "cannot delete a segment of seen events");
            break;
        }
        gone++;
    }
    log->segment_count -= gone;
    memmove(log->segments, log->segments + gone, log->segment_count * sizeof(*log->segments));
    *first_batch = log->segment_count > 0 ? log->segments[0].first_batch : 0;
    return code;
}
