#include "load/summarise.h"

#include "load/ask.h"
#include "load/internal.h"
#include "load/summary_day.h"

#include "base/clock.h"
#include "base/grow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Summing up may take one part in this many of the time, and waits longer while batches do. */
#define PACE 4
/* Half of the time while there are days without any summary: reports cannot read any yet. */
#define PACE_BEHIND 1
#define BUSY_WAIT_MS 5000
/* Also when nobody has told: `minipulse rebuild` is another process. */
#define LOOK_MS 60000
#define FAILURE_WAIT_MS 2000

struct surveyed {
    char app[MP_EVENT_ID_MAX + 1];
    int32_t day;
    struct summary_mark mark;
};

struct survey {
    struct surveyed *rows; /* by app; the newest day first */
    size_t count;
    size_t capacity;
};

struct pass {
    struct summary_source source;
    struct survey days;
    struct survey profiles;
    uint64_t made;
    int64_t pace;
    void (*rest)(void *arg, int64_t worked_ms, int64_t pace); /* NULL = none */
    void *rest_arg;
};

struct load_summarise {
    struct store *store;
    struct summaries *summaries;
    pthread_t thread;
    atomic_bool is_stopping;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool is_busy;
    int64_t poked_ms;    /* wall clock: the first poke that no pass has covered; 0 */
    int64_t covering_ms; /* the same of the pass under way; 0 */
    struct load_summarise_stats stats;
};

/* ---- What has changed ------------------------------------------------------------------- */

static struct surveyed *next_row(struct survey *survey, struct mp_str app) {
    if (app.len > MP_EVENT_ID_MAX ||
        !mp_grow(&survey->rows, &survey->capacity, survey->count + 1, sizeof(*survey->rows))) {
        return NULL;
    }
    struct surveyed *row = &survey->rows[survey->count++];
    *row = (struct surveyed){0};
    memcpy(row->app, app.ptr, app.len);
    return row;
}

static int on_day(void *arg, struct mp_reader *in) {
    struct surveyed *row = next_row(arg, mp_read_lstr(in));
    if (!row) {
        return MP_E_MEMORY;
    }
    row->day = mp_read_u16(in);
    row->mark.rows = mp_read_u64(in);
    row->mark.versions = mp_read_u64(in);
    return MP_OK;
}

static int on_profiles(void *arg, struct mp_reader *in) {
    struct surveyed *row = next_row(arg, mp_read_lstr(in));
    if (!row) {
        return MP_E_MEMORY;
    }
    row->mark.rows = mp_read_u64(in);
    row->mark.versions = mp_read_u64(in);
    return MP_OK;
}

static int survey(struct pass *pass, struct mp_error *err) {
    struct store_statement *statement;
    int code = load_statement(pass->source.store, "summary_days", &statement, err);
    if (code == MP_OK) {
        code = summary_ask(&pass->source, statement, "swqq", on_day, &pass->days, err);
    }
    code = code == MP_OK ? load_statement(pass->source.store, "summary_profiles", &statement, err)
                         : code;
    return code == MP_OK
               ? summary_ask(&pass->source, statement, "sqq", on_profiles, &pass->profiles, err)
               : code;
}

/* ---- A pass ----------------------------------------------------------------------------- */

static bool has_day(struct summaries *summaries, const char *app, int32_t wanted) {
    int32_t day;
    for (size_t i = 0; summary_has_day(summaries, app, i, &day); i++) {
        if (day == wanted) {
            return true;
        }
    }
    return false;
}

/* Days that user_days has not any more. */
static void drop_gone(struct pass *pass, const char *app, const struct surveyed *rows,
                      size_t count) {
    int32_t day;
    size_t at = count; /* rows descend, days ascend */
    for (size_t i = 0; summary_has_day(pass->source.summaries, app, i, &day);) {
        while (at > 0 && rows[at - 1].day < day) {
            at--;
        }
        if (at > 0 && rows[at - 1].day == day) {
            i++;
        } else {
            summary_drop_day(pass->source.summaries, app, day);
        }
    }
}

static void rest(const struct pass *pass, int64_t since_ms) {
    if (pass->rest) {
        pass->rest(pass->rest_arg, mp_mono_ms() - since_ms, pass->pace);
    }
}

static int make_people(struct pass *pass, const char *app, struct mp_error *err) {
    for (size_t i = 0; i < pass->profiles.count; i++) {
        const struct surveyed *row = &pass->profiles.rows[i];
        struct summary_mark mark = summary_people_mark(pass->source.summaries, app);
        if (strcmp(row->app, app) == 0 &&
            (row->mark.rows != mark.rows || row->mark.versions != mark.versions)) {
            int64_t since_ms = mp_mono_ms();
            int code = summary_people_make(&pass->source, app, row->mark, err);
            rest(pass, since_ms);
            return code;
        }
    }
    return MP_OK;
}

/* One app's rows of the survey. A day that is missing makes the app incomplete until all are
 * there; one that is there is as it was, until it is made anew. */
static int make_app(struct pass *pass, const struct surveyed *rows, size_t count,
                    struct mp_error *err) {
    struct summaries *summaries = pass->source.summaries;
    const char *app = rows[0].app;
    int code = MP_OK;
    drop_gone(pass, app, rows, count);
    pass->pace = PACE;
    for (size_t i = 0; i < count; i++) {
        if (!has_day(summaries, app, rows[i].day)) {
            summary_set_complete(summaries, app, false);
            pass->pace = PACE_BEHIND;
            break;
        }
    }
    for (size_t i = 0; code == MP_OK && i < count; i++) {
        if (!summary_is_fresh(summaries, app, rows[i].day, rows[i].mark)) {
            int64_t since_ms = mp_mono_ms();
            code = summary_day_make(&pass->source, app, rows[i].day, rows[i].mark, err);
            pass->made += code == MP_OK;
            rest(pass, since_ms);
        }
    }
    code = code == MP_OK ? make_people(pass, app, err) : code;
    if (code == MP_OK) {
        summary_set_complete(summaries, app, true);
    }
    return code == MP_OK ? code : mp_error_wrap(err, "summaries of app %s", app);
}

/* Apps that user_days has not any more. */
static void drop_apps(struct pass *pass) {
    char app[MP_EVENT_ID_MAX + 1];
    for (size_t i = 0; summary_app_name(pass->source.summaries, i, app, sizeof(app)); i++) {
        bool is_there = false;
        for (size_t k = 0; k < pass->days.count && !is_there; k++) {
            is_there = strcmp(pass->days.rows[k].app, app) == 0;
        }
        if (!is_there) {
            drop_gone(pass, app, NULL, 0);
        }
    }
}

static int run_pass(struct pass *pass, struct mp_error *err) {
    int code = survey(pass, err);
    size_t from = 0;
    if (code == MP_OK) {
        drop_apps(pass);
    }
    while (code == MP_OK && from < pass->days.count) {
        size_t to = from + 1;
        while (to < pass->days.count &&
               strcmp(pass->days.rows[to].app, pass->days.rows[from].app) == 0) {
            to++;
        }
        code = make_app(pass, &pass->days.rows[from], to - from, err);
        from = to;
    }
    free(pass->days.rows);
    free(pass->profiles.rows);
    return code;
}

int load_summarise_all(struct store *store, struct summaries *summaries, uint64_t *days,
                       struct mp_error *err) {
    struct pass pass = {.source = {.store = store, .summaries = summaries}};
    int code = run_pass(&pass, err);
    if (days) {
        *days = pass.made;
    }
    return code;
}

/* ---- The thread ------------------------------------------------------------------------- */

static bool is_stopping(void *arg) {
    return atomic_load(&((struct load_summarise *)arg)->is_stopping);
}

/* Until a monotonic time, or stopping. Mutex held. */
static void wait_until(struct load_summarise *summarise, int64_t until_ms) {
    struct timespec until = {until_ms / 1000, until_ms % 1000 * 1000000};
    pthread_cond_timedwait(&summarise->changed, &summarise->mutex, &until);
}

static void rest_after(void *arg, int64_t worked_ms, int64_t pace) {
    struct load_summarise *summarise = arg;
    int64_t until_ms = mp_mono_ms() + pace * worked_ms;
    pthread_mutex_lock(&summarise->mutex);
    summarise->stats.work_ms += worked_ms;
    while (!is_stopping(summarise) && mp_mono_ms() < until_ms) {
        wait_until(summarise, until_ms);
    }
    pthread_mutex_unlock(&summarise->mutex);
}

/* Waits for something to do. False when stopping. */
static bool await_work(struct load_summarise *summarise, int64_t not_before_ms) {
    int64_t look_ms = mp_mono_ms() + LOOK_MS;
    pthread_mutex_lock(&summarise->mutex);
    for (;;) {
        int64_t now_ms = mp_mono_ms();
        int64_t due_ms = not_before_ms + (summarise->is_busy ? BUSY_WAIT_MS : 0);
        if (is_stopping(summarise) || (summarise->poked_ms > 0 && now_ms >= due_ms) ||
            now_ms >= look_ms) {
            break;
        }
        wait_until(summarise, summarise->poked_ms > 0 && due_ms < look_ms ? due_ms : look_ms);
    }
    summarise->covering_ms = summarise->poked_ms;
    summarise->poked_ms = 0;
    pthread_mutex_unlock(&summarise->mutex);
    return !is_stopping(summarise);
}

static void publish(struct load_summarise *summarise, const struct pass *pass, bool is_done,
                    int64_t began_at_ms) {
    pthread_mutex_lock(&summarise->mutex);
    summarise->stats.days += pass->made;
    if (is_done) {
        summarise->stats.fresh_at_ms = began_at_ms;
    } else {
        summarise->stats.failures++;
        summarise->poked_ms = summarise->covering_ms ? summarise->covering_ms : summarise->poked_ms;
    }
    summarise->covering_ms = 0;
    pthread_mutex_unlock(&summarise->mutex);
}

static void *run(void *arg) {
    struct load_summarise *summarise = arg;
    struct mp_error err;
    int64_t not_before_ms = 0;
    load_step_back();
    if (summaries_load(summarise->summaries, &err) != MP_OK) {
        mp_log(MP_LOG_WARN, "load", "summaries cannot be read", "reason=\"%s\"", err.message);
    }
    while (await_work(summarise, not_before_ms)) {
        struct pass pass = {.source = {.store = summarise->store,
                                       .summaries = summarise->summaries,
                                       .is_cancelled = is_stopping,
                                       .is_cancelled_arg = summarise},
                            .rest = rest_after,
                            .rest_arg = summarise};
        int64_t began_ms = mp_mono_ms(), began_at_ms = mp_now_ms();
        bool is_done = run_pass(&pass, &err) == MP_OK;
        if (!is_done && !is_stopping(summarise)) {
            mp_log(MP_LOG_WARN, "load", "cannot sum up", "code=%s reason=\"%s\"",
                   mp_code_name(err.code), err.message);
        }
        publish(summarise, &pass, is_done, began_at_ms);
        /* Days that were made have had their rest; asking for what changed has not. */
        int64_t took_ms = pass.made > 0 ? 0 : mp_mono_ms() - began_ms;
        not_before_ms = mp_mono_ms() + (is_done ? PACE * took_ms : FAILURE_WAIT_MS);
    }
    return NULL;
}

int load_summarise_start(struct store *store, struct summaries *summaries,
                         struct load_summarise **out, struct mp_error *err) {
    struct load_summarise *summarise = calloc(1, sizeof(*summarise));
    pthread_condattr_t monotonic;
    *out = NULL;
    if (!summarise) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for summaries");
    }
    summarise->store = store;
    summarise->summaries = summaries;
    summarise->poked_ms = mp_now_ms();
    pthread_mutex_init(&summarise->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&summarise->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int sys = pthread_create(&summarise->thread, NULL, run, summarise);
    if (sys != 0) {
        pthread_cond_destroy(&summarise->changed);
        pthread_mutex_destroy(&summarise->mutex);
        free(summarise);
        return mp_fail_sys(err, sys, "", "cannot start summing up");
    }
    *out = summarise;
    return MP_OK;
}

void load_summarise_stop(struct load_summarise *summarise) {
    if (!summarise) {
        return;
    }
    pthread_mutex_lock(&summarise->mutex);
    atomic_store(&summarise->is_stopping, true);
    pthread_cond_signal(&summarise->changed);
    pthread_mutex_unlock(&summarise->mutex);
    pthread_join(summarise->thread, NULL);
    pthread_cond_destroy(&summarise->changed);
    pthread_mutex_destroy(&summarise->mutex);
    free(summarise);
}

void load_summarise_poke(struct load_summarise *summarise, bool is_busy) {
    pthread_mutex_lock(&summarise->mutex);
    summarise->is_busy = is_busy;
    summarise->poked_ms = summarise->poked_ms ? summarise->poked_ms : mp_now_ms();
    pthread_cond_signal(&summarise->changed);
    pthread_mutex_unlock(&summarise->mutex);
}

void load_summarise_stats(struct load_summarise *summarise, struct load_summarise_stats *out) {
    int64_t now_ms = mp_now_ms();
    pthread_mutex_lock(&summarise->mutex);
    *out = summarise->stats;
    int64_t since_ms = summarise->covering_ms ? summarise->covering_ms : summarise->poked_ms;
    out->lag_ms = since_ms == 0 ? 0 : now_ms > since_ms ? now_ms - since_ms : 1;
    pthread_mutex_unlock(&summarise->mutex);
}
