/*
 * Private to the import: which column becomes which field, as --map and --defaults say, and by the
 * columns' own names. Immutable once parsed.
 */
#ifndef MP_CMD_IMPORT_MAP_H
#define MP_CMD_IMPORT_MAP_H

#include "base/arena.h"
#include "base/error.h"
#include "cmd/import_fields.h"

#define IMPORT_PAIRS_MAX 64 /* of one flag */

/* A property that --map fills from a column, or --defaults with a value. */
struct import_prop {
    struct mp_str name;
    struct mp_str source;
};

struct import_map {
    struct mp_arena texts;
    struct mp_str columns[IMPORT_FIELD_COUNT];  /* by --map; ptr NULL = not mapped */
    struct mp_str defaults[IMPORT_FIELD_COUNT]; /* ptr NULL = none */
    bool has_own_column[IMPORT_FIELD_COUNT];    /* the column of its own name becomes it */
    struct import_prop props[IMPORT_PAIRS_MAX];
    size_t prop_count;
    struct import_prop default_props[IMPORT_PAIRS_MAX];
    size_t default_prop_count;
    struct mp_str texts_only[IMPORT_PAIRS_MAX]; /* columns whose digits are text */
    size_t text_only_count;
    bool ignores_unmapped;
};

struct import_map_flags {
    const char *map; /* "user=openid,props.coupon=Coupon code"; NULL = not given, so are others */
    const char *defaults;
    const char *text;
    bool ignores_unmapped;
};
/* MP_E_ARGUMENT names what is wrong in which flag. Free with import_map_deinit, also after that. */
MP_MUST_CHECK int import_map_parse(struct import_map *map, const struct import_map_flags *flags,
                                   struct mp_error *err);
void import_map_deinit(struct import_map *map);

/* What a column becomes: bits by enum import_field, bits by index in map->props. */
struct import_targets {
    uint64_t fields;
    uint64_t props;
    bool is_loose; /* nothing of both: a property of its own name */
    bool is_text;  /* digits in it are text */
};
struct import_targets import_map_find(const struct import_map *map, struct mp_str column);
/* A column that --map names and columns lack: MP_E_ARGUMENT. */
MP_MUST_CHECK int import_map_check_columns(const struct import_map *map,
                                           const struct mp_str *columns, size_t count,
                                           struct mp_error *err);

#endif
