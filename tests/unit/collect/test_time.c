/* Client clocks: correction by the offset measured at upload, clamping, flags. */
#include "helpers.h"

#define DAY_MS (24LL * 3600 * 1000)

/* One event of that client time in an upload of that client time (0 = not told). */
static const struct mp_event *event_at(struct desk *desk, int64_t sent_ms, int64_t time_ms) {
    static char body[512];
    char sent[64] = "";
    if (sent_ms != 0) {
        snprintf(sent, sizeof(sent), ",\"sent\":%lld", (long long)sent_ms);
    }
    int len = snprintf(body, sizeof(body),
                       "{\"v\":1,\"user\":\"u\"%s,\"events\":[{\"id\":\"1\",\"name\":\"a\","
                       "\"time\":%lld,\"open\":{\"id\":\"o\",\"start\":%lld}}]}",
                       sent, (long long)time_ms, time_ms > 1000 ? (long long)time_ms - 1000 : 0);
    assert_int_equal(send_native(desk, mp_str_range(body, (size_t)len)), MP_OK);
    assert_int_equal(desk->result.accepted, 1);
    return &desk->events[0];
}

static void check(struct desk *desk, int64_t sent_ms, int64_t time_ms, int64_t expected_ms,
                  int flags) {
    const struct mp_event *event = event_at(desk, sent_ms, time_ms);
    assert_int_equal(event->time_ms, expected_ms);
    assert_int_equal(event->flags, flags);
}

static void latency_is_no_wrong_clock(void **state) {
    struct desk *desk = *state;
    check(desk, NOW_MS - 2000, NOW_MS - 5000, NOW_MS - 5000, 0);
    check(desk, NOW_MS + 2000, NOW_MS - 5000, NOW_MS - 5000, 0);
    check(desk, NOW_MS, NOW_MS - 5000, NOW_MS - 5000, 0);
    check(desk, 0, NOW_MS - 5000, NOW_MS - 5000, 0);
}

static void a_wrong_clock_is_corrected_by_the_offset_at_upload(void **state) {
    struct desk *desk = *state;
    check(desk, NOW_MS - 2001, NOW_MS - 7001, NOW_MS - 5000, MP_EVENT_TIME_CORRECTED);
    check(desk, NOW_MS + 2001, NOW_MS, NOW_MS - 2001, MP_EVENT_TIME_CORRECTED);
    check(desk, NOW_MS - 400 * DAY_MS, NOW_MS - 400 * DAY_MS - 60000, NOW_MS - 60000,
          MP_EVENT_TIME_CORRECTED);
    check(desk, NOW_MS + 400 * DAY_MS, NOW_MS + 400 * DAY_MS - 60000, NOW_MS - 60000,
          MP_EVENT_TIME_CORRECTED);
    /* A phone that believes it is 1970. */
    check(desk, 100000, 40000, NOW_MS - 60000, MP_EVENT_TIME_CORRECTED);
}

static void the_open_begins_by_the_same_clock(void **state) {
    struct desk *desk = *state;
    const struct mp_event *event = event_at(desk, NOW_MS + DAY_MS, NOW_MS + DAY_MS - 60000);
    assert_int_equal(event->open_start_ms, NOW_MS - 61000);
    event = event_at(desk, 0, NOW_MS - 5000);
    assert_int_equal(event->open_start_ms, NOW_MS - 6000);
}

static void times_too_far_ahead_become_the_receipt(void **state) {
    struct desk *desk = *state;
    check(desk, 0, NOW_MS + 600000, NOW_MS + 600000, 0);
    check(desk, 0, NOW_MS + 600001, NOW_MS, MP_EVENT_CLAMPED_FUTURE);
    check(desk, NOW_MS - DAY_MS, NOW_MS, NOW_MS, MP_EVENT_TIME_CORRECTED | MP_EVENT_CLAMPED_FUTURE);
    check(desk, 0, COLLECT_TIME_MS_MAX, NOW_MS, MP_EVENT_CLAMPED_FUTURE);
    assert_int_equal(desk->events[0].open_start_ms, NOW_MS);
}

static void times_too_late_become_the_receipt(void **state) {
    struct desk *desk = *state;
    check(desk, 0, NOW_MS - LATE_MS, NOW_MS - LATE_MS, 0);
    check(desk, 0, NOW_MS - LATE_MS - 1, NOW_MS, MP_EVENT_CLAMPED_LATE);
    check(desk, NOW_MS + DAY_MS, NOW_MS - LATE_MS, NOW_MS,
          MP_EVENT_TIME_CORRECTED | MP_EVENT_CLAMPED_LATE);
    check(desk, 0, 0, NOW_MS, MP_EVENT_CLAMPED_LATE);
}

static void extremes_of_both_clocks_do_not_overflow(void **state) {
    struct desk *desk = *state;
    check(desk, COLLECT_TIME_MS_MAX, 0, NOW_MS, MP_EVENT_TIME_CORRECTED | MP_EVENT_CLAMPED_LATE);
    check(desk, 1, COLLECT_TIME_MS_MAX, NOW_MS, MP_EVENT_TIME_CORRECTED | MP_EVENT_CLAMPED_FUTURE);
}

/* Sensors' clients write the upload's time into each event. */
static void sensors_flush_time_corrects_each_event(void **state) {
    struct desk *desk = *state;
    /* [{"type":"track","event":"a","distinct_id":"u","time":T,"_flush_time":F}, …] in base64 comes
     * from the query as it is. */
    static const char data[] =
        "W3sidHlwZSI6InRyYWNrIiwiZXZlbnQiOiJhIiwiZGlzdGluY3RfaWQiOiJ1IiwidGltZSI6MTc5NDk5OTA5MDAw"
        "MCwiX2ZsdXNoX3RpbWUiOjE3OTQ5OTkxMDAwMDB9LHsidHlwZSI6InRyYWNrIiwiZXZlbnQiOiJiIiwiZGlzdGlu"
        "Y3RfaWQiOiJ1IiwidGltZSI6MTc5NDk5OTk5MDAwMCwiX2ZsdXNoX3RpbWUiOjE3OTQ5OTk5OTk1MDB9LHsidHlw"
        "ZSI6InRyYWNrIiwiZXZlbnQiOiJjIiwiZGlzdGluY3RfaWQiOiJ1IiwidGltZSI6MTc5NTAwMDYwMDAwMX1d";
    desk->input.query = mp_str_of(data);
    assert_int_equal(send_sensors(desk), MP_OK);
    assert_int_equal(desk->result.accepted, 3);
    assert_int_equal(desk->events[0].time_ms, NOW_MS - 10000);
    assert_int_equal(desk->events[0].flags, MP_EVENT_TIME_CORRECTED);
    assert_int_equal(desk->events[1].time_ms, NOW_MS - 10000);
    assert_int_equal(desk->events[1].flags, 0);
    assert_int_equal(desk->events[2].time_ms, NOW_MS);
    assert_int_equal(desk->events[2].flags, MP_EVENT_CLAMPED_FUTURE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(latency_is_no_wrong_clock),
        TEST(a_wrong_clock_is_corrected_by_the_offset_at_upload),
        TEST(the_open_begins_by_the_same_clock),
        TEST(times_too_far_ahead_become_the_receipt),
        TEST(times_too_late_become_the_receipt),
        TEST(extremes_of_both_clocks_do_not_overflow),
        TEST(sensors_flush_time_corrects_each_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
