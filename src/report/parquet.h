/*
 * Private to report/: Parquet out (https://parquet.apache.org/docs/file-format/, format version 1):
 * flat optional columns, values in PLAIN encoding, one zstd page a column in each row group, no
 * statistics. A row group is in memory at a time. Not thread-safe.
 */
#ifndef MP_REPORT_PARQUET_H
#define MP_REPORT_PARQUET_H

#include "report/table.h"

#define PARQUET_GROUP_ROWS_MAX 100000
#define PARQUET_GROUP_BYTES_FULL (32u << 20)

struct parquet;
/* NULL when memory is out. */
struct parquet *parquet_create(const struct table_column *columns, size_t count);
void parquet_destroy(struct parquet *parquet); /* NULL is fine */
/* A value of the column for the row at hand; each column gets one, or null, a row. */
void parquet_put_null(struct parquet *parquet, size_t column);
void parquet_put_str(struct parquet *parquet, size_t column, struct mp_str value);
void parquet_put_i64(struct parquet *parquet, size_t column, int64_t value);
void parquet_put_f64(struct parquet *parquet, size_t column, double value);
/* Ends the row. Appends to out what is ready: the head, whole row groups. Memory that was missing
 * is out->failed. */
void parquet_end_row(struct parquet *parquet, struct mp_buf *out);
/* Appends the rest. */
void parquet_finish(struct parquet *parquet, struct mp_buf *out);

#endif
