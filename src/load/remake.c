#include "load/remake.h"

#include "load/ask.h"
#include "load/user_rows.h"

#include "base/event.h"

#include <assert.h>
#include <stdlib.h>

#define SELECT_TIMEOUT_MS (10 * 60 * 1000LL)
/* Events around the touched ones, until the first question told. */
#define EVENTS_PER_TOUCHED_FIRST 4.0
#define MEMORY_LIMIT_EXCEEDED 241 /* ClickHouse's */

struct remake {
    struct store *store;
    struct user_rows rows;
    double events_per_touched;
    uint64_t read_events; /* by this remake_all */
    const struct remake_range *range;
    uint64_t user_hash; /* of the user at hand */
    char user[MP_EVENT_ID_MAX + 1];
    size_t user_len;
};

int remake_create(struct store *store, const char *query_prefix, struct remake **out,
                  struct mp_error *err) {
    struct remake *remake = calloc(1, sizeof(*remake));
    *out = NULL;
    if (!remake) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for rollups");
    }
    remake->store = store;
    remake->events_per_touched = EVENTS_PER_TOUCHED_FIRST;
    int code = user_rows_init(&remake->rows, store, query_prefix, err);
    if (code != MP_OK) {
        free(remake);
        return code;
    }
    *out = remake;
    return MP_OK;
}

void remake_destroy(struct remake *remake) {
    if (remake) {
        user_rows_deinit(&remake->rows);
        free(remake);
    }
}

/* A range of user hashes. */
struct slice {
    uint64_t hash_from;
    uint64_t hash_to; /* inclusive */
};

static struct slice slice_of(uint32_t index, uint32_t count) {
    uint64_t width = UINT64_MAX / count;
    struct slice slice = {index * width, (index + 1) * width - 1};
    if (index + 1 == count) {
        slice.hash_to = UINT64_MAX;
    }
    return slice;
}

/* ---- Reading ---------------------------------------------------------------------------- */

/* The user's events are complete: makes the rows. */
static int finish_user(struct remake *remake) {
    const struct remake_range *range = remake->range;
    struct user_rows_firsts none = {USER_ROWS_DAY_NONE, USER_ROWS_DAY_NONE};
    struct user_rows_firsts found;
    struct user_rows_owner owner = {.app = mp_str_of(range->app),
                                    .user_hash = remake->user_hash,
                                    .user = mp_str_range(remake->user, remake->user_len),
                                    .version = range->version,
                                    .timeout_ms = range->timeout_ms,
                                    .first_day = range->first_day,
                                    .last_day = range->last_day};
    return user_rows_finish(&remake->rows, &owner, &none, &found);
}

static int on_event(void *arg, struct mp_reader *row) {
    struct remake *remake = arg;
    struct user_rows *rows = &remake->rows;
    struct mp_str user;
    uint64_t user_hash = mp_read_u64(row);
    int32_t day = mp_read_u16(row);
    bool is_next_user = rows->event_count > 0 && user_hash != remake->user_hash;
    int code = is_next_user ? finish_user(remake) : MP_OK;
    if (code != MP_OK) {
        return code;
    }
    struct rollup_event *event = user_rows_next(rows);
    if (!event) {
        return MP_E_MEMORY;
    }
    event->day = day;
    if (!user_event_read(row, &rows->strings, remake->range->zone, event, &user)) {
        return MP_E_MEMORY;
    }
    user_rows_take(rows);
    user = mp_str_clip(user, MP_EVENT_ID_MAX);
    memcpy(remake->user, user.ptr, user.len);
    remake->user_len = user.len;
    remake->user_hash = user_hash;
    remake->read_events++;
    return MP_OK;
}

static int read_events(struct remake *remake, struct slice slice, struct mp_error *err) {
    const struct remake_range *range = remake->range;
    struct store_statement *statement;
    struct store_options options = {.timeout_ms = SELECT_TIMEOUT_MS,
                                    .is_cancelled = range->is_cancelled,
                                    .is_cancelled_arg = range->is_cancelled_arg,
                                    .is_read_only = true};
    int code = load_statement(remake->store, "user_events", &statement, err);
    if (code != MP_OK) {
        return code;
    }
    int32_t back = ROLLUP_DAYS_AHEAD + ROLLUP_DAYS_BACK;
    store_bind_str(statement, "app", mp_str_of(range->app));
    store_bind_day(statement, "from", user_rows_calendar_day(range->first_day - back));
    store_bind_day(statement, "to", user_rows_calendar_day(range->last_day + back));
    store_bind_day(statement, "touched_from", range->first_day);
    store_bind_day(statement, "touched_to", range->last_day);
    store_bind_u64(statement, "after", range->after);
    store_bind_u64(statement, "up_to", range->up_to);
    store_bind_u64(statement, "hash_from", slice.hash_from);
    store_bind_u64(statement, "hash_to", slice.hash_to);
    code = store_run_rows(remake->store, statement, &options, USER_EVENT_COLUMNS, on_event, remake,
                          err);
    store_statement_destroy(statement);
    if (code == MP_OK && remake->rows.event_count > 0) {
        code = finish_user(remake);
        code = code == MP_OK ? code
                             : mp_fail(err, (enum mp_code)code, "rollup", "no room for the rows");
    }
    return code;
}

/* ---- Slices ----------------------------------------------------------------------------- */

static int remake_slice(struct remake *remake, const struct remake_range *range, struct slice slice,
                        struct mp_error *err) {
    remake->range = range;
    user_rows_clear(&remake->rows);
    int code = read_events(remake, slice, err);
    if (code == MP_E_ENGINE && err->engine_code == MEMORY_LIMIT_EXCEEDED) {
        code = mp_fail(err, MP_E_TOO_LARGE, "rollup", "the engine's memory is too small for this");
    }
    code = code == MP_OK ? user_rows_insert(&remake->rows, err) : code;
    user_rows_clear(&remake->rows);
    return code;
}

static uint32_t slices_for(const struct remake *remake, uint64_t events) {
    double slices = (double)events * remake->events_per_touched / REMAKE_SLICE_EVENTS;
    return slices < 1 ? 1 : slices > REMAKE_SLICES_MAX ? REMAKE_SLICES_MAX : (uint32_t)slices + 1;
}

int remake_window(struct remake *remake, const struct remake_range *range, uint32_t slices,
                  remake_on_slice *on_slice, void *arg, struct mp_error *err) {
    int code = MP_OK;
    assert(range->last_day - range->first_day < REMAKE_DAYS_MAX);
    for (uint32_t i = 0; code == MP_OK && i < slices; i++) {
        code = remake_slice(remake, range, slice_of(i, slices), err);
        if (code == MP_E_TOO_LARGE && slices < REMAKE_SLICES_MAX) {
            /* Finer, from the slice's own beginning. */
            slices *= 2;
            i = 2 * i - 1;
            code = MP_OK;
        } else if (code == MP_OK && on_slice) {
            on_slice(arg, (double)(i + 1) / slices);
        }
    }
    return code;
}

int remake_all(struct remake *remake, const struct remake_range *range, uint64_t touched,
               struct mp_error *err) {
    uint32_t windows =
        (uint32_t)(range->last_day - range->first_day + REMAKE_DAYS_MAX) / REMAKE_DAYS_MAX;
    uint32_t slices = slices_for(remake, touched / windows);
    int code = MP_OK;
    struct remake_range window = *range;
    remake->read_events = 0;
    for (uint32_t i = 0; code == MP_OK && i < windows; i++) {
        window.first_day = range->first_day + (int32_t)i * REMAKE_DAYS_MAX;
        window.last_day = window.first_day + REMAKE_DAYS_MAX - 1;
        window.last_day = window.last_day < range->last_day ? window.last_day : range->last_day;
        code = remake_window(remake, &window, slices, NULL, NULL, err);
    }
    if (code == MP_OK && touched > 0) {
        remake->events_per_touched = (double)remake->read_events / (double)touched;
    }
    return code;
}
