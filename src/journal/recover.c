/* What is found in the directory at open: segments in order, the last one with a torn tail cut. */
#include "journal/internal.h"

#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define SEGMENT_NAME_LEN (SEGMENT_NAME_DIGITS + sizeof(SEGMENT_ENDING) - 1)

static int compare_lsn(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool segment_name(const char *name, uint64_t *lsn) {
    return strlen(name) == SEGMENT_NAME_LEN &&
           strcmp(name + SEGMENT_NAME_DIGITS, SEGMENT_ENDING) == 0 &&
           mp_str_to_u64(mp_str_range(name, SEGMENT_NAME_DIGITS), lsn);
}

/* Left by a crash while a segment was being preallocated. */
static bool is_unfinished(const char *name) {
    size_t ending = sizeof(SEGMENT_FRESH_ENDING) - 1;
    size_t len = strlen(name);
    return len > ending && strcmp(name + len - ending, SEGMENT_FRESH_ENDING) == 0;
}

static int list_one(struct journal *journal, uint64_t lsn, struct mp_error *err) {
    uint64_t *grown = NULL;
    if (journal->segment_count < JOURNAL_SEGMENTS_MAX) {
        grown = realloc(journal->segments, (journal->segment_count + 1) * sizeof(*grown));
    }
    if (!grown) {
        return mp_fail(err, MP_E_MEMORY, journal->dir, "too many segments");
    }
    journal->segments = grown;
    grown[journal->segment_count++] = lsn;
    return MP_OK;
}

static int list_segments(struct journal *journal, struct mp_error *err) {
    DIR *dir = opendir(journal->dir);
    if (!dir) {
        return mp_fail_sys(err, errno, journal->dir, "cannot list the journal");
    }
    int code = MP_OK;
    for (struct dirent *entry = readdir(dir); entry && code == MP_OK; entry = readdir(dir)) {
        uint64_t lsn;
        if (segment_name(entry->d_name, &lsn)) {
            code = list_one(journal, lsn, err);
        } else if (is_unfinished(entry->d_name)) {
            unlinkat(dirfd(dir), entry->d_name, 0);
        }
    }
    closedir(dir);
    if (journal->segment_count > 0) {
        qsort(journal->segments, journal->segment_count, sizeof(*journal->segments), compare_lsn);
    }
    return code;
}

static void report_last(uint64_t first, const struct segment_state *state) {
    if (state->damaged_bytes > 0) {
        mp_log(MP_LOG_ERROR, "journal", "damage in the middle of the last segment",
               "segment=%020" PRIu64 " bytes=%" PRIu64, first, state->damaged_bytes);
    }
    if (state->torn_bytes > 0) {
        mp_log(MP_LOG_WARN, "journal", "torn tail cut", "segment=%020" PRIu64 " bytes=%" PRIu64,
               first, state->torn_bytes);
    }
}

/* Takes the last segment up again: cuts what follows the last intact block, preallocates anew. */
static int resume_last(struct journal *journal, struct mp_error *err) {
    char path[JOURNAL_PATH_MAX];
    struct segment_state state;
    uint64_t first = journal->segments[journal->segment_count - 1];
    segment_path(path, sizeof(path), journal->dir, first);
    journal->fd = open(path, O_RDWR | O_CLOEXEC);
    if (journal->fd < 0) {
        return mp_fail_sys(err, errno, path, "cannot open the last segment");
    }
    int code = segment_verify(journal->fd, first, &state, err);
    if (code != MP_OK) {
        return code;
    }
    report_last(first, &state);
    uint64_t used = state.end_lsn - first;
    if (ftruncate(journal->fd, (off_t)used) != 0 || fsync(journal->fd) != 0) {
        return mp_fail_sys(err, errno, path, "cannot cut the last segment");
    }
    journal->counters.torn_bytes = state.torn_bytes;
    journal->durable_lsn = state.end_lsn;
    journal->segment_first = first;
    journal->segment_capacity = journal->segment_bytes;
    /* A disk that is full at start must not keep the server from starting: roll later. */
    if (used >= journal->segment_bytes ||
        posix_fallocate(journal->fd, 0, (off_t)journal->segment_bytes) != 0 ||
        fsync(journal->fd) != 0) {
        journal->must_roll = true;
        return ftruncate(journal->fd, (off_t)used) == 0
                   ? MP_OK
                   : mp_fail_sys(err, errno, path, "cannot cut the last segment");
    }
    return MP_OK;
}

static int begin_first(struct journal *journal, uint64_t lsn, struct mp_error *err) {
    journal->segments = calloc(1, sizeof(*journal->segments));
    if (!journal->segments) {
        return mp_fail(err, MP_E_MEMORY, journal->dir, "no memory");
    }
    journal->segments[0] = lsn;
    journal->segment_count = 1;
    journal->durable_lsn = journal->segment_first = lsn;
    journal->segment_capacity = journal->segment_bytes;
    journal->fd = segment_create(journal->dir, lsn, journal->segment_bytes, err);
    return journal->fd < 0 ? (int)err->code : MP_OK;
}

int journal_recover(struct journal *journal, struct mp_error *err) {
    uint64_t given_out = 0;
    int code = cursor_highest(journal, &given_out, err);
    if (code == MP_OK) {
        code = list_segments(journal, err);
    }
    if (code != MP_OK) {
        return code;
    }
    if (journal->segment_count == 0) {
        /* LSNs begin at 1: 0 means "from the oldest" to readers. */
        return begin_first(journal, given_out > 0 ? given_out : 1, err);
    }
    code = resume_last(journal, err);
    if (code != MP_OK || journal->durable_lsn >= given_out) {
        return code;
    }
    /* The disk lost what had been synced. Readers may know those LSNs: new records with them would
     * never be read, or taken for the ones before. */
    mp_log(MP_LOG_ERROR, "journal", "the end of the journal is missing", "bytes=%" PRIu64,
           given_out - journal->durable_lsn);
    code = journal_roll(journal, given_out, 0, err);
    if (code == MP_OK) {
        journal->durable_lsn = given_out;
    }
    return code;
}
