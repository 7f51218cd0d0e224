#include "base/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ROW_MAX 64

/* Reads text in pieces of that size; rows as "[a|b|c]", bad ones as "!line fault;". */
static void read_all(struct mp_str text, size_t piece, struct mp_buf *out) {
    struct mp_csv csv;
    enum mp_csv_step step = MP_CSV_MORE;
    bool is_end = false;
    mp_csv_init(&csv, ROW_MAX);
    mp_buf_clear(out);
    while (!is_end) {
        size_t len = piece < text.len ? piece : text.len;
        struct mp_str data = mp_str_range(text.ptr, len);
        is_end = text.len == 0;
        step = is_end ? mp_csv_finish(&csv) : mp_csv_read(&csv, &data);
        text = mp_str_range(text.ptr + (len - data.len), text.len - (len - data.len));
        is_end = is_end && step == MP_CSV_MORE;
        if (step == MP_CSV_BAD_ROW) {
            mp_buf_printf(out, "!%d %s;", (int)csv.row_line, csv.fault);
        }
        for (size_t i = 0; step == MP_CSV_ROW && i < csv.count; i++) {
            struct mp_str cell = mp_csv_cell(&csv, i);
            mp_buf_append_text(out, i == 0 ? "[" : "|");
            mp_buf_append_str(out, cell);
        }
        mp_buf_append_text(out, step == MP_CSV_ROW ? "]" : "");
    }
    mp_csv_deinit(&csv);
}

static void expect(struct mp_str text, const char *rows) {
    static const size_t pieces[] = {1, 2, 3, 7, 1000};
    struct mp_buf out;
    mp_buf_init(&out, 65536);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        read_all(text, pieces[i], &out);
        if (!mp_str_is(mp_buf_str(&out), rows)) {
            fail_msg("in pieces of %zu: %.*s, not %s", pieces[i], (int)out.len, out.ptr, rows);
        }
    }
    mp_buf_deinit(&out);
}

static void rows_end_with_either_line_end_or_with_the_input(void **state) {
    (void)state;
    expect(MP_STR("a,b\nc,d\n"), "[a|b][c|d]");
    expect(MP_STR("a,b\r\nc,d\r\n"), "[a|b][c|d]");
    expect(MP_STR("a,b\r\nc,d"), "[a|b][c|d]");
    expect(MP_STR("a,"), "[a|]");
    expect(MP_STR(""), "");
    expect(MP_STR(",\n"), "[|]");
}

static void quotes_hold_commas_line_ends_and_quotes(void **state) {
    (void)state;
    expect(MP_STR("\"a,b\",\"c\nd\r\ne\",\"f\"\"g\"\n"), "[a,b|c\nd\r\ne|f\"g]");
    expect(MP_STR("\"\",\"\"\"\"\n"), "[|\"]");
    expect(MP_STR("\"a\"\r\n\"b\""), "[a][b]");
}

static void blank_lines_are_passed_over_and_an_empty_quoted_cell_is_a_row(void **state) {
    (void)state;
    expect(MP_STR("\n\r\na\n\n\nb\n\r\n"), "[a][b]");
    expect(MP_STR("\"\"\na\n"), "[][a]");
}

static void a_quote_within_a_cell_and_a_lone_cr_are_text(void **state) {
    (void)state;
    expect(MP_STR("5\" nail,a\rb,c\r\n"), "[5\" nail|a\rb|c]");
    expect(MP_STR("a\r"), "[a\r]");
}

static void a_bad_row_costs_its_line_only_and_tells_where_it_began(void **state) {
    (void)state;
    expect(MP_STR("a\n\"b\"c,\"d\ne\n"), "[a]!2 has text behind a closing quote;[e]");
    expect(MP_STR("a\n\n\"b\nc"), "[a]!3 has a quote that is never closed;");
    expect(MP_STR("\"b\"\rc\nd\n"), "!1 has text behind a closing quote;[d]");
}

static void a_row_over_its_limit_is_skipped_to_the_next_line(void **state) {
    (void)state;
    expect(MP_STR("0123456789012345678901234567890123456789012345678901234567890123456789\nb\n"),
           "!1 is longer than a row may be;[b]");
    expect(MP_STR("\"01234567890123456789\n01234567890123456789\n0123456789012345678901234567\n"
                  "b\nc,\n"),
           "!1 is longer than a row may be;[b][c|]");
    expect(MP_STR("a\n012345678901234567890123456789012345678901234567890123456789012\nb\n"),
           "[a][012345678901234567890123456789012345678901234567890123456789012][b]");
    expect(MP_STR("a\n0123456789012345678901234567890123456789012345678901234567890123\nb\n"),
           "[a]!2 is longer than a row may be;[b]");
}

static void a_row_with_too_many_cells_is_refused(void **state) {
    (void)state;
    char text[MP_CSV_CELLS_MAX + 4];
    memset(text, ',', MP_CSV_CELLS_MAX);
    memcpy(text + MP_CSV_CELLS_MAX, "\nb\n", 4);
    struct mp_csv csv;
    struct mp_str data = mp_str_of(text);
    data.len = MP_CSV_CELLS_MAX + 3;
    mp_csv_init(&csv, 65536);
    assert_int_equal(mp_csv_read(&csv, &data), MP_CSV_BAD_ROW);
    assert_string_equal(csv.fault, "has more than 1024 cells");
    assert_int_equal(mp_csv_read(&csv, &data), MP_CSV_ROW);
    assert_int_equal(csv.count, 1);
    mp_csv_deinit(&csv);
}

static void lines_are_counted_through_quotes_blanks_and_bad_rows(void **state) {
    (void)state;
    struct mp_csv csv;
    struct mp_str data = MP_STR("a\n\n\"b\n\nb\"\n\"c\"d\n\ne");
    const uint64_t lines[] = {1, 3, 6, 8};
    mp_csv_init(&csv, ROW_MAX);
    for (int i = 0; i < 3; i++) {
        assert_int_not_equal(mp_csv_read(&csv, &data), MP_CSV_MORE);
        assert_int_equal(csv.row_line, lines[i]);
    }
    assert_int_equal(mp_csv_read(&csv, &data), MP_CSV_MORE);
    assert_int_equal(mp_csv_finish(&csv), MP_CSV_ROW);
    assert_int_equal(csv.row_line, lines[3]);
    mp_csv_deinit(&csv);
}

static void what_is_written_reads_back(void **state) {
    (void)state;
    const struct mp_str cells[] = {MP_STR("plain"), MP_STR("a,b"), MP_STR("\"q\""),
                                   MP_STR("\n"),    MP_STR(""),    MP_STR("x\r\ny"),
                                   MP_STR(" s "),   MP_STR("\r")};
    size_t count = sizeof(cells) / sizeof(cells[0]);
    struct mp_buf text;
    struct mp_csv csv;
    mp_buf_init(&text, 4096);
    for (size_t i = 0; i < count; i++) {
        mp_buf_append_text(&text, i > 0 ? "," : "");
        mp_csv_append(&text, cells[i]);
    }
    mp_buf_append_text(&text, "\r\n");
    struct mp_str data = mp_buf_str(&text);
    mp_csv_init(&csv, 4096);
    assert_int_equal(mp_csv_read(&csv, &data), MP_CSV_ROW);
    assert_int_equal(csv.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(mp_str_eq(mp_csv_cell(&csv, i), cells[i]));
    }
    mp_csv_deinit(&csv);
    mp_buf_deinit(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_end_with_either_line_end_or_with_the_input),
        cmocka_unit_test(quotes_hold_commas_line_ends_and_quotes),
        cmocka_unit_test(blank_lines_are_passed_over_and_an_empty_quoted_cell_is_a_row),
        cmocka_unit_test(a_quote_within_a_cell_and_a_lone_cr_are_text),
        cmocka_unit_test(a_bad_row_costs_its_line_only_and_tells_where_it_began),
        cmocka_unit_test(a_row_over_its_limit_is_skipped_to_the_next_line),
        cmocka_unit_test(a_row_with_too_many_cells_is_refused),
        cmocka_unit_test(lines_are_counted_through_quotes_blanks_and_bad_rows),
        cmocka_unit_test(what_is_written_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
