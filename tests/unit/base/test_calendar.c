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

static void times_are_read_from_rfc_3339_with_their_zone(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t utc_ms;
    } good[] = {
        {"2026-11-24T01:02:03.004Z", 1795482123004},
        {"2026-11-24T09:02:03.004+08:00", 1795482123004},
        {"2026-11-23T20:32:03.004-04:30", 1795482123004},
        {"2026-11-24t01:02:03z", 1795482123000},
        {"2026-11-24T01:02:03.0049999Z", 1795482123004},
        {"2026-11-24T01:02:03.5Z", 1795482123500},
        {"1970-01-01T07:59:59+08:00", -1000},
        {"2016-12-31T23:59:60Z", 1483228800000},
        {"2018-06-08T10:34:56+08:00", 1528425296000},
        {"2026-01-01T00:00:00+23:59", 1767139260000},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t utc_ms = 0;
        assert_true(mp_time_parse(mp_str_of(good[i].text), &utc_ms));
        assert_int_equal(utc_ms, good[i].utc_ms);
    }
}

static void times_in_another_form_are_refused(void **state) {
    (void)state;
    const char *bad[] = {"",
                         "2026-11-24",
                         "2026-11-24T",
                         "2026-11-24T01:02:03",
                         "2026-11-24 01:02:03Z",
                         "2026-11-24T01:02Z",
                         "2026-11-24T24:00:00Z",
                         "2026-11-24T01:60:00Z",
                         "2026-11-24T01:02:61Z",
                         "2026-11-24T01:02:03.Z",
                         "2026-11-24T01:02:03+8:00",
                         "2026-11-24T01:02:03+0800",
                         "2026-11-24T01:02:03+08:60",
                         "2026-11-24T01:02:03+24:00",
                         "2026-11-24T01:02:03+08:00 ",
                         "2026-11-24T01:02:03ZZ",
                         "2026-02-29T01:02:03Z",
                         "2026-11-24T-1:02:03Z",
                         "2026-11-24T01:02:03,5Z",
                         "20261124T010203Z"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t utc_ms = 5;
        assert_false(mp_time_parse(mp_str_of(bad[i]), &utc_ms));
        assert_int_equal(utc_ms, 5);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_and_days_round_trip),
        cmocka_unit_test(weeks_begin_on_monday_and_months_on_the_first),
        cmocka_unit_test(dates_parse_in_one_form_only),
        cmocka_unit_test(times_are_written_in_rfc_3339),
        cmocka_unit_test(times_are_read_from_rfc_3339_with_their_zone),
        cmocka_unit_test(times_in_another_form_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
