/*
 * Private to load/: a range of the journal as rows ready to insert. Made by one thread, then
 * committed by another; made again from the same range it has the same rows.
 */
#ifndef MP_LOAD_BATCH_H
#define MP_LOAD_BATCH_H

#include "load/seen.h"
#include "load/seq.h"
#include "load/touched.h"
#include "load/trail.h"

#include "base/apps.h"
#include "journal/journal.h"
#include "store/block.h"

/* ClickHouse's Date on the oldest server ends with 2105-12-31. */
#define EVENT_DAY_MAX 49672
/* A batch is full at this many bytes of rows (store_block_bytes); one record may carry it over. */
#define BATCH_BYTES_FULL (32u << 20)
#define BATCH_BYTES_MAX STORE_BLOCK_BYTES_MAX

/* Rows of one partition of `events`: one INSERT, one part, all or nothing. */
struct batch_month {
    uint32_t month; /* 202611: toYYYYMM(day) */
    uint64_t rows;
    struct store_room planned; /* for the record at hand, at most */
    size_t added;              /* rows of the record at hand */
    struct store_block *block;
    bool is_stored; /* the committer's: these rows are in the store */
};

struct batch {
    uint32_t number;
    bool is_replay; /* begun before by a former process: what is stored must be looked up */
    bool is_lossy;  /* a replay, and the journal has lost records of it: the store may have more */
    uint64_t begin_lsn;
    uint64_t end_lsn;
    struct batch_month *months; /* month_count of month_capacity; the rest keep their memory */
    size_t month_count;
    size_t month_capacity;
    struct seen_print *prints; /* of the events in it */
    size_t print_count;
    size_t print_capacity;
    struct touched touched;
    struct trail trail;
    int32_t first_day; /* of all events; first > last = no events */
    int32_t last_day;
    uint64_t records;
    uint64_t duplicates;
    uint64_t corrupt_records;
    size_t bytes;
    int64_t first_received_ms; /* 0 = no records */
    int64_t last_received_ms;
    struct seq seq;
    struct event_place *places; /* of the record at hand */
    size_t place_capacity;
};

/* What making a batch needs beside the records. */
struct batch_maker {
    struct seen_index *index;
    const struct mp_apps_snapshot *apps;
    const struct mp_zone *default_zone; /* of apps that are not in the registry */
};

/* NULL when memory is out. */
struct batch *batch_create(void);
void batch_destroy(struct batch *batch);
/* Gives back the memory of rows, when the next batch will be small. It holds no rows then. */
void batch_trim(struct batch *batch);
/* Empties it, keeping its memory. */
void batch_begin(struct batch *batch, uint32_t number, uint64_t begin_lsn);
/*
 * Adds one journal record, all of it or, on an error (MP_E_MEMORY, MP_E_FULL), nothing: the same
 * record can then be tried again. A record that cannot be read is counted and logged, and what
 * could be read of it is taken.
 */
MP_MUST_CHECK int batch_add(struct batch *batch, const struct batch_maker *maker,
                            const struct journal_record *record, struct mp_error *err);

#endif
