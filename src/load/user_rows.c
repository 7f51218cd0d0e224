#include "load/user_rows.h"

#include "base/grow.h"

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
    rows->day_rows = user_day_block_create(DAY_ROWS_BYTES_MAX);
    rows->first_rows = user_block_create(FIRST_ROWS_BYTES_MAX);
    rows->rollup = rollup_create();
    if (!rows->day_rows || !rows->first_rows || !rows->rollup ||
        intern_init(&rows->strings) != MP_OK) {
        user_rows_deinit(rows);
        return mp_fail(err, MP_E_MEMORY, "", "no memory for rollups");
    }
    return MP_OK;
}

void user_rows_deinit(struct user_rows *rows) {
    rollup_destroy(rows->rollup);
    intern_deinit(&rows->strings);
    store_block_destroy(rows->day_rows);
    store_block_destroy(rows->first_rows);
    free(rows->events);
    *rows = (struct user_rows){0};
}

void user_rows_clear(struct user_rows *rows) {
    rows->event_count = 0;
    intern_reset(&rows->strings);
    store_block_clear(rows->day_rows);
    store_block_clear(rows->first_rows);
    store_block_trim(rows->day_rows, IDLE_BYTES_MAX);
    store_block_trim(rows->first_rows, IDLE_BYTES_MAX);
}

/* ---- One user --------------------------------------------------------------------------- */

struct rollup_event *user_rows_next(struct user_rows *rows) {
    if (!mp_grow(&rows->events, &rows->event_capacity, rows->event_count + 1,
                 sizeof(*rows->events))) {
        return NULL;
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
    int code = user_day_put(emit->rows->day_rows, &emit->owner, day);
    if (found->visit == USER_ROWS_DAY_NONE && day->visit_pv > 0) {
        found->visit = day->day;
    }
    if (found->payment == USER_ROWS_DAY_NONE && day->pay_cnt > 0) {
        found->payment = day->day;
    }
    return code;
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
    if (code == MP_OK && found->visit < known->visit) {
        code = user_put(rows->first_rows, &emit.owner, USER_VISITED, found->visit, owner->user);
    }
    if (code == MP_OK && found->payment < known->payment) {
        code = user_put(rows->first_rows, &emit.owner, USER_PAID, found->payment, owner->user);
    }
    rows->event_count = 0;
    intern_reset(&rows->strings);
    return code;
}

/* ---- Writing ---------------------------------------------------------------------------- */

static int insert(struct user_rows *rows, const char *table, const struct store_block *block,
                  struct mp_error *err) {
    char query_id[USER_ROWS_PREFIX_BYTES + 32];
    if (store_block_rows(block) == 0) {
        return MP_OK;
    }
    snprintf(query_id, sizeof(query_id), "%s-%" PRIu64, rows->query_prefix, ++rows->inserts);
    return store_insert(rows->store, table, block, query_id, err);
}

int user_rows_insert(struct user_rows *rows, struct mp_error *err) {
    /* user_days before users: whoever counts as new is also seen as a visitor. */
    int code = insert(rows, "user_days", rows->day_rows, err);
    return code == MP_OK ? insert(rows, "users", rows->first_rows, err) : code;
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
