/*
 * minipulse rebuild. Rows are written anew with a version above all that stand for the same
 * events, and below those of batches to come; then what has a lesser version is deleted: replaced
 * rows, and rows that no event supports any more.
 */
#include "load/ask.h"
#include "load/batch.h"
#include "load/day_rows.h"
#include "load/load.h"
#include "load/profiles.h"
#include "load/remake.h"

#include "base/grow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct rebuild_app {
    char id[MP_EVENT_ID_MAX + 1];
    uint64_t users; /* about */
};

struct rebuild {
    struct store *store;
    struct remake *remake;
    struct mp_apps_snapshot *registry;
    struct mp_zone *default_zone;
    const char *only_app; /* NULL = all */
    uint32_t up_to;       /* the last batch there was at the beginning */
    uint64_t version;
    struct rebuild_app *apps;
    size_t app_count;
    size_t app_capacity;
    load_progress *progress;
    void *progress_arg;
    uint64_t users_before; /* of the apps already done */
    uint64_t users_total;
};

/* The events of an app by day. */
struct app_days {
    uint64_t *events; /* [EVENT_DAY_MAX + 1] */
    int32_t first;
    int32_t last; /* < first = no events */
    uint64_t total;
};

static struct remake_range range_of(const struct rebuild *rebuild, const char *app) {
    const struct mp_app *known = mp_apps_by_id(rebuild->registry, mp_str_of(app));
    return (struct remake_range){.app = app,
                                 .up_to = rebuild->up_to,
                                 .version = rebuild->version,
                                 .zone = known ? known->zone : rebuild->default_zone,
                                 .timeout_ms =
                                     known ? known->open_timeout_ms : MP_OPEN_TIMEOUT_MS_DEFAULT};
}

/* ---- What there is ---------------------------------------------------------------------- */

static int take_day(void *arg, struct mp_reader *row) {
    struct app_days *days = arg;
    int32_t day = mp_read_u16(row);
    uint64_t events = mp_read_u64(row);
    if (day > EVENT_DAY_MAX) {
        return MP_E_CORRUPT;
    }
    days->events[day] = events;
    days->first = day < days->first ? day : days->first;
    days->last = day > days->last ? day : days->last;
    days->total += events;
    return MP_OK;
}

static int ask_days(struct rebuild *rebuild, const char *app, struct app_days *days,
                    struct mp_error *err) {
    struct store_statement *statement;
    int code = load_statement(rebuild->store, "app_days", &statement, err);
    if (code != MP_OK) {
        return code;
    }
    store_bind_str(statement, "app", mp_str_of(app));
    store_bind_u64(statement, "up_to", rebuild->up_to);
    return load_ask(rebuild->store, statement, "wq", take_day, days, err);
}

static int take_app(void *arg, struct mp_reader *row) {
    struct rebuild *rebuild = arg;
    struct mp_str id = mp_read_lstr(row);
    uint64_t users = mp_read_u64(row);
    if (rebuild->only_app && !mp_str_is(id, rebuild->only_app)) {
        return MP_OK;
    }
    if (!mp_grow(&rebuild->apps, &rebuild->app_capacity, rebuild->app_count + 1,
                 sizeof(*rebuild->apps))) {
        return MP_E_MEMORY;
    }
    struct rebuild_app *app = &rebuild->apps[rebuild->app_count++];
    snprintf(app->id, sizeof(app->id), "%.*s", MP_STR_ARG(id));
    app->users = users;
    rebuild->users_total += users;
    return MP_OK;
}

static int take_last_batch(void *arg, struct mp_reader *row) {
    struct rebuild *rebuild = arg;
    rebuild->up_to = mp_read_u32(row);
    uint64_t version = mp_read_u64(row);
    uint64_t of_batch = (uint64_t)rebuild->up_to << 32;
    rebuild->version = (version > of_batch ? version : of_batch) + 1;
    return MP_OK;
}

static int survey(struct rebuild *rebuild, struct mp_error *err) {
    struct store_statement *statement;
    int code = load_statement(rebuild->store, "last_batch", &statement, err);
    if (code == MP_OK) {
        code = load_ask(rebuild->store, statement, "dq", take_last_batch, rebuild, err);
    }
    if (code == MP_OK) {
        code = load_statement(rebuild->store, "rebuild_apps", &statement, err);
    }
    return code == MP_OK ? load_ask(rebuild->store, statement, "sq", take_app, rebuild, err) : code;
}

/* ---- Writing anew ----------------------------------------------------------------------- */

/* One window of one app, and where it stands within all of the app. */
struct window {
    struct rebuild *rebuild;
    const struct rebuild_app *app;
    double part_before;
    double part;
};

static void on_slice(void *arg, double part) {
    const struct window *window = arg;
    const struct rebuild *rebuild = window->rebuild;
    double app_part = window->part_before + part * window->part;
    if (rebuild->progress) {
        rebuild->progress(rebuild->progress_arg,
                          rebuild->users_before + (uint64_t)(app_part * (double)window->app->users),
                          rebuild->users_total);
    }
}

static uint64_t events_between(const struct app_days *days, int32_t first, int32_t last) {
    uint64_t sum = 0;
    for (int32_t day = first < 0 ? 0 : first; day <= last && day <= EVENT_DAY_MAX; day++) {
        sum += days->events[day];
    }
    return sum;
}

static int remake_app(struct rebuild *rebuild, const struct rebuild_app *app,
                      const struct app_days *days, struct mp_error *err) {
    struct remake_range range = range_of(rebuild, app->id);
    struct window window = {.rebuild = rebuild, .app = app};
    int code = MP_OK;
    for (int32_t day = days->first; code == MP_OK && day <= days->last; day += REMAKE_DAYS_MAX) {
        int32_t last = day + REMAKE_DAYS_MAX - 1;
        range.first_day = day;
        range.last_day = last < days->last ? last : days->last;
        uint64_t events = events_between(days, range.first_day, range.last_day);
        if (events == 0) {
            continue;
        }
        /* With about as many more for the days around. */
        uint64_t slices = events / (REMAKE_SLICE_EVENTS * 3 / 4) + 1;
        slices = slices < REMAKE_SLICES_MAX ? slices : REMAKE_SLICES_MAX;
        window.part = (double)events / (double)days->total;
        code = remake_window(rebuild->remake, &range, (uint32_t)slices, on_slice, &window, err);
        window.part_before += window.part;
    }
    return code;
}

/* ---- The last batch once more ----------------------------------------------------------- */

static int take_touched(void *arg, struct mp_reader *row) {
    struct mp_str app = mp_read_lstr(row);
    int32_t first = mp_read_u16(row);
    int32_t last = mp_read_u16(row);
    return touched_add(arg, app, first, last, mp_read_u64(row));
}

/*
 * The last batch may have been on its way when the rebuild began: some partitions stored, others
 * not yet. The loader's own rollup of it has a lesser version, so that it's on us to do it again.
 */
static int remake_last_batch(struct rebuild *rebuild, struct mp_error *err) {
    struct store_statement *statement;
    struct touched touched;
    uint32_t after = rebuild->up_to > 0 ? rebuild->up_to - 1 : 0;
    int code = load_statement(rebuild->store, "touched_days", &statement, err);
    if (code != MP_OK) {
        return code;
    }
    touched_init(&touched);
    store_bind_day(statement, "from", 0);
    store_bind_day(statement, "to", EVENT_DAY_MAX);
    store_bind_u64(statement, "after", after);
    store_bind_u64(statement, "up_to", rebuild->up_to);
    code = load_ask(rebuild->store, statement, "swwq", take_touched, &touched, err);
    for (size_t i = 0; code == MP_OK && i < touched.count; i++) {
        struct remake_range range = range_of(rebuild, touched.apps[i].app);
        range.after = after;
        range.first_day = touched.apps[i].first_day;
        range.last_day = touched.apps[i].last_day;
        if (!rebuild->only_app || strcmp(rebuild->only_app, range.app) == 0) {
            code = remake_all(rebuild->remake, &range, touched.apps[i].events, err);
        }
    }
    touched_deinit(&touched);
    return code;
}

/* ---- Deleting what is stale ------------------------------------------------------------- */

/* A statement with the place app, and a number's place of that name. */
static int app_statement(struct rebuild *rebuild, const char *file, const char *app,
                         const char *name, uint64_t number, struct store_statement **out,
                         struct mp_error *err) {
    int code = load_statement(rebuild->store, file, out, err);
    if (code == MP_OK) {
        store_bind_str(*out, "app", mp_str_of(app));
        store_bind_u64(*out, name, number);
    }
    return code;
}

/* Runs such a statement, which changes the table. */
static int change(struct rebuild *rebuild, const char *file, const char *app, const char *name,
                  uint64_t number, struct mp_error *err) {
    struct store_statement *statement;
    int code = app_statement(rebuild, file, app, name, number, &statement, err);
    return code == MP_OK ? load_run(rebuild->store, statement, err) : code;
}

static int count_rows(struct rebuild *rebuild, const char *file, const char *app, const char *name,
                      uint64_t number, uint64_t *rows, struct mp_error *err) {
    struct store_statement *statement;
    int code = app_statement(rebuild, file, app, name, number, &statement, err);
    return code == MP_OK ? load_ask_count(rebuild->store, statement, rows, err) : code;
}

static int delete_stale_days(struct rebuild *rebuild, const char *app, struct mp_error *err) {
    uint64_t rows = 0;
    int code = count_rows(rebuild, "stale_user_days", app, "version", rebuild->version, &rows, err);
    if (code != MP_OK || rows == 0) {
        return code;
    }
    code = change(rebuild, "delete_stale_user_days", app, "version", rebuild->version, err);
    return code == MP_OK ? load_wait_mutations(rebuild->store, "user_days", NULL, NULL, err) : code;
}

/*
 * In users the earliest day wins, so that a stale row may have swallowed the right one in a merge
 * before it is deleted: what is missing afterwards is made again.
 */
static int delete_stale_users(struct rebuild *rebuild, const char *app, enum user_kind kind,
                              struct mp_error *err) {
    uint64_t rows = 0;
    int code = count_rows(rebuild, "stale_users", app, "kind", kind, &rows, err);
    if (code != MP_OK || rows == 0) {
        return code;
    }
    code = change(rebuild, "delete_stale_users", app, "kind", kind, err);
    code = code == MP_OK ? load_wait_mutations(rebuild->store, "users", NULL, NULL, err) : code;
    return code == MP_OK ? change(rebuild, "insert_missing_users", app, "kind", kind, err) : code;
}

static int delete_stale(struct rebuild *rebuild, const char *app, struct mp_error *err) {
    /* user_days first: what users claims must be found there. */
    int code = delete_stale_days(rebuild, app, err);
    code = code == MP_OK ? delete_stale_users(rebuild, app, USER_VISITED, err) : code;
    return code == MP_OK ? delete_stale_users(rebuild, app, USER_PAID, err) : code;
}

/* ---- All -------------------------------------------------------------------------------- */

static int rebuild_app(struct rebuild *rebuild, const struct rebuild_app *app,
                       struct mp_error *err) {
    struct app_days days = {.first = INT32_MAX, .last = -1};
    days.events = calloc(EVENT_DAY_MAX + 1, sizeof(*days.events));
    if (!days.events) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for a rebuild");
    }
    int code = ask_days(rebuild, app->id, &days, err);
    code = code == MP_OK ? remake_app(rebuild, app, &days, err) : code;
    if (code == MP_OK && days.first <= days.last) {
        struct profiles_range range = {app->id, 0, rebuild->up_to, days.first, days.last};
        code = profiles_take(rebuild->store, &range, err);
    }
    free(days.events);
    rebuild->users_before += app->users;
    return code == MP_OK ? code : mp_error_wrap(err, "app %s", app->id);
}

static int rebuild_all(struct rebuild *rebuild, struct mp_error *err) {
    int code = survey(rebuild, err);
    for (size_t i = 0; code == MP_OK && i < rebuild->app_count; i++) {
        code = rebuild_app(rebuild, &rebuild->apps[i], err);
    }
    code = code == MP_OK ? remake_last_batch(rebuild, err) : code;
    for (size_t i = 0; code == MP_OK && i < rebuild->app_count; i++) {
        code = delete_stale(rebuild, rebuild->apps[i].id, err);
    }
    return code;
}

int load_rebuild(struct store *store, struct mp_apps *apps, const char *app,
                 load_progress *progress, void *arg, struct mp_error *err) {
    struct rebuild rebuild = {
        .store = store, .only_app = app, .progress = progress, .progress_arg = arg};
    char prefix[64];
    uint64_t token = 0;
    if (getentropy(&token, sizeof(token)) != 0) {
        return mp_fail(err, MP_E_IO, "", "no random bytes");
    }
    snprintf(prefix, sizeof(prefix), "minipulse-rebuild-%016" PRIx64, token);
    rebuild.registry = mp_apps_acquire(apps);
    int code = mp_zone_open(mp_str_of(MP_ZONE_DEFAULT), &rebuild.default_zone, err);
    code = code == MP_OK ? remake_create(store, prefix, &rebuild.remake, err) : code;
    code = code == MP_OK ? rebuild_all(&rebuild, err) : code;
    remake_destroy(rebuild.remake);
    mp_zone_close(rebuild.default_zone);
    mp_apps_release(rebuild.registry);
    free(rebuild.apps);
    return code;
}
