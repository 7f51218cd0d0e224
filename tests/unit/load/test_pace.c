#include "load/pace.h"

#include "helpers.h"

static struct pace pace_of(int64_t rest_ms_max, uint64_t rest_bytes_max) {
    struct pace pace = {.rest_ms_max = rest_ms_max, .rest_bytes_max = rest_bytes_max};
    pace_begin(&pace, &(struct pace_place){.mono_ms = 1000, .durable_lsn = 500, .next_lsn = 500});
    return pace;
}

static int64_t rest_at(struct pace *pace, int64_t mono_ms, uint64_t durable_lsn,
                       uint64_t next_lsn) {
    return pace_rest_ms(pace, &(struct pace_place){mono_ms, durable_lsn, next_lsn, true});
}

static void
while_more_comes_than_is_loaded_it_rests_three_times_as_long_as_it_worked(void **state) {
    (void)state;
    struct pace pace = pace_of(10000, 1 << 20);
    assert_int_equal(rest_at(&pace, 1200, 900, 700), 600);
    pace_begin(&pace, &(struct pace_place){1800, 1500, 700, true});
    assert_int_equal(rest_at(&pace, 1850, 1900, 800), 150);
}

static void a_batch_that_was_not_full_is_no_reason_to_rest(void **state) {
    (void)state;
    struct pace pace = pace_of(10000, 1 << 20);
    assert_int_equal(pace_rest_ms(&pace, &(struct pace_place){1200, 900, 700, false}), 0);
}

static void one_rest_is_bounded(void **state) {
    (void)state;
    struct pace pace = pace_of(100000, 1 << 20);
    assert_int_equal(rest_at(&pace, 30000, 900, 700), PACE_REST_MS_MAX);
}

static void a_backlog_into_which_less_comes_than_is_loaded_is_worked_off(void **state) {
    (void)state;
    struct pace pace = pace_of(10000, 1 << 20);
    pace_begin(&pace, &(struct pace_place){1000, 90000, 500, true});
    assert_int_equal(rest_at(&pace, 1200, 90000, 700), 0);
    assert_int_equal(rest_at(&pace, 1200, 90200, 700), 0);
    assert_int_equal(rest_at(&pace, 1200, 90201, 700), 600);
}

static void after_its_time_it_works_without_rest_until_it_has_caught_up(void **state) {
    (void)state;
    struct pace pace = pace_of(5000, 1 << 20);
    assert_int_equal(rest_at(&pace, 1500, 900, 700), 1500);
    pace_begin(&pace, &(struct pace_place){5500, 1500, 700, true});
    assert_int_equal(rest_at(&pace, 6000, 1900, 800), 500); /* what is left of its time */
    pace_begin(&pace, &(struct pace_place){6500, 1900, 800, true});
    assert_int_equal(rest_at(&pace, 6600, 2900, 900), 0);
    assert_int_equal(rest_at(&pace, 9600, 9900, 900), 0);
    pace_caught_up(&pace);
    assert_int_equal(rest_at(&pace, 6600, 2900, 900), 300);
}

static void when_much_waits_it_does_not_rest(void **state) {
    (void)state;
    struct pace pace = pace_of(5000, 1000);
    assert_int_equal(rest_at(&pace, 1100, 1699, 700), 300);
    assert_int_equal(rest_at(&pace, 1100, 1700, 700), 0);
}

static void without_a_time_it_never_rests(void **state) {
    (void)state;
    struct pace pace = pace_of(0, 1 << 20);
    assert_int_equal(rest_at(&pace, 1100, 100000, 700), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_more_comes_than_is_loaded_it_rests_three_times_as_long_as_it_worked),
        cmocka_unit_test(a_batch_that_was_not_full_is_no_reason_to_rest),
        cmocka_unit_test(one_rest_is_bounded),
        cmocka_unit_test(a_backlog_into_which_less_comes_than_is_loaded_is_worked_off),
        cmocka_unit_test(after_its_time_it_works_without_rest_until_it_has_caught_up),
        cmocka_unit_test(when_much_waits_it_does_not_rest),
        cmocka_unit_test(without_a_time_it_never_rests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
