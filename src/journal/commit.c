/* The committer: the one thread that writes. It takes all that is pending, makes one block of it,
 * writes and syncs once, and tells every waiter. */
#include "journal/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define RETRY_MS 1000
#define ZERO_AHEAD_BYTES (128u << 10)

uint64_t journal_disk_bytes(const struct journal *journal) {
    uint64_t written = journal->durable_lsn - journal->segments[0];
    uint64_t tail = journal->durable_lsn - journal->segments[journal->segment_count - 1];
    uint64_t room = journal->segment_bytes > tail ? journal->segment_bytes - tail : 0;
    return written + room;
}

/*
 * Ends the segment at the last durable byte: what a failed write left behind it must not be read as
 * committed after a crash, and pages whose sync failed are never synced again. Best effort: once
 * the next segment has its name, what lies behind that name's LSN here counts for nothing.
 */
static void seal(struct journal *journal) {
    uint64_t end = journal->durable_lsn - journal->segment_first;
    journal->must_roll = true;
    if (ftruncate(journal->fd, (off_t)end) != 0 || fsync(journal->fd) != 0) {
        mp_log(MP_LOG_WARN, "journal", "cannot seal a segment",
               "segment=%020" PRIu64 " error=\"%s\"", journal->segment_first, strerror(errno));
    }
}

/* Room for one more segment in the list, so that adding it cannot fail. */
static int reserve_segment(struct journal *journal, struct mp_error *err) {
    pthread_mutex_lock(&journal->mutex);
    uint64_t *grown = NULL;
    if (journal->segment_count < JOURNAL_SEGMENTS_MAX) {
        grown = realloc(journal->segments, (journal->segment_count + 1) * sizeof(*grown));
        journal->segments = grown ? grown : journal->segments;
    }
    pthread_mutex_unlock(&journal->mutex);
    return grown ? MP_OK : mp_fail(err, MP_E_FULL, "journal", "too many segments");
}

static void add_segment(struct journal *journal, uint64_t first_lsn) {
    pthread_mutex_lock(&journal->mutex);
    if (journal->segments[journal->segment_count - 1] != first_lsn) {
        journal->segments[journal->segment_count++] = first_lsn;
    }
    pthread_mutex_unlock(&journal->mutex);
}

/* What must stay on disk until it was read; what was released goes with the next segment. */
static uint64_t kept_bytes(struct journal *journal) {
    pthread_mutex_lock(&journal->mutex);
    uint64_t from = journal->segments[0];
    if (journal->released_lsn > from) {
        from = journal->released_lsn;
    }
    pthread_mutex_unlock(&journal->mutex);
    return journal->durable_lsn > from ? journal->durable_lsn - from : 0;
}

int journal_roll(struct journal *journal, uint64_t first_lsn, uint64_t need, struct mp_error *err) {
    uint64_t bytes = need > journal->segment_bytes ? need : journal->segment_bytes;
    int code = reserve_segment(journal, err);
    if (code != MP_OK) {
        return code;
    }
    int fd = segment_create(journal->dir, first_lsn, bytes, err);
    if (fd < 0) {
        return (int)err->code;
    }
    add_segment(journal, first_lsn);
    close(journal->fd);
    journal->fd = fd;
    journal->segment_first = first_lsn;
    journal->segment_capacity = bytes;
    journal->zeroed_end = 0;
    journal->must_roll = false;
    return MP_OK;
}

/* A full disk is asked again once in RETRY_MS, not by every group: each try takes, for a moment,
 * the last free blocks away from all others. */
static int roll(struct journal *journal, uint64_t need, struct mp_error *err) {
    uint64_t bytes = need > journal->segment_bytes ? need : journal->segment_bytes;
    if (!journal->must_roll) {
        seal(journal);
    }
    if (kept_bytes(journal) + bytes > journal->max_bytes) {
        return mp_fail(err, MP_E_FULL, "journal_max_bytes", "the journal has reached its size");
    }
    if (mp_mono_ms() < journal->roll_not_before_ms) {
        *err = journal->roll_error;
        return (int)err->code;
    }
    int code = journal_roll(journal, journal->durable_lsn, need, err);
    if (code != MP_OK) {
        journal->roll_not_before_ms = mp_mono_ms() + RETRY_MS;
        journal->roll_error = *err;
        return code;
    }
    struct mp_error unlink_err;
    if (journal_drop_released(journal, &unlink_err) != MP_OK) {
        mp_log(MP_LOG_WARN, "journal", "cannot delete", "error=\"%s\"", unlink_err.message);
    }
    return MP_OK;
}

/*
 * Preallocated blocks that were never written cost a change of metadata at their first sync. So
 * when a group reaches them, zeros go some way ahead with it, and the syncs of the next groups
 * write data only. If that fails, nothing but speed is lost.
 */
static void zero_ahead(struct journal *journal, uint64_t end) {
    static const char zeros[ZERO_AHEAD_BYTES];
    if (end <= journal->zeroed_end || end + ZERO_AHEAD_BYTES > journal->segment_capacity) {
        return;
    }
    ssize_t put = pwrite(journal->fd, zeros, ZERO_AHEAD_BYTES, (off_t)end);
    journal->zeroed_end = put > 0 ? end + (uint64_t)put : 0;
}

static int write_block(struct journal *journal, struct mp_error *err) {
    const struct mp_buf *block = &journal->block;
    uint64_t offset = journal->durable_lsn - journal->segment_first;
    size_t done = 0;
    while (done < block->len) {
        ssize_t put =
            pwrite(journal->fd, block->ptr + done, block->len - done, (off_t)(offset + done));
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return disk_fail(err, put < 0 ? errno : EIO, "cannot write");
        }
        done += (size_t)put;
    }
    zero_ahead(journal, offset + block->len);
    if (fdatasync(journal->fd) != 0) {
        return disk_fail(err, errno, "cannot sync");
    }
    return MP_OK;
}

static int commit(struct journal *journal, struct mp_error *err) {
    struct pending *group = &journal->committing;
    int code = block_encode(&journal->block, journal->zstd, mp_buf_str(&group->records),
                            group->count, journal->durable_lsn);
    if (code != MP_OK) {
        return mp_fail(err, (enum mp_code)code, "journal", "no memory for a block");
    }
    uint64_t used = journal->durable_lsn - journal->segment_first;
    if (journal->must_roll || used + journal->block.len > journal->segment_capacity) {
        code = roll(journal, journal->block.len, err);
    }
    if (code == MP_OK) {
        code = write_block(journal, err);
        if (code != MP_OK) {
            seal(journal);
        }
    }
    return code;
}

/* Says when the journal begins and ends to refuse, not at every refusal. */
static void report_state(struct journal *journal, int code, const struct mp_error *err) {
    bool was_full = journal->counters.is_full;
    if (code != MP_OK && !was_full) {
        mp_log(MP_LOG_ERROR, "journal", "events are refused", "reason=\"%s\" at=\"%s\"",
               err->message, err->field);
    } else if (code == MP_OK && was_full) {
        mp_log(MP_LOG_INFO, "journal", "events are accepted again", NULL);
    }
}

static void finish(struct journal *journal, int code, const struct mp_error *err) {
    struct pending *group = &journal->committing;
    pthread_mutex_lock(&journal->mutex);
    report_state(journal, code, err);
    journal->counters.is_full = code != MP_OK;
    if (code == MP_OK && group->count > 0) {
        journal->durable_lsn += journal->block.len;
        journal->counters.appended_records += group->count;
        journal->counters.commits++;
        pthread_cond_broadcast(&journal->advanced);
    }
    pthread_mutex_unlock(&journal->mutex);
    for (uint32_t i = 0; i < group->count; i++) {
        group->waiters[i].done(group->waiters[i].arg, code);
    }
    group->count = 0;
    mp_buf_clear(&group->records);
}

/* A burst's buffers are given back when it is over: they may be tens of megabytes. */
static void trim(struct journal *journal) {
    struct pending *group = &journal->committing;
    if (group->records.capacity > IDLE_BYTES) {
        mp_buf_deinit(&group->records);
    }
    if (journal->block.capacity > IDLE_BYTES) {
        mp_buf_deinit(&journal->block);
    }
    if (group->waiter_capacity * sizeof(*group->waiters) > IDLE_BYTES) {
        free(group->waiters);
        group->waiters = NULL;
        group->waiter_capacity = 0;
    }
}

/* Waits for something to commit; false when nothing came within RETRY_MS. Mutex held. */
static bool wait_arrival(struct journal *journal) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += RETRY_MS / 1000;
    int timed_out = 0;
    while (journal->pending.count == 0 && !journal->is_closing && !timed_out) {
        timed_out = pthread_cond_timedwait(&journal->arrived, &journal->mutex, &until) != 0;
    }
    return journal->pending.count > 0;
}

/* Takes what is pending, perhaps nothing; false when closing and nothing is left. */
static bool take_pending(struct journal *journal) {
    pthread_mutex_lock(&journal->mutex);
    bool has_arrived = wait_arrival(journal);
    if (has_arrived && journal->commit_delay_us > 0 && !journal->is_closing) {
        struct timespec delay = {.tv_nsec = journal->commit_delay_us * 1000L};
        pthread_mutex_unlock(&journal->mutex);
        nanosleep(&delay, NULL);
        pthread_mutex_lock(&journal->mutex);
    }
    struct pending swapped = journal->committing;
    journal->committing = journal->pending;
    journal->pending = swapped;
    bool is_over = journal->is_closing && journal->committing.count == 0;
    pthread_mutex_unlock(&journal->mutex);
    if (!has_arrived) {
        trim(journal);
    }
    return !is_over;
}

void *committer_main(void *arg) {
    struct journal *journal = arg;
    while (take_pending(journal)) {
        struct mp_error err = {0};
        if (journal->committing.count > 0) {
            finish(journal, commit(journal, &err), &err);
        } else if (journal->counters.is_full && journal->must_roll) {
            /* Nobody asks, but the state is shown: look whether there is room again. */
            finish(journal, roll(journal, 0, &err), &err);
        }
    }
    return NULL;
}
