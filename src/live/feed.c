/* Feeding: what the store is to be asked, and events as they come. */
#include "live/internal.h"

#include <stdlib.h>
#include <string.h>

/* A day is read anew only after so many times as long as that took. */
#define SETTLE_COSTS 10
#define REFILL_COSTS 50
#define SETTLE_MS 1000
#define ROLLUP_PATIENCE_MS 2000 /* for a moment when the store's rollups have all events */
#define TRY_AGAIN_MS 1000
#define KNOWN_PAUSE_MS 100
#define PAST_STALE_MS 2000
#define PAST_REFILL_MS (10 * 60 * 1000LL)

/* ---- Tasks ------------------------------------------------------------------------------- */

/* An empty day with boards for the task's pages; false when memory is out. */
static bool make_day(struct live *live, const struct live_app *app, int32_t day,
                     struct live_task *out) {
    struct live_day_config config = {.day = day,
                                     .before_ms = mp_zone_day_start_ms(app->zone, day - 1),
                                     .start_ms = mp_zone_day_start_ms(app->zone, day),
                                     .end_ms = mp_zone_day_start_ms(app->zone, day + 1),
                                     .open_timeout_ms = app->open_timeout_ms,
                                     .budget = &live->budget};
    out->day = day;
    out->start_ms = config.start_ms;
    out->counted = live_day_create(&config);
    bool is_made = out->counted != NULL;
    for (size_t i = 0; i < out->page_count && is_made; i++) {
        is_made = out->pages[i] && live_day_add_page(out->counted, mp_str_of(out->pages[i])) != 0;
    }
    memcpy(out->app, app->id, sizeof(out->app));
    return is_made;
}

static void task_drop(struct live_task *task) {
    live_day_destroy(task->counted);
    for (size_t i = 0; i < task->page_count; i++) {
        free(task->pages[i]);
    }
    task->counted = NULL;
    task->page_count = 0;
}

/* Pages that nobody has asked for lately are let go when the day is read anew. */
static void forget_pages(struct live_app *app, int64_t now_ms) {
    size_t kept = 0;
    for (size_t i = 0; i < app->page_count; i++) {
        if (now_ms - app->pages[i].asked_ms < LIVE_IDLE_MS) {
            app->pages[kept++] = app->pages[i];
        } else {
            free(app->pages[i].page);
        }
    }
    app->page_count = kept;
}

static bool has_all(const struct live_app *app, int32_t today) {
    bool has = app->now.day && app->now.number == today;
    for (size_t i = 0; i < app->page_count && has; i++) {
        has = live_board_of(&app->now, mp_str_of(app->pages[i].page)) >= 0;
    }
    return has;
}

static bool is_caught_up(const struct live *live, const struct live_store *store) {
    return store->is_rolled_up && store->cursor_lsn >= live->position;
}

static bool is_fill_due(const struct live *live, struct live_app *app, int64_t now_ms,
                        const struct live_store *store) {
    if (app->is_filling || app->fresh.day || now_ms < app->again_ms) {
        return false;
    }
    if (!has_all(app, mp_zone_day(app->zone, now_ms))) {
        app->wanted_ms = app->wanted_ms ? app->wanted_ms : now_ms;
        return store->is_rolled_up || now_ms - app->wanted_ms >= ROLLUP_PATIENCE_MS;
    }
    if (app->now.applied == 0 && app->now.was_rolled_up) {
        return false;
    }
    int64_t age_ms = now_ms - app->filled_ms;
    return (is_caught_up(live, store) &&
            age_ms >= live_most(SETTLE_MS, SETTLE_COSTS * app->fill_cost_ms)) ||
           (store->is_rolled_up &&
            age_ms >= live_most(LIVE_REFILL_MS, REFILL_COSTS * app->fill_cost_ms));
}

static bool give_fill(struct live *live, struct live_app *app, int64_t now_ms,
                      struct live_task *out) {
    forget_pages(app, now_ms);
    out->kind = LIVE_FILL;
    out->page_count = app->page_count;
    for (size_t i = 0; i < app->page_count; i++) {
        out->pages[i] = strdup(app->pages[i].page);
    }
    if (!make_day(live, app, mp_zone_day(app->zone, now_ms), out)) {
        task_drop(out);
        app->again_ms = now_ms + TRY_AGAIN_MS;
        return false;
    }
    app->is_filling = true;
    return true;
}

static bool give_known(struct live_app *app, int64_t now_ms, struct live_task *out) {
    if (!app->now.day || now_ms - app->known_ms < KNOWN_PAUSE_MS) {
        return false;
    }
    out->kind = LIVE_FIND_KNOWN;
    out->day = app->now.number;
    out->user_count = live_day_unknown(app->now.day, out->users, LIVE_KNOWN_MAX);
    memcpy(out->app, app->id, sizeof(out->app));
    app->known_ms = now_ms;
    return out->user_count > 0;
}

static bool is_past_due(const struct live *live, const struct live_past *past, int64_t now_ms,
                        const struct live_store *store) {
    if (!past->app[0] || past->is_filling || now_ms < past->again_ms ||
        now_ms - past->asked_ms > LIVE_IDLE_MS) {
        return false;
    }
    int64_t age_ms = now_ms - past->filled_ms;
    return !past->has ||
           (past->is_stale && is_caught_up(live, store) &&
            age_ms >= live_most(PAST_STALE_MS, SETTLE_COSTS * past->cost_ms)) ||
           age_ms >= live_most(PAST_REFILL_MS, REFILL_COSTS * past->cost_ms);
}

static bool give_past(struct live *live, struct live_past *past, int64_t now_ms,
                      struct live_task *out) {
    const struct live_app *app = live_app_find(live, mp_str_of(past->app));
    if (!app) {
        return false;
    }
    out->kind = LIVE_FILL_PAST;
    out->page_count = past->page ? 1 : 0;
    if (past->page) {
        out->pages[0] = strdup(past->page);
    }
    if (!make_day(live, app, past->day, out)) {
        task_drop(out);
        past->again_ms = now_ms + TRY_AGAIN_MS;
        return false;
    }
    past->is_filling = true;
    return true;
}

static bool give_any(struct live *live, int64_t now_ms, const struct live_store *store,
                     struct live_task *out) {
    for (size_t i = 0; i < live->app_end; i++) {
        struct live_app *app = &live->apps[i];
        if (app->id[0] && is_fill_due(live, app, now_ms, store) &&
            give_fill(live, app, now_ms, out)) {
            return true;
        }
    }
    for (size_t i = 0; i < live->app_end; i++) {
        if (live->apps[i].id[0] && give_known(&live->apps[i], now_ms, out)) {
            return true;
        }
    }
    for (size_t i = 0; i < live->past_end; i++) {
        if (is_past_due(live, &live->pasts[i], now_ms, store) &&
            give_past(live, &live->pasts[i], now_ms, out)) {
            return true;
        }
    }
    return false;
}

bool live_next_task(struct live *live, int64_t now_ms, const struct live_store *store,
                    struct live_task *out) {
    pthread_mutex_lock(&live->mutex);
    for (size_t i = 0; i < live->app_end; i++) {
        struct live_app *app = &live->apps[i];
        if (app->id[0] && !app->is_filling && now_ms - app->asked_ms > LIVE_IDLE_MS) {
            live_app_drop(live, app);
        }
    }
    *out = (struct live_task){.given_ms = now_ms, .is_caught_up = is_caught_up(live, store)};
    bool is_due = store->is_loading && !live->is_stopping && give_any(live, now_ms, store, out);
    pthread_mutex_unlock(&live->mutex);
    return is_due;
}

/* ---- Answers of the store ---------------------------------------------------------------- */

static bool is_counting(const struct live *live) {
    for (size_t i = 0; i < live->app_end; i++) {
        if (live->apps[i].now.day || live->apps[i].fresh.day) {
            return true;
        }
    }
    return false;
}

/* The reader goes back to lsn; who has counted what comes from there does not count it again. */
static void go_back(struct live *live, uint64_t lsn) {
    for (size_t i = 0; i < live->app_end; i++) {
        struct live_count *counts[] = {&live->apps[i].now, &live->apps[i].fresh};
        for (size_t j = 0; j < 2; j++) {
            if (counts[j]->from_lsn < live->position) {
                counts[j]->from_lsn = live->position;
            }
        }
    }
    live->position = lsn;
    live->turn++;
}

static void promote(struct live *live, struct live_app *app) {
    if (app->fresh.day && live->position >= app->fresh.until_lsn) {
        live_count_drop(&app->now);
        app->now = app->fresh;
        app->fresh = (struct live_count){0};
        live->fresh_count--;
        pthread_cond_broadcast(&live->filled);
    }
}

static void take_fill(struct live *live, struct live_app *app, struct live_task *task,
                      uint64_t from_lsn) {
    struct live_count count = {.day = task->counted,
                               .number = task->day,
                               .from_lsn = from_lsn,
                               .until_lsn = live->position,
                               .page_count = task->page_count,
                               .was_rolled_up = task->is_caught_up};
    memcpy(count.pages, task->pages, sizeof(count.pages));
    task->counted = NULL;
    task->page_count = 0;
    if (!is_counting(live)) {
        live->position = from_lsn;
        live->turn++;
    } else if (from_lsn < live->position) {
        go_back(live, from_lsn);
    }
    app->fresh = count;
    live->fresh_count++;
    promote(live, app);
}

static void end_fill(struct live *live, struct live_task *task, int code, int64_t now_ms,
                     uint64_t from_lsn) {
    struct live_app *app = live_app_find(live, mp_str_of(task->app));
    if (!app) {
        return;
    }
    app->is_filling = false;
    if (code != MP_OK) {
        app->again_ms = now_ms + TRY_AGAIN_MS;
        return;
    }
    app->wanted_ms = 0;
    app->filled_ms = now_ms;
    app->fill_cost_ms = now_ms - task->given_ms;
    /* Both are in memory for a moment; if that is too much, the one that is whole stays. */
    if (!live_day_is_whole(task->counted) && has_all(app, task->day) &&
        live_day_is_whole(app->now.day)) {
        return;
    }
    take_fill(live, app, task, from_lsn);
}

static void end_past(struct live *live, struct live_task *task, int code, int64_t now_ms) {
    struct mp_str page = task->page_count ? mp_str_of(task->pages[0]) : mp_str_range(NULL, 0);
    struct live_past *past = live_past_find(live, task->app, task->day, page);
    if (!past) {
        return;
    }
    past->is_filling = false;
    if (code != MP_OK) {
        past->again_ms = now_ms + TRY_AGAIN_MS;
        return;
    }
    past->series = *live_day_series(task->counted, task->page_count);
    past->has = true;
    past->is_stale = !task->is_caught_up;
    past->filled_ms = now_ms;
    past->cost_ms = now_ms - task->given_ms;
    pthread_cond_broadcast(&live->filled);
}

static void end_known(struct live *live, const struct live_task *task, const uint64_t *known,
                      size_t known_count) {
    struct live_app *app = live_app_find(live, mp_str_of(task->app));
    struct live_count *counts[] = {app ? &app->now : NULL, app ? &app->fresh : NULL};
    for (size_t i = 0; i < 2; i++) {
        if (counts[i] && counts[i]->day && counts[i]->number == task->day) {
            live_day_answer(counts[i]->day, task->users, task->user_count, known, known_count);
        }
    }
}

void live_task_done(struct live *live, struct live_task *task, int code, int64_t now_ms,
                    uint64_t from_lsn, const uint64_t *known, size_t known_count) {
    pthread_mutex_lock(&live->mutex);
    if (task->kind == LIVE_FILL) {
        end_fill(live, task, code, now_ms, from_lsn);
    } else if (task->kind == LIVE_FILL_PAST) {
        end_past(live, task, code, now_ms);
    } else if (code == MP_OK) {
        end_known(live, task, known, known_count);
    }
    task_drop(task);
    pthread_mutex_unlock(&live->mutex);
}

/* ---- Events ------------------------------------------------------------------------------ */

bool live_position(struct live *live, uint64_t *lsn, uint64_t *turn) {
    pthread_mutex_lock(&live->mutex);
    bool has_some = is_counting(live);
    *lsn = live->position;
    *turn = live->turn;
    pthread_mutex_unlock(&live->mutex);
    return has_some;
}

static void make_stale(struct live *live, const struct live_app *app) {
    for (size_t i = 0; i < live->past_end; i++) {
        if (strcmp(live->pasts[i].app, app->id) == 0) {
            live->pasts[i].is_stale = true;
        }
    }
}

static void apply_event(struct live *live, struct live_app *app, const struct mp_context *context,
                        const struct mp_event *event, uint64_t lsn) {
    struct live_count *counts[] = {&app->now, &app->fresh};
    for (size_t i = 0; i < 2; i++) {
        struct live_count *count = counts[i];
        if (count->day && lsn >= count->from_lsn) {
            live_day_apply(count->day, context, event);
            count->applied++;
        }
    }
    if (app->now.day && event->time_ms < live_day_series(app->now.day, 0)->start_ms) {
        make_stale(live, app);
    }
}

static void apply(struct live *live, struct mp_str record, uint64_t lsn, int64_t now_ms) {
    struct mp_record_reader reader;
    struct mp_context context;
    struct mp_event event;
    struct mp_prop props[MP_EVENT_PROPS_MAX];
    if (mp_record_open(&reader, record, &context) != MP_OK) {
        return;
    }
    struct live_app *app = live_app_find(live, context.app);
    /* Positions of records may follow each other closely: each has its own run of places. */
    uint64_t place = live_mix(lsn);
    while (app && mp_record_next(&reader, &event, props) == 1) {
        if (!live_seen_elsewhere(&live->seen, event.identity, place++, now_ms)) {
            apply_event(live, app, &context, &event, lsn);
        }
    }
}

bool live_apply(struct live *live, uint64_t turn, const struct live_record *record,
                int64_t now_ms) {
    pthread_mutex_lock(&live->mutex);
    bool is_right = turn == live->turn && is_counting(live);
    if (is_right) {
        apply(live, record->data, record->lsn, now_ms);
        live->position = record->next_lsn;
        for (size_t i = 0; i < live->app_end && live->fresh_count > 0; i++) {
            promote(live, &live->apps[i]);
        }
    }
    pthread_mutex_unlock(&live->mutex);
    return is_right;
}

void live_lost(struct live *live) {
    pthread_mutex_lock(&live->mutex);
    for (size_t i = 0; i < live->app_end; i++) {
        live_count_drop(&live->apps[i].now);
        live_fresh_drop(live, &live->apps[i]);
    }
    pthread_mutex_unlock(&live->mutex);
}
