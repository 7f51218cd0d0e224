/*
 * Private to report/: one table into a file, row by row, in any of the formats of export.h. Each
 * row puts every column's value in order, then ends. Not thread-safe.
 */
#ifndef MP_REPORT_TABLE_H
#define MP_REPORT_TABLE_H

#include "base/zone.h"
#include "report/export.h"

#define TABLE_COLUMNS_MAX 128

enum table_type {
    TABLE_TEXT,
    TABLE_JSON, /* put as text that is JSON */
    TABLE_BOOL,
    TABLE_I64,
    TABLE_F64,
    TABLE_DAY,    /* put as a day number */
    TABLE_MOMENT, /* put as UTC ms */
};

struct table_column {
    const char *name;
    enum table_type type;
};

struct table;
/* columns, and zone (for moments as text), outlive it. At most TABLE_COLUMNS_MAX. */
MP_MUST_CHECK int table_create(enum report_file format, const struct table_column *columns,
                               size_t count, const struct mp_zone *zone, report_on_bytes *on_bytes,
                               void *arg, struct table **out, struct mp_error *err);
void table_destroy(struct table *table); /* NULL is fine */

/* The next column's value: unknown; of text and JSON; of bool, whole numbers, days and moments; of
 * doubles. */
void table_put_null(struct table *table);
void table_put_str(struct table *table, struct mp_str value);
void table_put_i64(struct table *table, int64_t value);
void table_put_f64(struct table *table, double value);

/* MP_E_CANCELLED when on_bytes said so, MP_E_MEMORY. */
MP_MUST_CHECK int table_end_row(struct table *table, struct mp_error *err);
/* After the last row: what the format has at its end. */
MP_MUST_CHECK int table_finish(struct table *table, struct mp_error *err);

#endif
