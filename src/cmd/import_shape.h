/*
 * Private to the import: one row as an event of our own format (docs/collect.md), by the map.
 * Changes only the form of values; what they may be is checked by collect/. Not thread-safe.
 */
#ifndef MP_CMD_IMPORT_SHAPE_H
#define MP_CMD_IMPORT_SHAPE_H

#include "base/csv.h"
#include "base/zone.h"
#include "cmd/import_map.h"

struct import_fault {
    char field[96]; /* of ours, or a property's as "props.coupon"; empty = the row as a whole */
    char reason[200];
};

/* What events of one request have in common. Its bytes are equal when it is. */
struct import_shared {
    struct mp_str context; /* JSON object */
    struct mp_str ip;
    struct mp_str user_agent;
    struct mp_str country;
    struct mp_str province;
    struct mp_str city;
    bool is_other_platform; /* "other": a system that nobody named */
};
/* Borrows from bytes; false when they are no such thing. */
MP_MUST_CHECK bool import_shared_read(struct mp_str bytes, struct import_shared *out);

struct import_shaped {
    struct mp_str event;  /* JSON object */
    struct mp_str shared; /* for import_shared_read */
    uint8_t flags;
};

struct import_shaper;
/* map and zone outlive it. NULL when memory is out. */
struct import_shaper *import_shaper_create(const struct import_map *map,
                                           const struct mp_zone *zone);
void import_shaper_destroy(struct import_shaper *shaper); /* NULL is fine */
/* Before rows of CSV: their columns, which live as long as rows come. */
void import_shaper_columns(struct import_shaper *shaper, const struct mp_str *columns,
                           size_t count);
/* True: out holds the event until the next call. False: fault says why not. An event that is more
 * than ten minutes ahead of now_ms is none: collecting would move it, and history is not moved. */
MP_MUST_CHECK bool import_shape_cells(struct import_shaper *shaper, const struct mp_csv *cells,
                                      int64_t now_ms, struct import_shaped *out,
                                      struct import_fault *fault);
MP_MUST_CHECK bool import_shape_json(struct import_shaper *shaper, struct mp_str line,
                                     int64_t now_ms, struct import_shaped *out,
                                     struct import_fault *fault);

#endif
