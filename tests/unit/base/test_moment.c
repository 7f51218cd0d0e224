#include "base/moment.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct mp_zone *zone_of(const char *name) {
    struct mp_zone *zone = NULL;
    assert_int_equal(mp_zone_open(mp_str_of(name), &zone, NULL), MP_OK);
    return zone;
}

static int64_t parsed(const struct mp_zone *zone, const char *text) {
    int64_t utc_ms = -1;
    if (!mp_moment_parse(mp_str_of(text), zone, &utc_ms)) {
        fail_msg("\"%s\" is not taken", text);
    }
    return utc_ms;
}

static void numbers_are_seconds_or_milliseconds_by_their_size(void **state) {
    (void)state;
    struct mp_zone *zone = zone_of("Asia/Shanghai");
    assert_int_equal(parsed(zone, "1795482123"), 1795482123000);
    assert_int_equal(parsed(zone, "1795482123.0045"), 1795482123004);
    assert_int_equal(parsed(zone, " 1795482123.5\r\n"), 1795482123500);
    assert_int_equal(parsed(zone, "1795482123004"), 1795482123004);
    assert_int_equal(parsed(zone, "0"), 0);
    assert_int_equal(parsed(zone, "99999999999"), 99999999999000);
    assert_int_equal(parsed(zone, "100000000000"), 100000000000);
    mp_zone_close(zone);
}

static void iso_times_with_an_offset_mean_the_same_in_every_zone(void **state) {
    (void)state;
    const char *const texts[] = {
        "2026-11-24T01:02:03.004Z",      "2026-11-24T01:02:03.004z",
        "2026-11-24 01:02:03,004 Z",     "2026-11-24T09:02:03.004+08:00",
        "2026-11-24t09:02:03.0049+0800", "2026-11-24T09:02:03.004999999+08",
        "2026-11-23T20:32:03.004-04:30", "1795482123.004",
    };
    const char *const names[] = {"UTC", "Asia/Shanghai", "America/New_York"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct mp_zone *zone = zone_of(names[i]);
        for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
            assert_int_equal(parsed(zone, texts[j]), 1795482123004);
        }
        mp_zone_close(zone);
    }
}

static void iso_times_without_an_offset_are_the_zones(void **state) {
    (void)state;
    struct mp_zone *shanghai = zone_of("Asia/Shanghai");
    struct mp_zone *new_york = zone_of("America/New_York");
    assert_int_equal(parsed(shanghai, "2026-11-24T09:02:03.004"), 1795482123004);
    assert_int_equal(parsed(shanghai, "2026-11-24 09:02"), 1795482120000);
    assert_int_equal(parsed(shanghai, "2026-11-24"), 1795449600000);
    assert_int_equal(parsed(shanghai, "2026-11-24T23:59:60"), 1795536000000);
    /* Put forward on 2026-03-08, back on 2026-11-01. */
    assert_int_equal(parsed(new_york, "2026-03-08T02:30"), parsed(new_york, "2026-03-08T03:30"));
    assert_int_equal(parsed(new_york, "2026-11-01T01:30"),
                     parsed(new_york, "2026-11-01T01:30-04:00"));
    assert_int_equal(parsed(new_york, "2026-11-01T02:00"),
                     parsed(new_york, "2026-11-01T02:00-05:00"));
    mp_zone_close(shanghai);
    mp_zone_close(new_york);
}

static void what_is_no_moment_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "x",
        "-1",
        "+5",
        "1e9",
        "1.",
        ".5",
        "1795482123004.5",
        "1795482123 4",
        "99999999999999999",
        "253402300800000",
        "2026-11-31",
        "2026-11-24T",
        "2026-11-24T1:02",
        "2026-11-24T24:00",
        "2026-11-24T09:60",
        "2026-11-24T09:02:61",
        "2026-11-24T09:02:03.",
        "2026-11-24T09:02:03+",
        "2026-11-24T09:02:03+8",
        "2026-11-24T09:02:03+08:",
        "2026-11-24T09:02:03+08:60",
        "2026-11-24T09:02:03+24:00",
        "2026-11-24T09:02:03 CST",
        "2026-11-24T09",
        "2026/11/24",
        "24.11.2026",
        "1969-12-31T23:00Z",
        "2026-11-24Z",
        "2026-11-24T09:02:03Zulu",
    };
    struct mp_zone *zone = zone_of("UTC");
    int64_t utc_ms = 42;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (mp_moment_parse(mp_str_of(texts[i]), zone, &utc_ms)) {
            fail_msg("\"%s\" is taken", texts[i]);
        }
    }
    assert_false(mp_moment_parse(mp_str_range("2026-11-24\0", 11), zone, &utc_ms));
    assert_int_equal(utc_ms, 42);
    mp_zone_close(zone);
}

static void rfc_3339_with_its_zone_is_read(void **state) {
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

static void what_is_not_rfc_3339_is_refused_where_only_that_is_taken(void **state) {
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
                         "2026-11-24T01:02:03 +08:00",
                         "2026-11-24T01:02:03\t+08:00",
                         "2026-11-24T01:02:03.5 Z",
                         "2026-11-24T01:02:03.5",
                         "2026-11-24T01:02:03.555:00",
                         "2026-11-24T01:02+08:00",
                         "1795482123004",
                         "17954821230041795482123004Z",
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

static void what_is_written_reads_back_as_the_same_moment(void **state) {
    (void)state;
    static const struct {
        const char *zone;
        int64_t utc_ms;
        const char *text;
    } known[] = {
        {"Asia/Shanghai", 1795482123004, "2026-11-24T09:02:03.004+08:00"},
        {"UTC", 1795482123004, "2026-11-24T01:02:03.004+00:00"},
        {"America/St_Johns", 1795482123004, "2026-11-23T21:32:03.004-03:30"},
        {"America/New_York", 1793511000000, "2026-11-01T01:30:00.000-04:00"},
        {"America/New_York", 1793514600000, "2026-11-01T01:30:00.000-05:00"},
        {"Africa/Monrovia", 1000, "1970-01-01T00:00:01.000Z"}, /* -00:44:30 */
    };
    char text[MP_MOMENT_BYTES];
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct mp_zone *zone = zone_of(known[i].zone);
        mp_moment_format(known[i].utc_ms, zone, text);
        assert_string_equal(text, known[i].text);
        assert_int_equal(parsed(zone, text), known[i].utc_ms);
        mp_zone_close(zone);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_seconds_or_milliseconds_by_their_size),
        cmocka_unit_test(iso_times_with_an_offset_mean_the_same_in_every_zone),
        cmocka_unit_test(iso_times_without_an_offset_are_the_zones),
        cmocka_unit_test(what_is_no_moment_is_refused),
        cmocka_unit_test(rfc_3339_with_its_zone_is_read),
        cmocka_unit_test(what_is_not_rfc_3339_is_refused_where_only_that_is_taken),
        cmocka_unit_test(what_is_written_reads_back_as_the_same_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
