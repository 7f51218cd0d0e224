/* Sensors' format: how requests are unwrapped, and what becomes of each event. */
#include "helpers.h"

#include <sodium.h>
#include <zlib.h>

/* base64 with libsodium's encoder, which is not the one under test. */
static struct mp_str base64(struct mp_str plain) {
    static char text[1 << 20];
    sodium_bin2base64(text, sizeof(text), (const unsigned char *)plain.ptr, plain.len,
                      sodium_base64_VARIANT_ORIGINAL);
    return mp_str_of(text);
}

static struct mp_str gzip(struct mp_str plain) {
    static unsigned char packed[1 << 20];
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)plain.ptr;
    stream.avail_in = (uInt)plain.len;
    stream.next_out = packed;
    stream.avail_out = sizeof(packed);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return mp_str_range((const char *)packed, stream.total_out);
}

/* name=VALUE with every byte of VALUE percent-encoded. */
static struct mp_str form(const char *name, struct mp_str value, const char *more) {
    static char text[3 << 20];
    int len = snprintf(text, sizeof(text), "crc=12345&%s=", name);
    for (size_t i = 0; i < value.len; i++) {
        len += snprintf(text + len, sizeof(text) - (size_t)len, "%%%02x", (uint8_t)value.ptr[i]);
    }
    len += snprintf(text + len, sizeof(text) - (size_t)len, "%s", more);
    return mp_str_range(text, (size_t)len);
}

static int get(struct desk *desk, const char *json) {
    desk->input.body = MP_STR("");
    desk->input.query = base64(mp_str_of(json));
    return send_sensors(desk);
}

static int post(struct desk *desk, struct mp_str body) {
    desk->input.body = body;
    desk->input.query = MP_STR("");
    return send_sensors(desk);
}

/* A seed of the fuzzer without its first byte. */
static struct mp_str seed(const char *name) {
    static char text[1 << 16];
    char path[128];
    snprintf(path, sizeof(path), "tests/fuzz/corpus/sensors/%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text), file);
    fclose(file);
    assert_true(len > 1);
    return mp_str_range(text + 1, len - 1);
}

#define TRACK(event, properties)                                                                   \
    "{\"type\":\"track\",\"event\":\"" event "\",\"distinct_id\":\"u1\",\"_track_id\":123456789,"  \
    "\"time\":1794999990000,\"properties\":{" properties "}}"

static void a_get_brings_one_event(void **state) {
    struct desk *desk = *state;
    assert_int_equal(get(desk, TRACK("Buy", "\"sku\":\"A\"")), MP_OK);
    assert_int_equal(desk->result.accepted, 1);
    assert_string_equal(desk->result.app, "shop");
    assert_text(desk->events[0].name, "Buy");
    assert_text(desk->events[0].id, "123456789");
    assert_text(desk->context.user, "u1");
    assert_prop_text(&desk->events[0], "sku", "A");
    assert_int_equal(desk->events[0].prop_count, 1);
}

static void a_form_brings_one_event_or_a_list_gzipped_or_not(void **state) {
    struct desk *desk = *state;
    struct mp_str one = mp_str_of(TRACK("Buy", "")),
                  two = mp_str_of("[" TRACK("A", "") "," TRACK("B", "") "]");
    assert_int_equal(post(desk, form("data", base64(one), "")), MP_OK);
    assert_int_equal(desk->result.accepted, 1);
    assert_int_equal(post(desk, form("data_list", base64(two), "")), MP_OK);
    assert_int_equal(desk->result.accepted, 2);
    assert_text(desk->events[1].name, "B");
    assert_int_equal(post(desk, form("data_list", base64(gzip(two)), "&gzip=1")), MP_OK);
    assert_int_equal(desk->result.accepted, 2);
    desk->input.body = MP_STR("");
    desk->input.query = base64(gzip(one));
    assert_int_equal(send_sensors(desk), MP_OK);
    assert_int_equal(desk->result.accepted, 1);
    /* The whole body gzipped, as a proxy or a server SDK does. */
    desk->input.content_encoding = MP_STR("gzip");
    assert_int_equal(post(desk, gzip(form("data_list", base64(two), ""))), MP_OK);
    assert_int_equal(desk->result.accepted, 2);
}

static void base64_of_either_alphabet_with_or_without_padding_is_read(void **state) {
    struct desk *desk = *state;
    /* The JSON's length and signs are chosen so that + and / and = all occur. */
    const char *json = TRACK("\xc3\xbf\xc3\xbe?>~\xef\xbf\xbd", "\"a\":\"?>?>~~\xc3\xbf\"");
    for (int form_of = 0; form_of < 4; form_of++) {
        char text[1024];
        snprintf(text, sizeof(text), "%.1000s", base64(mp_str_of(json)).ptr);
        size_t len = strlen(text);
        for (size_t i = 0; i < len; i++) {
            bool is_url = form_of == 1, is_eaten = form_of == 2;
            text[i] = text[i] == '+' ? (is_url ? '-' : is_eaten ? ' ' : '+') : text[i];
            text[i] = text[i] == '/' && is_url ? '_' : text[i];
        }
        while (form_of == 3 && len > 0 && text[len - 1] == '=') {
            len--;
        }
        desk->input.query = mp_str_range(text, len);
        assert_int_equal(send_sensors(desk), MP_OK);
        assert_text(desk->events[0].name, "\xc3\xbf\xc3\xbe?>~\xef\xbf\xbd");
    }
}

static void what_cannot_be_unwrapped_is_refused_with_the_reason(void **state) {
    struct desk *desk = *state;
    static const struct {
        const char *body, *query, *field, *words;
    } cases[] = {
        {"", "", "data", "is missing"},
        {"crc=1", "", "data", "neither data nor data_list"},
        {"data=", "", "data", "is missing"},
        {"data=%zz", "", "data", "percent-encoded"},
        {"data=%4", "", "data", "percent-encoded"},
        {"data=W10%", "", "data", "percent-encoded"},
        {"data=%2A%2A%2A%2A", "", "data", "not base64"},
        {"", "e30=e30=", "data", "not base64"},
        {"", "e3", "body", "not JSON"},
        {"", "e", "data", "not base64"},
        {"", "H4sIAAAA", "body", "not gzip"},
        {"", "W10=", "data_list", "is empty"},
        {"data=eyJhIjoxfQ&gzip=9", "", "data", "encrypted"},
        {"data=%7B%22pkv%22%3A1%2C%22ekey%22%3A%22x%22%2C%22payloads%22%3A%5B%5D%7D", "", "data",
         "encrypted"},
        {"payloads=x&ekey=y&pkv=1", "", "data", "encrypted"},
        {"", "{\"key_id\":1,\"payload\":\"x\"}", "data", "encrypted"},
        {"", "{}", "data", "not base64"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        desk->input.body = mp_str_of(cases[i].body);
        desk->input.query = mp_str_of(cases[i].query);
        assert_int_equal(send_sensors(desk), MP_E_ARGUMENT);
        assert_refused(desk, MP_E_ARGUMENT, cases[i].field, cases[i].words);
    }
    assert_int_equal(post(desk, seed("encrypted")), MP_E_ARGUMENT);
    assert_refused(desk, MP_E_ARGUMENT, "data", "take the encryption plugin out");
}

static void project_names_the_app_by_key_or_id_unless_a_key_is_given(void **state) {
    struct desk *desk = *state;
    desk->input.key = MP_STR("");
    desk->input.project = mp_str_of(desk->app.write_key);
    assert_int_equal(get(desk, TRACK("a", "")), MP_OK);
    desk->input.project = MP_STR("shop");
    assert_int_equal(get(desk, TRACK("a", "")), MP_OK);
    assert_string_equal(desk->result.app, "shop");
    desk->input.project = MP_STR("default");
    assert_int_equal(get(desk, TRACK("a", "")), MP_E_DENIED);
    assert_refused(desk, MP_E_DENIED, "project", "names no app");
    desk->input.project = MP_STR("shop");
    desk->input.key = MP_STR("wrong");
    assert_int_equal(get(desk, TRACK("a", "")), MP_E_DENIED);
}

static void their_events_get_our_names(void **state) {
    struct desk *desk = *state;
    static const struct {
        const char *type, *event, *expected;
    } cases[] = {
        {"track", "$MPLaunch", "$launch"},
        {"track", "$MPShow", "$show"},
        {"track", "$MPHide", "$hide"},
        {"track", "$MPViewScreen", "$page_view"},
        {"track", "$MPPageLeave", "$page_leave"},
        {"track", "$MPShare", "$share"},
        {"track", "$MPClick", "$click"},
        {"track", "$MPAddFavorites", "$MPAddFavorites"},
        {"track", "购买", "购买"},
        {"track", "$add", "$add"},
        {"track_signup", "$SignUp", "$identify"},
        {"track_id_bind", "$BindID", "$BindID"},
        {"profile_set", "", "$profile"},
        {"profile_set_once", "", "$profile"},
        {"profile_increment", "", "$profile"},
        {"profile_append", "", "$profile"},
        {"profile_unset", "", "$profile"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char json[512];
        snprintf(json, sizeof(json),
                 "{\"type\":\"%s\",\"event\":\"%s\",\"distinct_id\":\"u\",\"time\":1794999990000}",
                 cases[i].type, cases[i].event);
        assert_int_equal(get(desk, json), MP_OK);
        assert_int_equal(desk->result.accepted, 1);
        assert_text(desk->events[0].name, cases[i].expected);
        if (strcmp(cases[i].expected, "$profile") == 0) {
            assert_prop_text(&desk->events[0], "profile_type", cases[i].type);
        }
    }
}

static void a_sign_up_tells_both_users(void **state) {
    struct desk *desk = *state;
    assert_int_equal(get(desk,
                         "{\"type\":\"track_signup\",\"event\":\"$SignUp\",\"time\":1794999990000,"
                         "\"distinct_id\":\"member\",\"original_id\":\"guest\"}"),
                     MP_OK);
    assert_text(desk->context.user, "member");
    assert_prop_text(&desk->events[0], "previous_user", "guest");
}

static void properties_with_a_column_go_there_and_the_rest_stays(void **state) {
    struct desk *desk = *state;
    assert_int_equal(
        get(desk, TRACK("$MPViewScreen",
                        "\"$lib\":\"MiniProgram\",\"$lib_version\":\"1.22.7\",\"$brand\":\"APPLE\","
                        "\"$model\":\"iPhone\",\"$os\":\"iOS\",\"$os_version\":\"17\","
                        "\"$screen_width\":393,\"$screen_height\":852,\"$network_type\":\"WIFI\","
                        "\"$app_version\":\"2.0\",\"$mp_client_app_version\":\"8.0\","
                        "\"$mp_client_basic_library_version\":\"3.4\",\"$scene\":\"wx-1011\","
                        "\"$latest_scene\":\"wx-1089\",\"$url_path\":\"/a/b?q=1\","
                        "\"$url_query\":\"\",\"$referrer\":\"/c?x\",\"$title\":\"T\","
                        "\"$element_id\":\"buy\",\"$is_first_day\":true,\"event_duration\":2,"
                        "\"tags\":[\"a\"]")),
        MP_OK);
    const struct mp_context *context = &desk->context;
    assert_text(context->sdk, "sensors/1.22.7");
    assert_text(context->brand, "APPLE");
    assert_text(context->model, "iPhone");
    assert_int_equal(context->platform, MP_PLATFORM_IOS);
    assert_text(context->os_version, "17");
    assert_int_equal(context->screen_width, 393);
    assert_int_equal(context->screen_height, 852);
    assert_text(context->network, "WIFI");
    assert_text(context->app_version, "2.0");
    assert_text(context->client_version, "8.0");
    assert_text(context->library_version, "3.4");
    const struct mp_event *event = &desk->events[0];
    assert_int_equal(event->scene, 1011);
    assert_text(event->page, "a/b");
    assert_text(event->query, "q=1");
    assert_text(event->referrer, "c");
    assert_text(event->title, "T");
    assert_text(event->element, "buy");
    assert_int_equal(event->dwell_ms, -1); /* a view has no dwell: a property */
    assert_prop_number(event, "event_duration", 2);
    assert_prop_text(event, "$lib", "MiniProgram");
    assert_prop_text(event, "$latest_scene", "wx-1089");
    assert_prop_text(event, "$is_first_day", "true");
    assert_prop_text(event, "tags", "[\"a\"]");
    assert_int_equal(event->prop_count, 5);
}

static void what_does_not_fit_its_column_stays_a_property(void **state) {
    struct desk *desk = *state;
    assert_int_equal(get(desk, TRACK("$MPHide", "\"$lib\":\"x\",\"$title\":5,\"$scene\":\"app-1\","
                                                "\"$os\":\"ohos\",\"event_duration\":-1,"
                                                "\"$screen_width\":\"wide\",\"$brand\":null")),
                     MP_OK);
    const struct mp_event *event = &desk->events[0];
    assert_int_equal(event->dwell_ms, -1);
    assert_int_equal(event->scene, 0);
    assert_prop_number(event, "$title", 5);
    assert_prop_text(event, "$scene", "app-1");
    assert_prop_text(event, "$os", "ohos");
    assert_prop_number(event, "event_duration", -1);
    assert_prop_text(event, "$screen_width", "wide");
    assert_int_equal(desk->context.platform, MP_PLATFORM_OTHER);
    assert_int_equal(event->prop_count, 6);
}

static void words_for_unknown_are_unknown(void **state) {
    struct desk *desk = *state;
    assert_int_equal(
        get(desk, TRACK("$MPLaunch", "\"$url_path\":\"未取到\",\"$scene\":\"未取到值\","
                                     "\"$referrer\":\"直接打开\"")),
        MP_OK);
    assert_text(desk->events[0].page, "");
    assert_text(desk->events[0].referrer, "");
    assert_int_equal(desk->events[0].scene, 0);
    assert_int_equal(desk->events[0].prop_count, 0);
}

static void durations_in_seconds_become_dwell(void **state) {
    struct desk *desk = *state;
    assert_int_equal(get(desk, TRACK("$MPPageLeave", "\"event_duration\":12.345")), MP_OK);
    assert_int_equal(desk->events[0].dwell_ms, 12345);
    assert_int_equal(get(desk, TRACK("$MPHide", "\"event_duration\":0.0005")), MP_OK);
    assert_int_equal(desk->events[0].dwell_ms, 1);
    assert_int_equal(get(desk, TRACK("$MPHide", "\"event_duration\":604800.001")), MP_OK);
    assert_int_equal(desk->events[0].dwell_ms, -1);
}

static void the_context_is_the_first_events_that_has_one(void **state) {
    struct desk *desk = *state;
    const char *list =
        "[{\"type\":\"profile_set\",\"distinct_id\":\"u1\",\"time\":1794999990000,"
        "\"properties\":{\"$model\":\"not a device\"}}," TRACK(
            "A",
            "\"$lib\":\"x\",\"$model\":"
            "\"M1\",\"$network_type\":"
            "\"WIFI\"") "," TRACK("B",
                                  "\"$lib\":\"x\",\"$model\":\"M1\",\"$network_type\":\"4G\"") "]";
    assert_int_equal(post(desk, form("data_list", base64(mp_str_of(list)), "")), MP_OK);
    assert_int_equal(desk->result.accepted, 3);
    assert_text(desk->context.model, "M1");
    assert_text(desk->context.network, "WIFI");
    assert_prop_text(&desk->events[0], "$model", "not a device");
    assert_null(prop_of(&desk->events[1], "$model"));
    assert_prop_text(&desk->events[2], "$network_type", "4G");
    assert_null(prop_of(&desk->events[2], "$model"));
}

static void users_differ_within_a_list(void **state) {
    struct desk *desk = *state;
    const char *list = "[{\"type\":\"track\",\"event\":\"a\",\"distinct_id\":\"u1\",\"time\":1},"
                       "{\"type\":\"track\",\"event\":\"a\",\"distinct_id\":\"u2\",\"time\":1},"
                       "{\"type\":\"track\",\"event\":\"b\",\"distinct_id\":\"u1\",\"time\":1}]";
    assert_int_equal(post(desk, form("data_list", base64(mp_str_of(list)), "")), MP_OK);
    assert_text(desk->context.user, "u1");
    assert_text(desk->events[0].user, "");
    assert_text(desk->events[1].user, "u2");
    assert_text(desk->events[2].user, "");
}

static void a_wrong_event_is_reported_and_the_good_ones_stay(void **state) {
    struct desk *desk = *state;
    static const struct {
        const char *event, *field, *words;
    } cases[] = {
        {"5", "events[1]", "must be an object"},
        {"{\"type\":\"track\",\"event\":\"a\",\"time\":1}", "events[1].distinct_id", "1 to 128"},
        {"{\"distinct_id\":\"u\",\"event\":\"a\",\"time\":1}", "events[1].type",
         "must be a string"},
        {"{\"distinct_id\":\"u\",\"type\":\"track\",\"time\":1}", "events[1].event", "is empty"},
        {"{\"distinct_id\":\"u\",\"type\":\"track\",\"event\":\"a\"}", "events[1].time", "missing"},
        {"{\"distinct_id\":\"u\",\"type\":\"track\",\"event\":\"a\",\"time\":\"x\"}",
         "events[1].time", "whole number"},
        {"{\"distinct_id\":\"u\",\"type\":\"item_set\",\"time\":1}", "events[1].type", "items"},
        {"{\"distinct_id\":\"u\",\"type\":\"x\",\"time\":1}", "events[1].type", "must be track"},
        {"{\"distinct_id\":\"u\",\"type\":\"track\",\"event\":\"a\",\"time\":1,\"properties\":[]}",
         "events[1].properties", "must be an object"},
        {TRACK("$pay", "\"amount_fen\":5"), "events[1].properties.order_id", "missing"},
        {TRACK("$pay", "\"order_id\":\"o\",\"amount_fen\":1.5"), "events[1].properties.amount_fen",
         "whole number"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char list[1024];
        snprintf(list, sizeof(list), "[%s,%s,%s]", TRACK("a", ""), cases[i].event, TRACK("b", ""));
        assert_int_equal(post(desk, form("data_list", base64(mp_str_of(list)), "")), MP_OK);
        assert_int_equal(desk->result.accepted, 2);
        assert_fault(desk, cases[i].field, cases[i].words);
        assert_int_equal(desk->result.faults[0].index, 1);
    }
}

static void payments_can_be_tracked(void **state) {
    struct desk *desk = *state;
    assert_int_equal(get(desk, TRACK("$pay", "\"order_id\":\"o-1\",\"amount_fen\":1990,"
                                             "\"password_free\":true,\"coupon\":\"c\"")),
                     MP_OK);
    assert_text(desk->events[0].order_id, "o-1");
    assert_int_equal(desk->events[0].amount_fen, 1990);
    assert_true(desk->events[0].password_free);
    assert_int_equal(desk->events[0].prop_count, 1);
    assert_int_equal(get(desk, TRACK("Other", "\"order_id\":7")), MP_OK);
    assert_prop_number(&desk->events[0], "order_id", 7);
}

static void texts_too_long_are_cut_between_signs(void **state) {
    struct desk *desk = *state;
    static char json[40000];
    char title[3 * 3000 + 1] = "";
    for (size_t i = 0; i < 3000; i++) {
        memcpy(title + 3 * i, "字", 4);
    }
    snprintf(json, sizeof(json),
             TRACK("a", "\"$title\":\"%s\",\"$url_path\":\"%.1200s\",\"x\":\"%s\""), title, title,
             title);
    assert_int_equal(get(desk, json), MP_OK);
    assert_int_equal(desk->result.accepted, 1);
    assert_int_equal(desk->events[0].title.len, MP_EVENT_STR_MAX / 3 * 3);
    assert_int_equal(desk->events[0].page.len, COLLECT_PAGE_MAX / 3 * 3);
    assert_int_equal(prop_of(&desk->events[0], "x")->text.len, MP_EVENT_STR_MAX / 3 * 3);
}

static void members_that_we_do_not_know_are_kept(void **state) {
    struct desk *desk = *state;
    assert_int_equal(get(desk,
                         "{\"type\":\"track\",\"event\":\"a\",\"distinct_id\":\"u\",\"time\":1,"
                         "\"anonymous_id\":\"an\",\"identities\":{\"$identity_mp_id\":\"x\"},"
                         "\"lib\":{\"$lib\":\"y\"},\"_flush_time\":2,\"extra\":3}"),
                     MP_OK);
    assert_prop_text(&desk->events[0], "anonymous_id", "an");
    assert_prop_text(&desk->events[0], "identities.$identity_mp_id", "x");
    assert_prop_number(&desk->events[0], "extra", 3);
    assert_int_equal(desk->events[0].prop_count, 3);
}

static struct mp_hash128 identity(struct desk *desk, const char *json) {
    assert_int_equal(get(desk, json), MP_OK);
    assert_int_equal(desk->result.accepted, 1);
    return desk->events[0].identity;
}

static bool same(struct mp_hash128 a, struct mp_hash128 b) {
    return a.lo == b.lo && a.hi == b.hi;
}

static void a_retry_has_the_same_identity_and_another_event_has_not(void **state) {
    struct desk *desk = *state;
#define HEAD "{\"type\":\"track\",\"event\":\"a\",\"distinct_id\":\"u\","
    struct mp_hash128 first =
        identity(desk, HEAD "\"time\":5,\"_track_id\":7,\"_flush_time\":1794999990000}");
    assert_true(same(first, identity(desk, HEAD "\"time\":5,\"_track_id\":7,\"_flush_time\":9}")));
    assert_false(same(first, identity(desk, HEAD "\"time\":6,\"_track_id\":7}")));
    assert_false(same(first, identity(desk, HEAD "\"time\":5,\"_track_id\":8}")));
    assert_false(same(first, identity(desk, "{\"type\":\"track\",\"event\":\"b\",\"distinct_id\":"
                                            "\"u\",\"time\":5,\"_track_id\":7}")));
    assert_false(same(first, identity(desk, "{\"type\":\"track\",\"event\":\"a\",\"distinct_id\":"
                                            "\"v\",\"time\":5,\"_track_id\":7}")));
#define PROFILE "{\"type\":\"profile_set\",\"distinct_id\":\"u\",\"time\":5,\"properties\":"
    struct mp_hash128 profile = identity(desk, PROFILE "{\"a\":1},\"_flush_time\":1}");
    assert_true(same(profile, identity(desk, PROFILE "{\"a\":1},\"_flush_time\":2}")));
    assert_false(same(profile, identity(desk, PROFILE "{\"a\":2}}")));
}

static void a_payment_is_the_same_as_in_our_own_format(void **state) {
    struct desk *desk = *state;
    assert_true(same(mp_hash128("\xffshop\0$pay\0o-1", 14),
                     identity(desk, TRACK("$pay", "\"order_id\":\"o-1\",\"amount_fen\":1"))));
    assert_true(same(mp_hash128("\xffshop\0$refund\0r-1", 17),
                     identity(desk, TRACK("$refund", "\"order_id\":\"o-1\",\"amount_fen\":1,"
                                                     "\"refund_id\":\"r-1\""))));
    assert_text(desk->events[0].id, "123456789");
}

/* What tests/sdk/sensors_drive.cjs made the real SDK send; the story stands there. */
static void check_story(const struct desk *desk) {
    static const struct {
        const char *name, *page;
        int64_t dwell_ms;
    } story[] = {
        {"$profile", "", -1},
        {"$launch", "pages/home/home", -1},
        {"$show", "pages/home/home", -1},
        {"$page_view", "pages/home/home", -1},
        {"$page_leave", "pages/home/home", 4200},
        {"$page_view", "pages/goods/detail", -1},
        {"$click", "pages/goods/detail", -1},
        {"$share", "pages/goods/detail", -1},
    };
    assert_int_equal(desk->result.accepted, 15);
    assert_int_equal(desk->result.rejected, 0);
    for (size_t i = 0; i < SEEN_MAX; i++) {
        assert_text(desk->events[i].name, story[i].name);
        assert_text(desk->events[i].page, story[i].page);
        assert_int_equal(desk->events[i].dwell_ms, story[i].dwell_ms);
        assert_int_equal(desk->events[i].flags, MP_EVENT_TIME_CORRECTED);
    }
    assert_int_equal(desk->events[1].scene, 1007);
    assert_text(desk->events[5].query, "id=7");
    assert_text(desk->events[5].referrer, "pages/home/home");
    assert_text(desk->events[6].element, "buy");
    assert_text(desk->context.model, "Mate 60 Pro");
    assert_text(desk->context.sdk, "sensors/1.22.7");
    assert_int_equal(desk->context.platform, MP_PLATFORM_ANDROID);
}

static void bodies_of_the_real_sdk_are_read_whole(void **state) {
    struct desk *desk = *state;
    assert_int_equal(post(desk, seed("sdk_batch")), MP_OK);
    check_story(desk);
    assert_int_equal(post(desk, seed("sdk_batch_gzip")), MP_OK);
    check_story(desk);
    desk->input.body = MP_STR("");
    desk->input.query = seed("sdk_single");
    assert_int_equal(send_sensors(desk), MP_OK);
    assert_int_equal(desk->result.accepted, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_get_brings_one_event),
        TEST(a_form_brings_one_event_or_a_list_gzipped_or_not),
        TEST(base64_of_either_alphabet_with_or_without_padding_is_read),
        TEST(what_cannot_be_unwrapped_is_refused_with_the_reason),
        TEST(project_names_the_app_by_key_or_id_unless_a_key_is_given),
        TEST(their_events_get_our_names),
        TEST(a_sign_up_tells_both_users),
        TEST(properties_with_a_column_go_there_and_the_rest_stays),
        TEST(what_does_not_fit_its_column_stays_a_property),
        TEST(words_for_unknown_are_unknown),
        TEST(durations_in_seconds_become_dwell),
        TEST(the_context_is_the_first_events_that_has_one),
        TEST(users_differ_within_a_list),
        TEST(a_wrong_event_is_reported_and_the_good_ones_stay),
        TEST(payments_can_be_tracked),
        TEST(texts_too_long_are_cut_between_signs),
        TEST(members_that_we_do_not_know_are_kept),
        TEST(a_retry_has_the_same_identity_and_another_event_has_not),
        TEST(a_payment_is_the_same_as_in_our_own_format),
        TEST(bodies_of_the_real_sdk_are_read_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
