/* The apps that are watched: asking, filling, reading on, midnight, what comes twice. The store is
 * played by the tests. */
#include "helpers.h"

#include "live/seen.h"

#define NOW_DAY 20000
#define RECORD_BYTES_MAX 65536
#define BYTES_MAX (UINT64_C(256) << 20)

static struct live *live;
static struct mp_app shop = {.id = "shop", .open_timeout_ms = TIMEOUT_MS};
static struct mp_app tea = {.id = "tea", .open_timeout_ms = TIMEOUT_MS};
static int64_t now_ms;
static uint64_t end_lsn;
static struct live_task task;
static struct live_answer answer;
static struct live_store store = {.is_loading = true, .is_rolled_up = true};

static int set_up(void **state) {
    (void)state;
    live = live_open(BYTES_MAX);
    assert_int_equal(mp_zone_open(MP_STR("Asia/Shanghai"), &shop.zone, NULL), MP_OK);
    assert_int_equal(mp_zone_open(MP_STR("Europe/Berlin"), &tea.zone, NULL), MP_OK);
    now_ms = mp_zone_day_start_ms(shop.zone, NOW_DAY) + 12 * HOUR_MS;
    end_lsn = 1000;
    store = (struct live_store){true, true, end_lsn};
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    live_stop(live);
    live_close(live);
    mp_zone_close(shop.zone);
    mp_zone_close(tea.zone);
    return 0;
}

static int ask_of(const struct mp_app *app, const char *page) {
    struct live_question question = {
        .app = app, .now_ms = now_ms, .page = page ? mp_str_of(page) : mp_str_range(NULL, 0)};
    struct mp_error err;
    return live_ask(live, &question, &answer, &err);
}

/* The next task, which must be of that kind; the store has nothing. */
static void do_task(enum live_task_kind kind, uint64_t from_lsn) {
    assert_true(live_next_task(live, now_ms, &store, &task));
    assert_int_equal(task.kind, kind);
    if (task.counted) {
        live_day_fill_done(task.counted);
    }
    live_task_done(live, &task, MP_OK, now_ms, from_lsn, NULL, 0);
}

static void open_app(const struct mp_app *app) {
    assert_int_equal(ask_of(app, NULL), MP_E_UNAVAILABLE);
    do_task(LIVE_FILL, end_lsn);
    assert_int_equal(ask_of(app, NULL), MP_OK);
}

/* A record with one event of the app, read at that position. */
static void read_at(uint64_t lsn, const char *app, struct told told) {
    struct mp_context context = {.app = mp_str_of(app), .received_ms = now_ms};
    struct mp_event event = event_of(&told);
    struct mp_buf record;
    uint64_t position, turn;
    mp_buf_init(&record, RECORD_BYTES_MAX);
    mp_record_begin(&record, &context);
    mp_record_add(&record, &event);
    assert_true(live_position(live, &position, &turn));
    assert_int_equal(position, lsn);
    assert_true(
        live_apply(live, turn, &(struct live_record){mp_buf_str(&record), lsn, lsn + 10}, now_ms));
    mp_buf_deinit(&record);
    end_lsn = lsn + 10;
}
#define READ_AT(lsn, app, ...) read_at(lsn, app, (struct told){__VA_ARGS__})

static uint32_t views(void) {
    return answer.today.rows[live_step_first(LIVE_DAY)].views;
}

static void nothing_is_read_while_nobody_watches(void **state) {
    (void)state;
    uint64_t lsn, turn;
    assert_false(live_position(live, &lsn, &turn));
    assert_false(live_next_task(live, now_ms, &store, &task));
    open_app(&shop);
    assert_true(live_position(live, &lsn, &turn));
    assert_int_equal(lsn, 1000);
}

static void an_event_counts_once_it_was_read_and_settles_with_the_store(void **state) {
    (void)state;
    open_app(&shop);
    assert_true(answer.is_settled);
    READ_AT(1000, "shop", .time_ms = now_ms, .id = "1");
    assert_int_equal(ask_of(&shop, NULL), MP_OK);
    assert_int_equal(views(), 1);
    assert_false(answer.is_settled);
    do_task(LIVE_FIND_KNOWN, 0);
    assert_int_equal(ask_of(&shop, NULL), MP_OK);
    assert_int_equal(answer.today.rows[live_step_first(LIVE_DAY)].new_visitors, 1);
    /* The store is behind: nothing to do. Then it has it. */
    now_ms += 2000;
    assert_false(live_next_task(live, now_ms, &store, &task));
    store.cursor_lsn = 1010;
    assert_true(live_next_task(live, now_ms, &store, &task));
    live_day_fill_views(task.counted, 0, user("ann"), 720, 1);
    live_day_fill_done(task.counted);
    live_task_done(live, &task, MP_OK, now_ms, 1010, NULL, 0);
    assert_int_equal(ask_of(&shop, NULL), MP_OK);
    assert_int_equal(views(), 1);
    assert_true(answer.is_settled);
    assert_false(live_next_task(live, now_ms, &store, &task));
}

static void an_event_that_comes_again_counts_once(void **state) {
    (void)state;
    open_app(&shop);
    READ_AT(1000, "shop", .time_ms = now_ms, .id = "1");
    READ_AT(1010, "shop", .time_ms = now_ms, .id = "1");
    READ_AT(1020, "shop", .time_ms = now_ms, .id = "2");
    assert_int_equal(ask_of(&shop, NULL), MP_OK);
    assert_int_equal(views(), 2);
}

static void a_repetition_is_found_for_two_hours_unless_a_million_come_sooner(void **state) {
    (void)state;
    struct live_budget budget = {.bytes_max = BYTES_MAX};
    struct live_seen seen;
    live_seen_init(&seen, &budget);
    struct mp_hash128 first = mp_hash128("first", 5);
    assert_false(live_seen_elsewhere(&seen, first, 7, 0));
    assert_false(live_seen_elsewhere(&seen, first, 7, 0)); /* itself, read again */
    for (uint64_t i = 0; i < LIVE_SEEN_EVENTS; i++) {
        struct mp_hash128 other = mp_hash128(&i, sizeof(i));
        assert_false(live_seen_elsewhere(&seen, other, i, (int64_t)i));
    }
    assert_true(live_seen_elsewhere(&seen, first, 8, LIVE_SEEN_MS - 1));
    assert_false(live_seen_elsewhere(&seen, first, 8, 4 * LIVE_SEEN_MS));
    live_seen_deinit(&seen);
    assert_int_equal(atomic_load(&budget.bytes), 0);
}

static void what_was_read_before_a_fill_is_read_again_for_it_and_counts_once(void **state) {
    (void)state;
    open_app(&shop);
    READ_AT(1000, "shop", .time_ms = now_ms, .id = "1");
    READ_AT(1010, "shop", .time_ms = now_ms, .id = "2");
    /* Another page is asked for, and the store has nothing beyond 1000 yet. */
    assert_int_equal(ask_of(&shop, "pages/a"), MP_E_UNAVAILABLE);
    do_task(LIVE_FILL, 1000);
    assert_int_equal(ask_of(&shop, NULL), MP_OK); /* what was there stays until then */
    assert_int_equal(views(), 2);
    assert_int_equal(ask_of(&shop, "pages/a"), MP_E_UNAVAILABLE);
    READ_AT(1000, "shop", .time_ms = now_ms, .id = "1");
    READ_AT(1010, "shop", .time_ms = now_ms, .id = "2");
    assert_int_equal(ask_of(&shop, NULL), MP_OK);
    assert_int_equal(views(), 2);
    assert_int_equal(ask_of(&shop, "pages/a"), MP_OK);
    assert_int_equal(views(), 2);
    READ_AT(1020, "shop", .time_ms = now_ms, .id = "3", .page = "pages/b");
    assert_int_equal(ask_of(&shop, "pages/a"), MP_OK);
    assert_int_equal(views(), 2);
}

static void an_app_that_has_counted_a_record_does_not_count_it_for_another_apps_sake(void **state) {
    (void)state;
    open_app(&tea);
    READ_AT(1000, "tea", .time_ms = now_ms, .id = "1");
    assert_int_equal(ask_of(&shop, NULL), MP_E_UNAVAILABLE);
    do_task(LIVE_FILL, 1000);
    READ_AT(1000, "tea", .time_ms = now_ms, .id = "1");
    assert_int_equal(ask_of(&tea, NULL), MP_OK);
    assert_int_equal(views(), 1);
    assert_int_equal(ask_of(&shop, NULL), MP_OK);
}

static void a_record_read_in_a_former_turn_is_passed_over(void **state) {
    (void)state;
    open_app(&shop);
    uint64_t lsn, turn, later;
    assert_true(live_position(live, &lsn, &turn));
    READ_AT(1000, "shop", .time_ms = now_ms, .id = "1");
    assert_int_equal(ask_of(&shop, "pages/a"), MP_E_UNAVAILABLE);
    do_task(LIVE_FILL, 1000);
    assert_true(live_position(live, &lsn, &later));
    assert_int_not_equal(turn, later);
    assert_false(live_apply(live, turn, &(struct live_record){MP_STR(""), 1010, 1020}, now_ms));
    assert_true(live_position(live, &lsn, &later));
    assert_int_equal(lsn, 1000);
}

static void two_apps_are_counted_apart_each_by_its_own_day(void **state) {
    (void)state;
    open_app(&shop);
    open_app(&tea);
    now_ms = mp_zone_day_start_ms(shop.zone, NOW_DAY + 1) + HOUR_MS; /* in Berlin it is evening */
    READ_AT(1000, "tea", .time_ms = now_ms, .id = "1");
    READ_AT(1010, "tea", .time_ms = now_ms, .id = "2");
    assert_int_equal(ask_of(&tea, NULL), MP_OK);
    assert_int_equal(answer.today.day, NOW_DAY);
    assert_int_equal(views(), 2);
    assert_int_equal(ask_of(&shop, NULL), MP_E_UNAVAILABLE); /* another day has begun */
    do_task(LIVE_FILL, end_lsn);
    READ_AT(1020, "shop", .time_ms = now_ms, .id = "1");
    READ_AT(1030, "shop", .time_ms = now_ms - 2 * HOUR_MS, .id = "9");
    assert_int_equal(ask_of(&shop, NULL), MP_OK);
    assert_int_equal(answer.today.day, NOW_DAY + 1);
    /* The same id in two apps has two identities, but not here: collect makes them. */
    assert_int_equal(views(), 0);
    READ_AT(1040, "shop", .time_ms = now_ms, .id = "own");
    assert_int_equal(ask_of(&shop, NULL), MP_OK);
    assert_int_equal(views(), 1);
}

static void days_to_compare_with_are_read_once_and_again_after_late_events(void **state) {
    (void)state;
    struct live_question question = {.app = &shop, .now_ms = now_ms, .with = {true, true}};
    assert_int_equal(live_ask(live, &question, &answer, NULL), MP_E_UNAVAILABLE);
    do_task(LIVE_FILL, end_lsn);
    assert_true(live_next_task(live, now_ms, &store, &task));
    assert_int_equal(task.kind, LIVE_FILL_PAST);
    assert_int_equal(task.day, NOW_DAY - 1);
    live_day_fill_views(task.counted, 0, user("ann"), 3, 7);
    live_day_fill_done(task.counted);
    live_task_done(live, &task, MP_OK, now_ms, 0, NULL, 0);
    do_task(LIVE_FILL_PAST, 0);
    assert_int_equal(live_ask(live, &question, &answer, NULL), MP_OK);
    assert_int_equal(answer.pasts[LIVE_YESTERDAY].rows[live_step_first(LIVE_DAY)].views, 7);
    assert_int_equal(answer.pasts[LIVE_LAST_WEEK].day, NOW_DAY - 7);
    now_ms += 3000;
    assert_false(live_next_task(live, now_ms, &store, &task));
    READ_AT(1000, "shop", .time_ms = now_ms - 24 * HOUR_MS, .id = "late");
    now_ms += 3000;
    store.cursor_lsn = 1010;
    do_task(LIVE_FILL, 1010);
    do_task(LIVE_FILL_PAST, 0);
    do_task(LIVE_FILL_PAST, 0);
    assert_false(live_next_task(live, now_ms, &store, &task));
}

static void what_nobody_has_asked_for_lately_is_forgotten(void **state) {
    (void)state;
    uint64_t lsn, turn;
    open_app(&shop);
    now_ms += LIVE_IDLE_MS + 1;
    assert_false(live_next_task(live, now_ms, &store, &task));
    assert_false(live_position(live, &lsn, &turn));
    open_app(&shop);
}

static void too_many_pages_and_apps_are_refused(void **state) {
    (void)state;
    char name[16];
    open_app(&shop);
    for (int i = 0; i < LIVE_PAGES_MAX; i++) {
        snprintf(name, sizeof(name), "pages/%d", i);
        assert_int_equal(ask_of(&shop, name), MP_E_UNAVAILABLE);
    }
    assert_int_equal(ask_of(&shop, "pages/one too many"), MP_E_FULL);
    struct mp_app other = shop;
    for (int i = 1; i < LIVE_APPS_MAX; i++) {
        snprintf(other.id, sizeof(other.id), "app%d", i);
        assert_int_equal(ask_of(&other, NULL), MP_E_UNAVAILABLE);
    }
    snprintf(other.id, sizeof(other.id), "last");
    assert_int_equal(ask_of(&other, NULL), MP_E_FULL);
}

static void a_failed_fill_is_tried_again_a_second_later(void **state) {
    (void)state;
    assert_int_equal(ask_of(&shop, NULL), MP_E_UNAVAILABLE);
    assert_true(live_next_task(live, now_ms, &store, &task));
    live_task_done(live, &task, MP_E_UNAVAILABLE, now_ms, 0, NULL, 0);
    assert_false(live_next_task(live, now_ms, &store, &task));
    now_ms += 1000;
    do_task(LIVE_FILL, end_lsn);
    assert_int_equal(ask_of(&shop, NULL), MP_OK);
}

static void when_the_journal_has_lost_the_place_all_is_read_anew(void **state) {
    (void)state;
    open_app(&shop);
    live_lost(live);
    assert_int_equal(ask_of(&shop, NULL), MP_E_UNAVAILABLE);
    do_task(LIVE_FILL, end_lsn);
    assert_int_equal(ask_of(&shop, NULL), MP_OK);
}

/* ---- Threads ----------------------------------------------------------------------------- */

static atomic_bool is_over;

static void *play_the_store(void *arg) {
    struct live_task *mine = calloc(1, sizeof(*mine));
    (void)arg;
    while (!atomic_load(&is_over)) {
        if (live_next_task(live, mp_now_ms(), &store, mine)) {
            if (mine->counted) {
                live_day_fill_done(mine->counted);
            }
            live_task_done(live, mine, MP_OK, mp_now_ms(), 0, NULL, 0);
        } else {
            live_wait_for_task(live, 5);
        }
    }
    free(mine);
    return NULL;
}

static void *watch(void *arg) {
    struct live_answer *mine = malloc(sizeof(*mine));
    for (int i = 0; i < 200; i++) {
        struct live_question question = {.app = arg,
                                         .page = i % 3 ? mp_str_range(NULL, 0) : MP_STR("pages/a"),
                                         .now_ms = mp_now_ms(),
                                         .wait_ms = 10000,
                                         .with = {true, false}};
        assert_int_equal(live_ask(live, &question, mine, NULL), MP_OK);
    }
    free(mine);
    return NULL;
}

static void threads_may_ask_while_it_is_fed(void **state) {
    (void)state;
    pthread_t threads[4];
    atomic_store(&is_over, false);
    assert_int_equal(pthread_create(&threads[0], NULL, play_the_store, NULL), 0);
    for (int i = 1; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, watch, i == 1 ? &tea : &shop), 0);
    }
    struct mp_buf record;
    mp_buf_init(&record, RECORD_BYTES_MAX);
    for (int i = 0; i < 300; i++) {
        char id[16];
        uint64_t lsn, turn;
        snprintf(id, sizeof(id), "%d", i);
        struct told told = {.time_ms = mp_now_ms(), .id = id};
        struct mp_event event = event_of(&told);
        struct mp_context context = {.app = MP_STR("shop")};
        mp_buf_clear(&record);
        mp_record_begin(&record, &context);
        mp_record_add(&record, &event);
        if (live_position(live, &lsn, &turn)) {
            live_apply(live, turn, &(struct live_record){mp_buf_str(&record), lsn, lsn + 10},
                       mp_now_ms());
        }
        mp_sleep_ms(1);
    }
    mp_buf_deinit(&record);
    for (int i = 1; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    atomic_store(&is_over, true);
    pthread_join(threads[0], NULL);
}

#define LIVE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        LIVE_TEST(nothing_is_read_while_nobody_watches),
        LIVE_TEST(an_event_counts_once_it_was_read_and_settles_with_the_store),
        LIVE_TEST(an_event_that_comes_again_counts_once),
        LIVE_TEST(a_repetition_is_found_for_two_hours_unless_a_million_come_sooner),
        LIVE_TEST(what_was_read_before_a_fill_is_read_again_for_it_and_counts_once),
        LIVE_TEST(an_app_that_has_counted_a_record_does_not_count_it_for_another_apps_sake),
        LIVE_TEST(a_record_read_in_a_former_turn_is_passed_over),
        LIVE_TEST(two_apps_are_counted_apart_each_by_its_own_day),
        LIVE_TEST(days_to_compare_with_are_read_once_and_again_after_late_events),
        LIVE_TEST(what_nobody_has_asked_for_lately_is_forgotten),
        LIVE_TEST(too_many_pages_and_apps_are_refused),
        LIVE_TEST(a_failed_fill_is_tried_again_a_second_later),
        LIVE_TEST(when_the_journal_has_lost_the_place_all_is_read_anew),
        LIVE_TEST(threads_may_ask_while_it_is_fed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
