/* A report's document: an object with lists of rows in JSON, the rows of one list in CSV. */
#include "report/internal.h"

#include "base/zone.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void report_begin(struct report_rows *rows, const struct report_question *question, bool has_by,
                  struct mp_buf *out) {
    char text[25];
    *rows = (struct report_rows){.out = out, .format = question->format};
    mp_jw_init(&rows->writer, out);
    if (rows->format == REPORT_CSV) {
        return;
    }
    struct mp_json_writer *writer = &rows->writer;
    mp_jw_object_begin(writer);
    mp_jw_text_member(writer, "app", question->app->id);
    if (has_by) {
        mp_jw_text_member(writer, "by", report_cycle_name(question->range.by));
    }
    mp_day_format(question->range.from, text);
    mp_jw_text_member(writer, "from", text);
    mp_day_format(question->range.to, text);
    mp_jw_text_member(writer, "to", text);
    mp_jw_text_member(writer, "zone", mp_zone_name(question->app->zone));
    mp_time_format(question->now_ms, text);
    mp_jw_text_member(writer, "now", text);
    mp_jw_key(writer, "complete_until");
    if (question->complete_until_ms > 0) {
        mp_time_format(question->complete_until_ms, text);
        mp_jw_text(writer, text);
    } else {
        mp_jw_null(writer);
    }
}

int report_end(struct report_rows *rows, struct mp_error *err) {
    if (rows->format == REPORT_JSON) {
        mp_jw_object_end(&rows->writer);
    }
    if (rows->out->failed) {
        return mp_fail(err, MP_E_TOO_LARGE, "report", "the answer is over %zu bytes",
                       rows->out->max);
    }
    return MP_OK;
}

void report_list_begin(struct report_rows *rows, const char *name) {
    rows->is_header = rows->format == REPORT_CSV;
    if (rows->format == REPORT_JSON) {
        mp_jw_key(&rows->writer, name);
        mp_jw_array_begin(&rows->writer);
    }
}

void report_list_end(struct report_rows *rows) {
    if (rows->format == REPORT_JSON) {
        mp_jw_array_end(&rows->writer);
    }
}

bool report_needs_header(const struct report_rows *rows) {
    return rows->is_header;
}

void report_row_begin(struct report_rows *rows) {
    rows->has_cells = false;
    if (rows->format == REPORT_JSON) {
        mp_jw_object_begin(&rows->writer);
    }
}

void report_row_end(struct report_rows *rows) {
    if (rows->format == REPORT_JSON) {
        mp_jw_object_end(&rows->writer);
    } else {
        mp_buf_append_text(rows->out, "\r\n");
        rows->is_header = false;
    }
}

/* ---- Cells ------------------------------------------------------------------------------ */

/* What stands before a value. False where the name was all: in the header of CSV. */
static bool cell_begin(struct report_rows *rows, const char *name) {
    if (rows->format == REPORT_JSON) {
        mp_jw_key(&rows->writer, name);
        return true;
    }
    if (rows->has_cells) {
        mp_buf_append_byte(rows->out, ',');
    }
    rows->has_cells = true;
    if (rows->is_header) {
        report_csv_text(rows->out, mp_str_of(name));
        return false;
    }
    mp_jw_init(&rows->writer, rows->out); /* no commas of its own between numbers */
    return true;
}

void report_cell_str(struct report_rows *rows, const char *name, struct mp_str value) {
    if (cell_begin(rows, name)) {
        rows->format == REPORT_JSON ? mp_jw_str(&rows->writer, value)
                                    : report_csv_text(rows->out, value);
    }
}

void report_cell_text(struct report_rows *rows, const char *name, const char *value) {
    report_cell_str(rows, name, mp_str_of(value));
}

void report_cell_count(struct report_rows *rows, const char *name, int64_t value) {
    if (cell_begin(rows, name)) {
        mp_jw_i64(&rows->writer, value);
    }
}

void report_cell_bool(struct report_rows *rows, const char *name, bool value) {
    if (cell_begin(rows, name)) {
        mp_jw_bool(&rows->writer, value);
    }
}

void report_cell_null(struct report_rows *rows, const char *name) {
    if (cell_begin(rows, name) && rows->format == REPORT_JSON) {
        mp_jw_null(&rows->writer);
    }
}

void report_cell_ratio(struct report_rows *rows, const char *name, struct report_ratio value) {
    if (value.below == 0) {
        report_cell_null(rows, name);
    } else if (cell_begin(rows, name)) {
        mp_jw_f64(&rows->writer, value.above / value.below);
    }
}

void report_cell_fen(struct report_rows *rows, const char *name, int64_t fen) {
    if (cell_begin(rows, name)) {
        char text[32];
        uint64_t size = fen < 0 ? 0 - (uint64_t)fen : (uint64_t)fen;
        int len = snprintf(text, sizeof(text), "%s%" PRIu64 ".%02" PRIu64, fen < 0 ? "-" : "",
                           size / 100, size % 100);
        mp_jw_raw(&rows->writer, mp_str_range(text, (size_t)len));
    }
}

void report_cell_mean_fen(struct report_rows *rows, const char *name, int64_t fen, int64_t count) {
    if (count <= 0) {
        report_cell_null(rows, name);
    } else {
        int64_t part = fen % count;
        report_cell_fen(rows, name, fen / count + (part >= count - part));
    }
}

void report_cycle_cells(struct report_rows *rows, const struct report_question *question,
                        int32_t start) {
    enum report_cycle by = question->range.by;
    int32_t end = report_cycle_end(by, start);
    char label[REPORT_LABEL_BYTES];
    char day[11];
    report_cycle_label(by, start, label);
    report_cell_text(rows, "cycle", label);
    mp_day_format(start, day);
    report_cell_text(rows, "from", day);
    mp_day_format(end, day);
    report_cell_text(rows, "to", day);
    report_cell_bool(rows, "is_running", end >= report_today(question));
}

/* ---- Reports by name -------------------------------------------------------------------- */

const struct report_named *report_find(const char *name) {
    static const struct report_named reports[] = {
        {"trend", report_trend, true},         {"overview", report_overview, false},
        {"source", report_source, true},       {"frequency", report_frequency, true},
        {"duration", report_duration, true},   {"depth", report_depth, true},
        {"retention", report_retention, true}, {"pages", report_pages, true},
        {"profile", report_profile, true},
    };
    for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
        if (strcmp(reports[i].name, name) == 0) {
            return &reports[i];
        }
    }
    return NULL;
}

/* ---- CSV -------------------------------------------------------------------------------- */

static bool looks_like_formula(struct mp_str text) {
    return text.len > 0 && memchr("=+-@\t\r", text.ptr[0], 6) != NULL;
}

static bool needs_quotes(struct mp_str text) {
    for (size_t i = 0; i < text.len; i++) {
        if (memchr("\",\r\n", text.ptr[i], 4)) {
            return true;
        }
    }
    return false;
}

void report_csv_text(struct mp_buf *out, struct mp_str text) {
    bool is_quoted = needs_quotes(text);
    if (is_quoted) {
        mp_buf_append_byte(out, '"');
    }
    if (looks_like_formula(text)) {
        mp_buf_append_byte(out, '\'');
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"') {
            mp_buf_append_byte(out, '"');
        }
        mp_buf_append_byte(out, (uint8_t)text.ptr[i]);
    }
    if (is_quoted) {
        mp_buf_append_byte(out, '"');
    }
}
