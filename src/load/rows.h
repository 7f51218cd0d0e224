/*
 * Private to load/: events as RowBinary rows of `events`. The table of columns here is the one
 * source of the INSERT's column list and of the order of a row's bytes. Pure.
 */
#ifndef MP_LOAD_ROWS_H
#define MP_LOAD_ROWS_H

#include "base/event.h"

/* What of a row is not in the event or its context. */
struct event_row {
    const struct mp_context *context;
    const struct mp_event *event;
    struct mp_str user;
    uint64_t user_hash;
    int32_t day; /* 0 … UINT16_MAX */
    int64_t time_ms;
    uint32_t batch;
    uint32_t seq;
};

/* "app, day, …", for store_insert. Made once; any thread. */
#define EVENT_COLUMNS_BYTES 1024
void event_columns(char out[EVENT_COLUMNS_BYTES]);
/* What the row takes at most. */
size_t event_row_bytes_max(const struct mp_context *context, const struct mp_event *event);
/* Appends one row; out->failed when there is no room. */
void event_row_append(struct mp_buf *out, const struct event_row *row);

#endif
