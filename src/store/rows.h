/*
 * Answers in RowBinary, row by row: takes the bytes as they come, and hands on each row when it is
 * whole, however the pieces were cut. One row is in memory at a time. For the loader (reads events
 * back in order) and reports. Not thread-safe; no I/O but in store_run_rows.
 *
 *     static int on_row(void *arg, struct mp_reader *row) {
 *         uint64_t user_hash = mp_read_u64(row);
 *         struct mp_str page = mp_read_lstr(row);   // borrows until on_row returns
 *         uint64_t count = mp_read_varint(row);     // an array: its count, then its elements
 *         …
 *     }
 *     store_run_rows(store, statement, NULL, "qsS", on_row, arg, err);
 */
#ifndef MP_STORE_ROWS_H
#define MP_STORE_ROWS_H

#include "store/store.h"

#ifdef __cplusplus
extern "C" {
#endif

#define STORE_ROW_BYTES_MAX (32u << 20)
#define STORE_ROW_COLUMNS_MAX 128

/*
 * A letter a column, in the order of the SELECT:
 *   b 1 byte   (UInt8, Int8)            w 2 bytes (UInt16, Int16, Date: the day number)
 *   d 4 bytes  (UInt32, Int32, Float32) q 8 bytes (UInt64, Int64, Float64)
 *   s String, also LowCardinality(String)
 *   B, W, D, Q, S arrays of those.
 */

/* Reads the row's columns in order with mp_read_*; every read is in bounds, since the row was
 * measured before. A non-zero return stops with that code: fill err yourself, via arg. */
typedef int store_on_row(void *arg, struct mp_reader *row);

struct store_rows {
    const char *columns;
    store_on_row *on_row;
    void *arg;
    struct mp_buf rest; /* the row that is not whole yet */
    uint64_t count;     /* rows handed on */
    int code;           /* what stopped store_rows_on_data, or 0 */
};

void store_rows_init(struct store_rows *rows, const char *columns, store_on_row *on_row, void *arg);
void store_rows_deinit(struct store_rows *rows);
/* The next bytes of the answer. 0, what on_row returned, MP_E_TOO_LARGE (a row over
 * STORE_ROW_BYTES_MAX) or MP_E_MEMORY. */
MP_MUST_CHECK int store_rows_push(struct store_rows *rows, struct mp_str data);
/* The same as a store_on_data for store_run; arg is the struct store_rows. */
int store_rows_on_data(void *arg, struct mp_str data);
/* At the end of the answer: 0, or MP_E_CORRUPT when it ended within a row. */
MP_MUST_CHECK int store_rows_finish(const struct store_rows *rows);

/*
 * Runs a statement that ends in FORMAT RowBinary and gives its rows to on_row. Errors as store_run,
 * the code that on_row returned (then err->message says only that the caller stopped), MP_E_CORRUPT
 * or MP_E_TOO_LARGE as above. Rows may have been handed on before an error comes.
 */
MP_MUST_CHECK int store_run_rows(struct store *store, struct store_statement *statement,
                                 const struct store_options *options, const char *columns,
                                 store_on_row *on_row, void *arg, struct mp_error *err);

#ifdef __cplusplus
}
#endif
#endif
