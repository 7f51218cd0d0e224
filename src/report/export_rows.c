/* A report's JSON answer as a table. */
#include "report/table.h"

#include "base/json.h"

#include <stdlib.h>

#define ANSWER_BYTES_MAX (256u << 20)
#define DEPTH_MAX 16

struct rows {
    struct mp_json_parser *parser;
    struct mp_json list;
    struct table_column columns[TABLE_COLUMNS_MAX];
    size_t count;
    struct mp_buf names;
    struct mp_buf scratch;
};

static bool is_day(struct mp_json value, int32_t *day) {
    struct mp_str text;
    return mp_json_str(value, &text) && mp_day_parse(text, day);
}

/* The narrowest type of a value alone. */
static enum table_type type_of(struct mp_json value) {
    int32_t day;
    switch (mp_json_type(value)) {
    case MP_JSON_BOOL:
        return TABLE_BOOL;
    case MP_JSON_INT:
        return TABLE_I64;
    case MP_JSON_UINT:
    case MP_JSON_DOUBLE:
        return TABLE_F64;
    case MP_JSON_STRING:
        return is_day(value, &day) ? TABLE_DAY : TABLE_TEXT;
    default:
        return TABLE_JSON;
    }
}

/* The type of a column that has values of both. */
static enum table_type join(enum table_type a, enum table_type b) {
    bool are_numbers = (a == TABLE_I64 || a == TABLE_F64) && (b == TABLE_I64 || b == TABLE_F64);
    bool are_texts = (a == TABLE_TEXT || a == TABLE_DAY) && (b == TABLE_TEXT || b == TABLE_DAY);
    return a == b ? a : are_numbers ? TABLE_F64 : are_texts ? TABLE_TEXT : TABLE_JSON;
}

/* Columns are the members of the first row; a column without any value is one of texts. */
static int find_columns(struct rows *rows, struct mp_error *err) {
    struct mp_json_iter iter = mp_json_iter(rows->list);
    struct mp_json first, value, row;
    struct mp_str name;
    if (!mp_json_next(&iter, NULL, &first)) {
        return MP_OK;
    }
    struct mp_json_iter members = mp_json_iter(first);
    mp_buf_init(&rows->names, ANSWER_BYTES_MAX);
    size_t ends[TABLE_COLUMNS_MAX];
    while (mp_json_next(&members, &name, &value)) {
        if (rows->count == TABLE_COLUMNS_MAX) {
            return mp_fail(err, MP_E_TOO_LARGE, "rows", "more than %d columns", TABLE_COLUMNS_MAX);
        }
        ends[rows->count++] = rows->names.len;
        mp_buf_append_str(&rows->names, name);
        mp_buf_append_byte(&rows->names, 0);
    }
    for (size_t i = 0; i < rows->count && !rows->names.failed; i++) {
        struct table_column *column = &rows->columns[i];
        bool is_known = false;
        column->name = rows->names.ptr + ends[i];
        column->type = TABLE_TEXT;
        iter = mp_json_iter(rows->list);
        while (mp_json_next(&iter, NULL, &row)) {
            if (mp_json_get(row, mp_str_of(column->name), &value) &&
                mp_json_type(value) != MP_JSON_NULL) {
                column->type = is_known ? join(column->type, type_of(value)) : type_of(value);
                is_known = true;
            }
        }
    }
    return rows->names.failed ? mp_fail(err, MP_E_MEMORY, "", "no memory for columns") : MP_OK;
}

static void put_value(struct rows *rows, struct table *table, enum table_type type,
                      struct mp_json value) {
    struct mp_str text;
    int64_t number;
    int32_t day;
    double real;
    bool truth;
    if (type == TABLE_TEXT && mp_json_str(value, &text)) {
        table_put_str(table, text);
    } else if (type == TABLE_DAY && is_day(value, &day)) {
        table_put_i64(table, day);
    } else if (type == TABLE_I64 && mp_json_i64(value, &number)) {
        table_put_i64(table, number);
    } else if (type == TABLE_F64 && mp_json_f64(value, &real)) {
        table_put_f64(table, real);
    } else if (type == TABLE_BOOL && mp_json_bool(value, &truth)) {
        table_put_i64(table, truth);
    } else {
        mp_buf_clear(&rows->scratch);
        mp_json_dump(value, &rows->scratch);
        table_put_str(table, mp_buf_str(&rows->scratch));
    }
}

static int put_rows(struct rows *rows, struct table *table, struct mp_error *err) {
    struct mp_json_iter iter = mp_json_iter(rows->list);
    struct mp_json row, value;
    int code = MP_OK;
    while (code == MP_OK && mp_json_next(&iter, NULL, &row)) {
        for (size_t i = 0; i < rows->count; i++) {
            if (mp_json_get(row, mp_str_of(rows->columns[i].name), &value) &&
                mp_json_type(value) != MP_JSON_NULL) {
                put_value(rows, table, rows->columns[i].type, value);
            } else {
                table_put_null(table);
            }
        }
        code = table_end_row(table, err);
    }
    return code ? code : table_finish(table, err);
}

int report_export_rows(struct mp_str answer, enum report_file format, report_on_bytes *on_bytes,
                       void *arg, struct mp_error *err) {
    struct rows *rows = calloc(1, sizeof(*rows));
    struct table *table = NULL;
    struct mp_json root;
    if (!rows) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for a table");
    }
    mp_buf_init(&rows->scratch, ANSWER_BYTES_MAX);
    rows->parser = mp_json_parser_create(ANSWER_BYTES_MAX, DEPTH_MAX);
    int code = rows->parser ? mp_json_parse(rows->parser, answer, &root, err)
                            : mp_fail(err, MP_E_MEMORY, "", "no memory for a table");
    if (code == MP_OK && (!mp_json_get(root, MP_STR("rows"), &rows->list) ||
                          mp_json_type(rows->list) != MP_JSON_ARRAY)) {
        code = mp_fail(err, MP_E_CORRUPT, "rows", "the report's answer has no rows");
    }
    code = code ? code : find_columns(rows, err);
    code = code
               ? code
               : table_create(format, rows->columns, rows->count, NULL, on_bytes, arg, &table, err);
    code = code ? code : put_rows(rows, table, err);
    table_destroy(table);
    mp_json_parser_destroy(rows->parser);
    mp_buf_deinit(&rows->names);
    mp_buf_deinit(&rows->scratch);
    free(rows);
    return code;
}
