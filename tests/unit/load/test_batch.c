#include "load/batch.h"

#include "base/clock.h"
#include "helpers.h"
#include "unit/store/native_block.h"

#define EVENTS 6

static struct mp_error err;
static struct batch *batch;
static struct batch_maker maker;
static struct mp_apps *apps;
static struct mp_apps_snapshot *snapshot;
static struct mp_zone *zone;
static struct mp_buf record;
static struct mp_buf rows;
static uint64_t identities;

/* 2026-10-31 16:00 UTC is the first moment of November in Shanghai. */
#define NOVEMBER_MS (1793462400000LL)

static int make_all(void **state) {
    (void)state;
    struct mp_app app;
    if (make_dir(state) != 0 || mp_apps_open(test_dir, &apps, &err) != 0 ||
        mp_apps_add(apps, "paris", "Paris", "Europe/Paris", MP_OPEN_TIMEOUT_MS_DEFAULT, &app,
                    &err) != 0 ||
        mp_zone_open(mp_str_of(MP_ZONE_DEFAULT), &zone, &err) != 0 ||
        seen_index_open(test_dir, &maker.index, &err) != 0) {
        return -1;
    }
    snapshot = mp_apps_acquire(apps);
    maker.apps = snapshot;
    maker.default_zone = zone;
    batch = batch_create();
    mp_buf_init(&record, MP_RECORD_BYTES_MAX);
    mp_buf_init(&rows, 64u << 20);
    batch_begin(batch, 7, 100);
    return 0;
}

static int drop_all(void **state) {
    mp_buf_deinit(&record);
    mp_buf_deinit(&rows);
    batch_destroy(batch);
    seen_index_close(maker.index);
    mp_apps_release(snapshot);
    mp_apps_close(apps);
    mp_zone_close(zone);
    return drop_dir(state);
}

static void begin_record(const char *app) {
    struct mp_context context = {
        .app = mp_str_of(app), .user = MP_STR("u1"), .received_ms = NOVEMBER_MS};
    mp_buf_clear(&record);
    mp_record_begin(&record, &context);
}

static void put_event(uint64_t identity, const char *user, int64_t time_ms) {
    struct mp_event event = {.identity = mp_hash128(&identity, sizeof(identity)),
                             .user = mp_str_of(user),
                             .name = MP_STR("$page_view"),
                             .time_ms = time_ms,
                             .page = MP_STR("home"),
                             .dwell_ms = -1};
    mp_record_add(&record, &event);
}

static int add_record(void) {
    struct journal_record from = {mp_buf_str(&record), 100, 200};
    return batch_add(batch, &maker, &from, &err);
}

/* The rows of a month as the store gets them. */
static struct mp_str rows_of(size_t month) {
    mp_buf_clear(&rows);
    store_block_write(batch->months[month].block, false, &rows);
    return mp_buf_str(&rows);
}

static void events_go_to_the_month_of_their_day_in_the_apps_zone(void **state) {
    (void)state;
    begin_record("shop");
    put_event(1, "", NOVEMBER_MS - 1);
    put_event(2, "", NOVEMBER_MS);
    assert_int_equal(add_record(), 0);
    begin_record("paris");
    put_event(3, "", NOVEMBER_MS);
    assert_int_equal(add_record(), 0);
    assert_int_equal(batch->month_count, 2);
    assert_int_equal(batch->months[0].month, 202610);
    assert_int_equal(batch->months[0].rows, 2);
    assert_int_equal(batch->months[1].month, 202611);
    assert_int_equal(batch->months[1].rows, 1);
    assert_int_equal(native_rows(rows_of(0)), 2);
    assert_int_equal(native_uint(rows_of(1), "time_ms", 0), NOVEMBER_MS);
    assert_int_equal(batch->touched.count, 2);
    assert_int_equal(batch->last_day, batch->first_day + 1);
    assert_int_equal(batch->end_lsn, 200);
}

static void a_row_has_the_context_of_its_own_record(void **state) {
    (void)state;
    uint64_t count;
    for (uint64_t i = 0; i < 3; i++) {
        begin_record(i == 1 ? "paris" : "shop");
        put_event(10 * i, "", NOVEMBER_MS + DAY_MS);
        put_event(10 * i, "", NOVEMBER_MS + DAY_MS);
        put_event(10 * i + 1, "", NOVEMBER_MS + (i == 0 ? DAY_MS : -DAY_MS));
        assert_int_equal(add_record(), 0);
    }
    assert_int_equal(batch->months[0].month, 202611);
    assert_int_equal(batch->months[1].month, 202610);
    static const char *const apps[] = {"shop", "shop", "paris", "shop"};
    struct mp_str november = rows_of(0);
    for (size_t i = 0; i < 4; i++) {
        assert_true(mp_str_is(native_find(november, "app", i, 0, &count), apps[i]));
    }
    assert_int_equal(count, 4);
    assert_true(mp_str_is(native_find(rows_of(1), "app", 0, 0, &count), "paris"));
    assert_true(mp_str_is(native_find(rows_of(1), "app", 1, 0, &count), "shop"));
    assert_int_equal(count, 2);
}

static void duplicates_are_dropped_within_a_batch_and_across(void **state) {
    (void)state;
    begin_record("shop");
    put_event(1, "", NOVEMBER_MS);
    put_event(1, "", NOVEMBER_MS);
    put_event(2, "", NOVEMBER_MS);
    assert_int_equal(add_record(), 0);
    assert_int_equal(batch->print_count, 2);
    assert_int_equal(batch->duplicates, 1);
    assert_int_equal(batch->months[0].rows, 2);
    batch_begin(batch, 8, 200);
    assert_int_equal(add_record(), 0);
    assert_int_equal(batch->print_count, 0);
    assert_int_equal(batch->duplicates, 3);
    assert_int_equal(batch->months[0].rows, 0);
}

static void seq_counts_the_events_of_each_user(void **state) {
    (void)state;
    static const uint32_t wanted[] = {1, 1, 2, 2, 3};
    begin_record("shop");
    put_event(1, "", NOVEMBER_MS);
    put_event(2, "u2", NOVEMBER_MS);
    put_event(3, "u2", NOVEMBER_MS);
    put_event(4, "u1", NOVEMBER_MS);
    put_event(5, "u2", NOVEMBER_MS);
    assert_int_equal(add_record(), 0);
    struct mp_str bytes = rows_of(0);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(native_uint(bytes, "seq", i), wanted[i]);
        assert_int_equal(native_uint(bytes, "batch", i), 7);
    }
}

static void a_time_that_no_calendar_has_is_that_of_the_receipt(void **state) {
    (void)state;
    static const int64_t times_ms[] = {-1 - DAY_MS, INT64_MIN, INT64_MAX,
                                       (EVENT_DAY_MAX + 2) * DAY_MS};
    for (size_t i = 0; i < sizeof(times_ms) / sizeof(times_ms[0]); i++) {
        batch_begin(batch, 7, 100);
        begin_record("shop");
        put_event(++identities + 1000, "", times_ms[i]);
        assert_int_equal(add_record(), 0);
        assert_int_equal(native_uint(rows_of(0), "time_ms", 0), NOVEMBER_MS);
        assert_int_equal(batch->months[0].month, 202611);
    }
}

static void of_a_record_that_breaks_off_what_is_whole_is_taken(void **state) {
    (void)state;
    mp_log_setup(MP_LOG_ERROR + 1, false);
    begin_record("shop");
    put_event(1, "", NOVEMBER_MS);
    size_t whole = record.len;
    put_event(2, "", NOVEMBER_MS);
    for (size_t len = whole; len + 1 < record.len; len++) {
        struct journal_record from = {mp_str_range(record.ptr, len + 1), 100, 200};
        struct batch_maker fresh = maker;
        batch_begin(batch, 7, 100);
        seen_index_close(maker.index);
        assert_int_equal(seen_index_open(test_dir, &maker.index, &err), 0);
        fresh.index = maker.index;
        assert_int_equal(batch_add(batch, &fresh, &from, &err), 0);
        assert_int_equal(batch->print_count, 1);
        assert_int_equal(batch->corrupt_records, 1);
    }
    struct journal_record nonsense = {MP_STR("nonsense"), 100, 200};
    assert_int_equal(batch_add(batch, &maker, &nonsense, &err), 0);
    assert_int_equal(batch->corrupt_records, 2);
}

static void the_same_records_make_the_same_rows(void **state) {
    (void)state;
    begin_record("shop");
    for (uint64_t i = 0; i < EVENTS; i++) {
        put_event(i / 2, i % 3 ? "u2" : "", NOVEMBER_MS + (int64_t)i);
    }
    assert_int_equal(add_record(), 0);
    struct mp_buf before;
    mp_buf_init(&before, 1u << 20);
    mp_buf_append_str(&before, rows_of(0));
    seen_index_close(maker.index);
    assert_int_equal(seen_index_open(test_dir, &maker.index, &err), 0);
    batch_begin(batch, 7, 100);
    assert_int_equal(add_record(), 0);
    assert_true(mp_str_eq(mp_buf_str(&before), rows_of(0)));
    mp_buf_deinit(&before);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, make_all, drop_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH(events_go_to_the_month_of_their_day_in_the_apps_zone),
        EACH(a_row_has_the_context_of_its_own_record),
        EACH(duplicates_are_dropped_within_a_batch_and_across),
        EACH(seq_counts_the_events_of_each_user),
        EACH(a_time_that_no_calendar_has_is_that_of_the_receipt),
        EACH(of_a_record_that_breaks_off_what_is_whole_is_taken),
        EACH(the_same_records_make_the_same_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
