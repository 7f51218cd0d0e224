#include "report/table.h"

#include "base/csv.h"
#include "base/json_write.h"
#include "base/moment.h"
#include "report/parquet.h"

#include <inttypes.h>
#include <stdlib.h>

/* Given out in pieces of this size, or a row group. */
#define PIECE_BYTES (256u << 10)
#define OUT_BYTES_MAX (1u << 30)

struct table {
    enum report_file format;
    const struct table_column *columns;
    size_t count;
    const struct mp_zone *zone;
    report_on_bytes *on_bytes;
    void *arg;
    struct mp_buf out;
    struct parquet *parquet; /* of that format alone */
    struct mp_json_writer json;
    size_t column; /* whose value comes next */
};

static void begin_row(struct table *table) {
    table->column = 0;
    if (table->format == REPORT_FILE_NDJSON) {
        mp_jw_init(&table->json, &table->out);
        mp_jw_object_begin(&table->json);
    }
}

static void put_header(struct table *table) {
    for (size_t i = 0; i < table->count && table->format == REPORT_FILE_CSV; i++) {
        mp_buf_append_text(&table->out, i > 0 ? "," : "");
        mp_csv_append(&table->out, mp_str_of(table->columns[i].name));
    }
    mp_buf_append_text(&table->out, table->format == REPORT_FILE_CSV ? "\r\n" : "");
}

int table_create(enum report_file format, const struct table_column *columns, size_t count,
                 const struct mp_zone *zone, report_on_bytes *on_bytes, void *arg,
                 struct table **out, struct mp_error *err) {
    struct table *table = calloc(1, sizeof(*table));
    *out = table;
    if (table) {
        table->format = format;
        table->columns = columns;
        table->count = count;
        table->zone = zone;
        table->on_bytes = on_bytes;
        table->arg = arg;
        mp_buf_init(&table->out, OUT_BYTES_MAX);
        table->parquet = format == REPORT_FILE_PARQUET ? parquet_create(columns, count) : NULL;
        if (format == REPORT_FILE_PARQUET && !table->parquet) {
            table_destroy(table);
            *out = NULL;
        }
    }
    if (!*out) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for a table");
    }
    put_header(table);
    begin_row(table);
    return MP_OK;
}

void table_destroy(struct table *table) {
    if (table) {
        parquet_destroy(table->parquet);
        mp_buf_deinit(&table->out);
        free(table);
    }
}

/* ---- Values ------------------------------------------------------------------------------- */

/* What stands before a value that is written as text. */
static const struct table_column *begin_value(struct table *table) {
    const struct table_column *column = &table->columns[table->column];
    if (table->format == REPORT_FILE_CSV && table->column > 0) {
        mp_buf_append_byte(&table->out, ',');
    } else if (table->format == REPORT_FILE_NDJSON) {
        mp_jw_key(&table->json, column->name);
    }
    table->column++;
    return column;
}

void table_put_null(struct table *table) {
    if (table->format == REPORT_FILE_CSV) {
        begin_value(table);
        return;
    }
    if (table->parquet) {
        parquet_put_null(table->parquet, table->column);
    }
    table->column++; /* of NDJSON the member is left out */
}

void table_put_str(struct table *table, struct mp_str value) {
    if (table->parquet) {
        parquet_put_str(table->parquet, table->column++, value);
        return;
    }
    const struct table_column *column = begin_value(table);
    if (table->format == REPORT_FILE_CSV) {
        mp_csv_append(&table->out, value);
    } else if (column->type == TABLE_JSON) {
        mp_jw_raw(&table->json, value);
    } else {
        mp_jw_str(&table->json, value);
    }
}

static void put_word(struct table *table, const char *word, bool is_text) {
    if (table->format == REPORT_FILE_CSV) {
        mp_buf_append_text(&table->out, word);
    } else if (is_text) {
        mp_jw_text(&table->json, word);
    } else {
        mp_jw_raw(&table->json, mp_str_of(word));
    }
}

void table_put_i64(struct table *table, int64_t value) {
    char text[MP_MOMENT_BYTES];
    if (table->parquet) {
        parquet_put_i64(table->parquet, table->column++, value);
        return;
    }
    switch (begin_value(table)->type) {
    case TABLE_BOOL:
        put_word(table, value ? "true" : "false", false);
        break;
    case TABLE_DAY:
        mp_day_format((int32_t)value, text);
        put_word(table, text, true);
        break;
    case TABLE_MOMENT:
        mp_moment_format(value, table->zone, text);
        put_word(table, text, true);
        break;
    default:
        if (table->format == REPORT_FILE_CSV) {
            mp_buf_printf(&table->out, "%" PRId64, value);
        } else {
            mp_jw_i64(&table->json, value);
        }
        break;
    }
}

void table_put_f64(struct table *table, double value) {
    struct mp_json_writer plain;
    if (table->parquet) {
        parquet_put_f64(table->parquet, table->column++, value);
        return;
    }
    begin_value(table);
    mp_jw_init(&plain, &table->out);
    mp_jw_f64(table->format == REPORT_FILE_CSV ? &plain : &table->json, value);
}

/* ---- Rows --------------------------------------------------------------------------------- */

static int give_out(struct table *table, struct mp_error *err) {
    if (table->out.failed) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for a table");
    }
    int stop = table->out.len > 0 ? table->on_bytes(table->arg, mp_buf_str(&table->out)) : 0;
    mp_buf_clear(&table->out);
    return stop ? mp_fail(err, MP_E_CANCELLED, "", "the file is not taken") : MP_OK;
}

int table_end_row(struct table *table, struct mp_error *err) {
    if (table->parquet) {
        parquet_end_row(table->parquet, &table->out);
    } else if (table->format == REPORT_FILE_CSV) {
        mp_buf_append_text(&table->out, "\r\n");
    } else {
        mp_jw_object_end(&table->json);
        mp_buf_append_byte(&table->out, '\n');
    }
    bool is_full = table->out.len >= PIECE_BYTES || table->out.failed;
    int code = is_full ? give_out(table, err) : MP_OK;
    begin_row(table);
    return code;
}

int table_finish(struct table *table, struct mp_error *err) {
    if (table->parquet) {
        parquet_finish(table->parquet, &table->out);
    } else if (table->format == REPORT_FILE_NDJSON) {
        table->out.len--; /* the row that was begun and does not come */
    }
    return give_out(table, err);
}
