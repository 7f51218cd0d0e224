/*
 * The CSV reader. The input's first byte chooses the size of the pieces in which the rest is fed.
 * Whatever the pieces, the rows are the same; a row keeps to its limit; lines are counted right;
 * and a row that is written again reads as the same cells.
 */
#include "base/csv.h"

#include <stdlib.h>

#define ROW_BYTES_MAX 512
#define WRITTEN_BYTES_MAX 65536

static void check_row(const struct mp_csv *csv, struct mp_str seen) {
    struct mp_csv again;
    struct mp_buf text;
    size_t begin = 0;
    if (csv->count == 0 || csv->count > MP_CSV_CELLS_MAX || csv->text.len > ROW_BYTES_MAX) {
        abort();
    }
    mp_buf_init(&text, WRITTEN_BYTES_MAX);
    for (size_t i = 0; i < csv->count; i++) {
        if (csv->ends[i] < begin || csv->ends[i] > csv->text.len) {
            abort();
        }
        begin = csv->ends[i];
        mp_buf_append_text(&text, i > 0 ? "," : "");
        mp_csv_append(&text, mp_csv_cell(csv, i));
    }
    if (begin != csv->text.len || csv->row_line > seen.len + 1) {
        abort();
    }
    mp_csv_init(&again, WRITTEN_BYTES_MAX);
    struct mp_str data = mp_buf_str(&text);
    if (mp_csv_read(&again, &data) != MP_CSV_MORE || mp_csv_finish(&again) != MP_CSV_ROW ||
        again.count != csv->count) {
        abort();
    }
    for (size_t i = 0; i < csv->count; i++) {
        if (!mp_str_eq(mp_csv_cell(csv, i), mp_csv_cell(&again, i))) {
            abort();
        }
    }
    mp_csv_deinit(&again);
    mp_buf_deinit(&text);
}

/* All rows, one behind the other in a form of which equal ones are equal. */
static void read_all(struct mp_str text, size_t piece, struct mp_buf *out) {
    struct mp_csv csv;
    struct mp_str rest = text;
    mp_csv_init(&csv, ROW_BYTES_MAX);
    for (bool is_end = false; !is_end;) {
        struct mp_str data = mp_str_range(rest.ptr, piece < rest.len ? piece : rest.len);
        size_t given = data.len;
        enum mp_csv_step step = given > 0 ? mp_csv_read(&csv, &data) : mp_csv_finish(&csv);
        is_end = given == 0 && step == MP_CSV_MORE;
        rest = mp_str_range(rest.ptr + (given - data.len), rest.len - (given - data.len));
        if (step == MP_CSV_ROW) {
            check_row(&csv, text);
            mp_buf_append_varint(out, csv.count);
            mp_buf_append_lstr(out, mp_buf_str(&csv.text));
        } else if (step == MP_CSV_BAD_ROW) {
            mp_buf_append_text(out, csv.fault);
        }
        if (step != MP_CSV_MORE) {
            mp_buf_append_varint(out, csv.row_line);
        }
    }
    mp_csv_deinit(&csv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct mp_buf whole, pieces;
    if (size == 0) {
        return 0;
    }
    struct mp_str text = mp_str_range((const char *)data + 1, size - 1);
    mp_buf_init(&whole, 16u << 20);
    mp_buf_init(&pieces, 16u << 20);
    read_all(text, size, &whole);
    read_all(text, 1 + data[0] % 16, &pieces);
    if (!mp_str_eq(mp_buf_str(&whole), mp_buf_str(&pieces))) {
        abort();
    }
    mp_buf_deinit(&whole);
    mp_buf_deinit(&pieces);
    return 0;
}
