#include "summary/internal.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_NAME "numbers"
#define LOG_MAGIC 0x31534d554e504d53u /* "SMPNUMS1" */
#define HEAD_BYTES 16u                /* magic and token */
#define SLOTS_FIRST 1024u
#define NUMBERS_MAX (UINT32_MAX / 2)

static int write_all(int fd, const void *data, size_t len, off_t at) {
    const char *from = data;
    while (len > 0) {
        ssize_t done = pwrite(fd, from, len, at);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return errno ? errno : EIO;
        }
        from += done;
        len -= (size_t)done;
        at += done;
    }
    return 0;
}

/* A new log, with a token that no day has. */
static int begin_log(struct summary_numbers *numbers) {
    uint64_t head[2] = {LOG_MAGIC, 0};
    if (getentropy(&head[1], sizeof(head[1])) != 0 || ftruncate(numbers->fd, 0) != 0) {
        return errno;
    }
    int sys = write_all(numbers->fd, head, sizeof(head), 0);
    numbers->token = head[1];
    return sys ? sys : fdatasync(numbers->fd) != 0 ? errno : 0;
}

/* Maps the first count hashes. */
static int map_log(struct summary_numbers *numbers, size_t count) {
    size_t bytes = HEAD_BYTES + count * sizeof(uint64_t);
    void *map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, numbers->fd, 0);
    if (map == MAP_FAILED) {
        return errno;
    }
    if (numbers->mapped_bytes > 0) {
        munmap((char *)numbers->hashes - HEAD_BYTES, numbers->mapped_bytes);
    }
    numbers->hashes = (uint64_t *)((char *)map + HEAD_BYTES);
    numbers->mapped_bytes = bytes;
    return 0;
}

/* ---- The index -------------------------------------------------------------------------- */

/* Hashes come from clients' user ids, by a function that keeps no secret. */
static size_t first_slot(const struct summary_numbers *numbers, uint64_t hash) {
    unsigned __int128 mixed =
        (unsigned __int128)(hash ^ numbers->token) * (0x9e3779b97f4a7c15u ^ hash);
    return (size_t)((uint64_t)(mixed >> 64) ^ (uint64_t)mixed) & (numbers->slot_count - 1);
}

/* The slot that has the hash, or the free one where it belongs. */
static uint32_t *find_slot(const struct summary_numbers *numbers, const uint64_t *fresh,
                           uint64_t hash) {
    uint32_t *slots = numbers->slots.at;
    size_t mapped = (numbers->mapped_bytes - HEAD_BYTES) / sizeof(uint64_t);
    size_t at = first_slot(numbers, hash);
    while (slots[at] != 0) {
        size_t number = slots[at] - 1;
        if ((number < mapped ? numbers->hashes[number] : fresh[number - mapped]) == hash) {
            break;
        }
        at = (at + 1) & (numbers->slot_count - 1);
    }
    return &slots[at];
}

/* Room for so many numbers, at most half full; puts in again those that are mapped. */
static int reserve(struct summary_numbers *numbers, const char *dir, size_t count,
                   struct mp_error *err) {
    size_t slot_count = numbers->slot_count ? numbers->slot_count : SLOTS_FIRST;
    while (slot_count / 2 < count) {
        slot_count *= 2;
    }
    if (slot_count == numbers->slot_count) {
        return MP_OK;
    }
    struct summary_room fresh = {0};
    int code = summary_room_grow(&fresh, dir, slot_count * sizeof(uint32_t), 0, err);
    if (code != MP_OK) {
        return code;
    }
    summary_room_free(&numbers->slots);
    numbers->slots = fresh;
    numbers->slot_count = slot_count;
    for (size_t i = 0; i < numbers->count; i++) {
        uint32_t *slot = find_slot(numbers, NULL, numbers->hashes[i]);
        *slot = *slot ? *slot : (uint32_t)i + 1;
    }
    return MP_OK;
}

/* ---- Life ------------------------------------------------------------------------------- */

static int read_log(struct summary_numbers *numbers) {
    uint64_t head[2];
    struct stat info;
    if (fstat(numbers->fd, &info) != 0) {
        return errno;
    }
    bool is_ours =
        pread(numbers->fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) && head[0] == LOG_MAGIC;
    numbers->token = head[1];
    int sys = is_ours ? 0 : begin_log(numbers);
    if (sys == 0) {
        /* What a crash cut off at the end no day has used. */
        numbers->count = is_ours ? ((size_t)info.st_size - HEAD_BYTES) / sizeof(uint64_t) : 0;
        sys = map_log(numbers, numbers->count);
    }
    return sys;
}

int summary_numbers_open(struct summary_numbers *numbers, const char *dir, struct mp_error *err) {
    char path[SUMMARY_PATH_BYTES];
    *numbers = (struct summary_numbers){0};
    snprintf(path, sizeof(path), "%s/" LOG_NAME, dir);
    numbers->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int sys = numbers->fd < 0 ? errno : read_log(numbers);
    if (sys != 0) {
        summary_numbers_close(numbers);
        return mp_fail_sys(err, sys, path, "cannot open %s", path);
    }
    return reserve(numbers, dir, numbers->count, err);
}

void summary_numbers_close(struct summary_numbers *numbers) {
    if (numbers->mapped_bytes > 0) {
        munmap((char *)numbers->hashes - HEAD_BYTES, numbers->mapped_bytes);
    }
    if (numbers->fd >= 0) {
        close(numbers->fd);
    }
    summary_room_free(&numbers->slots);
    *numbers = (struct summary_numbers){.fd = -1};
}

/* Appends the hashes that have become the numbers from count on, and makes them durable. */
static int append(struct summary_numbers *numbers, const struct mp_buf *fresh) {
    off_t at = (off_t)(HEAD_BYTES + numbers->count * sizeof(uint64_t));
    int sys = write_all(numbers->fd, fresh->ptr, fresh->len, at);
    sys = sys ? sys : fdatasync(numbers->fd) != 0 ? errno : 0;
    return sys ? sys : map_log(numbers, numbers->count + fresh->len / sizeof(uint64_t));
}

int summary_numbers_take(struct summary_numbers *numbers, const char *dir, const uint64_t *hashes,
                         size_t count, uint32_t *out, struct mp_error *err) {
    struct mp_buf fresh;
    if (numbers->count + count > NUMBERS_MAX) {
        return mp_fail(err, MP_E_TOO_LARGE, "users", "an app has more users than can be numbered");
    }
    int code = reserve(numbers, dir, numbers->count + count, err);
    if (code != MP_OK) {
        return code;
    }
    mp_buf_init(&fresh, count * sizeof(uint64_t) + 1);
    for (size_t i = 0; i < count; i++) {
        uint32_t *slot = find_slot(numbers, (const uint64_t *)fresh.ptr, hashes[i]);
        if (*slot == 0) {
            mp_buf_append_u64(&fresh, hashes[i]);
            *slot = (uint32_t)(numbers->count + fresh.len / sizeof(uint64_t));
        }
        out[i] = *slot - 1;
    }
    int sys = fresh.failed ? ENOMEM : 0;
    sys = sys == 0 && fresh.len > 0 ? append(numbers, &fresh) : sys;
    if (sys != 0) {
        /* The index has numbers that the log has not: it is made anew. */
        numbers->slot_count = 0;
        code = mp_fail_sys(err, sys, dir, "cannot number users in %s", dir);
        struct mp_error again;
        int failed = reserve(numbers, dir, numbers->count, &again);
        if (failed != MP_OK) {
            mp_log(MP_LOG_ERROR, "summary", "users cannot be numbered", "reason=\"%s\"",
                   again.message);
        }
    } else {
        numbers->count += fresh.len / sizeof(uint64_t);
    }
    mp_buf_deinit(&fresh);
    return code;
}
