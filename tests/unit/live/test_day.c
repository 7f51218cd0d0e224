/* One day's figures: steps, new visitors, opens, pages, zones, the budget. */
#include "helpers.h"

static struct live_budget budget;
static struct live_day *day;
static int64_t start_ms;

static void begin_day(const char *zone_name, int32_t number) {
    struct mp_zone *zone;
    assert_int_equal(mp_zone_open(mp_str_of(zone_name), &zone, NULL), MP_OK);
    struct live_day_config config = {.day = number,
                                     .before_ms = mp_zone_day_start_ms(zone, number - 1),
                                     .start_ms = mp_zone_day_start_ms(zone, number),
                                     .end_ms = mp_zone_day_start_ms(zone, number + 1),
                                     .open_timeout_ms = TIMEOUT_MS,
                                     .budget = &budget};
    mp_zone_close(zone);
    day = live_day_create(&config);
    assert_non_null(day);
    start_ms = config.start_ms;
}

static int set_up(void **state) {
    (void)state;
    budget = (struct live_budget){.bytes_max = 64u << 20};
    begin_day("Asia/Shanghai", 20000);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    live_day_destroy(day);
    day = NULL;
    return atomic_load(&budget.bytes) == 0 ? 0 : -1; /* all memory was given back */
}

static void tell(struct told told) {
    static const struct mp_context context = {0};
    struct mp_event event = event_of(&told);
    live_day_apply(day, &context, &event);
}
#define TELL(...) tell((struct told){__VA_ARGS__})

/* As the store answers when nobody of them came before. */
static void nobody_is_known(void) {
    uint64_t users[16];
    size_t count = live_day_unknown(day, users, 16);
    live_day_answer(day, users, count, NULL, 0);
}

static const struct live_series *all(void) {
    return live_day_series(day, 0);
}

static void a_view_counts_in_the_step_of_each_length(void **state) {
    (void)state;
    int64_t at_ms = start_ms + 12 * MINUTE_MS + 5;
    TELL(.time_ms = at_ms);
    TELL(.time_ms = at_ms + 1, .page = "pages/b");
    TELL(.time_ms = at_ms + 4 * MINUTE_MS, .user = "bob");
    nobody_is_known();
    EXPECT(all(), LIVE_1_MINUTE, 12, 1, 2, 1, 1);
    EXPECT(all(), LIVE_1_MINUTE, 16, 1, 1, 1, 1);
    EXPECT(all(), LIVE_5_MINUTES, 2, 1, 2, 1, 1);
    EXPECT(all(), LIVE_5_MINUTES, 3, 1, 1, 1, 1);
    EXPECT(all(), LIVE_10_MINUTES, 1, 2, 3, 2, 2);
    EXPECT(all(), LIVE_30_MINUTES, 0, 2, 3, 2, 2);
    EXPECT(all(), LIVE_60_MINUTES, 0, 2, 3, 2, 2);
    EXPECT(all(), LIVE_DAY, 0, 2, 3, 2, 2);
}

static void visitors_are_distinct_within_a_step_not_summed_over_steps(void **state) {
    (void)state;
    for (int i = 0; i < 30; i++) {
        TELL(.time_ms = start_ms + i * MINUTE_MS);
    }
    nobody_is_known();
    EXPECT(all(), LIVE_1_MINUTE, 7, 0, 1, 1, 0);
    EXPECT(all(), LIVE_10_MINUTES, 2, 0, 10, 1, 0);
    EXPECT(all(), LIVE_DAY, 0, 1, 30, 1, 1);
}

static void a_visitor_is_new_only_once_the_store_has_said_so(void **state) {
    (void)state;
    uint64_t users[16];
    TELL(.time_ms = start_ms + MINUTE_MS, .user = "ann");
    TELL(.time_ms = start_ms + MINUTE_MS, .user = "bob");
    EXPECT(all(), LIVE_DAY, 0, 2, 2, 2, 0);
    assert_int_equal(live_day_unknown(day, users, 16), 2);
    uint64_t known = user("bob");
    live_day_answer(day, users, 2, &known, 1);
    EXPECT(all(), LIVE_DAY, 0, 2, 2, 2, 1);
    assert_int_equal(live_day_unknown(day, users, 16), 0);
    TELL(.time_ms = start_ms + 70 * MINUTE_MS, .user = "ann"); /* comes again, no longer new */
    EXPECT(all(), LIVE_60_MINUTES, 1, 1, 1, 1, 0);
    EXPECT(all(), LIVE_DAY, 0, 3, 3, 2, 1);
}

static void an_earlier_view_that_comes_late_moves_the_first_visit(void **state) {
    (void)state;
    TELL(.time_ms = start_ms + 70 * MINUTE_MS);
    nobody_is_known();
    EXPECT(all(), LIVE_60_MINUTES, 1, 1, 1, 1, 1);
    TELL(.time_ms = start_ms + 10 * MINUTE_MS);
    EXPECT(all(), LIVE_60_MINUTES, 1, 1, 1, 1, 0);
    assert_int_equal(all()->rows[live_step_first(LIVE_60_MINUTES)].new_visitors, 1);
    assert_int_equal(all()->rows[live_step_first(LIVE_DAY)].new_visitors, 1);
}

static void a_view_of_the_day_before_makes_a_new_visitor_known(void **state) {
    (void)state;
    TELL(.time_ms = start_ms + MINUTE_MS);
    nobody_is_known();
    TELL(.time_ms = start_ms - 1);
    assert_int_equal(all()->rows[live_step_first(LIVE_DAY)].new_visitors, 0);
    assert_int_equal(all()->rows[live_step_first(LIVE_DAY)].views, 1);
}

static void a_page_has_its_own_views_visitors_entries_and_new_visitors(void **state) {
    (void)state;
    size_t board = live_day_add_page(day, MP_STR("pages/b"));
    assert_int_equal(board, 1);
    TELL(.time_ms = start_ms + MINUTE_MS, .page = "pages/a");
    TELL(.time_ms = start_ms + 2 * MINUTE_MS, .page = "pages/b");
    TELL(.time_ms = start_ms + 3 * MINUTE_MS, .page = "pages/b", .user = "bob");
    nobody_is_known();
    const struct live_series *page = live_day_series(day, board);
    EXPECT(page, LIVE_DAY, 0, 1, 2, 2, 2); /* entered by bob alone */
    EXPECT(page, LIVE_1_MINUTE, 2, 0, 1, 1, 0);
    EXPECT(page, LIVE_1_MINUTE, 3, 1, 1, 1, 1);
    EXPECT(all(), LIVE_DAY, 0, 2, 3, 2, 2);
}

static void an_earlier_view_of_an_open_that_comes_late_is_its_entry(void **state) {
    (void)state;
    size_t board = live_day_add_page(day, MP_STR("pages/b"));
    TELL(.time_ms = start_ms + 500, .page = "pages/b", .open_id = "o", .open_start_ms = start_ms);
    assert_int_equal(live_day_series(day, board)->rows[live_step_first(LIVE_DAY)].opens, 1);
    TELL(.time_ms = start_ms + 400, .page = "pages/a", .open_id = "o", .open_start_ms = start_ms);
    assert_int_equal(live_day_series(day, board)->rows[live_step_first(LIVE_DAY)].opens, 0);
    assert_int_equal(all()->rows[live_step_first(LIVE_DAY)].opens, 1);
}

static void an_open_with_an_id_counts_when_it_began(void **state) {
    (void)state;
    int64_t at_ms = start_ms + 40 * MINUTE_MS;
    for (int i = 0; i < 3; i++) {
        TELL(.time_ms = at_ms + i * HOUR_MS, .open_id = "o1",
             .open_start_ms = at_ms - 2 * MINUTE_MS);
    }
    assert_int_equal(all()->rows[live_step_first(LIVE_1_MINUTE) + 38].opens, 1);
    assert_int_equal(all()->rows[live_step_first(LIVE_DAY)].opens, 1);
}

static void an_open_goes_on_over_midnight_and_is_not_counted_again(void **state) {
    (void)state;
    TELL(.time_ms = start_ms - MINUTE_MS);
    TELL(.time_ms = start_ms + MINUTE_MS);
    TELL(.time_ms = start_ms + MINUTE_MS, .user = "bob", .open_id = "x",
         .open_start_ms = start_ms - 5);
    assert_int_equal(all()->rows[live_step_first(LIVE_DAY)].opens, 0);
    TELL(.time_ms = start_ms + HOUR_MS);
    assert_int_equal(all()->rows[live_step_first(LIVE_DAY)].opens, 1);
}

static void without_an_id_an_open_ends_after_the_time_out_or_with_a_launch(void **state) {
    (void)state;
    int64_t at_ms = start_ms + HOUR_MS;
    TELL(.time_ms = at_ms, .name = MP_EVENT_SHOW);
    TELL(.time_ms = at_ms + 100, .name = MP_EVENT_LAUNCH); /* of the same cold start */
    TELL(.time_ms = at_ms + 1000);
    TELL(.time_ms = at_ms + 1000 + TIMEOUT_MS - 1);
    assert_int_equal(all()->rows[live_step_first(LIVE_DAY)].opens, 1);
    TELL(.time_ms = at_ms + 2 * HOUR_MS, .name = MP_EVENT_PAY);
    assert_int_equal(all()->rows[live_step_first(LIVE_DAY)].opens, 1);
    TELL(.time_ms = at_ms + 2 * HOUR_MS, .name = MP_EVENT_HIDE, .dwell_ms = 2 * HOUR_MS);
    assert_int_equal(all()->rows[live_step_first(LIVE_DAY)].opens, 1);
    TELL(.time_ms = at_ms + 2 * HOUR_MS + TIMEOUT_MS);
    assert_int_equal(all()->rows[live_step_first(LIVE_DAY)].opens, 2);
    TELL(.time_ms = at_ms + 2 * HOUR_MS + TIMEOUT_MS + 1, .name = MP_EVENT_LAUNCH);
    TELL(.time_ms = at_ms + 2 * HOUR_MS + TIMEOUT_MS + 2, .name = MP_EVENT_LAUNCH);
    assert_int_equal(all()->rows[live_step_first(LIVE_DAY)].opens, 3);
}

static void what_the_store_has_and_what_comes_after_add_up(void **state) {
    (void)state;
    size_t board = live_day_add_page(day, MP_STR("pages/b"));
    live_day_fill_views(day, 0, user("ann"), 5, 3);
    live_day_fill_views(day, 0, user("bob"), 6, 1);
    live_day_fill_views(day, board, user("bob"), 6, 1);
    live_day_fill_open(day, user("ann"), start_ms + 5 * MINUTE_MS, start_ms + 6 * MINUTE_MS,
                       MP_STR("pages/a"));
    live_day_fill_open(day, user("bob"), start_ms + 6 * MINUTE_MS, start_ms + 6 * MINUTE_MS,
                       MP_STR("pages/b"));
    live_day_fill_open(day, user("cid"), start_ms - 5, start_ms - 1, MP_STR(""));
    live_day_fill_known(day, user("bob"));
    live_day_fill_done(day);
    EXPECT(all(), LIVE_DAY, 0, 2, 4, 2, 1);
    EXPECT(live_day_series(day, board), LIVE_DAY, 0, 1, 1, 1, 0);
    TELL(.time_ms = start_ms + 7 * MINUTE_MS, .user = "ann");
    TELL(.time_ms = start_ms + 7 * MINUTE_MS, .user = "cid");
    EXPECT(all(), LIVE_DAY, 0, 2, 6, 3, 1);
    nobody_is_known();
    EXPECT(all(), LIVE_DAY, 0, 2, 6, 3, 2);
}

static void days_of_23_and_25_hours_have_as_many(void **state) {
    (void)state;
    const struct {
        int32_t day;
        size_t hours;
    } days[] = {{20541, 23}, {20751, 25}, {20752, 24}}; /* 2026-03-29, 2026-10-25 */
    for (size_t i = 0; i < 3; i++) {
        live_day_destroy(day);
        begin_day("Europe/Berlin", days[i].day);
        assert_int_equal(live_step_count(all(), LIVE_60_MINUTES), days[i].hours);
        assert_int_equal(live_step_count(all(), LIVE_1_MINUTE), days[i].hours * 60);
        int64_t last_ms = start_ms + (int64_t)days[i].hours * HOUR_MS - 1;
        TELL(.time_ms = last_ms);
        TELL(.time_ms = last_ms + 1); /* the next day's */
        assert_int_equal(all()->rows[live_step_first(LIVE_60_MINUTES) + days[i].hours - 1].views,
                         1);
        assert_int_equal(all()->rows[live_step_first(LIVE_DAY)].views, 1);
    }
}

static void what_does_not_fit_the_budget_is_told(void **state) {
    (void)state;
    budget.bytes_max = 1u << 20;
    for (int i = 0; i < 50000; i++) {
        char name[16];
        snprintf(name, sizeof(name), "u%d", i);
        TELL(.time_ms = start_ms + i, .user = name);
    }
    assert_false(live_day_is_whole(day));
    assert_true(atomic_load(&budget.bytes) <= budget.bytes_max);
    uint32_t visitors = all()->rows[live_step_first(LIVE_DAY)].visitors;
    assert_in_range(visitors, 1000, 49999);
}

#define DAY_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        DAY_TEST(a_view_counts_in_the_step_of_each_length),
        DAY_TEST(visitors_are_distinct_within_a_step_not_summed_over_steps),
        DAY_TEST(a_visitor_is_new_only_once_the_store_has_said_so),
        DAY_TEST(an_earlier_view_that_comes_late_moves_the_first_visit),
        DAY_TEST(a_view_of_the_day_before_makes_a_new_visitor_known),
        DAY_TEST(a_page_has_its_own_views_visitors_entries_and_new_visitors),
        DAY_TEST(an_earlier_view_of_an_open_that_comes_late_is_its_entry),
        DAY_TEST(an_open_with_an_id_counts_when_it_began),
        DAY_TEST(an_open_goes_on_over_midnight_and_is_not_counted_again),
        DAY_TEST(without_an_id_an_open_ends_after_the_time_out_or_with_a_launch),
        DAY_TEST(what_the_store_has_and_what_comes_after_add_up),
        DAY_TEST(days_of_23_and_25_hours_have_as_many),
        DAY_TEST(what_does_not_fit_the_budget_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
