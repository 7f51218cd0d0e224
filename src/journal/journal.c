/* The journal's face to its writers: open, append, release, close. */
#include "journal/internal.h"

#include "base/event.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAITERS_FIRST 1024
#define RECORD_PREFIX_BYTES 4u
#define COMMIT_DELAY_US_MAX 100000
#define FILE_NAME_MAX 64 /* of any file in the journal's directory, with the slash */

static int make_directory(struct journal *journal, struct mp_error *err) {
    if (strlen(journal->dir) > JOURNAL_PATH_MAX - FILE_NAME_MAX) {
        return mp_fail(err, MP_E_TOO_LARGE, journal->dir, "the journal's path is too long");
    }
    if (mkdir(journal->dir, 0700) != 0) {
        return errno == EEXIST
                   ? MP_OK
                   : mp_fail_sys(err, errno, journal->dir, "cannot make the journal's directory");
    }
    char parent[JOURNAL_PATH_MAX];
    snprintf(parent, sizeof(parent), "%s", journal->dir);
    return directory_sync(dirname(parent), err);
}

/* One process a journal: two committers would overwrite each other. */
static int take_lock(struct journal *journal, struct mp_error *err) {
    char path[JOURNAL_PATH_MAX];
    snprintf(path, sizeof(path), "%s/lock", journal->dir);
    journal->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (journal->lock_fd < 0) {
        return mp_fail_sys(err, errno, path, "cannot open the lock file");
    }
    if (flock(journal->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK
                   ? mp_fail(err, MP_E_EXISTS, path, "another process uses this journal")
                   : mp_fail_sys(err, errno, path, "cannot lock the journal");
    }
    return MP_OK;
}

static void init_sync(struct journal *journal) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&journal->mutex, NULL);
    pthread_cond_init(&journal->arrived, &monotonic);
    pthread_cond_init(&journal->advanced, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void destroy(struct journal *journal) {
    if (journal->fd >= 0) {
        close(journal->fd);
    }
    if (journal->lock_fd >= 0) {
        close(journal->lock_fd);
    }
    ZSTD_freeCCtx(journal->zstd);
    mp_buf_deinit(&journal->pending.records);
    mp_buf_deinit(&journal->committing.records);
    mp_buf_deinit(&journal->block);
    free(journal->pending.waiters);
    free(journal->committing.waiters);
    free(journal->segments);
    free(journal->dir);
    pthread_mutex_destroy(&journal->mutex);
    pthread_cond_destroy(&journal->arrived);
    pthread_cond_destroy(&journal->advanced);
    free(journal);
}

static int configure(struct journal *journal, const struct journal_config *config,
                     struct mp_error *err) {
    uint64_t pending_max = config->pending_bytes_max;
    if (pending_max < MP_RECORD_BYTES_MAX + RECORD_PREFIX_BYTES || pending_max > BLOCK_RAW_MAX) {
        return mp_fail(err, MP_E_ARGUMENT, "journal_pending_bytes", "must be 5 to 64 MiB");
    }
    if (config->segment_bytes < 4096 || config->max_bytes < config->segment_bytes) {
        return mp_fail(err, MP_E_ARGUMENT, "journal_max_bytes",
                       "must hold one segment of at least 4096 bytes");
    }
    if (config->commit_delay_us < 0 || config->commit_delay_us > COMMIT_DELAY_US_MAX) {
        return mp_fail(err, MP_E_ARGUMENT, "journal_commit_delay_us", "must be 0 to %d",
                       COMMIT_DELAY_US_MAX);
    }
    journal->segment_bytes = config->segment_bytes;
    journal->max_bytes = config->max_bytes;
    journal->commit_delay_us = config->commit_delay_us;
    mp_buf_init(&journal->pending.records, pending_max);
    mp_buf_init(&journal->committing.records, pending_max);
    mp_buf_init(&journal->block, BLOCK_HEADER_BYTES + ZSTD_COMPRESSBOUND(BLOCK_RAW_MAX));
    return MP_OK;
}

int journal_open(const struct journal_config *config, struct journal **out, struct mp_error *err) {
    struct journal *journal = calloc(1, sizeof(*journal));
    struct mp_error unasked;
    err = err ? err : &unasked;
    *out = NULL;
    if (!journal) {
        return mp_fail(err, MP_E_MEMORY, "journal", "no memory");
    }
    journal->fd = journal->lock_fd = -1;
    init_sync(journal);
    journal->dir = strdup(config->dir);
    journal->zstd = ZSTD_createCCtx();
    int code = journal->dir && journal->zstd ? configure(journal, config, err)
                                             : mp_fail(err, MP_E_MEMORY, "journal", "no memory");
    if (code == MP_OK) {
        code = make_directory(journal, err);
    }
    if (code == MP_OK) {
        code = take_lock(journal, err);
    }
    if (code == MP_OK) {
        code = journal_recover(journal, err);
    }
    if (code == MP_OK) {
        int failed = pthread_create(&journal->committer, NULL, committer_main, journal);
        code = failed ? mp_fail_sys(err, failed, "journal", "cannot start the committer") : MP_OK;
    }
    if (code != MP_OK) {
        destroy(journal);
        return code;
    }
    *out = journal;
    return MP_OK;
}

void journal_close(struct journal *journal) {
    pthread_mutex_lock(&journal->mutex);
    journal->is_closing = true;
    pthread_cond_broadcast(&journal->arrived);
    pthread_cond_broadcast(&journal->advanced);
    pthread_mutex_unlock(&journal->mutex);
    pthread_join(journal->committer, NULL);
    destroy(journal);
}

static bool waiters_grow(struct pending *pending) {
    if (pending->count < pending->waiter_capacity) {
        return true;
    }
    size_t capacity = pending->waiter_capacity ? pending->waiter_capacity * 2 : WAITERS_FIRST;
    struct waiter *grown = realloc(pending->waiters, capacity * sizeof(*grown));
    if (!grown) {
        return false;
    }
    pending->waiters = grown;
    pending->waiter_capacity = capacity;
    return true;
}

int journal_append(struct journal *journal, struct mp_str record, journal_done *done, void *arg) {
    if (record.len == 0 || record.len > MP_RECORD_BYTES_MAX) {
        return MP_E_TOO_LARGE;
    }
    int code = MP_OK;
    pthread_mutex_lock(&journal->mutex);
    struct pending *pending = &journal->pending;
    size_t room = pending->records.max - pending->records.len;
    if (journal->is_closing) {
        code = MP_E_CLOSED;
    } else if (room < record.len + RECORD_PREFIX_BYTES || !waiters_grow(pending) ||
               !mp_buf_reserve(&pending->records, record.len + RECORD_PREFIX_BYTES)) {
        pending->records.failed = false;
        code = MP_E_FULL;
    } else {
        mp_buf_append_u32(&pending->records, (uint32_t)record.len);
        mp_buf_append_str(&pending->records, record);
        pending->waiters[pending->count++] = (struct waiter){done, arg};
        if (pending->count == 1) {
            pthread_cond_signal(&journal->arrived);
        }
    }
    pthread_mutex_unlock(&journal->mutex);
    return code;
}

struct wait_state {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool is_done;
    int result;
};

static void wake(void *arg, int result) {
    struct wait_state *state = arg;
    pthread_mutex_lock(&state->mutex);
    state->is_done = true;
    state->result = result;
    pthread_cond_signal(&state->cond);
    pthread_mutex_unlock(&state->mutex);
}

int journal_append_wait(struct journal *journal, struct mp_str record) {
    struct wait_state state = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                               .cond = PTHREAD_COND_INITIALIZER};
    int code = journal_append(journal, record, wake, &state);
    if (code != MP_OK) {
        return code;
    }
    pthread_mutex_lock(&state.mutex);
    while (!state.is_done) {
        pthread_cond_wait(&state.cond, &state.mutex);
    }
    pthread_mutex_unlock(&state.mutex);
    return state.result;
}

int journal_drop_released(struct journal *journal, struct mp_error *err) {
    char path[JOURNAL_PATH_MAX];
    for (;;) { /* ends: each round takes one of at most JOURNAL_SEGMENTS_MAX */
        pthread_mutex_lock(&journal->mutex);
        bool is_free = journal->segment_count > 1 && journal->segments[1] <= journal->released_lsn;
        uint64_t first = journal->segments[0];
        if (is_free) {
            journal->segment_count--;
            memmove(journal->segments, journal->segments + 1,
                    journal->segment_count * sizeof(*journal->segments));
        }
        pthread_mutex_unlock(&journal->mutex);
        if (!is_free) {
            return MP_OK;
        }
        segment_path(path, sizeof(path), journal->dir, first);
        if (unlink(path) != 0 && errno != ENOENT) {
            return mp_fail_sys(err, errno, path, "cannot delete a segment");
        }
    }
}

int journal_release(struct journal *journal, uint64_t lsn, struct mp_error *err) {
    pthread_mutex_lock(&journal->mutex);
    if (lsn > journal->released_lsn) {
        journal->released_lsn = lsn < journal->durable_lsn ? lsn : journal->durable_lsn;
    }
    pthread_mutex_unlock(&journal->mutex);
    return journal_drop_released(journal, err);
}

void journal_stats(struct journal *journal, struct journal_stats *out) {
    pthread_mutex_lock(&journal->mutex);
    *out = journal->counters;
    out->first_lsn = journal->segments[0];
    out->durable_lsn = journal->durable_lsn;
    out->disk_bytes = journal_disk_bytes(journal);
    pthread_mutex_unlock(&journal->mutex);
}
