/* What is found in the directory at open: segments in order, the last one with a torn tail cut. */
#include "journal/internal.h"

#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define SEGMENT_NAME_DIGITS 20
#define SEGMENT_NAME_LEN (SEGMENT_NAME_DIGITS + 4)

static int compare_lsn(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool segment_name(const char *name, uint64_t *lsn) {
    return strlen(name) == SEGMENT_NAME_LEN && strcmp(name + SEGMENT_NAME_DIGITS, ".seg") == 0 &&
           mp_str_to_u64(mp_str_range(name, SEGMENT_NAME_DIGITS), lsn);
}

static int list_segments(struct journal *journal, struct mp_error *err) {
    DIR *dir = opendir(journal->dir);
    if (!dir) {
        return mp_fail_sys(err, errno, journal->dir, "cannot list the journal");
    }
    int code = MP_OK;
    for (struct dirent *entry = readdir(dir); entry && code == MP_OK; entry = readdir(dir)) {
        uint64_t lsn;
        if (!segment_name(entry->d_name, &lsn)) {
            continue;
        }
        uint64_t *grown = journal->segment_count < JOURNAL_SEGMENTS_MAX
                              ? realloc(journal->segments,
                                        (journal->segment_count + 1) * sizeof(*grown))
                              : NULL;
        if (!grown) {
            code = mp_fail(err, MP_E_MEMORY, journal->dir, "too many segments");
            break;
        }
        journal->segments = grown;
        grown[journal->segment_count++] = lsn;
    }
    closedir(dir);
    if (journal->segment_count > 0) {
        qsort(journal->segments, journal->segment_count, sizeof(*journal->segments), compare_lsn);
    }
    return code;
}

/* Takes the last segment up again: cuts what follows the last intact block, preallocates anew. */
static int resume_last(struct journal *journal, struct mp_error *err) {
    char path[JOURNAL_PATH_MAX];
    uint64_t first = journal->segments[journal->segment_count - 1];
    uint64_t end = first, torn = 0;
    segment_path(path, sizeof(path), journal->dir, first);
    journal->fd = open(path, O_RDWR | O_CLOEXEC);
    if (journal->fd < 0) {
        return mp_fail_sys(err, errno, path, "cannot open the last segment");
    }
    int code = segment_verify(journal->fd, first, &end, &torn, err);
    if (code != MP_OK) {
        return code;
    }
    if (torn > 0) {
        mp_log(MP_LOG_WARN, "journal", "torn tail cut", "segment=%020" PRIu64 " bytes=%" PRIu64,
               first, torn);
    }
    if (ftruncate(journal->fd, (off_t)(end - first)) != 0 || fsync(journal->fd) != 0) {
        return mp_fail_sys(err, errno, path, "cannot cut the last segment");
    }
    journal->counters.torn_bytes = torn;
    journal->durable_lsn = end;
    journal->segment_first = first;
    journal->segment_capacity = journal->segment_bytes;
    /* A disk that is full at start must not keep the server from starting: roll later. */
    journal->must_roll =
        end - first >= journal->segment_bytes ||
        posix_fallocate(journal->fd, 0, (off_t)journal->segment_bytes) != 0 ||
        fsync(journal->fd) != 0;
    return MP_OK;
}

int journal_recover(struct journal *journal, struct mp_error *err) {
    int code = list_segments(journal, err);
    if (code != MP_OK) {
        return code;
    }
    if (journal->segment_count > 0) {
        return resume_last(journal, err);
    }
    journal->segments = calloc(1, sizeof(*journal->segments));
    if (!journal->segments) {
        return mp_fail(err, MP_E_MEMORY, journal->dir, "no memory");
    }
    /* LSNs begin at 1: 0 means "from the oldest" to readers. */
    journal->segments[0] = 1;
    journal->segment_count = 1;
    journal->durable_lsn = journal->segment_first = 1;
    journal->segment_capacity = journal->segment_bytes;
    journal->fd = segment_create(journal->dir, 1, journal->segment_bytes, err);
    return journal->fd < 0 ? (int)err->code : MP_OK;
}
