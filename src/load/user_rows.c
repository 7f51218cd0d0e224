#include "load/user_rows.h"

#include "load/batch.h"
#include "load/day_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY_ROWS_BYTES_MAX (128u << 20)
#define FIRST_ROWS_BYTES_MAX (64u << 20)
#define IDLE_BYTES_MAX (1u << 20)

int user_rows_init(struct user_rows *rows, struct store *store, const char *query_prefix,
                   struct mp_error *err) {
    *rows = (struct user_rows){.store = store};
    snprintf(rows->query_prefix, sizeof(rows->query_prefix), "%s", query_prefix);
    mp_buf_init(&rows->day_rows, DAY_ROWS_BYTES_MAX);
    mp_buf_init(&rows->first_rows, FIRST_ROWS_BYTES_MAX);
    rows->rollup = rollup_create();
    if (!rows->rollup || intern_init(&rows->strings) != MP_OK) {
        user_rows_deinit(rows);
        return mp_fail(err, MP_E_MEMORY, "", "no memory for rollups");
    }
    return MP_OK;
}

void user_rows_deinit(struct user_rows *rows) {
    rollup_destroy(rows->rollup);
    intern_deinit(&rows->strings);
    mp_buf_deinit(&rows->day_rows);
    mp_buf_deinit(&rows->first_rows);
    free(rows->events);
    *rows = (struct user_rows){0};
}

static void clear(struct mp_buf *rows) {
    mp_buf_clear(rows);
    if (rows->capacity > IDLE_BYTES_MAX) {
        mp_buf_deinit(rows);
    }
}

void user_rows_clear(struct user_rows *rows) {
    rows->event_count = 0;
    rows->day_row_count = rows->first_row_count = 0;
    intern_reset(&rows->strings);
    clear(&rows->day_rows);
    clear(&rows->first_rows);
}

/* ---- One user --------------------------------------------------------------------------- */

struct rollup_event *user_rows_next(struct user_rows *rows) {
    if (rows->event_count == rows->event_capacity) {
        size_t capacity = rows->event_capacity ? 2 * rows->event_capacity : 1024;
        struct rollup_event *grown = realloc(rows->events, capacity * sizeof(*grown));
        if (!grown) {
            return NULL;
        }
        rows->events = grown;
        rows->event_capacity = capacity;
    }
    return &rows->events[rows->event_count];
}

void user_rows_take(struct user_rows *rows) {
    int32_t day = rows->events[rows->event_count].day;
    bool is_same_day = rows->event_count > 0 && day == rows->day;
    rows->day = day;
    rows->day_events = is_same_day ? rows->day_events + 1 : 1;
    rows->event_count += rows->day_events <= USER_DAY_EVENTS_MAX;
}

struct emit {
    struct user_rows *rows;
    struct day_row_owner owner;
    struct user_rows_firsts *found;
};

static int on_day(void *arg, const struct rollup_day *day) {
    struct emit *emit = arg;
    struct user_rows_firsts *found = emit->found;
    user_day_append(&emit->rows->day_rows, &emit->owner, day);
    emit->rows->day_row_count++;
    if (found->visit == USER_ROWS_DAY_NONE && day->visit_pv > 0) {
        found->visit = day->day;
    }
    if (found->payment == USER_ROWS_DAY_NONE && day->pay_cnt > 0) {
        found->payment = day->day;
    }
    return MP_OK;
}

int32_t user_rows_calendar_day(int64_t day) {
    return day < 0 ? 0 : day > EVENT_DAY_MAX ? EVENT_DAY_MAX : (int32_t)day;
}

int user_rows_finish(struct user_rows *rows, const struct user_rows_owner *owner,
                     const struct user_rows_firsts *known, struct user_rows_firsts *found) {
    struct emit emit = {.rows = rows,
                        .owner = {.app = owner->app,
                                  .user_hash = owner->user_hash,
                                  .version = owner->version,
                                  .strings = &rows->strings},
                        .found = found};
    struct rollup_input input = {
        .events = rows->events,
        .count = rows->event_count,
        .strings = rows->strings.count,
        .timeout_ms = owner->timeout_ms,
        /* An event counts for days as far ahead as rows look back, and the other way round. */
        .first_day = user_rows_calendar_day((int64_t)owner->first_day - ROLLUP_DAYS_AHEAD),
        .last_day = user_rows_calendar_day((int64_t)owner->last_day + ROLLUP_DAYS_BACK)};
    *found = (struct user_rows_firsts){USER_ROWS_DAY_NONE, USER_ROWS_DAY_NONE};
    int code = rollup_user(rows->rollup, &input, on_day, &emit);
    if (found->visit < known->visit) {
        user_append(&rows->first_rows, &emit.owner, USER_VISITED, found->visit, owner->user);
        rows->first_row_count++;
    }
    if (found->payment < known->payment) {
        user_append(&rows->first_rows, &emit.owner, USER_PAID, found->payment, owner->user);
        rows->first_row_count++;
    }
    rows->event_count = 0;
    intern_reset(&rows->strings);
    bool is_too_large = rows->day_rows.failed || rows->first_rows.failed;
    return code == MP_OK && is_too_large ? MP_E_TOO_LARGE : code;
}

/* ---- Writing ---------------------------------------------------------------------------- */

static int insert(struct user_rows *rows, const char *table, const char *columns,
                  const struct mp_buf *bytes, uint64_t count, struct mp_error *err) {
    char query_id[USER_ROWS_PREFIX_BYTES + 32];
    if (count == 0) {
        return MP_OK;
    }
    snprintf(query_id, sizeof(query_id), "%s-%" PRIu64, rows->query_prefix, ++rows->inserts);
    return store_insert(rows->store, table, columns, mp_buf_str(bytes), count, query_id, err);
}

int user_rows_insert(struct user_rows *rows, struct mp_error *err) {
    /* user_days before users: whoever counts as new is also seen as a visitor. */
    int code = insert(rows, "user_days", user_day_columns, &rows->day_rows, rows->day_row_count,
                      err);
    return code == MP_OK ? insert(rows, "users", user_columns, &rows->first_rows,
                                  rows->first_row_count, err)
                         : code;
}

/* ---- Reading ---------------------------------------------------------------------------- */

static bool read_str(struct mp_reader *row, struct intern *strings, uint32_t *number) {
    return intern_add(strings, mp_read_lstr(row), number);
}

bool user_event_read(struct mp_reader *row, struct intern *strings, const struct mp_zone *zone,
                     struct rollup_event *event, struct mp_str *user) {
    bool has_room = true;
    event->time_ms = (int64_t)mp_read_u64(row);
    event->kind = (uint8_t)event_kind_of(mp_read_lstr(row));
    has_room &= read_str(row, strings, &event->open_id);
    event->open_start_ms = (int64_t)mp_read_u64(row);
    event->scene = mp_read_u16(row);
    has_room &= read_str(row, strings, &event->page);
    event->dwell_ms = (int64_t)mp_read_u64(row);
    event->amount_fen = (int64_t)mp_read_u64(row);
    event->password_free = mp_read_byte(row) != 0;
    event->platform = mp_read_byte(row);
    has_room &= read_str(row, strings, &event->model);
    has_room &= read_str(row, strings, &event->app_version);
    has_room &= read_str(row, strings, &event->country);
    has_room &= read_str(row, strings, &event->province);
    has_room &= read_str(row, strings, &event->city);
    event->open_start_day = open_start_day(event, zone);
    *user = mp_read_lstr(row);
    return has_room;
}
