#include "load/pace.h"

#include "helpers.h"

/* One second in which ten commits took 200 requests and no processor was idle. */
static struct pace_place burst_after(int64_t mono_ms) {
    return (struct pace_place){.mono_ms = mono_ms,
                               .records = 200,
                               .commits = 10,
                               .waiting_bytes = 5000,
                               .idle_ticks = 0,
                               .ticks = 200};
}

static struct pace pace_of(int64_t rest_ms_max, uint64_t rest_bytes_max) {
    struct pace pace = {.rest_ms_max = rest_ms_max, .rest_bytes_max = rest_bytes_max};
    pace_begin(&pace, &(struct pace_place){.mono_ms = 1000});
    return pace;
}

static void in_a_burst_it_rests_seven_times_as_long_as_it_worked(void **state) {
    (void)state;
    struct pace pace = pace_of(100000, 1 << 20);
    struct pace_place place = burst_after(1200);
    assert_int_equal(pace_rest_ms(&pace, &place), 1400);
    place.mono_ms = 1050;
    assert_int_equal(pace_rest_ms(&pace, &place), 350);
}

static void one_rest_is_bounded(void **state) {
    (void)state;
    struct pace pace = pace_of(100000, 1 << 20);
    struct pace_place place = burst_after(30000);
    assert_int_equal(pace_rest_ms(&pace, &place), PACE_REST_MS_MAX);
}

static void eight_requests_to_a_commit_are_a_burst_and_nothing_is_none(void **state) {
    (void)state;
    struct pace_place from = {.records = 1000, .commits = 500};
    struct pace_place place = {.records = 1080, .commits = 510};
    assert_true(pace_is_burst(&from, &place));
    place.records--;
    assert_false(pace_is_burst(&from, &place));
    assert_false(pace_is_burst(&from, &from));
    struct pace pace = pace_of(100000, 1 << 20);
    place = burst_after(1200);
    place.records = 79;
    assert_int_equal(pace_rest_ms(&pace, &place), 0);
}

static void where_a_quarter_of_the_processors_is_idle_it_does_not_rest(void **state) {
    (void)state;
    struct pace pace = pace_of(100000, 1 << 20);
    struct pace_place place = burst_after(1200);
    place.idle_ticks = 49;
    assert_int_equal(pace_rest_ms(&pace, &place), 1400);
    place.idle_ticks = 50;
    assert_int_equal(pace_rest_ms(&pace, &place), 0);
    place.idle_ticks = place.ticks = 0; /* the system does not tell */
    assert_int_equal(pace_rest_ms(&pace, &place), 0);
}

static void after_its_time_it_works_without_rest_until_it_has_caught_up(void **state) {
    (void)state;
    struct pace pace = pace_of(5000, 1 << 20);
    struct pace_place place = burst_after(1500);
    assert_int_equal(pace_rest_ms(&pace, &place), 3500);
    place.mono_ms = 6000;
    assert_int_equal(pace_rest_ms(&pace, &place), 500); /* what is left of its time */
    place.mono_ms = 6600;
    assert_int_equal(pace_rest_ms(&pace, &place), 0);
    pace_caught_up(&pace);
    assert_int_equal(pace_rest_ms(&pace, &place), PACE_REST_MS_MAX);
}

static void when_much_waits_it_does_not_rest(void **state) {
    (void)state;
    struct pace pace = pace_of(5000, 5001);
    struct pace_place place = burst_after(1100);
    assert_int_equal(pace_rest_ms(&pace, &place), 700);
    place.waiting_bytes = 5001;
    assert_int_equal(pace_rest_ms(&pace, &place), 0);
}

static void without_a_time_it_never_rests(void **state) {
    (void)state;
    struct pace pace = pace_of(0, 1 << 20);
    struct pace_place place = burst_after(1100);
    assert_int_equal(pace_rest_ms(&pace, &place), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_a_burst_it_rests_seven_times_as_long_as_it_worked),
        cmocka_unit_test(one_rest_is_bounded),
        cmocka_unit_test(eight_requests_to_a_commit_are_a_burst_and_nothing_is_none),
        cmocka_unit_test(where_a_quarter_of_the_processors_is_idle_it_does_not_rest),
        cmocka_unit_test(after_its_time_it_works_without_rest_until_it_has_caught_up),
        cmocka_unit_test(when_much_waits_it_does_not_rest),
        cmocka_unit_test(without_a_time_it_never_rests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
