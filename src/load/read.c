/* The reader's thread: journal → batches. */
#include "load/internal.h"

#include "base/clock.h"

#include <inttypes.h>

/* How long the thread looks away from is_stopping. */
#define READ_WAIT_MS 100
/* A batch goes when nothing has come for so long, if it is worth an insert: it has this many
 * events, or no other went within batch_wait_ms. */
#define QUIET_MS 20
#define WORTH_EVENTS 10000u

static struct batch *take_free(struct load *load) {
    struct batch *batch = NULL;
    pthread_mutex_lock(&load->mutex);
    while (!load_is_stopping(load) && load->free_count == 0) {
        load_wait(load, INT64_MAX);
    }
    if (!load_is_stopping(load)) {
        batch = load->free_batches[--load->free_count];
    }
    pthread_mutex_unlock(&load->mutex);
    return batch;
}

static void give_back(struct load *load, struct batch *batch) {
    pthread_mutex_lock(&load->mutex);
    load->free_batches[load->free_count++] = batch;
    pthread_mutex_unlock(&load->mutex);
}

static void hand_over(struct load *load, struct batch *batch) {
    pthread_mutex_lock(&load->mutex);
    while (load->ready && !load_is_stopping(load)) {
        load_wait(load, INT64_MAX);
    }
    if (load_is_stopping(load)) {
        /* Its records stay in the journal. */
        load->free_batches[load->free_count++] = batch;
        pthread_mutex_unlock(&load->mutex);
        return;
    }
    load->ready = batch;
    load->handed_over_ms = mp_mono_ms();
    load->handed_over++;
    load->read_lsn = batch->end_lsn;
    load->read_until_ms = batch->last_received_ms;
    load->stats.corrupt_records += batch->corrupt_records;
    if (load->pending_since == 0) {
        load->pending_since = batch->first_received_ms;
    }
    pthread_cond_broadcast(&load->changed);
    pthread_mutex_unlock(&load->mutex);
}

/* Nothing was left to read at the time when lsn was the journal's end. */
static void caught_up(struct load *load, uint64_t lsn) {
    pthread_mutex_lock(&load->mutex);
    if (lsn > load->read_lsn) {
        load->read_lsn = lsn;
    }
    pthread_cond_broadcast(&load->changed);
    pthread_mutex_unlock(&load->mutex);
}

static bool is_draining(struct load *load) {
    pthread_mutex_lock(&load->mutex);
    bool is_draining = load->drains > 0;
    pthread_mutex_unlock(&load->mutex);
    return is_draining;
}

/* A damaged block is passed over. */
static void lost_block(struct load *load, const struct mp_error *err) {
    mp_log(MP_LOG_ERROR, "load", "a part of the journal is lost", "reason=\"%s\"", err->message);
    pthread_mutex_lock(&load->mutex);
    load->stats.corrupt_blocks++;
    pthread_mutex_unlock(&load->mutex);
}

/* Reads the next record into load->record. False when there is none at present, or stopping. */
static bool read_record(struct load *load, int64_t wait_ms) {
    struct mp_error err;
    for (unsigned attempt = 0; !load->has_record && !load_is_stopping(load);) {
        int got = journal_read(load->reader, wait_ms, &load->record, &err);
        if (got == 0) {
            return false;
        }
        load->has_record = got > 0;
        if (got == -MP_E_CORRUPT) {
            lost_block(load, &err);
        } else if (got < 0 && !load_back_off(load, attempt++, "cannot read the journal", &err)) {
            return false;
        }
    }
    return load->has_record;
}

/* The apps are looked at anew for each record: its app may have been made while the batch filled.
 */
static bool add_record(struct load *load, struct batch *batch) {
    struct mp_error err;
    struct mp_apps_snapshot *apps = mp_apps_acquire(load->config.apps);
    struct batch_maker maker = {load->seen_index, apps, load->default_zone};
    bool is_added = true;
    for (unsigned attempt = 0; is_added && batch_add(batch, &maker, &load->record, &err) != MP_OK;
         attempt++) {
        is_added = load_back_off(load, attempt, "cannot make a batch", &err);
    }
    mp_apps_release(apps);
    if (!is_added) {
        return false;
    }
    load->has_record = false;
    load->next_lsn = load->record.next_lsn;
    return true;
}

/* Waits for the first record of a batch. False when stopping. */
static bool await_record(struct load *load) {
    while (!load_is_stopping(load)) {
        struct journal_stats journal;
        journal_stats(load->config.journal, &journal);
        if (read_record(load, READ_WAIT_MS)) {
            return true;
        }
        caught_up(load, journal.durable_lsn);
    }
    return false;
}

/* When the batch goes if nothing comes from now on. */
static int64_t quiet_until_ms(const struct load *load, const struct batch *batch) {
    int64_t quiet_ms = mp_mono_ms() + QUIET_MS;
    int64_t paced_ms =
        batch->print_count < WORTH_EVENTS ? load->handed_over_ms + load->config.batch_wait_ms : 0;
    return quiet_ms > paced_ms ? quiet_ms : paced_ms;
}

/* Adds records until the batch is full or has waited long enough. False when stopping. */
static bool fill(struct load *load, struct batch *batch) {
    int64_t until_ms = mp_mono_ms() + load->config.batch_wait_ms;
    while (!load_is_stopping(load)) {
        if (!add_record(load, batch)) {
            return false;
        }
        if (batch->print_count + batch->duplicates >= load->config.batch_events_max ||
            batch->bytes >= BATCH_BYTES_FULL) {
            return true;
        }
        for (int64_t quiet_ms = 0; !read_record(load, 0);) {
            /* Asked only when there is a wait: most records follow each other at once. */
            quiet_ms = quiet_ms > 0 ? quiet_ms : quiet_until_ms(load, batch);
            int64_t left_ms = (quiet_ms < until_ms ? quiet_ms : until_ms) - mp_mono_ms();
            if (left_ms <= 0 || is_draining(load)) {
                return true;
            }
            if (load_is_stopping(load)) {
                return false;
            }
            if (read_record(load, left_ms < READ_WAIT_MS ? left_ms : READ_WAIT_MS)) {
                break;
            }
        }
    }
    return false;
}

/* Makes the batch that a former process began from the same records, or those that are left. */
static bool refill(struct load *load, struct batch *batch) {
    batch->is_replay = true;
    while (load->next_lsn < load->replay_end_lsn && read_record(load, READ_WAIT_MS) &&
           load->record.lsn < load->replay_end_lsn) {
        batch->is_lossy |= load->record.lsn != load->next_lsn;
        if (!add_record(load, batch)) {
            return false;
        }
    }
    batch->is_lossy |= load->next_lsn != load->replay_end_lsn || batch->corrupt_records > 0;
    batch->end_lsn = load->replay_end_lsn;
    load->next_lsn = load->replay_end_lsn;
    load->is_replay = false;
    return !load_is_stopping(load);
}

static bool make_batch(struct load *load, struct batch *batch) {
    if (!load->is_replay && !await_record(load)) {
        return false;
    }
    if (load->is_replay) {
        batch_begin(batch, load->replay_batch, load->next_lsn);
        return refill(load, batch);
    }
    batch_begin(batch, load->next_batch++, load->record.lsn);
    return fill(load, batch);
}

void *load_reader_main(void *arg) {
    load_step_back();
    struct load *load = arg;
    struct batch *batch;
    while ((batch = take_free(load))) {
        if (!make_batch(load, batch)) {
            give_back(load, batch);
            break;
        }
        hand_over(load, batch);
    }
    return NULL;
}
