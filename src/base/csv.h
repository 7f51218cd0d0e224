/*
 * CSV in (RFC 4180), fed piece by piece: cells in quotes may hold commas, line ends and doubled
 * quotes; lines end with LF or CR LF. Blank lines are passed over. A quote within a cell that does
 * not begin with one, and a CR alone, are text. Bytes are not looked at otherwise. One row is in
 * memory at a time; a row that cannot be read costs the rest of its line and nothing else. Not
 * thread-safe.
 *
 *     while (has data) {
 *         switch (mp_csv_read(&csv, &data)) {
 *         case MP_CSV_MORE: … give it the next piece, or call mp_csv_finish at the end
 *         case MP_CSV_ROW: … mp_csv_cell(&csv, 0 … csv.count - 1)
 *         case MP_CSV_BAD_ROW: … csv.fault says why
 */
#ifndef MP_BASE_CSV_H
#define MP_BASE_CSV_H

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MP_CSV_CELLS_MAX 1024

enum mp_csv_step { MP_CSV_MORE, MP_CSV_ROW, MP_CSV_BAD_ROW };

struct mp_csv {
    struct mp_buf text; /* the row's cells without their quotes, one behind the other */
    size_t ends[MP_CSV_CELLS_MAX];
    size_t count;      /* cells of the row */
    uint64_t row_line; /* where the row began, counted from 1 */
    uint64_t line;     /* where reading stands */
    const char *fault; /* of MP_CSV_BAD_ROW: "has a quote …" */
    size_t row_bytes;  /* as they stand in the input */
    size_t row_bytes_max;
    int state;
    bool is_over; /* the row was handed on */
};

/* row_bytes_max bounds a row as it stands in the input, line end included. */
void mp_csv_init(struct mp_csv *csv, size_t row_bytes_max);
void mp_csv_deinit(struct mp_csv *csv);
/* Takes bytes from the front of *data until a row is whole, or all of them. A row's cells live
 * until the next call. */
enum mp_csv_step mp_csv_read(struct mp_csv *csv, struct mp_str *data);
/* The input has ended: MP_CSV_MORE = nothing was left, else the last row, which had no line end. */
enum mp_csv_step mp_csv_finish(struct mp_csv *csv);
struct mp_str mp_csv_cell(const struct mp_csv *csv, size_t index);

/* CSV out: appends a cell, in quotes where it needs them (and where it is empty but not missing).
 */
void mp_csv_append(struct mp_buf *out, struct mp_str cell);

#ifdef __cplusplus
}
#endif
#endif
