/*
 * Private to load/: rows of user_days and users, made from one user's events at a time, gathered,
 * and written to the store. Whoever has the events, read back or remembered, makes rows here, so
 * that the same events always give the same rows. One thread.
 */
#ifndef MP_LOAD_USER_ROWS_H
#define MP_LOAD_USER_ROWS_H

#include "load/intern.h"
#include "load/rollup.h"

#include "base/zone.h"
#include "store/block.h"
#include "store/rows.h"
#include "store/store.h"

/* Events of a user and day beyond this many are left out of rollups: no person makes them. */
#define USER_DAY_EVENTS_MAX 100000u
#define USER_ROWS_PREFIX_BYTES 64

struct user_rows {
    struct store *store;
    char query_prefix[USER_ROWS_PREFIX_BYTES];
    uint64_t inserts;

    struct rollup *rollup;
    struct intern strings; /* of the user at hand */
    struct rollup_event *events;
    size_t event_count;
    size_t event_capacity;
    int32_t day; /* of the last event, and how many it had */
    uint32_t day_events;

    struct store_block *day_rows;
    struct store_block *first_rows;
};

/* query_prefix: begins the ids of our inserts, at most 60 bytes of [A-Za-z0-9_.-]. */
MP_MUST_CHECK int user_rows_init(struct user_rows *rows, struct store *store,
                                 const char *query_prefix, struct mp_error *err);
void user_rows_deinit(struct user_rows *rows);
/* Forgets all rows and events; keeps a moderate amount of memory. */
void user_rows_clear(struct user_rows *rows);

/* Room for the user's next event, to be filled before user_rows_take; NULL when memory is out. */
struct rollup_event *user_rows_next(struct user_rows *rows);
/* The event is one of the user's, unless its day has too many. */
void user_rows_take(struct user_rows *rows);

/* Whose rows are made of the events taken. */
struct user_rows_owner {
    struct mp_str app;
    uint64_t user_hash;
    struct mp_str user;
    uint64_t version;
    int64_t timeout_ms;
    int32_t first_day; /* of the events that are new: rows of the days around change too */
    int32_t last_day;
};
#define USER_ROWS_DAY_NONE INT32_MAX
/* The first days among the rows made; USER_ROWS_DAY_NONE = none. */
struct user_rows_firsts {
    int32_t visit;
    int32_t payment;
};
/*
 * The user's events are all taken, from ROLLUP_DAYS_BACK + ROLLUP_DAYS_AHEAD days before first_day
 * on: adds the rows of user_days. Rows of users are added for first days that are before those in
 * known. 0, MP_E_MEMORY, or MP_E_TOO_LARGE when there is no room for more rows.
 */
MP_MUST_CHECK int user_rows_finish(struct user_rows *rows, const struct user_rows_owner *owner,
                                   const struct user_rows_firsts *known,
                                   struct user_rows_firsts *found);
/* Writes what is gathered. Errors as store_insert; repeating is harmless. */
MP_MUST_CHECK int user_rows_insert(struct user_rows *rows, struct mp_error *err);

/* An event as the statements in sql/user_*.sql give it, behind user_hash and day. */
#define USER_EVENT_COLUMNS "qwqssqwsqqbbssssss"
/* Reads it, its strings into that intern; *user borrows from the row. False when memory is out. */
MP_MUST_CHECK bool user_event_read(struct mp_reader *row, struct intern *strings,
                                   const struct mp_zone *zone, struct rollup_event *event,
                                   struct mp_str *user);

/* The nearest day that the calendar of the store has. */
int32_t user_rows_calendar_day(int64_t day);

#endif
