/* Rollups of what batches touched, made in a thread of their own while the writer goes on. */
#include "load/internal.h"

#include "base/clock.h"

/* The last batch whose events are all in the store. */
static uint32_t last_complete(const struct load *load) {
    return load->note.batch - load->note.is_intent;
}

/* Of the rows that the batches up to it give. */
static uint64_t version_of(const struct load *load, uint32_t batch) {
    uint64_t version = (uint64_t)batch << 32;
    return version > load->version_floor ? version : load->version_floor;
}

/* What recent could not take, or not roll up, it must not know in part either. */
static void forget_recent(struct load *load) {
    load->is_recent_behind = true;
    recent_forget(load->recent);
}

void load_roll_take(struct load *load, const struct batch *batch) {
    load->touched_events += batch->trail.event_count;
    load->has_profiles |= batch->has_profiles || batch->is_replay;
    /* Of a batch that a former process began, the store may have more than the trail, and it is not
     * told from what was there before. */
    if (!load->is_recent_behind &&
        (batch->is_replay || !recent_take(load->recent, &batch->trail))) {
        forget_recent(load);
    }
}

/* ---- The thread ------------------------------------------------------------------------- */

static int roll_up_app(struct load *load, const struct touched_app *app,
                       const struct mp_apps_snapshot *apps, struct mp_error *err) {
    const struct mp_app *known = mp_apps_by_id(apps, mp_str_of(app->app));
    struct remake_range range = {.app = app->app,
                                 .first_day = app->first_day,
                                 .last_day = app->last_day,
                                 .after = load->roll.after,
                                 .up_to = load->roll.up_to,
                                 .version = load->roll.version,
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

static int roll_up_recent(struct load *load, const struct mp_apps_snapshot *apps,
                          struct mp_error *err) {
    struct recent_roll_up how = {.before = load->roll.before,
                                 .up_to = load->roll.up_to,
                                 .version = load->roll.version,
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
    const struct load_roll *roll = &load->roll;
    struct profiles_range range = {.after = roll->after,
                                   .up_to = roll->up_to,
                                   .first_day = roll->first_day,
                                   .last_day = roll->last_day};
    bool has_any = roll->has_profiles && range.first_day <= range.last_day;
    return has_any ? profiles_take(load->config.store, &range, err) : MP_OK;
}

static void *roll(void *arg) {
    struct load *load = arg;
    struct load_roll *roll = &load->roll;
    struct mp_apps_snapshot *apps = mp_apps_acquire(load->config.apps);
    roll->code = load->is_recent_behind ? roll_up_by_reading(load, apps, &roll->err)
                                        : roll_up_recent(load, apps, &roll->err);
    mp_apps_release(apps);
    roll->code = roll->code == MP_OK ? take_profiles(load, &roll->err) : roll->code;
    pthread_mutex_lock(&load->mutex);
    roll->is_running = false;
    pthread_cond_broadcast(&load->changed);
    pthread_mutex_unlock(&load->mutex);
    return NULL;
}

/* ---- The writer's ----------------------------------------------------------------------- */

void load_roll_begin(struct load *load) {
    struct load_roll *made = &load->roll;
    made->began_ms = mp_mono_ms();
    made->after = load->note.rolled_up;
    made->up_to = last_complete(load);
    /* A cursor from long ago may not know all that the store has. */
    made->before = made->after > load->start_batch ? made->after : load->start_batch;
    made->version = version_of(load, made->up_to);
    made->first_day = load->note.touched_min;
    made->last_day = load->note.touched_max;
    made->has_profiles = load->has_profiles;
    pthread_mutex_lock(&load->mutex);
    made->batches = load->committed;
    made->is_running = true;
    pthread_mutex_unlock(&load->mutex);
    made->has_thread = pthread_create(&made->thread, NULL, roll, load) == 0;
    if (!made->has_thread) {
        roll(load);
    }
}

static void publish(struct load *load) {
    int64_t ended_ms = mp_mono_ms();
    load->rollup_failures = 0;
    pthread_mutex_lock(&load->mutex);
    load->rollup_not_before_ms = ended_ms;
    load->rollup_took_ms = ended_ms - load->roll.began_ms;
    load->rolled_up = load->roll.batches;
    load->touched_since = 0;
    load->stats.last_error[0] = '\0';
    if (load->config.on_rollup) {
        load->config.on_rollup(load->config.on_rollup_arg, load->ready != NULL);
    }
    pthread_cond_broadcast(&load->changed);
    pthread_mutex_unlock(&load->mutex);
}

void load_roll_end(struct load *load) {
    const struct load_roll *ended = &load->roll;
    if (ended->has_thread) {
        pthread_join(ended->thread, NULL);
    }
    if (ended->code != MP_OK) {
        if (!load_is_stopping(load)) {
            int64_t wait_ms =
                load_failed(load, load->rollup_failures++, "cannot roll up", &ended->err);
            load->rollup_not_before_ms = mp_mono_ms() + wait_ms;
        }
        return;
    }
    touched_clear(&load->touched);
    load->touched_events = 0;
    load->has_profiles = false;
    load->note.rolled_up = ended->up_to;
    load->note.touched_min = INT32_MAX;
    load->note.touched_max = INT32_MIN;
    load->is_saved = false;
    publish(load);
}
