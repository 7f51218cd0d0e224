/* The writer's thread: commits batches, and keeps rollups behind them (roll.c). */
#include "load/internal.h"

#include "base/clock.h"

#include <inttypes.h>

/* Rollups that read the store may take one part in this many of the writer's time while batches
 * wait, and when none waits half, so that a trickle does not keep the engine busy all the time. */
#define ROLLUP_PACE 4
#define ROLLUP_PACE_IDLE 1
/* When nothing waits, a rollup comes this much later, so that what comes together shares it. */
#define ROLLUP_IDLE_MS 20
/* Rollups whose users are remembered need not wait when so many events have come: each user's rows
 * are made once for all of these. */
#define ROLLUP_EVENTS_FULL 100000u
/* Recent events are forgotten, and their memory given back, when nothing comes for so long. */
#define RECENT_IDLE_MS 3000

struct work {
    struct batch *batch;
    bool has_rollup;
    bool has_save;
    bool has_forget;
};

static int64_t greater(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* When the next rollup is due, in monotonic ms; INT64_MAX = none is. Mutex held. */
static int64_t rollup_due_ms(const struct load *load) {
    if (load->rolled_up == load->committed) {
        return INT64_MAX;
    }
    bool is_idle = !load->ready && load->rollup_failures == 0;
    bool is_full = !load->is_recent_behind && load->touched_events >= ROLLUP_EVENTS_FULL;
    if ((is_idle && load->drains > 0) || (is_full && load->rollup_failures == 0)) {
        return 0;
    }
    int64_t wait_ms = load->config.rollup_wait_ms;
    if (!load->ready && wait_ms > ROLLUP_IDLE_MS) {
        wait_ms = ROLLUP_IDLE_MS;
    }
    /* Nothing waits: catching up is all there is to do, and only a failure puts it off further. */
    int64_t rest_ms = load->rollup_failures > 0 ? 0
                      : load->ready             ? ROLLUP_PACE * load->rollup_took_ms
                                                : ROLLUP_PACE_IDLE * load->rollup_took_ms;
    return greater(load->touched_since_mono + wait_ms, load->rollup_not_before_ms + rest_ms);
}

/* When recent events are to be forgotten. Mutex held. */
static int64_t forget_due_ms(const struct load *load) {
    bool has_recent = !recent_is_empty(load->recent) && load->rolled_up == load->committed;
    return has_recent ? load->rollup_not_before_ms + RECENT_IDLE_MS : INT64_MAX;
}

/* Waits for something to do. False when stopping. */
static bool next_work(struct load *load, struct work *work) {
    *work = (struct work){0};
    pthread_mutex_lock(&load->mutex);
    while (!load_is_stopping(load)) {
        int64_t due_ms = rollup_due_ms(load);
        work->has_rollup = due_ms <= mp_mono_ms();
        work->batch = work->has_rollup ? NULL : load->ready;
        work->has_save = !load->is_saved && !load->ready;
        int64_t forget_ms = forget_due_ms(load);
        work->has_forget = forget_ms <= mp_mono_ms();
        if (work->has_rollup || work->batch || work->has_save || work->has_forget) {
            break;
        }
        load_wait(load, due_ms < forget_ms ? due_ms : forget_ms);
    }
    if (work->batch) {
        load->ready = NULL;
        pthread_cond_broadcast(&load->changed);
    }
    pthread_mutex_unlock(&load->mutex);
    return !load_is_stopping(load);
}

static void give_back(struct load *load, struct batch *batch) {
    pthread_mutex_lock(&load->mutex);
    load->free_batches[load->free_count++] = batch;
    pthread_mutex_unlock(&load->mutex);
}

static void publish_commit(struct load *load, struct batch *batch) {
    pthread_mutex_lock(&load->mutex);
    bool is_busy = load->ready != NULL;
    pthread_mutex_unlock(&load->mutex);
    if (!is_busy) {
        batch_trim(batch);
    }
    pthread_mutex_lock(&load->mutex);
    load->committed++;
    load->stats.batches++;
    load->stats.events += batch->print_count;
    load->stats.duplicates += batch->duplicates;
    load->stats.cursor_lsn = batch->end_lsn;
    load->stats.cursor_batch = batch->number;
    load->pending_since = load->ready ? load->ready->first_received_ms : 0;
    if (load->touched_since == 0) {
        load->touched_since = batch->first_received_ms;
        load->touched_since_mono = mp_mono_ms();
    }
    load->free_batches[load->free_count++] = batch;
    pthread_cond_broadcast(&load->changed);
    pthread_mutex_unlock(&load->mutex);
}

/* The batch is in the store. False when stopping: a restart finds the intent and goes on. */
static bool end_commit(struct load *load, struct batch *batch, bool is_stored) {
    if (!is_stored || !load_pass(load, batch)) {
        give_back(load, batch);
        return false;
    }
    load_roll_take(load, batch);
    publish_commit(load, batch);
    return true;
}

static bool commit(struct load *load, struct batch *batch) {
    return end_commit(load, batch, load_store(load, batch));
}

/* The next batch, when one comes before the roll-up has ended; else NULL. */
static struct batch *await_batch(struct load *load) {
    struct batch *batch = NULL;
    pthread_mutex_lock(&load->mutex);
    while (load->roll.is_running && !load->ready && !load_is_stopping(load)) {
        load_wait(load, INT64_MAX);
    }
    /* What a replay finds may have to be rolled up: not while something is. */
    if (load->roll.is_running && load->ready && !load->ready->is_replay) {
        batch = load->ready;
        load->ready = NULL;
        pthread_cond_broadcast(&load->changed);
    }
    pthread_mutex_unlock(&load->mutex);
    return batch;
}

/* Rolls up, and stores a batch meanwhile if one is there: the engine has work for two. False when
 * stopping. */
static bool roll_up(struct load *load) {
    load_roll_begin(load);
    struct batch *batch = await_batch(load);
    bool is_stored = batch && load_store(load, batch);
    load_roll_end(load);
    return !batch || end_commit(load, batch, is_stored);
}

/* ---- The thread ------------------------------------------------------------------------- */

static void save_idle(struct load *load, unsigned *failures) {
    struct mp_error err;
    bool is_saved = load_save(load, &err) == MP_OK;
    if (is_saved && *failures > 0) {
        load_succeeded(load);
    }
    *failures = is_saved || !load_back_off(load, *failures, "cannot save the cursor", &err)
                    ? 0
                    : *failures + 1;
}

void *load_writer_main(void *arg) {
    load_step_back();
    struct load *load = arg;
    struct work work;
    unsigned save_failures = 0;
    while (next_work(load, &work)) {
        if (work.batch) {
            if (!commit(load, work.batch)) {
                return NULL;
            }
        } else if (work.has_rollup) {
            if (!roll_up(load)) {
                return NULL;
            }
        } else if (work.has_save) {
            save_idle(load, &save_failures);
        } else {
            recent_forget(load->recent);
        }
    }
    struct mp_error err;
    if (!load->is_saved && load_save(load, &err) != MP_OK) {
        mp_log(MP_LOG_WARN, "load", "cannot save the cursor: the last batch is looked up at start",
               "reason=\"%s\"", err.message);
    }
    return NULL;
}
