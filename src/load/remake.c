#include "load/remake.h"

#include "load/ask.h"
#include "load/batch.h"
#include "load/day_rows.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SELECT_TIMEOUT_MS (10 * 60 * 1000LL)
#define DAY_ROWS_BYTES_MAX (128u << 20)
#define USER_ROWS_BYTES_MAX (64u << 20)
#define IDLE_BYTES_MAX (1u << 20)
/* Events around the touched ones, until the first question told. */
#define EVENTS_PER_TOUCHED_FIRST 4.0
#define QUERY_PREFIX_BYTES 64
#define MEMORY_LIMIT_EXCEEDED 241 /* ClickHouse's */

struct remake {
    struct store *store;
    char query_prefix[QUERY_PREFIX_BYTES];
    uint64_t inserts;
    double events_per_touched;

    struct rollup *rollup;
    struct intern strings; /* of the user at hand */
    struct rollup_event *events;
    size_t event_count;
    size_t event_capacity;
    uint64_t user_hash;
    char user[MP_EVENT_ID_MAX + 1];
    size_t user_len;
    int32_t day; /* of the last event, and how many it had */
    uint32_t day_events;

    struct store_block *day_rows;
    struct store_block *user_rows;
    uint64_t read_events; /* by this remake_all */
    const struct remake_range *range;
};

int remake_create(struct store *store, const char *query_prefix, struct remake **out,
                  struct mp_error *err) {
    struct remake *remake = calloc(1, sizeof(*remake));
    *out = remake;
    if (!remake) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for rollups");
    }
    remake->store = store;
    remake->events_per_touched = EVENTS_PER_TOUCHED_FIRST;
    snprintf(remake->query_prefix, sizeof(remake->query_prefix), "%s", query_prefix);
    remake->day_rows = user_day_block_create(DAY_ROWS_BYTES_MAX);
    remake->user_rows = user_block_create(USER_ROWS_BYTES_MAX);
    remake->rollup = rollup_create();
    if (!remake->day_rows || !remake->user_rows || !remake->rollup ||
        intern_init(&remake->strings) != MP_OK) {
        remake_destroy(remake);
        *out = NULL;
        return mp_fail(err, MP_E_MEMORY, "", "no memory for rollups");
    }
    return MP_OK;
}

void remake_destroy(struct remake *remake) {
    if (!remake) {
        return;
    }
    rollup_destroy(remake->rollup);
    intern_deinit(&remake->strings);
    store_block_destroy(remake->day_rows);
    store_block_destroy(remake->user_rows);
    free(remake->events);
    free(remake);
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

/* ---- One user --------------------------------------------------------------------------- */

struct user_emit {
    struct remake *remake;
    struct day_row_owner owner;
    int32_t first_visit; /* -1 = none */
    int32_t first_payment;
};

static int on_day(void *arg, const struct rollup_day *day) {
    struct user_emit *emit = arg;
    int code = user_day_put(emit->remake->day_rows, &emit->owner, day);
    if (emit->first_visit < 0 && day->visit_pv > 0) {
        emit->first_visit = day->day;
    }
    if (emit->first_payment < 0 && day->pay_cnt > 0) {
        emit->first_payment = day->day;
    }
    return code;
}

static int32_t within_calendar(int32_t day) {
    return day < 0 ? 0 : day > EVENT_DAY_MAX ? EVENT_DAY_MAX : day;
}

/* The user's events are complete: makes the rows. */
static int finish_user(struct remake *remake) {
    const struct remake_range *range = remake->range;
    struct user_emit emit = {.remake = remake,
                             .owner = {.app = mp_str_of(range->app),
                                       .user_hash = remake->user_hash,
                                       .version = range->version,
                                       .strings = &remake->strings},
                             .first_visit = -1,
                             .first_payment = -1};
    struct rollup_input input = {
        .events = remake->events,
        .count = remake->event_count,
        .strings = remake->strings.count,
        .timeout_ms = range->timeout_ms,
        /* An event counts for days as far ahead as rows look back, and the other way round. */
        .first_day = within_calendar(range->first_day - ROLLUP_DAYS_AHEAD),
        .last_day = within_calendar(range->last_day + ROLLUP_DAYS_BACK)};
    struct mp_str user = mp_str_range(remake->user, remake->user_len);
    int code = rollup_user(remake->rollup, &input, on_day, &emit);
    if (code == MP_OK && emit.first_visit >= 0) {
        code = user_put(remake->user_rows, &emit.owner, USER_VISITED, emit.first_visit, user);
    }
    if (code == MP_OK && emit.first_payment >= 0) {
        code = user_put(remake->user_rows, &emit.owner, USER_PAID, emit.first_payment, user);
    }
    remake->event_count = 0;
    intern_reset(&remake->strings);
    return code;
}

/* ---- Reading ---------------------------------------------------------------------------- */

static struct rollup_event *next_event(struct remake *remake) {
    if (remake->event_count == remake->event_capacity) {
        size_t capacity = remake->event_capacity ? 2 * remake->event_capacity : 1024;
        struct rollup_event *grown = realloc(remake->events, capacity * sizeof(*grown));
        if (!grown) {
            return NULL;
        }
        remake->events = grown;
        remake->event_capacity = capacity;
    }
    return &remake->events[remake->event_count];
}

static bool read_str(struct remake *remake, struct mp_reader *row, uint32_t *number) {
    return intern_add(&remake->strings, mp_read_lstr(row), number);
}

/* Columns of sql/user_events.sql behind user_hash and day. */
#define USER_EVENT_COLUMNS "qwqssqwsqqbbssssss"

static bool read_event(struct remake *remake, struct mp_reader *row, struct rollup_event *event) {
    bool has_room = true;
    event->time_ms = (int64_t)mp_read_u64(row);
    event->kind = (uint8_t)event_kind_of(mp_read_lstr(row));
    has_room &= read_str(remake, row, &event->open_id);
    event->open_start_ms = (int64_t)mp_read_u64(row);
    event->scene = mp_read_u16(row);
    has_room &= read_str(remake, row, &event->page);
    event->dwell_ms = (int64_t)mp_read_u64(row);
    event->amount_fen = (int64_t)mp_read_u64(row);
    event->password_free = mp_read_byte(row) != 0;
    event->platform = mp_read_byte(row);
    has_room &= read_str(remake, row, &event->model);
    has_room &= read_str(remake, row, &event->app_version);
    has_room &= read_str(remake, row, &event->country);
    has_room &= read_str(remake, row, &event->province);
    has_room &= read_str(remake, row, &event->city);
    event->open_start_day = event->open_id != 0 && event->open_start_ms > 0
                                ? mp_zone_day(remake->range->zone, event->open_start_ms)
                                : 0;
    return has_room;
}

static int on_event(void *arg, struct mp_reader *row) {
    struct remake *remake = arg;
    uint64_t user_hash = mp_read_u64(row);
    int32_t day = mp_read_u16(row);
    bool is_next_user = remake->event_count > 0 && user_hash != remake->user_hash;
    int code = is_next_user ? finish_user(remake) : MP_OK;
    if (code != MP_OK) {
        return code;
    }
    bool is_same_day = remake->event_count > 0 && day == remake->day;
    remake->user_hash = user_hash;
    remake->day = day;
    remake->day_events = is_same_day ? remake->day_events + 1 : 1;
    remake->read_events++;
    struct rollup_event *event = next_event(remake);
    if (!event) {
        return MP_E_MEMORY;
    }
    event->day = day;
    if (!read_event(remake, row, event)) {
        return MP_E_MEMORY;
    }
    struct mp_str user = mp_str_clip(mp_read_lstr(row), MP_EVENT_ID_MAX);
    memcpy(remake->user, user.ptr, user.len);
    remake->user_len = user.len;
    remake->event_count += remake->day_events <= REMAKE_USER_DAY_EVENTS_MAX;
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
    store_bind_day(statement, "from", within_calendar(range->first_day - back));
    store_bind_day(statement, "to", within_calendar(range->last_day + back));
    store_bind_day(statement, "touched_from", range->first_day);
    store_bind_day(statement, "touched_to", range->last_day);
    store_bind_u64(statement, "after", range->after);
    store_bind_u64(statement, "up_to", range->up_to);
    store_bind_u64(statement, "hash_from", slice.hash_from);
    store_bind_u64(statement, "hash_to", slice.hash_to);
    code = store_run_rows(remake->store, statement, &options, USER_EVENT_COLUMNS, on_event, remake,
                          err);
    store_statement_destroy(statement);
    if (code == MP_OK && remake->event_count > 0) {
        code = finish_user(remake);
        code = code == MP_OK ? code
                             : mp_fail(err, (enum mp_code)code, "rollup", "no room for the rows");
    }
    return code;
}

/* ---- Writing ---------------------------------------------------------------------------- */

static int insert(struct remake *remake, const char *table, const struct store_block *rows,
                  struct mp_error *err) {
    char query_id[QUERY_PREFIX_BYTES + 32];
    if (store_block_rows(rows) == 0) {
        return MP_OK;
    }
    snprintf(query_id, sizeof(query_id), "%s-%" PRIu64, remake->query_prefix, ++remake->inserts);
    return store_insert(remake->store, table, rows, query_id, err);
}

static void begin_slice(struct remake *remake, const struct remake_range *range) {
    remake->range = range;
    remake->event_count = 0;
    intern_reset(&remake->strings);
    store_block_clear(remake->day_rows);
    store_block_clear(remake->user_rows);
}

/* Gives the memory of an unusually large slice back. */
static void end_slice(struct remake *remake) {
    store_block_trim(remake->day_rows, IDLE_BYTES_MAX);
    store_block_trim(remake->user_rows, IDLE_BYTES_MAX);
}

static int remake_slice(struct remake *remake, const struct remake_range *range, struct slice slice,
                        struct mp_error *err) {
    begin_slice(remake, range);
    int code = read_events(remake, slice, err);
    if (code == MP_E_ENGINE && err->engine_code == MEMORY_LIMIT_EXCEEDED) {
        code = mp_fail(err, MP_E_TOO_LARGE, "rollup", "the engine's memory is too small for this");
    }
    /* user_days before users: whoever counts as new is also seen as a visitor. */
    if (code == MP_OK) {
        code = insert(remake, "user_days", remake->day_rows, err);
    }
    if (code == MP_OK) {
        code = insert(remake, "users", remake->user_rows, err);
    }
    end_slice(remake);
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
