#include "load/rollup.h"

#include "helpers.h"

#define EVENTS_MAX 400
#define STRINGS 12
#define DAYS 12
#define OPENS_MAX 400
#define ROUNDS 3000

static struct rollup_event events[EVENTS_MAX];
static size_t count;

/* A day as it was emitted, with what it pointed to. */
struct kept_day {
    bool is_there;
    struct rollup_day day;
    struct rollup_open opens[OPENS_MAX];
    struct rollup_page pages[STRINGS];
};

static int keep(void *arg, const struct rollup_day *day) {
    struct kept_day *kept = (struct kept_day *)arg + day->day;
    assert_false(kept->is_there);
    assert_true(day->open_count <= OPENS_MAX && day->page_count <= STRINGS);
    kept->is_there = true;
    kept->day = *day;
    for (size_t i = 0; i < day->open_count; i++) {
        kept->opens[i] = day->opens[i];
    }
    for (size_t i = 0; i < day->page_count; i++) {
        kept->pages[i] = day->pages[i];
    }
    return 0;
}

static struct rollup_event *add(struct rollup_event event) {
    events[count] = event;
    return &events[count++];
}

static void roll_up(struct rollup *rollup, size_t from, size_t to, int32_t first, int32_t last,
                    struct kept_day *days) {
    struct rollup_input input = {.events = events + from,
                                 .count = to - from,
                                 .strings = STRINGS,
                                 .timeout_ms = TIMEOUT_MS,
                                 .first_day = first,
                                 .last_day = last};
    for (int32_t day = first; day <= last; day++) {
        days[day].is_there = false;
    }
    assert_int_equal(rollup_user(rollup, &input, keep, days), 0);
}

static void a_day_counts_what_happened_on_it(void **state) {
    (void)state;
    static struct kept_day days[DAYS];
    struct rollup *rollup = rollup_create();
    count = 0;
    add(event_at(DAY_MS, EVENT_LAUNCH))->scene = 1007;
    add(page_at(DAY_MS + 1000, EVENT_PAGE_VIEW, 1))->platform = 2;
    add(page_at(DAY_MS + 4000, EVENT_PAGE_LEAVE, 1))->dwell_ms = 2900;
    add(page_at(DAY_MS + 4000, EVENT_PAGE_VIEW, 2))->model = 7;
    add(page_at(DAY_MS + 5000, EVENT_SHARE, 2));
    add(event_at(DAY_MS + 6000, EVENT_PAY))->amount_fen = 990;
    struct rollup_event *pay = add(event_at(DAY_MS + 6000, EVENT_PAY));
    pay->amount_fen = 5;
    pay->password_free = true;
    add(event_at(DAY_MS + 6500, EVENT_REFUND))->amount_fen = 100;
    add(event_at(DAY_MS + 7000, EVENT_ADD));
    add(event_at(DAY_MS + 8000, EVENT_REMOVE));
    add(page_at(DAY_MS + 9000, EVENT_PAGE_VIEW, 1));
    add(event_at(DAY_MS + 10000, EVENT_HIDE));
    roll_up(rollup, 0, count, 0, 3, days);
    assert_false(days[0].is_there);
    assert_false(days[2].is_there);
    const struct rollup_day *day = &days[1].day;
    assert_int_equal(day->visit_pv, 3);
    assert_int_equal(day->dwell_ms, 2900 + 5000 + 1000);
    assert_int_equal(day->open_count, 1);
    assert_int_equal(day->depth_sum, 2);
    assert_int_equal(day->shares, 1);
    assert_int_equal(day->pay_cnt, 1);
    assert_int_equal(day->pay_fen, 990);
    assert_int_equal(day->refund_cnt, 1);
    assert_int_equal(day->refund_fen, 100);
    assert_int_equal(day->adds, 1);
    assert_int_equal(day->removes, 1);
    assert_int_equal(day->is_added_at_end, -1);
    assert_int_equal(day->platform, 2);
    assert_int_equal(day->model, 7);
    assert_int_equal(day->scene, 1007);
    assert_int_equal(days[1].opens[0].page_views, 3);
    assert_int_equal(days[1].opens[0].entry, 1);
    assert_int_equal(days[1].opens[0].exit, 1);
    assert_int_equal(days[1].opens[0].end_ms, DAY_MS + 10000);
    assert_int_equal(days[1].pages[0].views, 2);
    assert_int_equal(days[1].pages[0].entries, 1);
    assert_int_equal(days[1].pages[0].exits, 1);
    assert_int_equal(days[1].pages[1].dwell_ms, 5000);
    assert_int_equal(days[1].pages[1].shares, 1);
    rollup_destroy(rollup);
}

static void across_midnight_each_figure_finds_its_day(void **state) {
    (void)state;
    static struct kept_day days[DAYS];
    struct rollup *rollup = rollup_create();
    count = 0;
    add(event_at(2 * DAY_MS - 2000, EVENT_LAUNCH));
    add(page_at(2 * DAY_MS - 1000, EVENT_PAGE_VIEW, 1));
    add(page_at(2 * DAY_MS + 1000, EVENT_PAGE_LEAVE, 1))->dwell_ms = 2000;
    add(page_at(2 * DAY_MS + 1000, EVENT_PAGE_VIEW, 2));
    roll_up(rollup, 0, count, 0, 3, days);
    assert_int_equal(days[1].day.visit_pv, 1);
    assert_int_equal(days[1].day.dwell_ms, 0);
    assert_int_equal(days[1].day.open_count, 1);
    assert_int_equal(days[1].day.depth_sum, 2);
    assert_int_equal(days[1].opens[0].dwell_ms, 2000);
    assert_int_equal(days[1].opens[0].exit, 2);
    assert_int_equal(days[1].pages[0].entries, 1);
    assert_int_equal(days[1].pages[0].exits, 0);
    assert_int_equal(days[2].day.visit_pv, 1);
    assert_int_equal(days[2].day.dwell_ms, 2000);
    assert_int_equal(days[2].day.open_count, 0);
    assert_int_equal(days[2].day.page_count, 2);
    assert_int_equal(days[2].pages[1].exits, 1);
    rollup_destroy(rollup);
}

static void an_open_may_begin_on_a_day_without_events(void **state) {
    (void)state;
    static struct kept_day days[DAYS];
    struct rollup *rollup = rollup_create();
    count = 0;
    struct rollup_event *event = add(page_at(3 * DAY_MS + 1, EVENT_PAGE_VIEW, 1));
    event->open_id = 5;
    event->open_start_ms = 3 * DAY_MS - 1;
    event->open_start_day = 2;
    roll_up(rollup, 0, count, 0, 5, days);
    assert_true(days[2].is_there);
    assert_int_equal(days[2].day.open_count, 1);
    assert_int_equal(days[2].day.depth_sum, 1);
    assert_int_equal(days[2].day.visit_pv, 0);
    assert_int_equal(days[3].day.open_count, 0);
    assert_int_equal(days[3].day.visit_pv, 1);
    rollup_destroy(rollup);
}

static int stop(void *arg, const struct rollup_day *day) {
    (void)day;
    ++*(int *)arg;
    return MP_E_TOO_LARGE;
}

static void what_emit_returns_stops_and_comes_back(void **state) {
    (void)state;
    int calls = 0;
    struct rollup *rollup = rollup_create();
    count = 0;
    add(event_at(DAY_MS, EVENT_SHOW));
    add(event_at(2 * DAY_MS, EVENT_SHOW));
    struct rollup_input input = {events, count, STRINGS, TIMEOUT_MS, 0, 5};
    assert_int_equal(rollup_user(rollup, &input, stop, &calls), MP_E_TOO_LARGE);
    assert_int_equal(calls, 1);
    rollup_destroy(rollup);
}

/* ---- Windows ---------------------------------------------------------------------------- */

static int64_t random_step(uint64_t *random) {
    static const int64_t steps_ms[] = {0,
                                       1,
                                       900,
                                       OPEN_REORDER_MS - 1,
                                       4 * 60000,
                                       TIMEOUT_MS - 1,
                                       TIMEOUT_MS,
                                       TIMEOUT_MS - 1,
                                       3 * HOUR_MS,
                                       11 * HOUR_MS,
                                       TIMEOUT_MS / 2};
    return steps_ms[random_below(random, sizeof(steps_ms) / sizeof(steps_ms[0]))];
}

static void random_history(uint64_t *random) {
    int64_t time_ms = 2 * DAY_MS - 10000 + (int64_t)random_below(random, 20000);
    int64_t steady_ms = random_below(random, 3) == 0 ? random_step(random) : -1;
    bool has_ids = random_below(random, 2) == 0;
    count = 0;
    while (count < EVENTS_MAX && time_ms < 10 * DAY_MS) {
        struct rollup_event event =
            page_at(time_ms, (enum event_kind)random_below(random, EVENT_PROFILE + 1),
                    (uint32_t)random_below(random, 4));
        int64_t step_ms = steady_ms > 0 ? steady_ms : random_step(random);
        event.dwell_ms = random_below(random, 4) == 0 ? step_ms : -1;
        event.scene = (uint16_t)random_below(random, 3);
        if (has_ids && random_below(random, 3) > 0) {
            event.open_id = 4 + (uint32_t)random_below(random, 3);
            event.open_start_ms = time_ms - (int64_t)random_below(random, 50 * HOUR_MS);
            event.open_start_day = (int32_t)(event.open_start_ms / DAY_MS);
        }
        add(event);
        time_ms += step_ms;
        if (random_below(random, 30) == 0) {
            /* To just before or behind a midnight. */
            time_ms = (time_ms / DAY_MS + 1) * DAY_MS + (int64_t)random_below(random, 8000) - 4000;
        }
    }
}

#define SAME(field) assert_int_equal(a->field, b->field)

static void assert_same_open(const struct rollup_open *a, const struct rollup_open *b) {
    SAME(begin_ms);
    SAME(end_ms);
    SAME(dwell_ms);
    SAME(page_views);
    SAME(depth);
    SAME(entry);
    SAME(exit);
    SAME(scene);
}

static void assert_same_page(const struct rollup_page *a, const struct rollup_page *b) {
    SAME(page);
    SAME(views);
    SAME(entries);
    SAME(exits);
    SAME(shares);
    SAME(dwell_ms);
}

static void assert_same(const struct kept_day *a, const struct kept_day *b) {
    SAME(is_there);
    if (!a->is_there) {
        return;
    }
    SAME(day.visit_pv);
    SAME(day.dwell_ms);
    SAME(day.depth_sum);
    SAME(day.scene);
    SAME(day.open_count);
    SAME(day.page_count);
    for (size_t i = 0; i < a->day.open_count; i++) {
        assert_same_open(&a->opens[i], &b->opens[i]);
    }
    for (size_t i = 0; i < a->day.page_count; i++) {
        assert_same_page(&a->pages[i], &b->pages[i]);
    }
}

static void a_window_of_days_gives_what_all_of_history_gives(void **state) {
    (void)state;
    static struct kept_day all[DAYS], one[DAYS];
    uint64_t random = random_seed("windows");
    struct rollup *rollup = rollup_create();
    for (int round = 0; round < ROUNDS; round++) {
        random_history(&random);
        roll_up(rollup, 0, count, 0, DAYS - 1, all);
        for (int32_t day = 0; day < DAYS; day++) {
            size_t from = 0, to = count;
            while (from < count && events[from].day < day - ROLLUP_DAYS_BACK) {
                from++;
            }
            while (to > from && events[to - 1].day > day + ROLLUP_DAYS_AHEAD) {
                to--;
            }
            roll_up(rollup, from, to, day, day, one);
            assert_same(&all[day], &one[day]);
        }
    }
    rollup_destroy(rollup);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_counts_what_happened_on_it),
        cmocka_unit_test(across_midnight_each_figure_finds_its_day),
        cmocka_unit_test(an_open_may_begin_on_a_day_without_events),
        cmocka_unit_test(what_emit_returns_stops_and_comes_back),
        cmocka_unit_test(a_window_of_days_gives_what_all_of_history_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
