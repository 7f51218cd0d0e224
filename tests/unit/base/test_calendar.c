#include "base/zone.h"

#include "random.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int32_t day_of(int32_t year, int32_t month, int32_t day) {
    return mp_day_from_date((struct mp_date){year, month, day});
}

static void dates_and_days_round_trip(void **state) {
    (void)state;
    assert_int_equal(day_of(1970, 1, 1), 0);
    assert_int_equal(day_of(2000, 2, 29), 11016);
    assert_int_equal(day_of(2026, 11, 24), 20781);
    for (int32_t day = -800000; day < 3000000; day += 1) {
        struct mp_date date = mp_date_from_day(day);
        assert_int_equal(mp_day_from_date(date), day);
    }
    struct mp_date far = mp_date_from_day(INT32_MAX); /* must not overflow */
    assert_in_range(far.month, 1, 12);
    far = mp_date_from_day(INT32_MIN);
    assert_in_range(far.month, 1, 12);
}

static void weeks_begin_on_monday_and_months_on_the_first(void **state) {
    (void)state;
    assert_int_equal(mp_day_monday(day_of(2026, 11, 24)), day_of(2026, 11, 23));
    assert_int_equal(mp_day_monday(day_of(2026, 11, 23)), day_of(2026, 11, 23));
    assert_int_equal(mp_day_monday(day_of(2026, 11, 29)), day_of(2026, 11, 23));
    assert_int_equal(mp_day_monday(day_of(1970, 1, 1)), day_of(1969, 12, 29));
    assert_int_equal(mp_day_monday(day_of(1969, 12, 28)), day_of(1969, 12, 22));
    assert_int_equal(mp_day_month_start(day_of(2024, 2, 29)), day_of(2024, 2, 1));
    assert_int_equal(mp_day_next_month(day_of(2024, 12, 31)), day_of(2025, 1, 1));
    assert_int_equal(mp_day_next_month(day_of(2024, 1, 31)), day_of(2024, 2, 1));
}

static void dates_parse_in_one_form_only(void **state) {
    (void)state;
    int32_t day = -1;
    char text[11];
    assert_true(mp_day_parse(MP_STR("2024-02-29"), &day));
    mp_day_format(day, text);
    assert_string_equal(text, "2024-02-29");
    const char *bad[] = {"2023-02-29", "2024-13-01", "2024-00-10",  "2024-1-01", "2024-01-32",
                         "20240101",   "2024/01/01", "2024-01-01 ", "",          "2024-01-1x"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        day = 5;
        assert_false(mp_day_parse(mp_str_of(bad[i]), &day));
        assert_int_equal(day, 5);
    }
}

static void times_are_written_in_rfc_3339(void **state) {
    (void)state;
    char text[25];
    mp_time_format(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    mp_time_format(1795482123004, text);
    assert_string_equal(text, "2026-11-24T01:02:03.004Z");
    mp_time_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    mp_time_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    mp_time_format(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00.000Z");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_and_days_round_trip),
        cmocka_unit_test(weeks_begin_on_monday_and_months_on_the_first),
        cmocka_unit_test(dates_parse_in_one_form_only),
        cmocka_unit_test(times_are_written_in_rfc_3339),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
