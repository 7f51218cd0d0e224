/* The writer's thread: commits batches, and keeps rollups behind them. */
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
    bool is_busy = load->ready || load->is_resting;
    if (!is_busy && wait_ms > ROLLUP_IDLE_MS) {
        wait_ms = ROLLUP_IDLE_MS;
    }
    /* Nothing waits: catching up is all there is to do, and only a failure puts it off further. */
    int64_t rest_ms = load->rollup_failures > 0 ? 0
                      : is_busy                 ? ROLLUP_PACE * load->rollup_took_ms
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

/* Of the rows that these batches give. */
static uint64_t version_of(const struct load *load) {
    uint64_t version = (uint64_t)last_complete(load) << 32;
    return version > load->version_floor ? version : load->version_floor;
}

static int roll_up_app(struct load *load, const struct touched_app *app,
                       const struct mp_apps_snapshot *apps, struct mp_error *err) {
    const struct mp_app *known = mp_apps_by_id(apps, mp_str_of(app->app));
    struct remake_range range = {.app = app->app,
                                 .first_day = app->first_day,
                                 .last_day = app->last_day,
                                 .after = load->note.rolled_up,
                                 .up_to = last_complete(load),
                                 .version = version_of(load),
                                 .zone = known ? known->zone : load->default_zone,
                                 .timeout_ms =
                                     known ? known->open_timeout_ms : MP_OPEN_TIMEOUT_MS_DEFAULT,
                                 .is_cancelled = load_is_stopping,
                                 .is_cancelled_arg = load};
    int code = remake_all(load->remake, &range, app->events, err);
    return code == MP_OK ? code : mp_error_wrap(err, "rollups of app %s", app->app);
}

/* Rollups of everything that batches touched, read from the store. */
static int roll_up_by_reading(struct load *load, const struct mp_apps_snapshot *apps,
                              struct mp_error *err) {
    int code = MP_OK;
    for (size_t i = 0; code == MP_OK && i < load->touched.count; i++) {
        code = roll_up_app(load, &load->touched.apps[i], apps, err);
    }
    if (code == MP_OK) {
        load->is_recent_behind = false;
    }
    return code;
}

/* What recent could not take, or not roll up, it must not know in part either. */
static void forget_recent(struct load *load) {
    load->is_recent_behind = true;
    recent_forget(load->recent);
}

static int roll_up_recent(struct load *load, const struct mp_apps_snapshot *apps,
                          struct mp_error *err) {
    struct recent_roll_up how = {.up_to = last_complete(load),
                                 .version = version_of(load),
                                 .apps = apps,
                                 .default_zone = load->default_zone,
                                 .is_cancelled = load_is_stopping,
                                 .is_cancelled_arg = load};
    int code = recent_roll_up(load->recent, &how, err);
    if (code == MP_E_FULL || code == MP_E_MEMORY || code == MP_E_TOO_LARGE) {
        forget_recent(load);
        return roll_up_by_reading(load, apps, err);
    }
    return code;
}

/* What the $profile events of everything that batches touched say. */
static int take_profiles(struct load *load, struct mp_error *err) {
    struct profiles_range range = {.after = load->note.rolled_up,
                                   .up_to = last_complete(load),
                                   .first_day = load->note.touched_min,
                                   .last_day = load->note.touched_max};
    bool has_any = load->has_profiles && range.first_day <= range.last_day;
    return has_any ? profiles_take(load->config.store, &range, err) : MP_OK;
}

/* The events of a batch that was committed. */
static void take_trail(struct load *load, const struct batch *batch) {
    load->touched_events += batch->trail.event_count;
    load->has_profiles |= batch->has_profiles || batch->is_lossy;
    /* Of a batch that the journal lost a part of, the store has more than the trail. */
    bool is_whole = !batch->is_lossy;
    if (!load->is_recent_behind && !(is_whole && recent_take(load->recent, &batch->trail))) {
        forget_recent(load);
    }
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
    if (load->config.on_rollup) {
        load->config.on_rollup(load->config.on_rollup_arg, load->ready != NULL);
    }
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
    int code = load->is_recent_behind ? roll_up_by_reading(load, apps, &err)
                                      : roll_up_recent(load, apps, &err);
    mp_apps_release(apps);
    code = code == MP_OK ? take_profiles(load, &err) : code;
    if (code != MP_OK) {
        if (!load_is_stopping(load)) {
            int64_t wait_ms = load_failed(load, load->rollup_failures++, "cannot roll up", &err);
            load->rollup_not_before_ms = mp_mono_ms() + wait_ms;
        }
        return;
    }
    touched_clear(&load->touched);
    load->touched_events = 0;
    load->has_profiles = false;
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
            take_trail(load, work.batch);
            publish_commit(load, work.batch);
        } else if (work.has_rollup) {
            roll_up(load);
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
