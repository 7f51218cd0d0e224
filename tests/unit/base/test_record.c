#include "base/event.h"

#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define EVENTS_MAX 12
#define PROPS_MAX 6

/* Text of at most max bytes out of a pool that lives as long as the program. */
static struct mp_str random_str(uint64_t *seed, size_t max) {
    static char pool[MP_EVENT_STR_MAX + 1];
    if (pool[0] == '\0') {
        for (size_t i = 0; i < sizeof(pool); i++) {
            pool[i] = (char)(1 + random_below(seed, 255));
        }
    }
    size_t len = random_below(seed, 4) == 0 ? random_below(seed, max + 1) : random_below(seed, 20);
    return mp_str_range(pool + random_below(seed, sizeof(pool) - len), len);
}

static struct mp_context random_context(uint64_t *seed) {
    return (struct mp_context){
        .app = random_str(seed, MP_EVENT_ID_MAX),
        .received_ms = (int64_t)random_next(seed),
        .user = random_str(seed, MP_EVENT_ID_MAX),
        .app_version = random_str(seed, 100),
        .sdk = random_str(seed, 100),
        .platform = (uint8_t)random_below(seed, 4),
        .brand = random_str(seed, 100),
        .model = random_str(seed, 100),
        .os_version = random_str(seed, 100),
        .client_version = random_str(seed, 100),
        .library_version = random_str(seed, MP_EVENT_STR_MAX),
        .screen_width = (uint16_t)random_next(seed),
        .screen_height = (uint16_t)random_next(seed),
        .language = random_str(seed, 100),
        .network = random_str(seed, 100),
        .country = random_str(seed, 100),
        .province = random_str(seed, 100),
        .city = random_str(seed, 100),
    };
}

static struct mp_event random_event(uint64_t *seed, struct mp_prop *props) {
    struct mp_event event = {
        .identity = {random_next(seed), random_next(seed)},
        .user = random_str(seed, MP_EVENT_ID_MAX),
        .id = random_str(seed, MP_EVENT_ID_MAX),
        .name = random_str(seed, MP_EVENT_NAME_MAX),
        .time_ms = (int64_t)random_next(seed),
        .flags = (uint8_t)random_next(seed),
        .open_id = random_str(seed, MP_EVENT_ID_MAX),
        .open_start_ms = (int64_t)random_next(seed),
        .scene = (uint16_t)random_next(seed),
        .page = random_str(seed, MP_EVENT_STR_MAX),
        .query = random_str(seed, 100),
        .referrer = random_str(seed, 100),
        .title = random_str(seed, 100),
        .dwell_ms = (int64_t)random_below(seed, 3) - 1,
        .element = random_str(seed, 100),
        .order_id = random_str(seed, MP_EVENT_ID_MAX),
        .amount_fen = (int64_t)random_next(seed),
        .password_free = random_below(seed, 2) == 1,
        .props = props,
        .prop_count = random_below(seed, PROPS_MAX + 1),
    };
    for (size_t i = 0; i < event.prop_count; i++) {
        props[i] = (struct mp_prop){.name = random_str(seed, MP_EVENT_NAME_MAX)};
        if (random_below(seed, 2) == 0) {
            props[i].type = MP_PROP_NUMBER;
            props[i].number = (double)(int64_t)random_next(seed) / 1000;
        } else {
            props[i].text = random_str(seed, MP_EVENT_STR_MAX);
        }
    }
    return event;
}

static void assert_same_str(struct mp_str a, struct mp_str b) {
    assert_true(mp_str_eq(a, b));
}

static void assert_same_context(const struct mp_context *a, const struct mp_context *b) {
    assert_same_str(a->app, b->app);
    assert_true(a->received_ms == b->received_ms);
    assert_same_str(a->user, b->user);
    assert_same_str(a->app_version, b->app_version);
    assert_same_str(a->sdk, b->sdk);
    assert_int_equal(a->platform, b->platform);
    assert_same_str(a->brand, b->brand);
    assert_same_str(a->model, b->model);
    assert_same_str(a->os_version, b->os_version);
    assert_same_str(a->client_version, b->client_version);
    assert_same_str(a->library_version, b->library_version);
    assert_int_equal(a->screen_width, b->screen_width);
    assert_int_equal(a->screen_height, b->screen_height);
    assert_same_str(a->language, b->language);
    assert_same_str(a->network, b->network);
    assert_same_str(a->country, b->country);
    assert_same_str(a->province, b->province);
    assert_same_str(a->city, b->city);
}

static void assert_same_event(const struct mp_event *a, const struct mp_event *b) {
    assert_true(a->identity.lo == b->identity.lo && a->identity.hi == b->identity.hi);
    assert_same_str(a->user, b->user);
    assert_same_str(a->id, b->id);
    assert_same_str(a->name, b->name);
    assert_true(a->time_ms == b->time_ms);
    assert_int_equal(a->flags, b->flags);
    assert_same_str(a->open_id, b->open_id);
    assert_true(a->open_start_ms == b->open_start_ms);
    assert_int_equal(a->scene, b->scene);
    assert_same_str(a->page, b->page);
    assert_same_str(a->query, b->query);
    assert_same_str(a->referrer, b->referrer);
    assert_same_str(a->title, b->title);
    assert_true(a->dwell_ms == b->dwell_ms);
    assert_same_str(a->element, b->element);
    assert_same_str(a->order_id, b->order_id);
    assert_true(a->amount_fen == b->amount_fen);
    assert_int_equal(a->password_free, b->password_free);
    assert_int_equal(a->prop_count, b->prop_count);
    for (size_t i = 0; i < a->prop_count; i++) {
        assert_same_str(a->props[i].name, b->props[i].name);
        assert_int_equal(a->props[i].type, b->props[i].type);
        assert_same_str(a->props[i].text, b->props[i].text);
        assert_true(a->props[i].number == b->props[i].number);
    }
}

static void a_record_reads_back_as_it_was_written(void **state) {
    (void)state;
    uint64_t seed = random_seed("record");
    struct mp_buf buf;
    mp_buf_init(&buf, MP_RECORD_BYTES_MAX);
    for (int round = 0; round < 500; round++) {
        struct mp_prop props[EVENTS_MAX][PROPS_MAX], read_props[MP_EVENT_PROPS_MAX];
        struct mp_event events[EVENTS_MAX], event;
        struct mp_context context = random_context(&seed), read_context;
        size_t count = random_below(&seed, EVENTS_MAX + 1);
        mp_buf_clear(&buf);
        mp_record_begin(&buf, &context);
        for (size_t i = 0; i < count; i++) {
            events[i] = random_event(&seed, props[i]);
            mp_record_add(&buf, &events[i]);
        }
        assert_false(buf.failed);
        struct mp_record_reader reader;
        assert_int_equal(mp_record_open(&reader, mp_buf_str(&buf), &read_context), MP_OK);
        assert_same_context(&context, &read_context);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(mp_record_next(&reader, &event, read_props), 1);
            assert_same_event(&events[i], &event);
        }
        assert_int_equal(mp_record_next(&reader, &event, read_props), 0);
    }
    mp_buf_deinit(&buf);
}

/* Reads all of a record, whatever it is; returns the number of events, -1 when corrupt. */
static int read_all(struct mp_str record) {
    struct mp_prop props[MP_EVENT_PROPS_MAX];
    struct mp_record_reader reader;
    struct mp_context context;
    struct mp_event event;
    int count = 0, got = 0;
    if (mp_record_open(&reader, record, &context) != MP_OK) {
        return -1;
    }
    while ((got = mp_record_next(&reader, &event, props)) == 1) {
        count++;
        for (size_t i = 0; i < event.prop_count; i++) {
            assert_true(props[i].text.len == 0 ||
                        (props[i].text.ptr > record.ptr &&
                         props[i].text.ptr + props[i].text.len <= record.ptr + record.len));
        }
    }
    return got < 0 ? -1 : count;
}

static void a_record_cut_at_any_byte_is_shorter_or_corrupt(void **state) {
    (void)state;
    uint64_t seed = random_seed("cut");
    struct mp_prop props[PROPS_MAX];
    struct mp_context context = random_context(&seed);
    struct mp_buf buf;
    mp_buf_init(&buf, MP_RECORD_BYTES_MAX);
    mp_record_begin(&buf, &context);
    size_t ends[4] = {buf.len};
    for (size_t i = 1; i < 4; i++) {
        struct mp_event event = random_event(&seed, props);
        mp_record_add(&buf, &event);
        ends[i] = buf.len;
    }
    for (size_t cut = 0; cut <= buf.len; cut++) {
        char *copy = malloc(cut + 1); /* its own block, so that ASan sees a read past the cut */
        memcpy(copy, buf.ptr, cut);
        int expected = -1;
        for (int i = 0; i < 4; i++) {
            expected = cut == ends[i] ? i : expected;
        }
        assert_int_equal(read_all(mp_str_range(copy, cut)), expected);
        free(copy);
    }
    mp_buf_deinit(&buf);
}

static void a_damaged_record_never_reads_outside_itself(void **state) {
    (void)state;
    uint64_t seed = random_seed("damage");
    struct mp_prop props[PROPS_MAX];
    struct mp_context context = random_context(&seed);
    struct mp_buf buf;
    mp_buf_init(&buf, MP_RECORD_BYTES_MAX);
    mp_record_begin(&buf, &context);
    for (int i = 0; i < 3; i++) {
        struct mp_event event = random_event(&seed, props);
        mp_record_add(&buf, &event);
    }
    for (int i = 0; i < 5000; i++) {
        char *copy = malloc(buf.len);
        memcpy(copy, buf.ptr, buf.len);
        copy[random_below(&seed, buf.len)] = (char)random_next(&seed);
        (void)read_all(mp_str_range(copy, buf.len));
        free(copy);
    }
    mp_buf_deinit(&buf);
}

static void what_decode_would_refuse_is_not_encoded(void **state) {
    (void)state;
    static char text[MP_EVENT_STR_MAX + 1];
    static struct mp_prop props[MP_EVENT_PROPS_MAX + 1];
    struct mp_context context = {.app = MP_STR("shop")};
    struct mp_event over[] = {
        {.name = {text, MP_EVENT_NAME_MAX + 1}},
        {.user = {text, MP_EVENT_ID_MAX + 1}},
        {.page = {text, MP_EVENT_STR_MAX + 1}},
        {.props = props, .prop_count = MP_EVENT_PROPS_MAX + 1},
    };
    struct mp_buf buf;
    mp_buf_init(&buf, MP_RECORD_BYTES_MAX);
    for (size_t i = 0; i < sizeof(over) / sizeof(over[0]); i++) {
        mp_buf_clear(&buf);
        mp_record_begin(&buf, &context);
        assert_false(buf.failed);
        mp_record_add(&buf, &over[i]);
        assert_true(buf.failed);
    }
    mp_buf_deinit(&buf);
}

static void a_string_over_its_limit_is_corrupt(void **state) {
    (void)state;
    static char app[MP_EVENT_ID_MAX];
    struct mp_context context = {.app = {app, sizeof(app)}};
    struct mp_buf good, bad;
    mp_buf_init(&good, 4096);
    mp_buf_init(&bad, 4096);
    mp_record_begin(&good, &context);
    assert_int_equal(read_all(mp_buf_str(&good)), 0);
    /* The same record by hand, with an app of one byte more. */
    mp_buf_append_byte(&bad, (uint8_t)good.ptr[0]);
    mp_buf_append_varint(&bad, sizeof(app) + 1);
    mp_buf_append_byte(&bad, 'x');
    mp_buf_append(&bad, good.ptr + 3, good.len - 3);
    assert_int_equal(read_all(mp_buf_str(&bad)), -1);
    mp_buf_deinit(&good);
    mp_buf_deinit(&bad);
}

static void more_events_or_another_version_than_documented_are_corrupt(void **state) {
    (void)state;
    struct mp_context context = {.app = MP_STR("shop")};
    struct mp_event event = {.name = MP_STR("x"), .dwell_ms = -1};
    struct mp_buf buf;
    mp_buf_init(&buf, MP_RECORD_BYTES_MAX);
    mp_record_begin(&buf, &context);
    for (int i = 0; i < MP_EVENT_PER_RECORD_MAX; i++) {
        mp_record_add(&buf, &event);
    }
    assert_int_equal(read_all(mp_buf_str(&buf)), MP_EVENT_PER_RECORD_MAX);
    mp_record_add(&buf, &event);
    assert_int_equal(read_all(mp_buf_str(&buf)), -1);
    buf.ptr[0]++;
    assert_int_equal(mp_record_open(&(struct mp_record_reader){0}, mp_buf_str(&buf), &context),
                     MP_E_CORRUPT);
    mp_buf_deinit(&buf);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_reads_back_as_it_was_written),
        cmocka_unit_test(a_record_cut_at_any_byte_is_shorter_or_corrupt),
        cmocka_unit_test(a_damaged_record_never_reads_outside_itself),
        cmocka_unit_test(what_decode_would_refuse_is_not_encoded),
        cmocka_unit_test(a_string_over_its_limit_is_corrupt),
        cmocka_unit_test(more_events_or_another_version_than_documented_are_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
