/* The writer's thread: commits batches, and keeps rollups behind them. */
#include "load/internal.h"

#include "base/clock.h"

#include <inttypes.h>

/* Rollups may take one part in this many of the writer's time while batches wait. */
#define ROLLUP_PACE 4
/* And when none waits: half, so that a trickle does not keep the engine busy all the time. */
#define ROLLUP_PACE_IDLE 1
/* When nothing waits, a rollup comes this much later, so that a trickle of events shares it. */
#define ROLLUP_IDLE_MS 200

struct work {
    struct batch *batch;
    bool has_rollup;
    bool has_save;
};

/* When the next rollup is due, in monotonic ms; INT64_MAX = none is. Mutex held. */
static int64_t rollup_due_ms(const struct load *load) {
    if (load->rolled_up == load->committed || load->resting_since > 0) {
        return INT64_MAX;
    }
    if (load->drains > 0 && !load->ready && load->rollup_failures == 0) {
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
    int64_t due_ms = load->touched_since_mono + wait_ms;
    int64_t rested_ms = load->rollup_not_before_ms + rest_ms;
    return due_ms > rested_ms ? due_ms : rested_ms;
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
        if (work->has_rollup || work->batch || work->has_save) {
            break;
        }
        load_wait(load, due_ms);
    }
    if (work->batch) {
        load->ready = NULL;
        pthread_cond_broadcast(&load->changed);
    }
    pthread_mutex_unlock(&load->mutex);
    return !load_is_stopping(load);
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
    load->pending_since = load->ready ? load->ready->first_received_ms : 0;
    if (load->touched_since == 0) {
        load->touched_since = batch->first_received_ms;
        load->touched_since_mono = mp_mono_ms();
    }
    load->free_batches[load->free_count++] = batch;
    pthread_cond_broadcast(&load->changed);
    pthread_mutex_unlock(&load->mutex);
}

/* ---- Rollups ---------------------------------------------------------------------------- */

/* The last batch whose events are all in the store. */
static uint32_t last_complete(const struct load *load) {
    return load->note.batch - load->note.is_intent;
}

static int roll_up_app(struct load *load, const struct touched_app *app,
                       const struct mp_apps_snapshot *apps, struct mp_error *err) {
    const struct mp_app *known = mp_apps_by_id(apps, mp_str_of(app->app));
    uint64_t version = (uint64_t)last_complete(load) << 32;
    struct remake_range range = {
        .app = app->app,
        .first_day = app->first_day,
        .last_day = app->last_day,
        .after = load->note.rolled_up,
        .up_to = last_complete(load),
        .version = version > load->version_floor ? version : load->version_floor,
        .zone = known ? known->zone : load->default_zone,
        .timeout_ms = known ? known->open_timeout_ms : MP_OPEN_TIMEOUT_MS_DEFAULT,
        .is_cancelled = load_is_stopping,
        .is_cancelled_arg = load};
    int code = remake_all(load->remake, &range, app->events, err);
    return code == MP_OK ? code : mp_error_wrap(err, "rollups of app %s", app->app);
}

static void publish_rollup(struct load *load, uint64_t rolled_up, int64_t began_ms) {
    int64_t ended_ms = mp_mono_ms();
    load->rollup_failures = 0;
    pthread_mutex_lock(&load->mutex);
    load->rollup_not_before_ms = ended_ms;
    load->rollup_took_ms = ended_ms - began_ms;
    load->rolled_up = rolled_up;
    load->touched_since = 0;
    load->stats.last_error[0] = '\0';
    pthread_cond_broadcast(&load->changed);
    pthread_mutex_unlock(&load->mutex);
}

/* Remakes what the batches since the last time touched. A failure leaves all as it was: it is
 * tried again, but batches go first meanwhile. */
static void roll_up(struct load *load) {
    struct mp_error err;
    int64_t began_ms = mp_mono_ms();
    pthread_mutex_lock(&load->mutex);
    uint64_t committed = load->committed;
    pthread_mutex_unlock(&load->mutex);
    struct mp_apps_snapshot *apps = mp_apps_acquire(load->config.apps);
    int code = MP_OK;
    for (size_t i = 0; code == MP_OK && i < load->touched.count; i++) {
        code = roll_up_app(load, &load->touched.apps[i], apps, &err);
    }
    mp_apps_release(apps);
    if (code != MP_OK) {
        if (!load_is_stopping(load)) {
            int64_t wait_ms = load_failed(load, load->rollup_failures++, "cannot roll up", &err);
            load->rollup_not_before_ms = mp_mono_ms() + wait_ms;
        }
        return;
    }
    touched_clear(&load->touched);
    load->note.rolled_up = last_complete(load);
    load->note.touched_min = INT32_MAX;
    load->note.touched_max = INT32_MIN;
    load->is_saved = false;
    publish_rollup(load, committed, began_ms);
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
            if (!load_commit(load, work.batch)) {
                /* Stopping in the middle: a restart finds the intent and goes on. */
                pthread_mutex_lock(&load->mutex);
                load->free_batches[load->free_count++] = work.batch;
                pthread_mutex_unlock(&load->mutex);
                return NULL;
            }
            publish_commit(load, work.batch);
        } else if (work.has_rollup) {
            roll_up(load);
        } else {
            save_idle(load, &save_failures);
        }
    }
    struct mp_error err;
    if (!load->is_saved && load_save(load, &err) != MP_OK) {
        mp_log(MP_LOG_WARN, "load", "cannot save the cursor: the last batch is looked up at start",
               "reason=\"%s\"", err.message);
    }
    return NULL;
}
