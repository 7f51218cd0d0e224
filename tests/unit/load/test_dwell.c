#include "load/dwell.h"

#include "helpers.h"

#define EVENTS_MAX 64

static struct rollup_event events[EVENTS_MAX];
static struct dwell_end ends[EVENTS_MAX];
static uint32_t count;

static void add(int64_t time_ms, enum event_kind kind, uint32_t page, int64_t dwell_ms) {
    events[count] = page_at(HOUR_MS + time_ms, kind, page);
    events[count++].dwell_ms = dwell_ms;
}

static void walk(void) {
    struct dwell_walk walk = {.events = events, .ends = ends, .timeout_ms = TIMEOUT_MS};
    memset(ends, 0, sizeof(ends));
    for (uint32_t i = 0; i < count; i++) {
        dwell_next(&walk, i);
    }
}

static int forget(void **state) {
    (void)state;
    count = 0;
    return 0;
}

static void check(uint32_t event, uint32_t page, int64_t ms) {
    assert_int_equal(ends[event].ms, ms);
    assert_int_equal(ends[event].page, page);
}

static void a_leave_brings_what_was_measured(void **state) {
    (void)state;
    add(0, EVENT_PAGE_VIEW, 1, -1);
    add(9000, EVENT_PAGE_LEAVE, 1, 8500);
    add(9000, EVENT_PAGE_VIEW, 2, -1);
    walk();
    check(1, 1, 8500);
    check(2, 0, 0);
}

static void a_view_without_a_leave_lasts_to_the_next_view_or_hide(void **state) {
    (void)state;
    add(0, EVENT_PAGE_VIEW, 1, -1);
    add(4000, EVENT_SHARE, 1, -1);
    add(9000, EVENT_PAGE_VIEW, 2, -1);
    add(10000, EVENT_HIDE, 0, 77777);
    add(20000, EVENT_HIDE, 0, -1);
    walk();
    check(1, 0, 0);
    check(2, 1, 9000);
    check(3, 2, 1000);
    check(4, 0, 0);
}

static void a_stay_that_was_not_measured_is_at_most_the_timeout(void **state) {
    (void)state;
    add(0, EVENT_PAGE_VIEW, 1, -1);
    add(5 * HOUR_MS, EVENT_PAGE_VIEW, 2, -1);
    add(10 * HOUR_MS, EVENT_PAGE_LEAVE, 2, -1);
    add(15 * HOUR_MS, EVENT_PAGE_LEAVE, 3, 6 * HOUR_MS);
    walk();
    check(1, 1, TIMEOUT_MS);
    check(2, 2, TIMEOUT_MS);
    check(3, 3, 6 * HOUR_MS);
}

static void a_leave_that_comes_just_behind_the_next_view_takes_its_place(void **state) {
    (void)state;
    add(0, EVENT_PAGE_VIEW, 1, -1);
    add(9000, EVENT_PAGE_VIEW, 2, -1);
    add(9000 + OPEN_REORDER_MS, EVENT_PAGE_LEAVE, 1, 8900);
    add(20000, EVENT_HIDE, 0, -1);
    walk();
    check(1, 0, 0);
    check(2, 1, 8900);
    check(3, 2, 11000);
}

static void a_leave_that_comes_long_behind_belongs_to_no_view(void **state) {
    (void)state;
    add(0, EVENT_PAGE_VIEW, 1, -1);
    add(9000, EVENT_PAGE_VIEW, 2, -1);
    add(9001 + OPEN_REORDER_MS, EVENT_PAGE_LEAVE, 1, -1);
    walk();
    check(1, 1, 9000);
    check(2, 1, 0);
}

static void a_leave_without_a_page_leaves_the_last_view(void **state) {
    (void)state;
    add(0, EVENT_PAGE_VIEW, 1, -1);
    add(1000, EVENT_PAGE_VIEW, 2, -1);
    add(3000, EVENT_PAGE_LEAVE, 0, -1);
    add(3500, EVENT_PAGE_LEAVE, 0, 950);
    walk();
    check(2, 2, 2000);
    check(3, 1, 950);
    check(1, 0, 0);
}

static void each_view_is_left_once(void **state) {
    (void)state;
    add(0, EVENT_PAGE_VIEW, 1, -1);
    add(1000, EVENT_PAGE_LEAVE, 1, -1);
    add(2000, EVENT_PAGE_LEAVE, 1, -1);
    add(3000, EVENT_PAGE_LEAVE, 1, 40);
    walk();
    check(1, 1, 1000);
    check(2, 1, 0);
    check(3, 1, 40);
}

static void a_leave_looks_back_over_a_bounded_number_of_views(void **state) {
    (void)state;
    for (uint32_t i = 0; i <= DWELL_VIEWS_BACK; i++) {
        add(i, EVENT_PAGE_VIEW, i + 1, -1);
    }
    add(100, EVENT_PAGE_LEAVE, 2, 7);
    add(100, EVENT_PAGE_LEAVE, 1, 7);
    walk();
    check(1, 1, 1); /* its leave was not found */
    check(2, 0, 0); /* its leave was */
}

#define FRESH(test) cmocka_unit_test_setup(test, forget)

int main(void) {
    const struct CMUnitTest tests[] = {
        FRESH(a_leave_brings_what_was_measured),
        FRESH(a_view_without_a_leave_lasts_to_the_next_view_or_hide),
        FRESH(a_stay_that_was_not_measured_is_at_most_the_timeout),
        FRESH(a_leave_that_comes_just_behind_the_next_view_takes_its_place),
        FRESH(a_leave_that_comes_long_behind_belongs_to_no_view),
        FRESH(a_leave_without_a_page_leaves_the_last_view),
        FRESH(each_view_is_left_once),
        FRESH(a_leave_looks_back_over_a_bounded_number_of_views),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
