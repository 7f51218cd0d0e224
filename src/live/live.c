/* Asking. */
#include "live/internal.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOK_MS 50 /* how soon a cancelled question is noticed */

static void init_cond(pthread_cond_t *cond) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void wait_on(struct live *live, pthread_cond_t *cond, int64_t wait_ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + wait_ms * 1000000;
    until.tv_sec += ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_cond_timedwait(cond, &live->mutex, &until);
}

struct live *live_open(uint64_t bytes_max) {
    struct live *live = calloc(1, sizeof(*live));
    if (!live) {
        return NULL;
    }
    live->budget.bytes_max = bytes_max;
    live_seen_init(&live->seen, &live->budget);
    pthread_mutex_init(&live->mutex, NULL);
    init_cond(&live->filled);
    init_cond(&live->wanted);
    return live;
}

void live_stop(struct live *live) {
    pthread_mutex_lock(&live->mutex);
    live->is_stopping = true;
    pthread_cond_broadcast(&live->filled);
    pthread_cond_broadcast(&live->wanted);
    pthread_mutex_unlock(&live->mutex);
}

void live_close(struct live *live) {
    if (!live) {
        return;
    }
    for (size_t i = 0; i < live->app_end; i++) {
        live_app_drop(live, &live->apps[i]);
    }
    for (size_t i = 0; i < live->past_end; i++) {
        free(live->pasts[i].page);
    }
    live_seen_deinit(&live->seen);
    pthread_cond_destroy(&live->filled);
    pthread_cond_destroy(&live->wanted);
    pthread_mutex_destroy(&live->mutex);
    free(live);
}

int64_t live_most(int64_t a, int64_t b) {
    return a > b ? a : b;
}

void live_wait_for_task(struct live *live, int64_t wait_ms) {
    pthread_mutex_lock(&live->mutex);
    if (!live->is_stopping) {
        wait_on(live, &live->wanted, wait_ms);
    }
    pthread_mutex_unlock(&live->mutex);
}

/* ---- What is watched --------------------------------------------------------------------- */

void live_count_drop(struct live_count *count) {
    live_day_destroy(count->day);
    for (size_t i = 0; i < count->page_count; i++) {
        free(count->pages[i]);
    }
    *count = (struct live_count){0};
}

void live_fresh_drop(struct live *live, struct live_app *app) {
    live->fresh_count -= app->fresh.day != NULL;
    live_count_drop(&app->fresh);
}

void live_app_drop(struct live *live, struct live_app *app) {
    if (!app->id[0]) {
        return;
    }
    live_count_drop(&app->now);
    live_fresh_drop(live, app);
    for (size_t i = 0; i < app->page_count; i++) {
        free(app->pages[i].page);
    }
    mp_zone_close(app->zone);
    for (size_t i = 0; i < live->past_end; i++) {
        struct live_past *past = &live->pasts[i];
        if (strcmp(past->app, app->id) == 0 && !past->is_filling) {
            free(past->page);
            *past = (struct live_past){0};
        }
    }
    *app = (struct live_app){0};
}

struct live_app *live_app_find(struct live *live, struct mp_str id) {
    for (size_t i = 0; i < live->app_end; i++) {
        if (live->apps[i].id[0] && mp_str_is(id, live->apps[i].id)) {
            return &live->apps[i];
        }
    }
    return NULL;
}

static bool is_page(const char *page, struct mp_str wanted) {
    return page ? wanted.ptr && mp_str_is(wanted, page) : !wanted.ptr;
}

int live_board_of(const struct live_count *count, struct mp_str page) {
    if (!page.ptr) {
        return 0;
    }
    for (size_t i = 0; i < count->page_count; i++) {
        if (is_page(count->pages[i], page)) {
            return (int)i + 1;
        }
    }
    return -1;
}

/* A changed zone makes other days: then all is read anew. */
static bool is_same_app(const struct live_app *app, const struct mp_app *as) {
    return strcmp(mp_zone_name(app->zone), mp_zone_name(as->zone)) == 0 &&
           app->open_timeout_ms == as->open_timeout_ms;
}

static struct live_app *add_app(struct live *live, const struct mp_app *as) {
    struct live_app *app = live->apps;
    while (app < live->apps + LIVE_APPS_MAX && app->id[0]) {
        app++;
    }
    if (app == live->apps + LIVE_APPS_MAX) {
        return NULL;
    }
    struct mp_zone *zone;
    if (mp_zone_open(mp_str_of(mp_zone_name(as->zone)), &zone, NULL) != MP_OK) {
        return NULL;
    }
    *app = (struct live_app){.zone = zone, .open_timeout_ms = as->open_timeout_ms};
    memcpy(app->id, as->id, sizeof(app->id));
    size_t end = (size_t)(app - live->apps) + 1;
    live->app_end = end > live->app_end ? end : live->app_end;
    return app;
}

/* Notes that the page is asked for; false when there are too many. */
static bool want_page(struct live_app *app, struct mp_str page, int64_t now_ms) {
    for (size_t i = 0; i < app->page_count; i++) {
        if (is_page(app->pages[i].page, page)) {
            app->pages[i].asked_ms = now_ms;
            return true;
        }
    }
    char *copy = app->page_count < LIVE_PAGES_MAX ? strndup(page.ptr, page.len) : NULL;
    if (copy) {
        app->pages[app->page_count++] = (struct live_page){copy, now_ms};
    }
    return copy != NULL;
}

static struct live_app *want_app(struct live *live, const struct live_question *question,
                                 struct mp_error *err) {
    struct live_app *app = live_app_find(live, mp_str_of(question->app->id));
    if (app && !is_same_app(app, question->app) && !app->is_filling) {
        live_app_drop(live, app);
        app = NULL;
    }
    app = app ? app : add_app(live, question->app);
    if (!app) {
        mp_fail(err, MP_E_FULL, "app", "too many apps are watched in real time; try later");
        return NULL;
    }
    app->asked_ms = question->now_ms;
    if (question->page.ptr && !want_page(app, question->page, question->now_ms)) {
        mp_fail(err, MP_E_FULL, "page",
                "more than %d pages of the app are watched in real time; try later",
                LIVE_PAGES_MAX);
        return NULL;
    }
    return app;
}

/* ---- Days to compare with ---------------------------------------------------------------- */

struct live_past *live_past_find(struct live *live, const char *app, int32_t day,
                                 struct mp_str page) {
    for (size_t i = 0; i < live->past_end; i++) {
        struct live_past *past = &live->pasts[i];
        if (past->app[0] && past->day == day && strcmp(past->app, app) == 0 &&
            is_page(past->page, page)) {
            return past;
        }
    }
    return NULL;
}

/* A free place, which was never asked for, or that of the day asked for longest ago. */
static struct live_past *add_past(struct live *live, const struct live_app *app, int32_t day,
                                  struct mp_str page) {
    struct live_past *oldest = NULL;
    for (size_t i = 0; i < LIVE_PASTS_MAX && i <= live->past_end; i++) {
        struct live_past *past = &live->pasts[i];
        if (!past->is_filling && (!oldest || past->asked_ms < oldest->asked_ms)) {
            oldest = past;
        }
    }
    char *copy = oldest && page.ptr ? strndup(page.ptr, page.len) : NULL;
    if (!oldest || (page.ptr && !copy)) {
        return NULL;
    }
    size_t end = (size_t)(oldest - live->pasts) + 1;
    live->past_end = end > live->past_end ? end : live->past_end;
    free(oldest->page);
    *oldest = (struct live_past){.page = copy, .day = day};
    memcpy(oldest->app, app->id, sizeof(oldest->app));
    return oldest;
}

static struct live_past *want_past(struct live *live, const struct live_app *app, int32_t day,
                                   const struct live_question *question) {
    struct live_past *past = live_past_find(live, app->id, day, question->page);
    past = past ? past : add_past(live, app, day, question->page);
    if (past) {
        past->asked_ms = question->now_ms;
    }
    return past;
}

/* ---- Answers ----------------------------------------------------------------------------- */

/* False when something has to be read first. */
static bool answer(struct live *live, const struct live_question *question, struct live_app *app,
                   struct live_answer *out) {
    static const int32_t ago[LIVE_PAST_DAYS] = {[LIVE_YESTERDAY] = 1, [LIVE_LAST_WEEK] = 7};
    int32_t today = mp_zone_day(app->zone, question->now_ms);
    int board =
        app->now.day && app->now.number == today ? live_board_of(&app->now, question->page) : -1;
    bool is_there = board >= 0;
    for (int i = 0; i < LIVE_PAST_DAYS; i++) {
        if (!question->with[i]) {
            continue;
        }
        struct live_past *past = want_past(live, app, today - ago[i], question);
        is_there &= past && past->has;
        if (past && past->has) {
            out->pasts[i] = past->series;
        }
    }
    if (is_there) {
        out->today = *live_day_series(app->now.day, (size_t)board);
        out->is_whole = live_day_is_whole(app->now.day);
        out->is_settled = app->now.was_rolled_up && app->now.applied == 0;
    }
    return is_there;
}

static int ask(struct live *live, const struct live_question *question, struct live_answer *out,
               struct mp_error *err) {
    int64_t until_ms = mp_mono_ms() + question->wait_ms;
    for (;;) {
        if (live->is_stopping) {
            return mp_fail(err, MP_E_CLOSED, "", "the server is stopping");
        }
        /* Looked up anew each time: it may have been forgotten meanwhile. */
        struct live_app *app = want_app(live, question, err);
        if (!app) {
            return (int)err->code;
        }
        if (answer(live, question, app, out)) {
            return MP_OK;
        }
        pthread_cond_signal(&live->wanted);
        if (mp_mono_ms() >= until_ms) {
            return mp_fail(err, MP_E_UNAVAILABLE, "",
                           "the day's figures have not been read yet; try again");
        }
        if (question->is_cancelled && question->is_cancelled(question->is_cancelled_arg)) {
            return mp_fail(err, MP_E_CANCELLED, "", "nobody waits for the answer");
        }
        wait_on(live, &live->filled, LOOK_MS);
    }
}

int live_ask(struct live *live, const struct live_question *question, struct live_answer *out,
             struct mp_error *err) {
    struct mp_error local;
    err = err ? err : &local;
    if (question->page.len > LIVE_PAGE_BYTES_MAX) {
        return mp_fail(err, MP_E_ARGUMENT, "page", "is longer than %d bytes", LIVE_PAGE_BYTES_MAX);
    }
    pthread_mutex_lock(&live->mutex);
    int code = ask(live, question, out, err);
    pthread_mutex_unlock(&live->mutex);
    return code;
}
