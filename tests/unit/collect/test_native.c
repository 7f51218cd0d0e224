/* Our own format: what each field takes and refuses. */
#include "helpers.h"

/* A request with these members, and an event with these. Static: one body at a time. */
static struct mp_str request(const char *members, const char *event) {
    static char text[1 << 20];
    int len =
        snprintf(text, sizeof(text), "{\"v\":1,\"user\":\"u\"%s,\"events\":[%s]}", members, event);
    assert_true(len > 0 && (size_t)len < sizeof(text));
    return mp_str_range(text, (size_t)len);
}

#define EVENT(members) "{\"id\":\"e1\",\"name\":\"Buy\",\"time\":1795000000000" members "}"

static void every_field_arrives_where_it_belongs(void **state) {
    struct desk *desk = *state;
    struct mp_str body = MP_STR(
        "{\"v\":1,\"sent\":1795000000000,\"user\":\"user-1\",\"context\":{\"app_version\":\"2.1\","
        "\"sdk\":\"minipulse/1.0\",\"platform\":\"iOS\",\"brand\":\"Apple\",\"model\":\"iPhone15\","
        "\"os_version\":\"17.1\",\"client_version\":\"8.0.50\",\"library_version\":\"3.4.0\","
        "\"screen_width\":392.7,\"screen_height\":852,\"language\":\"zh_CN\",\"network\":\"5g\"},"
        "\"events\":[{\"id\":\"e-1\",\"name\":\"$pay\",\"time\":1794999999000,\"user\":\"user-2\","
        "\"open\":{\"id\":\"o-1\",\"start\":1794999990000},\"page\":\"/pages/pay?from=cart\","
        "\"referrer\":\"/pages/cart?x=1\",\"title\":\"支付\",\"dwell_ms\":1500,\"scene\":1089,"
        "\"element\":\"pay\",\"order_id\":\"o-77\",\"amount_fen\":1990,\"password_free\":true,"
        "\"props\":{\"coupon\":\"A1\"}}]}");
    assert_int_equal(send_native(desk, body), MP_OK);
    assert_int_equal(desk->result.accepted, 1);
    assert_string_equal(desk->result.app, "shop");
    const struct mp_context *context = &desk->context;
    assert_text(context->app, "shop");
    assert_int_equal(context->received_ms, NOW_MS);
    assert_text(context->user, "user-1");
    assert_text(context->app_version, "2.1");
    assert_text(context->sdk, "minipulse/1.0");
    assert_int_equal(context->platform, MP_PLATFORM_IOS);
    assert_text(context->brand, "Apple");
    assert_text(context->model, "iPhone15");
    assert_text(context->os_version, "17.1");
    assert_text(context->client_version, "8.0.50");
    assert_text(context->library_version, "3.4.0");
    assert_int_equal(context->screen_width, 393);
    assert_int_equal(context->screen_height, 852);
    assert_text(context->language, "zh_CN");
    assert_text(context->network, "5g");
    const struct mp_event *event = &desk->events[0];
    assert_text(event->id, "e-1");
    assert_text(event->name, "$pay");
    assert_int_equal(event->time_ms, 1794999999000);
    assert_int_equal(event->flags, 0);
    assert_text(event->user, "user-2");
    assert_text(event->open_id, "o-1");
    assert_int_equal(event->open_start_ms, 1794999990000);
    assert_text(event->page, "pages/pay");
    assert_text(event->query, "from=cart");
    assert_text(event->referrer, "pages/cart");
    assert_text(event->title, "支付");
    assert_int_equal(event->dwell_ms, 1500);
    assert_int_equal(event->scene, 1089);
    assert_text(event->element, "pay");
    assert_text(event->order_id, "o-77");
    assert_int_equal(event->amount_fen, 1990);
    assert_true(event->password_free);
    assert_int_equal(event->prop_count, 1);
    assert_prop_text(event, "coupon", "A1");
}

static void what_is_absent_or_null_is_unknown(void **state) {
    struct desk *desk = *state;
    struct mp_str body =
        request(",\"context\":{\"brand\":null},\"open\":null",
                EVENT(",\"page\":null,\"dwell_ms\":null,\"x\":null,\"props\":null"));
    assert_int_equal(send_native(desk, body), MP_OK);
    assert_int_equal(desk->result.accepted, 1);
    assert_int_equal(desk->events[0].dwell_ms, -1);
    assert_int_equal(desk->events[0].prop_count, 0);
    assert_int_equal(desk->events[0].page.len, 0);
    assert_int_equal(desk->events[0].open_id.len, 0);
    assert_int_equal(desk->context.platform, MP_PLATFORM_UNKNOWN);
}

static void a_bad_event_is_reported_by_index_and_the_good_ones_stay(void **state) {
    struct desk *desk = *state;
    struct mp_str body = request(
        "",
        EVENT("") ",{\"id\":\"e2\",\"name\":\"Buy\",\"time\":\"noon\"},7,"
                  "{\"id\":\"e3\",\"name\":\"Buy\",\"time\":1795000000000,\"scene\":70000}," EVENT(
                      ",\"user\":\"v\""));
    assert_int_equal(send_native(desk, body), MP_OK);
    assert_int_equal(desk->result.accepted, 2);
    assert_int_equal(desk->result.rejected, 3);
    assert_int_equal(desk->result.faults[0].index, 1);
    assert_string_equal(desk->result.faults[0].field, "events[1].time");
    assert_string_equal(desk->result.faults[0].reason,
                        "must be a whole number from 0 to 253402300799999");
    assert_string_equal(desk->result.faults[1].field, "events[2]");
    assert_string_equal(desk->result.faults[1].reason, "must be an object");
    assert_string_equal(desk->result.faults[2].field, "events[3].scene");
    assert_text(desk->events[0].user, "");
    assert_text(desk->events[1].user, "v");
}

static void only_the_first_faults_are_told_and_all_are_counted(void **state) {
    struct desk *desk = *state;
    char events[4096] = "1";
    for (int i = 1; i < COLLECT_ERRORS_MAX + 5; i++) {
        snprintf(events + strlen(events), sizeof(events) - strlen(events), ",1");
    }
    assert_int_equal(send_native(desk, request("", events)), MP_OK);
    assert_int_equal(desk->result.accepted, 0);
    assert_int_equal(desk->result.rejected, COLLECT_ERRORS_MAX + 5);
    assert_int_equal(desk->result.faults[COLLECT_ERRORS_MAX - 1].index, COLLECT_ERRORS_MAX - 1);
}

static void each_wrong_field_is_named_with_its_reason(void **state) {
    struct desk *desk = *state;
    static const struct {
        const char *event, *field, *words;
    } cases[] = {
        {"{\"name\":\"a\",\"time\":1}", "events[0].id", "is missing"},
        {"{\"id\":\"\",\"name\":\"a\",\"time\":1}", "events[0].id", "is missing"},
        {"{\"id\":7,\"name\":\"a\",\"time\":1}", "events[0].id", "must be a string"},
        {"{\"id\":\"a\\u0000b\",\"name\":\"a\",\"time\":1}", "events[0].id", "NUL"},
        {"{\"id\":\"1\",\"time\":1}", "events[0].name", "is missing"},
        {"{\"id\":\"1\",\"name\":\"\",\"time\":1}", "events[0].name", "is empty"},
        {"{\"id\":\"1\",\"name\":\"a\\nb\",\"time\":1}", "events[0].name", "control byte"},
        {"{\"id\":\"1\",\"name\":\"$what\",\"time\":1}", "events[0].name", "reserved"},
        {"{\"id\":\"1\",\"name\":\"a\"}", "events[0].time", "is missing"},
        {EVENT(",\"time\":-1"), NULL, NULL}, /* the first of equal names counts */
        {"{\"id\":\"1\",\"name\":\"a\",\"time\":-1}", "events[0].time", "whole number"},
        {"{\"id\":\"1\",\"name\":\"a\",\"time\":1.5}", "events[0].time", "whole number"},
        {"{\"id\":\"1\",\"name\":\"a\",\"time\":253402300800000}", "events[0].time", "whole"},
        {EVENT(",\"user\":{}"), "events[0].user", "must be a string"},
        {EVENT(",\"open\":\"x\""), "events[0].open", "must be an object"},
        {EVENT(",\"open\":{\"start\":1}"), "events[0].open.id", "is missing"},
        {EVENT(",\"open\":{\"id\":\"x\"}"), "events[0].open.start", "is missing"},
        {EVENT(",\"open\":{\"id\":1,\"start\":1}"), "events[0].open.id", "must be a string"},
        {EVENT(",\"dwell_ms\":-1"), "events[0].dwell_ms", "from 0 to 604800000"},
        {EVENT(",\"dwell_ms\":604800001"), "events[0].dwell_ms", "from 0 to 604800000"},
        {EVENT(",\"scene\":\"1001\""), "events[0].scene", "from 0 to 65535"},
        {EVENT(",\"amount_fen\":19.9"), "events[0].amount_fen", "whole number"},
        {EVENT(",\"amount_fen\":-1"), "events[0].amount_fen", "from 0 to 100000000000"},
        {EVENT(",\"amount_fen\":100000000001"), "events[0].amount_fen", "whole number"},
        {EVENT(",\"password_free\":1"), "events[0].password_free", "true or false"},
        {EVENT(",\"props\":[]"), "events[0].props", "must be an object"},
        {EVENT(",\"props\":{\"\":1}"), "events[0].props.", "is empty"},
        {EVENT(",\"props\":{\"a\\u0001\":1}"), "events[0].props.a\x01", "control byte"},
        {EVENT(",\"props\":{\"a\":\"\\u0000\"}"), "events[0].props.a", "NUL"},
        {"{\"id\":\"1\",\"name\":\"$pay\",\"time\":1,\"amount_fen\":1}", "events[0].order_id",
         "is missing"},
        {"{\"id\":\"1\",\"name\":\"$refund\",\"time\":1,\"order_id\":\"1\"}",
         "events[0].amount_fen", "is missing"},
        {"{\"id\":\"1\",\"name\":\"$page_view\",\"time\":1}", "events[0].page", "is missing"},
        {"{\"id\":\"1\",\"name\":\"$page_leave\",\"time\":1,\"page\":\"/?a\"}", "events[0].page",
         "is missing"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(send_native(desk, request("", cases[i].event)), MP_OK);
        if (cases[i].field) {
            assert_fault(desk, cases[i].field, cases[i].words);
        } else {
            assert_int_equal(desk->result.rejected, 0);
        }
    }
    assert_int_equal(send_native(desk, MP_STR("{\"v\":1,\"events\":[" EVENT("") "]}")), MP_OK);
    assert_fault(desk, "events[0].user", "is missing here and in the request");
}

static void an_event_without_a_user_is_not_given_the_one_of_another_event(void **state) {
    struct desk *desk = *state;
    struct mp_str body = MP_STR("{\"v\":1,\"events\":[" EVENT(",\"user\":\"u1\"") "," EVENT(
        "") "," EVENT(",\"user\":\"\"") "," EVENT(",\"user\":\"u2\"") "]}");
    assert_int_equal(send_native(desk, body), MP_OK);
    assert_int_equal(desk->result.accepted, 2);
    assert_int_equal(desk->result.rejected, 2);
    assert_text(desk->context.user, "u1");
    assert_text(desk->events[1].user, "u2");
    for (size_t i = 0; i < 2; i++) {
        char field[32];
        snprintf(field, sizeof(field), "events[%zu].user", i + 1);
        assert_string_equal(desk->result.faults[i].field, field);
        assert_string_equal(desk->result.faults[i].reason, "is missing here and in the request");
    }
}

/* A text of that many bytes as the field's value is taken, one more is refused. */
static void check_limit(struct desk *desk, const char *field, size_t bytes_max) {
    static char event[20000], value[16000];
    for (size_t over = 0; over < 2; over++) {
        memset(value, 'a', bytes_max + over);
        value[bytes_max + over] = '\0';
        snprintf(event, sizeof(event), "{%s%s\"%s\":\"%s\",\"time\":1795000000000}",
                 strcmp(field, "id") ? "\"id\":\"1\"," : "",
                 strcmp(field, "name") ? "\"name\":\"a\"," : "", field, value);
        assert_int_equal(send_native(desk, request("", event)), MP_OK);
        assert_int_equal(desk->result.accepted, 1 - over);
        if (over) {
            char path[64];
            snprintf(path, sizeof(path), "events[0].%s", field);
            assert_fault(desk, path, "is longer than");
        }
    }
}

static void texts_are_taken_up_to_their_limits(void **state) {
    struct desk *desk = *state;
    check_limit(desk, "id", MP_EVENT_ID_MAX);
    check_limit(desk, "name", MP_EVENT_NAME_MAX);
    check_limit(desk, "user", MP_EVENT_ID_MAX);
    check_limit(desk, "page", COLLECT_PAGE_MAX);
    check_limit(desk, "query", MP_EVENT_STR_MAX);
    check_limit(desk, "referrer", COLLECT_PAGE_MAX);
    check_limit(desk, "title", MP_EVENT_STR_MAX);
    check_limit(desk, "element", MP_EVENT_STR_MAX);
    check_limit(desk, "order_id", MP_EVENT_ID_MAX);
    check_limit(desk, "anything", MP_EVENT_STR_MAX);
}

static void integers_are_taken_up_to_their_limits(void **state) {
    struct desk *desk = *state;
    struct mp_str body =
        request("", EVENT(",\"dwell_ms\":604800000,\"scene\":65535,\"amount_fen\":100000000000"));
    assert_int_equal(send_native(desk, body), MP_OK);
    assert_int_equal(desk->events[0].dwell_ms, COLLECT_DWELL_MS_MAX);
    assert_int_equal(desk->events[0].scene, 65535);
    assert_int_equal(desk->events[0].amount_fen, COLLECT_AMOUNT_FEN_MAX);
    assert_int_equal(send_native(desk, request("", EVENT(",\"amount_fen\":0"))), MP_OK);
    assert_int_equal(desk->result.accepted, 1);
    assert_int_equal(send_native(desk, request("", EVENT(",\"amount_fen\":5e2"))), MP_OK);
    assert_int_equal(desk->events[0].amount_fen, 500);
}

static void all_reserved_names_are_known(void **state) {
    struct desk *desk = *state;
    static const char *const names[] = {
        "$launch", "$show",   "$hide", "$page_view", "$page_leave", "$share",  "$click",
        "$add",    "$remove", "$pay",  "$refund",    "$identify",   "$profile"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char event[256];
        snprintf(event, sizeof(event),
                 "{\"id\":\"1\",\"name\":\"%s\",\"time\":1795000000000,\"page\":\"p\","
                 "\"order_id\":\"1\",\"amount_fen\":1}",
                 names[i]);
        assert_int_equal(send_native(desk, request("", event)), MP_OK);
        assert_int_equal(desk->result.accepted, 1);
        assert_text(desk->events[0].name, names[i]);
    }
}

static void unknown_members_are_kept_as_properties_with_their_place(void **state) {
    struct desk *desk = *state;
    struct mp_str body =
        request(",\"new\":1,\"context\":{\"benchmark\":31,\"platform\":\"devtools\"},"
                "\"open\":{\"id\":\"o\",\"start\":1795000000000,\"from\":\"qr\"}",
                EVENT(",\"color\":\"red\",\"props\":{\"size\":3}") ",{\"id\":\"e2\",\"name\":\"x\","
                                                                   "\"time\":1795000000000}");
    assert_int_equal(send_native(desk, body), MP_OK);
    assert_int_equal(desk->result.accepted, 2);
    const struct mp_event *event = &desk->events[0];
    assert_prop_number(event, "request.new", 1);
    assert_prop_number(event, "context.benchmark", 31);
    assert_prop_text(event, "open.from", "qr");
    assert_prop_text(event, "color", "red");
    assert_prop_number(event, "size", 3);
    assert_int_equal(desk->context.platform, MP_PLATFORM_OTHER);
    assert_prop_text(event, "context.platform", "devtools");
    assert_int_equal(desk->events[1].prop_count, 4);
    assert_null(prop_of(&desk->events[1], "color"));
}

static void nested_properties_are_flattened_and_deep_ones_are_json(void **state) {
    struct desk *desk = *state;
    struct mp_str body = request(
        "", EVENT(",\"props\":{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":1}}}}},\"list\":[1,\"x\","
                  "{\"y\":null}],\"yes\":true,\"no\":false,\"none\":null,\"empty\":{},"
                  "\"pi\":3.25,\"big\":12345678901234567890,\"edge\":9007199254740992,"
                  "\"order\":-9007199254740993,\"text\":\"\"}"));
    assert_int_equal(send_native(desk, body), MP_OK);
    const struct mp_event *event = &desk->events[0];
    assert_prop_text(event, "a.b.c.d.e", "{\"f\":1}");
    assert_prop_text(event, "list", "[1,\"x\",{\"y\":null}]");
    assert_prop_text(event, "yes", "true");
    assert_prop_text(event, "no", "false");
    assert_prop_number(event, "pi", 3.25);
    assert_prop_text(event, "big", "12345678901234567890");
    assert_prop_number(event, "edge", 9007199254740992.0);
    assert_prop_text(event, "order", "-9007199254740993");
    assert_prop_text(event, "text", "");
    assert_int_equal(event->prop_count, 9);
}

static void of_properties_with_one_name_the_first_is_kept(void **state) {
    struct desk *desk = *state;
    struct mp_str body =
        request("", EVENT(",\"a.b\":1,\"props\":{\"a\":{\"b\":2},\"a.b\":3,\"c\":4}"));
    assert_int_equal(send_native(desk, body), MP_OK);
    assert_int_equal(desk->events[0].prop_count, 2);
    assert_prop_number(&desk->events[0], "a.b", 1);
}

static void properties_are_bounded_in_number_name_and_size(void **state) {
    struct desk *desk = *state;
    static char event[40000];
    for (int count = MP_EVENT_PROPS_MAX; count <= MP_EVENT_PROPS_MAX + 1; count++) {
        int len = snprintf(event, sizeof(event), "{\"id\":\"1\",\"name\":\"a\",\"time\":1");
        for (int i = 0; i < count; i++) {
            len += snprintf(event + len, sizeof(event) - (size_t)len, ",\"p%d\":%d", i, i);
        }
        snprintf(event + len, sizeof(event) - (size_t)len, "}");
        assert_int_equal(send_native(desk, request("", event)), MP_OK);
        assert_int_equal(desk->result.accepted, count == MP_EVENT_PROPS_MAX);
    }
    assert_fault(desk, "events[0].p128", "one more than the 128 properties");
    char name[200];
    memset(name, 'n', sizeof(name));
    snprintf(event, sizeof(event), EVENT(",\"props\":{\"%.*s\":1}"), MP_EVENT_NAME_MAX, name);
    assert_int_equal(send_native(desk, request("", event)), MP_OK);
    assert_int_equal(desk->result.accepted, 1);
    snprintf(event, sizeof(event), EVENT(",\"props\":{\"%.*s\":1}"), MP_EVENT_NAME_MAX + 1, name);
    assert_int_equal(send_native(desk, request("", event)), MP_OK);
    assert_int_equal(desk->result.rejected, 1);
    assert_non_null(strstr(desk->result.faults[0].reason, "longer than 128 bytes"));
    snprintf(event, sizeof(event), EVENT(",\"props\":{\"a\":{\"%.*s\":1}}"), MP_EVENT_NAME_MAX - 1,
             name);
    assert_int_equal(send_native(desk, request("", event)), MP_OK);
    assert_fault(desk, "events[0].props.a", "longer than 128 bytes");
    static char list[30000] = "[0";
    size_t end = strlen(list);
    while (end < MP_EVENT_STR_MAX) {
        end += (size_t)snprintf(list + end, sizeof(list) - end, ",0");
    }
    snprintf(list + end, sizeof(list) - end, "]");
    snprintf(event, sizeof(event), EVENT(",\"props\":{\"l\":%s}"), list);
    assert_int_equal(send_native(desk, request("", event)), MP_OK);
    assert_fault(desk, "events[0].props.l", "longer than 8192 bytes as JSON");
}

static void a_query_of_its_own_holds_before_the_one_in_the_page(void **state) {
    struct desk *desk = *state;
    assert_int_equal(send_native(desk, request("", EVENT(",\"page\":\"//a?x\",\"query\":\"y\""))),
                     0);
    assert_text(desk->events[0].page, "a");
    assert_text(desk->events[0].query, "y");
    assert_int_equal(send_native(desk, request("", EVENT(",\"query\":\"y\",\"page\":\"a?x\""))), 0);
    assert_text(desk->events[0].query, "y");
    assert_int_equal(send_native(desk, request("", EVENT(",\"page\":\"a?x=1?2\""))), 0);
    assert_text(desk->events[0].query, "x=1?2");
}

static void the_write_key_decides_the_app(void **state) {
    struct desk *desk = *state;
    char body[512];
    desk->input.key = MP_STR("wrong");
    assert_int_equal(send_native(desk, request("", EVENT(""))), MP_E_DENIED);
    assert_refused(desk, MP_E_DENIED, "app", "unknown");
    desk->input.key = MP_STR("");
    assert_int_equal(send_native(desk, request("", EVENT(""))), MP_E_DENIED);
    assert_refused(desk, MP_E_DENIED, "app", "missing");
    assert_int_equal(send_native(desk, request(",\"app\":null", EVENT(""))), MP_E_DENIED);
    assert_int_equal(send_native(desk, request(",\"app\":5", EVENT(""))), MP_E_ARGUMENT);
    /* An id is no key. */
    assert_int_equal(send_native(desk, request(",\"app\":\"shop\"", EVENT(""))), MP_E_DENIED);
    snprintf(body, sizeof(body), ",\"app\":\"%s\"", desk->app.write_key);
    assert_int_equal(send_native(desk, request(body, EVENT(""))), MP_OK);
    assert_int_equal(desk->result.accepted, 1);
    assert_string_equal(desk->result.app, "shop");
    assert_int_equal(desk->events[0].prop_count, 0);
}

static void a_request_that_is_wrong_as_a_whole_is_refused(void **state) {
    struct desk *desk = *state;
    static const struct {
        const char *body, *field, *words;
        enum mp_code code;
    } cases[] = {
        {"", "body", "empty", MP_E_ARGUMENT},
        {"{", "body", "not JSON", MP_E_ARGUMENT},
        {"[]", "body", "must be a JSON object", MP_E_ARGUMENT},
        {"{\"v\":1} x", "body", "not JSON", MP_E_ARGUMENT},
        {"{\"events\":[1]}", "v", "must be 1", MP_E_ARGUMENT},
        {"{\"v\":2,\"events\":[1]}", "v", "must be 1", MP_E_ARGUMENT},
        {"{\"v\":1}", "events", "must be a list", MP_E_ARGUMENT},
        {"{\"v\":1,\"events\":{}}", "events", "must be a list", MP_E_ARGUMENT},
        {"{\"v\":1,\"events\":[]}", "events", "is empty", MP_E_ARGUMENT},
        {"{\"v\":1,\"sent\":\"x\",\"events\":[1]}", "sent", "whole number", MP_E_ARGUMENT},
        {"{\"v\":1,\"user\":1,\"events\":[1]}", "user", "must be a string", MP_E_ARGUMENT},
        {"{\"v\":1,\"context\":[],\"events\":[1]}", "context", "must be an object", MP_E_ARGUMENT},
        {"{\"v\":1,\"context\":{\"brand\":1},\"events\":[1]}", "context.brand", "must be a string",
         MP_E_ARGUMENT},
        {"{\"v\":1,\"context\":{\"screen_width\":-1},\"events\":[1]}", "context.screen_width",
         "from 0 to 65535", MP_E_ARGUMENT},
        {"{\"v\":1,\"open\":{},\"events\":[1]}", "open.id", "is missing", MP_E_ARGUMENT},
        {"{\"v\":1,\"x\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", "body", "deep", MP_E_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(send_native(desk, mp_str_of(cases[i].body)), cases[i].code);
        assert_refused(desk, cases[i].code, cases[i].field, cases[i].words);
    }
}

static void events_of_a_request_are_bounded(void **state) {
    struct desk *desk = *state;
    static char events[MP_EVENT_PER_RECORD_MAX * 64];
    int len = 0;
    for (int i = 0; i < MP_EVENT_PER_RECORD_MAX + 1; i++) {
        len += snprintf(events + len, sizeof(events) - (size_t)len,
                        "%s{\"id\":\"%d\",\"name\":\"a\",\"time\":1795000000000}", i ? "," : "", i);
        if (i == MP_EVENT_PER_RECORD_MAX - 1) {
            assert_int_equal(send_native(desk, request("", events)), MP_OK);
            assert_int_equal(desk->result.accepted, MP_EVENT_PER_RECORD_MAX);
        }
    }
    assert_int_equal(send_native(desk, request("", events)), MP_E_TOO_LARGE);
    assert_refused(desk, MP_E_TOO_LARGE, "events", "1001 events, 1000 are allowed");
}

static void events_that_grow_beyond_a_record_are_refused_together(void **state) {
    struct desk *desk = *state;
    static char members[MP_EVENT_STR_MAX + 32], events[MP_EVENT_PER_RECORD_MAX * 64];
    char value[MP_EVENT_STR_MAX + 1];
    int len = 0;
    memset(value, 'x', MP_EVENT_STR_MAX);
    value[MP_EVENT_STR_MAX] = '\0';
    snprintf(members, sizeof(members), ",\"big\":\"%s\"", value);
    for (int i = 0; i < MP_EVENT_PER_RECORD_MAX; i++) {
        len += snprintf(events + len, sizeof(events) - (size_t)len,
                        "%s{\"id\":\"%d\",\"name\":\"a\",\"time\":1}", i ? "," : "", i);
    }
    assert_int_equal(send_native(desk, request(members, events)), MP_E_TOO_LARGE);
    assert_refused(desk, MP_E_TOO_LARGE, "events", "4194304 bytes");
    assert_int_equal(desk->result.accepted, 0);
}

static void an_id_makes_the_identity_and_nothing_else_does(void **state) {
    struct desk *desk = *state;
    assert_int_equal(send_native(desk, request("", EVENT(""))), MP_OK);
    struct mp_hash128 first = desk->events[0].identity;
    struct mp_hash128 expected = mp_hash128("shop\0e1", 7);
    assert_memory_equal(&first, &expected, sizeof(first));
    desk->input.received_ms += 5000;
    assert_int_equal(send_native(desk, request(",\"sent\":1", EVENT(",\"page\":\"other\""))),
                     MP_OK);
    assert_memory_equal(&first, &desk->events[0].identity, sizeof(first));
    assert_int_equal(
        send_native(desk, request("", "{\"id\":\"e2\",\"name\":\"Buy\",\"time\":1795000000000}")),
        MP_OK);
    assert_memory_not_equal(&first, &desk->events[0].identity, sizeof(first));
}

static struct mp_hash128 identity_of(struct desk *desk, const char *event) {
    assert_int_equal(send_native(desk, request("", event)), MP_OK);
    assert_int_equal(desk->result.accepted, 1);
    return desk->events[0].identity;
}

static bool is_same(struct mp_hash128 a, struct mp_hash128 b) {
    return a.lo == b.lo && a.hi == b.hi;
}

#define MONEY(id, name, more)                                                                      \
    "{\"id\":\"" id "\",\"name\":\"" name "\",\"time\":1795000000000,\"amount_fen\":1," more "}"

static void a_payments_identity_is_its_order_and_not_its_id(void **state) {
    struct desk *desk = *state;
    struct mp_hash128 first = identity_of(desk, MONEY("e1", "$pay", "\"order_id\":\"o\""));
    struct mp_hash128 expected = mp_hash128("\xffshop\0$pay\0o", 12);
    assert_true(is_same(first, expected));
    assert_true(is_same(first, identity_of(desk, MONEY("e2", "$pay", "\"order_id\":\"o\""))));
    assert_false(is_same(first, identity_of(desk, MONEY("e1", "$pay", "\"order_id\":\"p\""))));
    assert_false(is_same(first, identity_of(desk, MONEY("o", "$refund", "\"order_id\":\"o\""))));
    assert_false(is_same(first, identity_of(desk, MONEY("o", "Buy", "\"order_id\":\"o\""))));
}

static void a_refunds_identity_is_its_refund_id_where_it_has_one(void **state) {
    struct desk *desk = *state;
#define REFUND(id, more) MONEY(id, "$refund", "\"order_id\":\"o\"" more)
    struct mp_hash128 first = identity_of(desk, REFUND("e1", ",\"refund_id\":\"r1\""));
    assert_true(
        is_same(first, identity_of(desk, REFUND("e2", ",\"props\":{\"refund_id\":\"r1\"}"))));
    assert_prop_text(&desk->events[0], "refund_id", "r1");
    assert_false(is_same(first, identity_of(desk, REFUND("e1", ",\"refund_id\":\"r2\""))));
    /* Without one, two refunds of an order are two. */
    struct mp_hash128 bare = identity_of(desk, REFUND("e1", ""));
    assert_true(is_same(bare, mp_hash128("shop\0e1", 7)));
    assert_false(is_same(bare, identity_of(desk, REFUND("e2", ""))));
    assert_true(is_same(bare, identity_of(desk, REFUND("e1", ",\"refund_id\":\"\""))));
    assert_true(is_same(bare, identity_of(desk, REFUND("e1", ",\"refund_id\":7"))));
}

static void half_a_surrogate_pair_costs_one_sign_and_not_the_request(void **state) {
    struct desk *desk = *state;
    struct mp_str body = request(
        "", EVENT(",\"title\":\"a\\ud83d\",\"props\":{\"x\":\"\\ude00b\",\"ok\":\"\\ud83d\\ude00\","
                  "\"raw\":\"\xed\xa0\xbdz\",\"back\":\"\\\\ud83d\"}"));
    assert_int_equal(send_native(desk, body), MP_OK);
    assert_text(desk->events[0].title, "a\xef\xbf\xbd");
    assert_prop_text(&desk->events[0], "x",
                     "\xef\xbf\xbd"
                     "b");
    assert_prop_text(&desk->events[0], "ok", "😀");
    assert_prop_text(&desk->events[0], "raw", "\xef\xbf\xbdz");
    assert_prop_text(&desk->events[0], "back", "\\ud83d");
    assert_int_equal(send_native(desk, request("", EVENT(",\"x\":\"\xff\""))), MP_E_ARGUMENT);
}

static void platforms_are_told_apart(void **state) {
    struct desk *desk = *state;
    static const struct {
        const char *name;
        int platform;
    } cases[] = {{"ios", MP_PLATFORM_IOS},         {"iOS", MP_PLATFORM_IOS},
                 {"iPhone OS", MP_PLATFORM_IOS},   {"android", MP_PLATFORM_ANDROID},
                 {"Android", MP_PLATFORM_ANDROID}, {"ohos", MP_PLATFORM_OTHER},
                 {"devtools", MP_PLATFORM_OTHER},  {"windows", MP_PLATFORM_OTHER},
                 {"mac", MP_PLATFORM_OTHER},       {"", MP_PLATFORM_UNKNOWN}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char members[128];
        snprintf(members, sizeof(members), ",\"context\":{\"platform\":\"%s\"}", cases[i].name);
        assert_int_equal(send_native(desk, request(members, EVENT(""))), MP_OK);
        assert_int_equal(desk->context.platform, cases[i].platform);
    }
}

static void the_user_agent_tells_the_platform_where_the_client_does_not(void **state) {
    struct desk *desk = *state;
    desk->input.user_agent = MP_STR("Mozilla/5.0 (iPhone; CPU iPhone OS 17_1) MicroMessenger/8.0");
    assert_int_equal(send_native(desk, request("", EVENT(""))), MP_OK);
    assert_int_equal(desk->context.platform, MP_PLATFORM_IOS);
    desk->input.user_agent = MP_STR("Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0");
    assert_int_equal(send_native(desk, request("", EVENT(""))), MP_OK);
    assert_int_equal(desk->context.platform, MP_PLATFORM_ANDROID);
    assert_int_equal(send_native(desk, request(",\"context\":{\"platform\":\"ios\"}", EVENT(""))),
                     MP_OK);
    assert_int_equal(desk->context.platform, MP_PLATFORM_IOS);
    desk->input.user_agent = MP_STR("curl/8");
    assert_int_equal(send_native(desk, request("", EVENT(""))), MP_OK);
    assert_int_equal(desk->context.platform, MP_PLATFORM_UNKNOWN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_field_arrives_where_it_belongs),
        TEST(what_is_absent_or_null_is_unknown),
        TEST(a_bad_event_is_reported_by_index_and_the_good_ones_stay),
        TEST(only_the_first_faults_are_told_and_all_are_counted),
        TEST(each_wrong_field_is_named_with_its_reason),
        TEST(an_event_without_a_user_is_not_given_the_one_of_another_event),
        TEST(texts_are_taken_up_to_their_limits),
        TEST(integers_are_taken_up_to_their_limits),
        TEST(all_reserved_names_are_known),
        TEST(unknown_members_are_kept_as_properties_with_their_place),
        TEST(nested_properties_are_flattened_and_deep_ones_are_json),
        TEST(of_properties_with_one_name_the_first_is_kept),
        TEST(properties_are_bounded_in_number_name_and_size),
        TEST(a_query_of_its_own_holds_before_the_one_in_the_page),
        TEST(the_write_key_decides_the_app),
        TEST(a_request_that_is_wrong_as_a_whole_is_refused),
        TEST(events_of_a_request_are_bounded),
        TEST(events_that_grow_beyond_a_record_are_refused_together),
        TEST(an_id_makes_the_identity_and_nothing_else_does),
        TEST(a_payments_identity_is_its_order_and_not_its_id),
        TEST(a_refunds_identity_is_its_refund_id_where_it_has_one),
        TEST(half_a_surrogate_pair_costs_one_sign_and_not_the_request),
        TEST(platforms_are_told_apart),
        TEST(the_user_agent_tells_the_platform_where_the_client_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
