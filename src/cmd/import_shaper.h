/*
 * Private to the import: a row on its way to an event. import_row.c sorts its values to the fields
 * and properties that they become; import_shape.c writes these down as an event.
 */
#ifndef MP_CMD_IMPORT_SHAPER_H
#define MP_CMD_IMPORT_SHAPER_H

#include "base/json.h"
#include "cmd/import_shape.h"

enum import_value_kind { IMPORT_NO_VALUE, IMPORT_TEXT_VALUE, IMPORT_JSON_VALUE };

struct import_value {
    enum import_value_kind kind;
    struct mp_str text;
    struct mp_json json;
};

/* A property of the row: its name, its value, and whether digits in it are text. */
struct import_loose {
    struct mp_str name;
    struct import_value value;
    bool is_text;
};

struct import_shaper {
    const struct import_map *map;
    const struct mp_zone *zone;
    struct mp_json_parser *parser;
    struct mp_json_parser *props_parser; /* for JSON in a cell */
    const struct mp_str *columns;
    struct import_targets targets[MP_CSV_CELLS_MAX]; /* of the columns */
    size_t column_count;
    struct import_value fields[IMPORT_FIELD_COUNT];
    struct import_loose loose[MP_CSV_CELLS_MAX + 2 * IMPORT_PAIRS_MAX];
    size_t loose_count;
    struct mp_buf event;
    struct mp_buf body;    /* the event but for its id */
    struct mp_buf context; /* JSON */
    struct mp_buf shared;
    struct mp_buf scratch;
    struct mp_arena names; /* of members within "open" and "context" that are not ours */
    struct import_fault *fault;
};

/* Fills the fault and returns false. */
bool import_refuse(struct import_shaper *shaper, const char *field, const char *format, ...)
    MP_PRINTF(3, 4);
/* Writes the event of the values that the row, or the defaults, gave. */
MP_MUST_CHECK bool import_shape(struct import_shaper *shaper, int64_t now_ms,
                                struct import_shaped *out);

#endif
