#include "helpers.h"

#define EVENTS_MAX 64

static struct rollup_event events[EVENTS_MAX];
static size_t count;
static uint32_t open_of[EVENTS_MAX];
static struct open opens[EVENTS_MAX];
static struct open_chain chains[16];

static struct rollup_event *add(struct rollup_event event) {
    events[count] = event;
    return &events[count++];
}

static size_t derive(void) {
    struct opens_input input = {events, count, 16, TIMEOUT_MS};
    struct opens_output output = {open_of, opens, 0, chains};
    opens_derive(&input, &output);
    return output.open_count;
}

static int forget(void **state) {
    (void)state;
    count = 0;
    return 0;
}

static void names_that_reports_know_have_a_kind_and_others_none(void **state) {
    (void)state;
    assert_int_equal(event_kind_of(MP_STR("$page_view")), EVENT_PAGE_VIEW);
    assert_int_equal(event_kind_of(MP_STR("$profile")), EVENT_PROFILE);
    assert_int_equal(event_kind_of(MP_STR("$page_viewed")), EVENT_OTHER);
    assert_int_equal(event_kind_of(MP_STR("page_view")), EVENT_OTHER);
    assert_int_equal(event_kind_of(MP_STR("")), EVENT_OTHER);
}

static void silence_as_long_as_the_timeout_begins_an_open(void **state) {
    (void)state;
    add(event_at(HOUR_MS, EVENT_PAGE_VIEW));
    add(event_at(HOUR_MS + TIMEOUT_MS - 1, EVENT_OTHER));
    add(event_at(HOUR_MS + 2 * TIMEOUT_MS - 1, EVENT_OTHER));
    assert_int_equal(derive(), 2);
    assert_int_equal(open_of[1], 0);
    assert_int_equal(open_of[2], 1);
    assert_int_equal(opens[1].begin_ms, HOUR_MS + 2 * TIMEOUT_MS - 1);
}

static void silence_that_a_measured_stay_covers_begins_none(void **state) {
    (void)state;
    add(event_at(HOUR_MS, EVENT_PAGE_VIEW));
    add(event_at(3 * HOUR_MS, EVENT_PAGE_LEAVE))->dwell_ms = 2 * HOUR_MS - OPEN_REORDER_MS;
    add(event_at(5 * HOUR_MS, EVENT_HIDE))->dwell_ms = 4 * HOUR_MS;
    add(event_at(7 * HOUR_MS, EVENT_PAGE_LEAVE))->dwell_ms = 2 * HOUR_MS - OPEN_REORDER_MS - 1;
    add(event_at(9 * HOUR_MS, EVENT_SHOW))->dwell_ms = 2 * HOUR_MS;
    assert_int_equal(derive(), 3);
    assert_int_equal(open_of[2], 0);
    assert_int_equal(open_of[3], 1);
    assert_int_equal(open_of[4], 2);
}

static void a_launch_begins_an_open_at_once(void **state) {
    (void)state;
    add(event_at(HOUR_MS, EVENT_LAUNCH));
    add(event_at(HOUR_MS + 1, EVENT_PAGE_VIEW));
    add(event_at(HOUR_MS + 2, EVENT_LAUNCH));
    assert_int_equal(derive(), 2);
    assert_int_equal(open_of[2], 1);
}

static void a_launch_that_was_overtaken_joins_the_open_it_began(void **state) {
    (void)state;
    add(event_at(HOUR_MS, EVENT_SHOW));
    add(event_at(HOUR_MS + 100, EVENT_PAGE_VIEW));
    add(event_at(HOUR_MS + OPEN_REORDER_MS - 1, EVENT_LAUNCH));
    add(event_at(HOUR_MS + OPEN_REORDER_MS - 1, EVENT_LAUNCH));
    assert_int_equal(derive(), 2);
    assert_int_equal(open_of[2], 0);
    assert_int_equal(open_of[3], 1);
}

static void a_launch_joins_neither_late_nor_what_began_otherwise(void **state) {
    (void)state;
    add(event_at(HOUR_MS, EVENT_SHOW));
    add(event_at(HOUR_MS + OPEN_REORDER_MS, EVENT_LAUNCH));
    add(event_at(2 * HOUR_MS, EVENT_SHARE));
    add(event_at(2 * HOUR_MS + 1, EVENT_LAUNCH));
    assert_int_equal(derive(), 4);
}

static void payments_and_profiles_without_an_open_id_tell_of_no_open(void **state) {
    (void)state;
    add(event_at(HOUR_MS, EVENT_PROFILE));
    add(event_at(HOUR_MS + 1, EVENT_IDENTIFY));
    add(event_at(HOUR_MS + 2, EVENT_LAUNCH));
    add(event_at(HOUR_MS + 20 * MINUTE_MS, EVENT_PAY));
    add(event_at(HOUR_MS + 40 * MINUTE_MS, EVENT_PAGE_VIEW));
    add(event_at(5 * HOUR_MS, EVENT_REFUND));
    assert_int_equal(derive(), 2);
    assert_int_equal(open_of[0], OPEN_NONE);
    assert_int_equal(open_of[3], OPEN_NONE);
    assert_int_equal(open_of[4], 1);
    assert_int_equal(open_of[5], OPEN_NONE);
}

static void events_with_an_open_id_belong_together_whatever_lies_between(void **state) {
    (void)state;
    add(event_at(HOUR_MS, EVENT_LAUNCH))->open_id = 1;
    add(event_at(HOUR_MS + 1, EVENT_PAGE_VIEW));
    add(event_at(HOUR_MS + 2, EVENT_LAUNCH))->open_id = 2;
    add(event_at(20 * HOUR_MS, EVENT_PAY))->open_id = 1;
    assert_int_equal(derive(), 3);
    assert_int_equal(open_of[3], 0);
    assert_int_equal(open_of[2], 2);
}

static void an_open_begins_when_the_client_says_on_that_day_or_the_day_before(void **state) {
    (void)state;
    static const struct {
        int64_t start_ms;
        int64_t begin_ms;
        int32_t day;
    } cases[] = {{5 * DAY_MS, 5 * DAY_MS, 5},
                 {4 * DAY_MS + 1, 4 * DAY_MS + 1, 4},
                 {4 * DAY_MS - 1, 5 * DAY_MS + HOUR_MS, 5},
                 {5 * DAY_MS + HOUR_MS + 1, 5 * DAY_MS + HOUR_MS, 5},
                 {0, 5 * DAY_MS + HOUR_MS, 5}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        count = 0;
        struct rollup_event *event = add(event_at(5 * DAY_MS + HOUR_MS, EVENT_PAGE_VIEW));
        event->open_id = 1;
        event->open_start_ms = cases[i].start_ms;
        event->open_start_day = (int32_t)(cases[i].start_ms / DAY_MS);
        assert_int_equal(derive(), 1);
        assert_int_equal(opens[0].begin_ms, cases[i].begin_ms);
        assert_int_equal(opens[0].begin_day, cases[i].day);
    }
}

static void an_open_ends_with_the_day_behind_the_one_it_began_on(void **state) {
    (void)state;
    for (int64_t time_ms = DAY_MS + 23 * HOUR_MS; time_ms < 5 * DAY_MS; time_ms += 2 * HOUR_MS) {
        add(event_at(time_ms, EVENT_OTHER))->open_id = 3;
    }
    assert_int_equal(derive(), 3);
    assert_int_equal(opens[0].begin_day, 1);
    assert_int_equal(opens[1].begin_day, 3);
    assert_int_equal(opens[1].begin_ms, 3 * DAY_MS + HOUR_MS);
    assert_int_equal(opens[2].begin_day, 4);
}

static void the_day_before_counts_when_the_client_says_that_it_began_then(void **state) {
    (void)state;
    for (int64_t day = 5; day <= 6; day++) {
        struct rollup_event *event = add(event_at(day * DAY_MS + HOUR_MS, EVENT_PAGE_VIEW));
        event->open_id = 1;
        event->open_start_ms = 4 * DAY_MS + HOUR_MS;
        event->open_start_day = 4;
    }
    assert_int_equal(derive(), 2);
    assert_int_equal(opens[0].begin_day, 4);
    assert_int_equal(opens[1].begin_day, 6);
}

static void a_day_without_events_ends_every_open(void **state) {
    (void)state;
    add(event_at(DAY_MS, EVENT_PAGE_VIEW))->open_id = 1;
    add(event_at(3 * DAY_MS, EVENT_PAGE_VIEW))->open_id = 1;
    add(event_at(5 * DAY_MS, EVENT_PAGE_VIEW));
    add(event_at(7 * DAY_MS, EVENT_HIDE))->dwell_ms = 2 * DAY_MS;
    assert_int_equal(derive(), 4);
}

#define FRESH(test) cmocka_unit_test_setup(test, forget)

int main(void) {
    const struct CMUnitTest tests[] = {
        FRESH(names_that_reports_know_have_a_kind_and_others_none),
        FRESH(silence_as_long_as_the_timeout_begins_an_open),
        FRESH(silence_that_a_measured_stay_covers_begins_none),
        FRESH(a_launch_begins_an_open_at_once),
        FRESH(a_launch_that_was_overtaken_joins_the_open_it_began),
        FRESH(a_launch_joins_neither_late_nor_what_began_otherwise),
        FRESH(payments_and_profiles_without_an_open_id_tell_of_no_open),
        FRESH(events_with_an_open_id_belong_together_whatever_lies_between),
        FRESH(an_open_begins_when_the_client_says_on_that_day_or_the_day_before),
        FRESH(an_open_ends_with_the_day_behind_the_one_it_began_on),
        FRESH(the_day_before_counts_when_the_client_says_that_it_began_then),
        FRESH(a_day_without_events_ends_every_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
