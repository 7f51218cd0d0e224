/*
 * Private to load/: events as rows of `events`, in a block. The table of columns here is the one
 * source of what the INSERT carries. What all events of a journal record share is put once for all
 * of them. Pure.
 */
#ifndef MP_LOAD_ROWS_H
#define MP_LOAD_ROWS_H

#include "base/event.h"
#include "store/block.h"

/* A row, but for what its context has. */
struct event_row {
    const struct mp_event *event;
    struct mp_str user;
    uint64_t user_hash;
    uint16_t day;
    int64_t time_ms;
    uint32_t batch;
    uint32_t seq;
};

/* Empty, for rows of `events`. NULL when memory is out. */
struct store_block *event_block_create(size_t bytes_max);
/* Adds a row but for the context's columns; room was made for its event's strings and properties,
 * and its user. */
void event_row_put(struct store_block *block, const struct event_row *row);
/* Completes the last rows, which have this context. Room was made for its strings. */
void event_rows_share(struct store_block *block, const struct mp_context *context, size_t rows);

#endif
