/*
 * Reading rows back: RowBinary decoded as it streams in. For load/ (recomputing rollups) and
 * report/. Runs on the caller's thread.
 */
#ifndef MP_STORE_ROWS_H
#define MP_STORE_ROWS_H

#include "store/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Called with a reader at the start of a row. It must read every column in order and, when
 * reader->failed, leave without acting: the row is not whole yet and will come again. Strings live
 * until the return. Non-zero stops the query (MP_E_CANCELLED).
 */
typedef int store_on_row(void *arg, struct mp_reader *reader);

/* Runs a statement that ends in FORMAT RowBinary. Errors as store_run; MP_E_CORRUPT when bytes
 * are left over; MP_E_TOO_LARGE when one row is over STORE_ROW_BYTES_MAX. */
#define STORE_ROW_BYTES_MAX (32u << 20)
MP_MUST_CHECK int store_rows(struct store *store, struct store_statement *statement,
                             const struct store_options *options, store_on_row *on_row, void *arg,
                             struct mp_error *err);

#ifdef __cplusplus
}
#endif
#endif
