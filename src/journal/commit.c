/* The committer: the one thread that writes. It takes all that is pending, makes one block of it,
 * writes and syncs once, and tells every waiter. */
#include "journal/internal.h"

#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

uint64_t journal_disk_bytes(const struct journal *journal) {
    uint64_t written = journal->durable_lsn - journal->segments[0];
    uint64_t tail = journal->durable_lsn - journal->segments[journal->segment_count - 1];
    uint64_t room = journal->segment_bytes > tail ? journal->segment_bytes - tail : 0;
    return written + room;
}

/* Ends the segment at the last durable byte. What a failed write may have left behind it must
 * never be read as committed, and pages whose sync failed are never trusted again. */
static int seal(struct journal *journal, struct mp_error *err) {
    uint64_t end = journal->durable_lsn - journal->segment_first;
    if (ftruncate(journal->fd, (off_t)end) != 0 || fsync(journal->fd) != 0) {
        return mp_fail_sys(err, errno, "journal", "cannot seal a segment");
    }
    return MP_OK;
}

static int add_segment(struct journal *journal, uint64_t first_lsn) {
    int code = MP_OK;
    pthread_mutex_lock(&journal->mutex);
    bool is_same = journal->segments[journal->segment_count - 1] == first_lsn;
    if (!is_same) {
        uint64_t *grown = journal->segment_count < JOURNAL_SEGMENTS_MAX
                              ? realloc(journal->segments, (journal->segment_count + 1) *
                                                               sizeof(*journal->segments))
                              : NULL;
        if (grown) {
            journal->segments = grown;
            grown[journal->segment_count++] = first_lsn;
        } else {
            code = MP_E_FULL;
        }
    }
    pthread_mutex_unlock(&journal->mutex);
    return code;
}

/* Begins a segment that has room for need bytes. */
static int roll(struct journal *journal, uint64_t need, struct mp_error *err) {
    uint64_t first = journal->durable_lsn;
    uint64_t bytes = need > journal->segment_bytes ? need : journal->segment_bytes;
    pthread_mutex_lock(&journal->mutex);
    uint64_t kept = first - journal->segments[0];
    pthread_mutex_unlock(&journal->mutex);
    if (kept + bytes > journal->max_bytes) {
        return mp_fail(err, MP_E_FULL, "journal_max_bytes", "the journal has reached its size");
    }
    int code = seal(journal, err);
    if (code != MP_OK) {
        return code;
    }
    int fd = segment_create(journal->dir, first, bytes, err);
    if (fd < 0) {
        return err->code;
    }
    if (add_segment(journal, first) != MP_OK) {
        close(fd);
        return mp_fail(err, MP_E_FULL, "journal", "too many segments");
    }
    close(journal->fd);
    journal->fd = fd;
    journal->segment_first = first;
    journal->segment_capacity = bytes;
    journal->must_roll = false;
    return MP_OK;
}

static int write_block(struct journal *journal, struct mp_error *err) {
    const struct mp_buf *block = &journal->block;
    uint64_t offset = journal->durable_lsn - journal->segment_first;
    size_t done = 0;
    while (done < block->len) {
        ssize_t put = pwrite(journal->fd, block->ptr + done, block->len - done,
                             (off_t)(offset + done));
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return mp_fail_sys(err, put < 0 ? errno : EIO, "journal", "cannot write");
        }
        done += (size_t)put;
    }
    if (fdatasync(journal->fd) != 0) {
        return mp_fail_sys(err, errno, "journal", "cannot sync");
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
        if (code != MP_OK) {
            journal->must_roll = true;
            return code;
        }
    }
    code = write_block(journal, err);
    journal->must_roll = code != MP_OK;
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
    if (code == MP_OK) {
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

/* Waits for something to commit and takes it; false when closing and nothing is left. */
static bool take_pending(struct journal *journal) {
    pthread_mutex_lock(&journal->mutex);
    while (journal->pending.count == 0 && !journal->is_closing) {
        pthread_cond_wait(&journal->arrived, &journal->mutex);
    }
    if (journal->commit_delay_us > 0 && !journal->is_closing) {
        struct timespec delay = {.tv_nsec = journal->commit_delay_us * 1000L};
        pthread_mutex_unlock(&journal->mutex);
        nanosleep(&delay, NULL);
        pthread_mutex_lock(&journal->mutex);
    }
    struct pending swapped = journal->committing;
    journal->committing = journal->pending;
    journal->pending = swapped;
    pthread_mutex_unlock(&journal->mutex);
    return journal->committing.count > 0;
}

void *committer_main(void *arg) {
    struct journal *journal = arg;
    while (take_pending(journal)) {
        struct mp_error err = {0};
        int code = commit(journal, &err);
        finish(journal, code, &err);
    }
    return NULL;
}
