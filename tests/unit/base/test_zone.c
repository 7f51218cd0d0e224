#include "base/clock.h"
#include "base/zone.h"
#include "base/zone_bytes.h"
#include "base/zone_rule.h"

#include "random.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct mp_zone *zone_of(const char *name) {
    struct mp_zone *zone = NULL;
    struct mp_error err;
    if (mp_zone_open(mp_str_of(name), &zone, &err) != MP_OK) {
        fail_msg("%s: %s", name, err.message);
    }
    assert_string_equal(mp_zone_name(zone), name);
    return zone;
}

static void known_moments_have_their_known_offsets(void **state) {
    (void)state;
    static const struct {
        const char *zone;
        int64_t utc_s;
        int32_t offset_s;
    } known[] = {
        {"UTC", 0, 0},
        {"Asia/Shanghai", 1763920000, 28800},
        {"Asia/Shanghai", 520000000, 32400},      /* 1986-06-24 */
        {"America/New_York", 1710053999, -18000}, /* 2024-03-10 06:59:59Z */
        {"America/New_York", 1710054000, -14400},
        {"America/New_York", 1730613599, -14400}, /* 2024-11-03 05:59:59Z */
        {"America/New_York", 1730613600, -18000},
        {"America/New_York", 4089423600, -14400}, /* 2099-08-03, by the rule */
        {"Europe/Berlin", 1711846799, 3600},      /* 2024-03-31 00:59:59Z */
        {"Europe/Berlin", 1711846800, 7200},
        {"Australia/Lord_Howe", 1712415599, 39600}, /* 2024-04-06 14:59:59Z */
        {"Australia/Lord_Howe", 1712415600, 37800}, /* back by half an hour */
        {"America/Sao_Paulo", 1550368799, -7200},   /* 2019-02-17 01:59:59Z, its last summer */
        {"America/Sao_Paulo", 1550368800, -10800},
        {"America/Sao_Paulo", 1735700000, -10800},
        {"Asia/Kathmandu", 1735700000, 20700},
        {"Asia/Kathmandu", 504901799, 19800}, /* 1985-12-31 18:29:59Z */
        {"Asia/Kathmandu", 504901800, 20700},
        {"Europe/Dublin", 1720000000, 3600}, /* "negative" summer time in its rule */
        {"Europe/Dublin", 4070908800, 0},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct mp_zone *zone = zone_of(known[i].zone);
        int32_t offset_s = mp_zone_offset_s(zone, known[i].utc_s * 1000);
        if (offset_s != known[i].offset_s) {
            fail_msg("%s at %lld: %d", known[i].zone, (long long)known[i].utc_s, (int)offset_s);
        }
        mp_zone_close(zone);
    }
}

/* Every kind of rule: none, both hemispheres, fractions, Friday and minus-one-hour rules. */
static const char *const compared[] = {
    "UTC",
    "Asia/Shanghai",
    "America/New_York",
    "Europe/Berlin",
    "Europe/Dublin",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Tehran",
    "Africa/Cairo",
    "America/Nuuk",
    "Asia/Jerusalem",
    "Asia/Gaza",
    "Pacific/Apia",
    "Pacific/Chatham",
    "America/St_Johns",
    "Asia/Hong_Kong",
    "America/Santiago",
    "Africa/Casablanca",
    "Antarctica/Troll",
};
#define COMPARED (sizeof(compared) / sizeof(compared[0]))

static void offsets_and_days_are_those_of_libc(void **state) {
    (void)state;
    uint64_t seed = random_seed("zone");
    for (size_t z = 0; z < COMPARED; z++) {
        struct mp_zone *zone = zone_of(compared[z]);
        setenv("TZ", compared[z], 1);
        tzset();
        for (int i = 0; i < 20000; i++) {
            /* 1900 to 2200 */
            time_t at = (time_t)(random_below(&seed, 9467000000u)) - 2208988800;
            struct tm local;
            assert_non_null(localtime_r(&at, &local));
            int32_t offset_s = mp_zone_offset_s(zone, (int64_t)at * 1000);
            struct mp_date date = mp_date_from_day(mp_zone_day(zone, (int64_t)at * 1000));
            if (offset_s != local.tm_gmtoff || date.year != local.tm_year + 1900 ||
                date.month != local.tm_mon + 1 || date.day != local.tm_mday) {
                fail_msg("%s at %lld: offset %d, libc %ld", compared[z], (long long)at,
                         (int)offset_s, local.tm_gmtoff);
            }
        }
        mp_zone_close(zone);
    }
    unsetenv("TZ");
    tzset();
}

static void a_day_starts_at_its_first_moment(void **state) {
    (void)state;
    for (size_t z = 0; z < COMPARED; z++) {
        struct mp_zone *zone = zone_of(compared[z]);
        /* 2006 to 2030; includes the day that Apia left out */
        for (int32_t day = 13149; day < 21915; day++) {
            int64_t start_ms = mp_zone_day_start_ms(zone, day);
            int32_t first = mp_zone_day(zone, start_ms);
            if (first < day || first > day + 1 || mp_zone_day(zone, start_ms - 1) >= day) {
                fail_msg("%s day %d: starts on day %d, after day %d", compared[z], (int)day,
                         (int)first, (int)mp_zone_day(zone, start_ms - 1));
            }
        }
        mp_zone_close(zone);
    }
    struct mp_zone *shanghai = zone_of("Asia/Shanghai");
    int32_t day = mp_day_from_date((struct mp_date){2026, 11, 24});
    assert_true(mp_zone_day_start_ms(shanghai, day) == day * MP_MS_PER_DAY - 8 * MP_MS_PER_HOUR);
    mp_zone_close(shanghai);
}

static void a_day_that_begins_twice_starts_at_the_first_beginning(void **state) {
    (void)state;
    /* St. John's put its clocks back at 00:01 until 2011: Sunday began, broke off, began again. */
    struct mp_zone *zone = zone_of("America/St_Johns");
    int32_t day = mp_day_from_date((struct mp_date){2010, 11, 7});
    int64_t start_ms = mp_zone_day_start_ms(zone, day);
    assert_true(start_ms == day * MP_MS_PER_DAY + 9000 * MP_MS_PER_SECOND);
    assert_int_equal(mp_zone_day(zone, start_ms + 61000), day - 1);
    mp_zone_close(zone);
}

static void names_that_lead_elsewhere_are_refused(void **state) {
    (void)state;
    const char *bad[] = {"", "/etc/passwd", "../../../etc/passwd", "Asia/../UTC", "a b", "Asia\n"};
    struct mp_zone *zone;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(mp_zone_open(mp_str_of(bad[i]), &zone, NULL), MP_E_ARGUMENT);
        assert_null(zone);
    }
    assert_int_equal(mp_zone_open(MP_STR("Asia/Atlantis"), &zone, NULL), MP_E_NOT_FOUND);
    assert_int_equal(mp_zone_open(MP_STR("Asia"), &zone, NULL), MP_E_NOT_FOUND);
}

static void rules_that_are_none_are_refused(void **state) {
    (void)state;
    const char *bad[] = {"",
                         "E",
                         "EST",
                         "EST5EDT",
                         "EST5EDT,",
                         "EST5EDT,M3.2.0",
                         "EST5EDT,M13.2.0,M11.1.0",
                         "EST5EDT,M3.6.0,M11.1.0",
                         "EST5EDT,M3.2.7,M11.1.0",
                         "EST5EDT,J0,J300",
                         "EST5EDT,J366,J1",
                         "EST5EDT,366,1",
                         "EST5EDT,0/168,1",
                         "EST5:60",
                         "<EST5",
                         "EST5 ",
                         "EST5EDT,M3.2.0,M11.1.0x"};
    struct mp_zone_rule rule;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (mp_zone_rule_parse(mp_str_of(bad[i]), &rule)) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
}

static void rules_by_day_of_the_year_are_those_of_libc(void **state) {
    (void)state;
    static const char *const rules[] = {
        "XST-3XDT,J60/2,J300/3",           "XST-3XDT,59/2,299/3:30:15",
        "XST5XDT4:30,J9/0,J355/24",        "XST-3XDT,300/-5,60/30",
        "<+0330>-3:30<+05>-5,J61,J60/100", "XST0",
        "NZST-12NZDT,M9.5.0,M4.1.0/3",
    };
    uint64_t seed = random_seed("zone rule");
    for (size_t n = 0; n < sizeof(rules) / sizeof(rules[0]); n++) {
        struct mp_zone_rule rule;
        assert_true(mp_zone_rule_parse(mp_str_of(rules[n]), &rule));
        setenv("TZ", rules[n], 1);
        tzset();
        for (int i = 0; i < 20000; i++) {
            time_t at = (time_t)random_below(&seed, 4000000000u); /* 1970 to 2096 */
            struct tm local;
            assert_non_null(localtime_r(&at, &local));
            if (mp_zone_rule_offset_s(&rule, at) != local.tm_gmtoff) {
                fail_msg("%s at %lld: %d, libc %ld", rules[n], (long long)at,
                         (int)mp_zone_rule_offset_s(&rule, at), local.tm_gmtoff);
            }
        }
    }
    unsetenv("TZ");
    tzset();
}

static void the_years_last_hours_belong_to_the_local_year(void **state) {
    (void)state;
    /* libc takes the year of UTC here, so this one is by hand: summer time from 1 January 00:00
     * standard time (05:00 UTC) to the end of 31 December summer time (04:30 UTC). */
    struct mp_zone_rule rule;
    int64_t new_year_s = 2051222400; /* 2035-01-01 00:00 UTC */
    assert_true(mp_zone_rule_parse(MP_STR("XST5XDT4:30,J1/0,J365/24"), &rule));
    assert_int_equal(mp_zone_rule_offset_s(&rule, new_year_s + 16199), -16200);
    assert_int_equal(mp_zone_rule_offset_s(&rule, new_year_s + 16200), -18000);
    assert_int_equal(mp_zone_rule_offset_s(&rule, new_year_s + 17999), -18000);
    assert_int_equal(mp_zone_rule_offset_s(&rule, new_year_s + 18000), -16200);
}

static size_t read_zone_file(const char *path, uint8_t *out, size_t size) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(out, 1, size, file);
    fclose(file);
    return len;
}

static void a_damaged_zone_file_is_refused_or_harmless(void **state) {
    (void)state;
    static uint8_t good[8192], bad[8192];
    uint64_t seed = random_seed("zone file");
    struct mp_zone *zone;
    size_t len = read_zone_file("/usr/share/zoneinfo/America/New_York", good, sizeof(good));
    assert_int_equal(mp_zone_from_bytes(MP_STR("x"), good, len, &zone), MP_OK);
    mp_zone_close(zone);
    for (size_t cut = 0; cut < len - 30; cut++) { /* the last 30 bytes are footer */
        assert_int_equal(mp_zone_from_bytes(MP_STR("x"), good, cut, &zone), MP_E_CORRUPT);
    }
    for (int i = 0; i < 20000; i++) {
        memcpy(bad, good, len);
        for (uint64_t n = 1 + random_below(&seed, 4); n > 0; n--) {
            bad[random_below(&seed, len)] = (uint8_t)random_next(&seed);
        }
        if (mp_zone_from_bytes(MP_STR("x"), bad, len, &zone) == MP_OK) {
            for (int at = 0; at < 4; at++) {
                int64_t utc_ms = (int64_t)random_next(&seed) >> random_below(&seed, 32);
                assert_in_range(mp_zone_offset_s(zone, utc_ms) + 200 * 3600, 0, 400 * 3600);
                (void)mp_zone_day_start_ms(zone, mp_zone_day(zone, utc_ms));
            }
            mp_zone_close(zone);
        }
    }
}

static void a_clock_that_shows_a_time_twice_or_never_still_means_one_moment(void **state) {
    (void)state;
    static const struct {
        const char *zone;
        int64_t local_s;
        int64_t utc_s;
    } known[] = {
        {"UTC", 1763920000, 1763920000},
        {"Asia/Shanghai", 1763948800, 1763920000},
        {"America/New_York", 1710035999, 1710053999}, /* 2024-03-10 01:59:59, the last before */
        {"America/New_York", 1710037800, 1710055800}, /* 02:30 is left out: 03:30 */
        {"America/New_York", 1710039600, 1710054000}, /* 03:00, the first behind it */
        {"America/New_York", 1730597400, 1730611800}, /* 2024-11-03 01:30: the first time */
        {"America/New_York", 1730602800, 1730620800}, /* 03:00 */
        {"Australia/Lord_Howe", 1712455200 - 1200, 1712455200 - 1200 - 39600}, /* twice */
        {"Pacific/Apia", 1325203200, 1325203200 + 36000}, /* 2011-12-30, which they left out */
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct mp_zone *zone = zone_of(known[i].zone);
        int64_t utc_ms = mp_zone_utc_ms(zone, known[i].local_s * 1000 + 7);
        if (utc_ms != known[i].utc_s * 1000 + 7) {
            fail_msg("%s, %lld: %lld", known[i].zone, (long long)known[i].local_s,
                     (long long)utc_ms);
        }
        mp_zone_close(zone);
    }
}

static void what_a_clock_shows_at_a_moment_means_that_moment_again(void **state) {
    (void)state;
    const char *const names[] = {"Asia/Shanghai", "America/New_York", "Australia/Lord_Howe",
                                 "Africa/Casablanca", "America/Sao_Paulo"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct mp_zone *zone = zone_of(names[i]);
        for (int64_t utc_ms = 0; utc_ms < 2000000000000; utc_ms += 7777777777) {
            int64_t local_ms = utc_ms + 1000LL * mp_zone_offset_s(zone, utc_ms);
            int64_t found_ms = mp_zone_utc_ms(zone, local_ms);
            /* The same, or the first of two that show it. */
            assert_true(found_ms <= utc_ms);
            assert_true(found_ms + 1000LL * mp_zone_offset_s(zone, found_ms) == local_ms);
        }
        mp_zone_close(zone);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_moments_have_their_known_offsets),
        cmocka_unit_test(offsets_and_days_are_those_of_libc),
        cmocka_unit_test(a_day_starts_at_its_first_moment),
        cmocka_unit_test(a_day_that_begins_twice_starts_at_the_first_beginning),
        cmocka_unit_test(names_that_lead_elsewhere_are_refused),
        cmocka_unit_test(rules_that_are_none_are_refused),
        cmocka_unit_test(rules_by_day_of_the_year_are_those_of_libc),
        cmocka_unit_test(the_years_last_hours_belong_to_the_local_year),
        cmocka_unit_test(a_damaged_zone_file_is_refused_or_harmless),
        cmocka_unit_test(a_clock_that_shows_a_time_twice_or_never_still_means_one_moment),
        cmocka_unit_test(what_a_clock_shows_at_a_moment_means_that_moment_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
