/* Payments and refunds as the app's own server posts them. */
#include "helpers.h"

#define TIME "\"time\":1794999999000"
#define PAY "\"order_id\":\"o-1\",\"user\":\"u-1\",\"amount_fen\":1990," TIME
#define REFUND "\"refund_id\":\"r-1\",\"order_id\":\"o-1\",\"amount_fen\":990," TIME

static int post(struct desk *desk, struct mp_str body) {
    desk_clear(desk);
    desk->input.body = body;
    desk->input.app = desk->input.app.ptr ? desk->input.app : MP_STR("shop");
    int code = collect_payments(desk->worker, &desk->input, &desk->out, &desk->result, &desk->err);
    return desk_take(desk, code);
}

static struct mp_hash128 sent_by_the_sdk(struct desk *desk, const char *event) {
    char body[512];
    int len = snprintf(body, sizeof(body), "{\"v\":1,\"user\":\"someone\",\"events\":[%s]}", event);
    assert_int_equal(send_native(desk, mp_str_range(body, (size_t)len)), MP_OK);
    assert_int_equal(desk->result.accepted, 1);
    return desk->events[0].identity;
}

static void a_payment_becomes_the_sdks_event(void **state) {
    struct desk *desk = *state;
    struct mp_hash128 sdk = sent_by_the_sdk(
        desk, "{\"id\":\"e\",\"name\":\"$pay\",\"order_id\":\"o-1\",\"amount_fen\":5," TIME "}");
    assert_int_equal(post(desk, MP_STR("{" PAY ",\"password_free\":true,\"scene\":1007,"
                                       "\"page\":\"/pages/pay?a=1\",\"props\":{\"a\":{\"b\":2}}}")),
                     MP_OK);
    const struct mp_event *event = &desk->events[0];
    assert_text(event->name, "$pay");
    assert_text(event->order_id, "o-1");
    assert_text(event->user, "u-1");
    assert_int_equal(event->amount_fen, 1990);
    assert_true(event->password_free);
    assert_int_equal(event->time_ms, 1794999999000);
    assert_int_equal(event->flags, 0);
    assert_int_equal(event->scene, 1007);
    assert_text(event->page, "pages/pay");
    assert_text(event->query, "a=1");
    assert_int_equal(event->dwell_ms, -1);
    assert_prop_number(event, "a.b", 2);
    assert_memory_equal(&event->identity, &sdk, sizeof(sdk));
    assert_text(desk->context.app, "shop");
    assert_text(desk->context.sdk, "payments");
}

static void a_refund_becomes_the_sdks_event_and_needs_no_user(void **state) {
    struct desk *desk = *state;
    struct mp_hash128 sdk = sent_by_the_sdk(
        desk, "{\"id\":\"e\",\"name\":\"$refund\",\"order_id\":\"o-1\",\"amount_fen\":5,"
              "\"refund_id\":\"r-1\"," TIME "}");
    assert_int_equal(post(desk, MP_STR("{\"props\":{\"refund_id\":\"x\"}," REFUND "}")), MP_OK);
    const struct mp_event *event = &desk->events[0];
    assert_text(event->name, "$refund");
    assert_text(event->order_id, "o-1");
    assert_text(event->user, "");
    assert_int_equal(event->amount_fen, 990);
    assert_prop_text(event, "refund_id", "r-1");
    assert_memory_equal(&event->identity, &sdk, sizeof(sdk));
}

/* The connection is the server's: it says nothing of where the user is and on what. */
static void nothing_of_the_connection_is_taken_for_the_users(void **state) {
    struct desk *desk = *state;
    desk->input.peer = MP_STR("114.114.114.114");
    desk->input.user_agent = MP_STR("iPhone");
    assert_int_equal(post(desk, MP_STR("[{" PAY "},{" REFUND "}]")), MP_OK);
    assert_text(desk->context.country, "");
    assert_int_equal(desk->context.platform, MP_PLATFORM_UNKNOWN);
    assert_text(desk->context.user, "");
    assert_text(desk->events[0].user, "u-1");
    assert_text(desk->events[1].user, "");
}

static void times_are_milliseconds_or_rfc_3339(void **state) {
    struct desk *desk = *state;
    assert_int_equal(post(desk, MP_STR("{\"order_id\":\"o\",\"user\":\"u\",\"amount_fen\":1,"
                                       "\"time\":\"2026-11-18T18:26:39.5+08:00\"}")),
                     MP_OK);
    assert_int_equal(desk->events[0].time_ms, 1794997599500);
    assert_int_equal(desk->events[0].flags, 0);
}

static void a_time_too_far_back_or_ahead_is_clamped_as_any_events(void **state) {
    struct desk *desk = *state;
    assert_int_equal(post(desk, MP_STR("{\"order_id\":\"o\",\"user\":\"u\",\"amount_fen\":1,"
                                       "\"time\":\"2026-11-01T00:00:00Z\"}")),
                     MP_OK);
    assert_int_equal(desk->events[0].time_ms, NOW_MS);
    assert_int_equal(desk->events[0].flags, MP_EVENT_CLAMPED_LATE);
}

static const struct {
    const char *item;
    const char *field;
    const char *words;
} wrong_items[] = {
    {"7", "", "must be an object"},
    {"{\"user\":\"u\",\"amount_fen\":1," TIME "}", "order_id", "missing"},
    {"{\"order_id\":\"\",\"user\":\"u\",\"amount_fen\":1," TIME "}", "order_id", "missing"},
    {"{\"order_id\":7,\"user\":\"u\",\"amount_fen\":1," TIME "}", "order_id", "must be a string"},
    {"{\"order_id\":\"o\",\"amount_fen\":1," TIME "}", "user", "missing"},
    {"{\"order_id\":\"o\",\"user\":null,\"amount_fen\":1," TIME "}", "user", "missing"},
    {"{\"order_id\":\"o\",\"user\":\"u\"," TIME "}", "amount_fen", "missing"},
    {"{\"order_id\":\"o\",\"user\":\"u\",\"amount_fen\":1.5," TIME "}", "amount_fen", "whole"},
    {"{\"order_id\":\"o\",\"user\":\"u\",\"amount_fen\":-1," TIME "}", "amount_fen", "whole"},
    {"{\"order_id\":\"o\",\"user\":\"u\",\"amount_fen\":\"1\"," TIME "}", "amount_fen", "whole"},
    {"{\"order_id\":\"o\",\"user\":\"u\",\"amount_fen\":1}", "time", "missing"},
    {"{\"order_id\":\"o\",\"user\":\"u\",\"amount_fen\":1,\"time\":\"yesterday\"}", "time", "like"},
    {"{\"order_id\":\"o\",\"user\":\"u\",\"amount_fen\":1,\"time\":-1}", "time", "whole"},
    {"{\"order_id\":\"o\",\"user\":\"u\",\"amount_fen\":1,\"time\":\"1969-12-31T00:00:00Z\"}",
     "time", "like"},
    {"{" PAY ",\"password_free\":1}", "password_free", "true or false"},
    {"{" PAY ",\"pasword_free\":true}", "pasword_free", "not known here"},
    {"{" PAY ",\"id\":\"e\"}", "id", "not known here"},
    {"{" PAY ",\"open\":{}}", "open", "not known here"},
    {"{" PAY ",\"scene\":70000}", "scene", "whole"},
    {"{" PAY ",\"props\":[]}", "props", "must be an object"},
    {"{" PAY ",\"props\":{\"\":1}}", "props.", "is empty"},
    {"{" REFUND ",\"password_free\":false}", "password_free", "not to a refund"},
    {"{\"refund_id\":\"\"," PAY "}", "refund_id", "is empty"},
    {"{\"refund_id\":7," PAY "}", "refund_id", "must be a string"},
    {"{\"refund_id\":\"r\",\"amount_fen\":1," TIME "}", "order_id", "missing"},
};
#define WRONG_ITEMS (sizeof(wrong_items) / sizeof(wrong_items[0]))

static void a_wrong_item_of_a_list_is_told_by_index_and_field_and_costs_no_other(void **state) {
    struct desk *desk = *state;
    for (size_t i = 0; i < WRONG_ITEMS; i++) {
        char body[1024], field[96];
        snprintf(body, sizeof(body), "[{" PAY "},%s,{" REFUND "}]", wrong_items[i].item);
        snprintf(field, sizeof(field), "payments[1]%s%s", wrong_items[i].field[0] ? "." : "",
                 wrong_items[i].field);
        assert_int_equal(post(desk, mp_str_of(body)), MP_OK);
        assert_int_equal(desk->result.accepted, 2);
        assert_fault(desk, field, wrong_items[i].words);
        assert_int_equal(desk->result.faults[0].index, 1);
    }
}

static void of_one_payment_alone_what_is_wrong_is_wrong_with_the_request(void **state) {
    struct desk *desk = *state;
    for (size_t i = 1; i < WRONG_ITEMS; i++) {
        assert_int_equal(post(desk, mp_str_of(wrong_items[i].item)), MP_E_ARGUMENT);
        assert_refused(desk, MP_E_ARGUMENT, wrong_items[i].field, wrong_items[i].words);
    }
}

static void a_body_that_is_neither_an_object_nor_a_list_is_refused(void **state) {
    struct desk *desk = *state;
    static const char *const bodies[] = {"", "7", "null", "\"o\"", "{", "[{}"};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_int_equal(post(desk, mp_str_of(bodies[i])), MP_E_ARGUMENT);
        assert_string_equal(desk->err.field, "body");
    }
    assert_int_equal(post(desk, MP_STR("[]")), MP_E_ARGUMENT);
    assert_refused(desk, MP_E_ARGUMENT, "payments", "empty");
}

static void a_request_has_at_most_500_payments(void **state) {
    struct desk *desk = *state;
    static char body[100000];
    size_t len = 0;
    body[len++] = '[';
    for (int i = 0; i < COLLECT_PAYMENTS_MAX; i++) {
        len += (size_t)snprintf(body + len, sizeof(body) - len, "%s{" PAY "}", i ? "," : "");
    }
    size_t before = len;
    body[len++] = ']';
    assert_int_equal(post(desk, mp_str_range(body, len)), MP_OK);
    assert_int_equal(desk->result.accepted, COLLECT_PAYMENTS_MAX);
    len = before + (size_t)snprintf(body + before, sizeof(body) - before, ",{" PAY "}]");
    assert_int_equal(post(desk, mp_str_range(body, len)), MP_E_TOO_LARGE);
    assert_refused(desk, MP_E_TOO_LARGE, "payments", "500 are allowed");
}

static void an_unknown_app_is_not_found(void **state) {
    struct desk *desk = *state;
    desk->input.app = MP_STR("nobody");
    assert_int_equal(post(desk, MP_STR("{" PAY "}")), MP_E_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_payment_becomes_the_sdks_event),
        TEST(a_refund_becomes_the_sdks_event_and_needs_no_user),
        TEST(nothing_of_the_connection_is_taken_for_the_users),
        TEST(times_are_milliseconds_or_rfc_3339),
        TEST(a_time_too_far_back_or_ahead_is_clamped_as_any_events),
        TEST(a_wrong_item_of_a_list_is_told_by_index_and_field_and_costs_no_other),
        TEST(of_one_payment_alone_what_is_wrong_is_wrong_with_the_request),
        TEST(a_body_that_is_neither_an_object_nor_a_list_is_refused),
        TEST(a_request_has_at_most_500_payments),
        TEST(an_unknown_app_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
