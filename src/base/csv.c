#include "base/csv.h"

enum state {
    CELL_START, /* before a cell's first byte */
    PLAIN,      /* in a cell without quotes */
    PLAIN_CR,   /* behind a CR in it */
    QUOTED,     /* in a cell with quotes */
    QUOTE_SEEN, /* behind a quote in it: its end, or the first of two */
    QUOTED_CR,  /* behind the CR that follows such a cell */
    BROKEN,     /* what is left of a line that cannot be read */
};

void mp_csv_init(struct mp_csv *csv, size_t row_bytes_max) {
    *csv = (struct mp_csv){.row_line = 1, .line = 1, .row_bytes_max = row_bytes_max};
    mp_buf_init(&csv->text, row_bytes_max);
}

void mp_csv_deinit(struct mp_csv *csv) {
    mp_buf_deinit(&csv->text);
}

struct mp_str mp_csv_cell(const struct mp_csv *csv, size_t index) {
    size_t begin = index > 0 ? csv->ends[index - 1] : 0;
    return mp_str_range(csv->text.ptr ? csv->text.ptr + begin : "", csv->ends[index] - begin);
}

static void begin_row(struct mp_csv *csv) {
    mp_buf_clear(&csv->text);
    csv->count = 0;
    csv->row_bytes = 0;
    csv->row_line = csv->line;
    csv->fault = NULL;
    csv->state = CELL_START;
    csv->is_over = false;
}

static void spoil(struct mp_csv *csv, const char *fault) {
    csv->fault = fault;
    csv->state = BROKEN;
}

static void end_cell(struct mp_csv *csv) {
    if (csv->count == MP_CSV_CELLS_MAX) {
        spoil(csv, "has more than 1024 cells");
        return;
    }
    csv->ends[csv->count++] = csv->text.len;
    csv->state = CELL_START;
}

static enum mp_csv_step end_row(struct mp_csv *csv) {
    csv->is_over = true;
    if (csv->text.failed) {
        csv->fault = "takes more memory than there is";
    }
    return csv->fault ? MP_CSV_BAD_ROW : MP_CSV_ROW;
}

/* The line feed that may end a row; MP_CSV_MORE when it does not. */
static enum mp_csv_step take_line_end(struct mp_csv *csv, bool is_quoted) {
    csv->line++;
    if (csv->state != BROKEN) {
        bool is_blank = csv->count == 0 && csv->text.len == 0 && !is_quoted;
        if (is_blank) {
            begin_row(csv);
            return MP_CSV_MORE;
        }
        end_cell(csv);
    }
    return end_row(csv);
}

static enum mp_csv_step take_plain(struct mp_csv *csv, char c) {
    if (csv->state == PLAIN_CR) {
        if (c == '\n') {
            return take_line_end(csv, false);
        }
        mp_buf_append_byte(&csv->text, '\r');
        csv->state = PLAIN;
    }
    if (c == ',') {
        end_cell(csv);
    } else if (c == '\n') {
        return take_line_end(csv, false);
    } else if (c == '\r') {
        csv->state = PLAIN_CR;
    } else if (c == '"' && csv->state == CELL_START) {
        csv->state = QUOTED;
    } else {
        csv->state = PLAIN;
        mp_buf_append_byte(&csv->text, (uint8_t)c);
    }
    return MP_CSV_MORE;
}

static enum mp_csv_step take_after_quote(struct mp_csv *csv, char c) {
    if (c == '\n') {
        return take_line_end(csv, true);
    }
    if (csv->state == QUOTE_SEEN && c == '"') {
        mp_buf_append_byte(&csv->text, '"');
        csv->state = QUOTED;
    } else if (csv->state == QUOTE_SEEN && c == ',') {
        end_cell(csv);
    } else if (csv->state == QUOTE_SEEN && c == '\r') {
        csv->state = QUOTED_CR;
    } else {
        spoil(csv, "has text behind a closing quote");
    }
    return MP_CSV_MORE;
}

static enum mp_csv_step take(struct mp_csv *csv, char c) {
    switch ((enum state)csv->state) {
    case CELL_START:
    case PLAIN:
    case PLAIN_CR:
        return take_plain(csv, c);
    case QUOTED:
        csv->line += c == '\n';
        if (c == '"') {
            csv->state = QUOTE_SEEN;
        } else {
            mp_buf_append_byte(&csv->text, (uint8_t)c);
        }
        return MP_CSV_MORE;
    case QUOTE_SEEN:
    case QUOTED_CR:
        return take_after_quote(csv, c);
    case BROKEN:
        break;
    }
    return c == '\n' ? take_line_end(csv, false) : MP_CSV_MORE;
}

/* How many bytes at the front are mere text of the cell at hand. */
static size_t run_of_text(const struct mp_csv *csv, struct mp_str data) {
    size_t len = 0;
    if (csv->state == PLAIN) {
        while (len < data.len && data.ptr[len] != ',' && data.ptr[len] != '\n' &&
               data.ptr[len] != '\r') {
            len++;
        }
    } else if (csv->state == QUOTED) {
        while (len < data.len && data.ptr[len] != '"' && data.ptr[len] != '\n') {
            len++;
        }
    }
    return len;
}

enum mp_csv_step mp_csv_read(struct mp_csv *csv, struct mp_str *data) {
    enum mp_csv_step step = MP_CSV_MORE;
    if (csv->is_over) {
        begin_row(csv);
    }
    while (data->len > 0 && step == MP_CSV_MORE) {
        size_t room = csv->row_bytes_max - csv->row_bytes;
        size_t run = run_of_text(csv, *data);
        if (csv->state != BROKEN && (run > 0 ? run : 1) > room) {
            spoil(csv, "is longer than a row may be");
            mp_buf_clear(&csv->text);
        } else if (run > 0) {
            mp_buf_append(&csv->text, data->ptr, run);
            csv->row_bytes += run;
            *data = mp_str_range(data->ptr + run, data->len - run);
        } else {
            csv->row_bytes += csv->state != BROKEN;
            step = take(csv, data->ptr[0]);
            *data = mp_str_range(data->ptr + 1, data->len - 1);
        }
    }
    return step;
}

enum mp_csv_step mp_csv_finish(struct mp_csv *csv) {
    if (csv->is_over || (csv->state == CELL_START && csv->count == 0)) {
        begin_row(csv);
        csv->is_over = true;
        return MP_CSV_MORE;
    }
    if (csv->state == QUOTED) {
        spoil(csv, "has a quote that is never closed");
    } else if (csv->state == PLAIN_CR) {
        mp_buf_append_byte(&csv->text, '\r');
    }
    if (csv->state != BROKEN) {
        end_cell(csv);
    }
    return end_row(csv);
}

void mp_csv_append(struct mp_buf *out, struct mp_str cell) {
    bool needs_quotes = cell.len == 0;
    for (size_t i = 0; i < cell.len && !needs_quotes; i++) {
        char c = cell.ptr[i];
        needs_quotes = c == '"' || c == ',' || c == '\n' || c == '\r';
    }
    if (!needs_quotes) {
        mp_buf_append_str(out, cell);
        return;
    }
    mp_buf_append_byte(out, '"');
    for (size_t i = 0; i < cell.len; i++) {
        if (cell.ptr[i] == '"') {
            mp_buf_append_byte(out, '"');
        }
        mp_buf_append_byte(out, (uint8_t)cell.ptr[i]);
    }
    mp_buf_append_byte(out, '"');
}
