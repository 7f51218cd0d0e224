#include "report/internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/zone.h"

static int32_t day(int32_t year, int32_t month, int32_t day_of_month) {
    return mp_day_from_date((struct mp_date){year, month, day_of_month});
}

static void ranges_widen_to_whole_cycles(void **state) {
    (void)state;
    /* 2026-11-24 is a Tuesday. */
    struct report_range range = {day(2026, 11, 24), day(2026, 12, 1), REPORT_WEEK};
    assert_int_equal(report_range_widen(&range, NULL), 0);
    assert_int_equal(range.from, day(2026, 11, 23));
    assert_int_equal(range.to, day(2026, 12, 6));
    assert_int_equal(report_cycle_count(&range), 2);
    range = (struct report_range){day(2027, 2, 28), day(2028, 2, 1), REPORT_MONTH};
    assert_int_equal(report_range_widen(&range, NULL), 0);
    assert_int_equal(range.from, day(2027, 2, 1));
    assert_int_equal(range.to, day(2028, 2, 29));
    assert_int_equal(report_cycle_count(&range), 13);
    range = (struct report_range){day(2026, 11, 24), day(2026, 11, 24), REPORT_DAY};
    assert_int_equal(report_range_widen(&range, NULL), 0);
    assert_int_equal(report_cycle_count(&range), 1);
}

static void a_refused_range_stays_as_it_was(void **state) {
    (void)state;
    struct report_range range = {20000, 20000 + REPORT_CYCLES_MAX, REPORT_DAY};
    struct mp_error err = {0};
    assert_int_equal(report_range_widen(&range, &err), MP_E_ARGUMENT);
    assert_string_equal(err.field, "from");
    range.to--;
    assert_int_equal(report_range_widen(&range, &err), 0);
    range = (struct report_range){49670, 49672, REPORT_WEEK};
    assert_int_equal(report_range_widen(&range, &err), MP_E_ARGUMENT);
    assert_string_equal(err.field, "to");
    assert_int_equal(range.from, 49670);
}

static void each_day_belongs_to_the_cycle_that_contains_it(void **state) {
    (void)state;
    for (int by = REPORT_DAY; by <= REPORT_MONTH; by++) {
        struct report_range range = {day(2023, 12, 20), day(2025, 3, 5), (enum report_cycle)by};
        assert_int_equal(report_range_widen(&range, NULL), 0);
        int32_t start = range.from;
        for (size_t i = 0; i < report_cycle_count(&range); i++) {
            int32_t end = report_cycle_end(range.by, start);
            for (int32_t at = start; at <= end; at++) {
                assert_int_equal(report_cycle_index(&range, at), i);
                assert_int_equal(report_cycle_start(range.by, at), start);
            }
            start = end + 1;
        }
        assert_int_equal(start, range.to + 1);
    }
}

static void cycles_are_named_as_people_name_them(void **state) {
    (void)state;
    char label[REPORT_LABEL_BYTES];
    report_cycle_label(REPORT_DAY, day(2026, 11, 23), label);
    assert_string_equal(label, "2026-11-23");
    report_cycle_label(REPORT_WEEK, day(2026, 12, 28), label);
    assert_string_equal(label, "2026-12-28/2027-01-03");
    report_cycle_label(REPORT_MONTH, day(2026, 11, 1), label);
    assert_string_equal(label, "2026-11");
}

static void assert_cell(const char *text, const char *expected) {
    struct mp_buf out;
    mp_buf_init(&out, 1000);
    report_csv_text(&out, mp_str_of(text));
    mp_buf_append_byte(&out, 0);
    assert_string_equal(out.ptr, expected);
    mp_buf_deinit(&out);
}

static void csv_cells_are_quoted_and_never_formulas(void **state) {
    (void)state;
    assert_cell("", "");
    assert_cell("2026-11-23", "2026-11-23");
    assert_cell("a,b", "\"a,b\"");
    assert_cell("say \"hi\"\r\n", "\"say \"\"hi\"\"\r\n\"");
    assert_cell("=1+1", "'=1+1");
    assert_cell("@x,\"", "\"'@x,\"\"\"");
    assert_cell("+1", "'+1");
    assert_cell("-1", "'-1");
    assert_cell("\t=1", "'\t=1");
    assert_cell("a=1", "a=1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_widen_to_whole_cycles),
        cmocka_unit_test(a_refused_range_stays_as_it_was),
        cmocka_unit_test(each_day_belongs_to_the_cycle_that_contains_it),
        cmocka_unit_test(cycles_are_named_as_people_name_them),
        cmocka_unit_test(csv_cells_are_quoted_and_never_formulas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
