#include "store/rows.h"

#include <assert.h>

/* Bytes of one element, 0 for strings. */
static size_t element_bytes(char letter) {
    switch (letter) {
    case 'b':
    case 'B':
        return 1;
    case 'w':
    case 'W':
        return 2;
    case 'd':
    case 'D':
        return 4;
    case 'q':
    case 'Q':
        return 8;
    default:
        assert(letter == 's' || letter == 'S');
        return 0;
    }
}

static bool is_array(char letter) {
    return letter >= 'A' && letter <= 'Z';
}

static void skip_bytes(struct mp_reader *reader, uint64_t bytes) {
    if (reader->failed || bytes > mp_reader_left(reader)) {
        reader->failed = true;
        return;
    }
    reader->at += bytes;
}

static void skip_column(struct mp_reader *reader, char letter) {
    size_t size = element_bytes(letter);
    uint64_t count = is_array(letter) ? mp_read_varint(reader) : 1;
    if (size) {
        /* The bound keeps count * size from wrapping. */
        skip_bytes(reader, count > STORE_ROW_BYTES_MAX ? UINT64_MAX : count * size);
        return;
    }
    /* Each string takes a byte at least, so this ends with the data. */
    for (; count > 0 && !reader->failed; count--) {
        skip_bytes(reader, mp_read_varint(reader));
    }
}

/* The length of the row at the head of data, or 0 when data ends before the row. */
static size_t row_length(const char *columns, struct mp_str data) {
    struct mp_reader reader;
    mp_reader_init(&reader, data.ptr, data.len);
    for (const char *letter = columns; *letter; letter++) {
        skip_column(&reader, *letter);
        if (reader.failed) {
            return 0;
        }
    }
    return data.len - mp_reader_left(&reader);
}

/* Hands on the whole rows at the head of *data and leaves what is behind them. */
static int take_rows(struct store_rows *rows, struct mp_str *data, size_t rows_max) {
    for (size_t taken = 0; data->len > 0 && taken < rows_max; taken++) {
        size_t length = row_length(rows->columns, *data);
        if (length == 0) {
            return 0;
        }
        struct mp_reader row;
        mp_reader_init(&row, data->ptr, length);
        int code = rows->on_row(rows->arg, &row);
        if (code) {
            return code;
        }
        rows->count++;
        data->ptr += length;
        data->len -= length;
    }
    return 0;
}

void store_rows_init(struct store_rows *rows, const char *columns, store_on_row *on_row,
                     void *arg) {
    size_t column_count = strlen(columns);
    assert(column_count > 0 && column_count <= STORE_ROW_COLUMNS_MAX);
    *rows = (struct store_rows){.columns = columns, .on_row = on_row, .arg = arg};
    mp_buf_init(&rows->rest, STORE_ROW_BYTES_MAX);
}

void store_rows_deinit(struct store_rows *rows) {
    mp_buf_deinit(&rows->rest);
}

static int keep(struct mp_buf *rest, struct mp_str data) {
    if (data.len > rest->max - rest->len) {
        return MP_E_TOO_LARGE;
    }
    mp_buf_append_str(rest, data);
    return rest->failed ? MP_E_MEMORY : 0;
}

/*
 * Completes the row in `rest` with the head of *data. Takes a growing part of data, so that only
 * the bytes of one row are copied, and a row that comes in many small pieces is not measured at
 * each byte.
 */
static int complete_rest(struct store_rows *rows, struct mp_str *data) {
    size_t part = 256;
    while (rows->rest.len > 0 && data->len > 0) {
        size_t before = rows->rest.len;
        size_t taken = data->len < part ? data->len : part;
        int code = keep(&rows->rest, mp_str_range(data->ptr, taken));
        if (code) {
            return code;
        }
        struct mp_str whole = mp_buf_str(&rows->rest);
        code = take_rows(rows, &whole, 1);
        if (code) {
            return code;
        }
        size_t used = rows->rest.len - whole.len;
        if (used > 0) {
            /* The row ended within the part: give back what lies behind it. */
            taken = used - before;
            mp_buf_clear(&rows->rest);
        }
        data->ptr += taken;
        data->len -= taken;
        part *= 2;
    }
    return 0;
}

int store_rows_push(struct store_rows *rows, struct mp_str data) {
    int code = complete_rest(rows, &data);
    if (code == 0 && data.len > 0) {
        code = take_rows(rows, &data, SIZE_MAX);
    }
    if (code == 0 && data.len > 0) {
        code = keep(&rows->rest, data);
    }
    return code;
}

int store_rows_finish(const struct store_rows *rows) {
    return rows->rest.len ? MP_E_CORRUPT : 0;
}

int store_rows_on_data(void *arg, struct mp_str data) {
    struct store_rows *rows = arg;
    rows->code = store_rows_push(rows, data);
    return rows->code;
}

int store_run_rows(struct store *store, struct store_statement *statement,
                   const struct store_options *options, const char *columns, store_on_row *on_row,
                   void *arg, struct mp_error *err) {
    struct store_rows rows;
    store_rows_init(&rows, columns, on_row, arg);
    int code = store_run(store, statement, options, store_rows_on_data, &rows, err);
    if (rows.code) {
        code = mp_fail(err, (enum mp_code)rows.code, "rows",
                       "reading the answer stopped at row %llu", (unsigned long long)rows.count);
    } else if (code == 0 && store_rows_finish(&rows)) {
        code = mp_fail(err, MP_E_CORRUPT, "rows", "the engine's answer ends within a row");
    }
    store_rows_deinit(&rows);
    return code;
}
