/* Rows of each table, read back from the blocks' bytes. */
#include "load/day_rows.h"
#include "load/rows.h"

#include "base/embedded.h"
#include "helpers.h"
#include "unit/store/native_block.h"

extern const struct mp_embedded store_schema_files[];

static struct mp_buf out;

static struct mp_str written(const struct store_block *block, bool has_lowcard) {
    mp_buf_clear(&out);
    store_block_write(block, has_lowcard, &out);
    assert_false(out.failed);
    return mp_buf_str(&out);
}

static int make_out(void **state) {
    (void)state;
    mp_buf_init(&out, 64u << 20);
    return 0;
}

static int drop_out(void **state) {
    (void)state;
    mp_buf_deinit(&out);
    return 0;
}

/* ---- Events ----------------------------------------------------------------------------- */

/* Every string field of it has that text, every number one of its own. */
static struct mp_context context_of(struct mp_str each) {
    struct mp_context context = {.app = each,
                                 .received_ms = 1,
                                 .user = each,
                                 .app_version = each,
                                 .sdk = each,
                                 .platform = 3,
                                 .brand = each,
                                 .model = each,
                                 .os_version = each,
                                 .language = each,
                                 .client_version = each,
                                 .library_version = each,
                                 .screen_width = 1001,
                                 .country = each,
                                 .screen_height = 1002,
                                 .network = each,
                                 .province = each,
                                 .city = each};
    return context;
}

static struct mp_event event_of(struct mp_str each, struct mp_prop *props, size_t prop_count) {
    struct mp_event event = {.user = each,
                             .id = each,
                             .name = each,
                             .flags = 4,
                             .open_id = each,
                             .open_start_ms = -5,
                             .scene = 1001,
                             .page = each,
                             .query = each,
                             .referrer = each,
                             .title = each,
                             .dwell_ms = -1,
                             .element = each,
                             .order_id = each,
                             .amount_fen = INT64_MIN,
                             .password_free = true,
                             .props = props,
                             .prop_count = prop_count};
    return event;
}

static struct store_block *block_of(size_t rows, size_t bytes) {
    struct store_block *block = event_block_create(STORE_BLOCK_BYTES_MAX);
    struct store_room room = {rows, rows * MP_EVENT_PROPS_MAX, bytes};
    assert_non_null(block);
    assert_int_equal(store_block_reserve(block, &room), 0);
    return block;
}

static void a_row_has_every_field_in_its_column(void **state) {
    (void)state;
    static const struct {
        const char *column;
        uint64_t value;
    } numbers[] = {{"day", 20000},
                   {"user_hash", UINT64_MAX},
                   {"time_ms", (uint64_t)-3},
                   {"batch", 70000},
                   {"seq", 5},
                   {"source_group", 0},
                   {"flags", 4},
                   {"open_start_ms", (uint64_t)-5},
                   {"scene", 1001},
                   {"dwell_ms", (uint64_t)-1},
                   {"amount_fen", (uint64_t)INT64_MIN},
                   {"password_free", 1},
                   {"platform", 3},
                   {"screen_width", 1001},
                   {"screen_height", 1002}};
    static const char *const texts[] = {"app",         "name",       "user",
                                        "id",          "open_id",    "page",
                                        "query",       "referrer",   "title",
                                        "element",     "brand",      "order_id",
                                        "model",       "os_version", "client_version",
                                        "app_version", "sdk",        "language",
                                        "network",     "country",    "library_version",
                                        "province",    "city",       "str_names",
                                        "num_names",   "str_values"};
    struct mp_str each = MP_STR("text");
    struct mp_prop props[] = {{each, MP_PROP_STRING, each, 0}, {each, MP_PROP_NUMBER, {0}, 1.5}};
    struct mp_context context = context_of(each);
    struct mp_event event = event_of(each, props, 2);
    struct event_row row = {&event, each, UINT64_MAX, 20000, -3, 70000, 5};
    struct store_block *block = block_of(1, 100);
    uint64_t rows;
    event_row_put(block, &row);
    event_rows_share(block, &context, 1);
    struct mp_str bytes = written(block, false);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        uint64_t wanted = strcmp(numbers[i].column, "source_group") == 0
                              ? mp_scene_group(event.scene)
                              : numbers[i].value;
        assert_true(native_uint(bytes, numbers[i].column, 0) == wanted);
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct mp_str text = native_find(bytes, texts[i], 0, 0, &rows);
        assert_true(text.ptr && mp_str_is(text, "text"));
        assert_int_equal(rows, 1);
    }
    double number;
    memcpy(&number, native_find(bytes, "num_values", 0, 0, &rows).ptr, sizeof(number));
    assert_true(number == 1.5);
    store_block_destroy(block);
}

static void rows_that_share_a_context_have_it_each(void **state) {
    (void)state;
    static char text[MP_EVENT_STR_MAX];
    for (size_t len = 0; len <= sizeof(text); len = len * 3 + 1) {
        memset(text, 'x', len);
        struct mp_str each = mp_str_range(text, len);
        struct mp_context context = context_of(each);
        struct mp_event event = event_of(each, NULL, 0);
        struct event_row row = {&event, each, 1, 2, 3, 4, 5};
        struct store_block *block = block_of(3, 3 * len);
        uint64_t rows;
        for (int i = 0; i < 3; i++) {
            event_row_put(block, &row);
        }
        event_rows_share(block, &context, 3);
        struct mp_str bytes = written(block, false);
        for (size_t i = 0; i < 3; i++) {
            assert_true(mp_str_eq(native_find(bytes, "city", i, 0, &rows), each));
            assert_true(mp_str_eq(native_find(bytes, "title", i, 0, &rows), each));
        }
        store_block_destroy(block);
    }
}

/* ---- Types ------------------------------------------------------------------------------ */

/* The table's definition in the schema. */
static struct mp_str definition_of(const char *table) {
    char begin[64];
    snprintf(begin, sizeof(begin), "CREATE TABLE IF NOT EXISTS %s\n", table);
    const char *at = strstr(store_schema_files[1].data, begin);
    assert_non_null(at);
    return mp_str_range(at, (size_t)(strstr(at, "ENGINE") - at));
}

/* All columns have the type that the schema gives them, so that no server needs to cast. */
static void expect_schema_types(const char *table, struct store_block *block) {
    struct mp_str definition = definition_of(table);
    char text[8192];
    struct mp_str bytes = written(block, true);
    struct mp_reader reader;
    snprintf(text, sizeof(text), "%.*s", MP_STR_ARG(definition));
    /* What a server with "lowcard" makes of it. */
    for (char *plain; (plain = strstr(text, "{?!lowcard:String}"));) {
        memset(plain, ' ', strlen("{?!lowcard:String}"));
    }
    mp_reader_init(&reader, bytes.ptr, bytes.len);
    uint64_t columns = mp_read_varint(&reader);
    assert_int_equal(mp_read_varint(&reader), 0);
    for (uint64_t i = 0; i < columns; i++) {
        struct mp_str name = mp_read_lstr(&reader);
        struct mp_str type = mp_read_lstr(&reader);
        char wanted[256];
        bool is_lowcard = mp_str_is(type, "LowCardinality(String)");
        bool is_array = mp_str_is(type, "Array(LowCardinality(String))");
        snprintf(wanted, sizeof(wanted), "    %.*s %s%.*s", MP_STR_ARG(name),
                 is_array     ? "Array({?lowcard:LowCardinality(String)}"
                 : is_lowcard ? "{?lowcard:LowCardinality(String)}"
                              : "",
                 is_array || is_lowcard ? 0 : (int)type.len, type.ptr);
        assert_non_null(strstr(text, wanted));
        if (is_lowcard || is_array) {
            assert_int_equal(mp_read_u64(&reader), 1);
        }
    }
    /* As many columns as lines that begin with four blanks. */
    uint64_t lines = 0;
    for (const char *at = text; (at = strstr(at, "\n    ")); at++) {
        lines++;
    }
    assert_int_equal(lines, columns);
    assert_int_equal(mp_reader_left(&reader), 0);
    store_block_destroy(block);
}

static void every_column_of_the_schema_is_put_with_its_type(void **state) {
    (void)state;
    expect_schema_types("events", event_block_create(STORE_BLOCK_BYTES_MAX));
    expect_schema_types("user_days", user_day_block_create(STORE_BLOCK_BYTES_MAX));
    expect_schema_types("users", user_block_create(STORE_BLOCK_BYTES_MAX));
}

/* ---- Days and users --------------------------------------------------------------------- */

static void a_day_has_its_opens_and_pages_in_arrays(void **state) {
    (void)state;
    struct intern strings;
    uint32_t home, goods;
    uint64_t rows;
    assert_int_equal(intern_init(&strings), 0);
    assert_true(intern_add(&strings, MP_STR("home"), &home));
    assert_true(intern_add(&strings, MP_STR("goods"), &goods));
    struct rollup_open opens[] = {{.begin_ms = 11, .entry = home, .exit = goods, .scene = 7},
                                  {.begin_ms = 12, .entry = goods, .exit = home, .depth = 9}};
    struct rollup_page pages[] = {{.page = goods, .views = 3, .dwell_ms = 4, .shares = 5}};
    struct rollup_day day = {.day = 20000,
                             .visit_pv = 3,
                             .is_added_at_end = -1,
                             .refund_fen = -7,
                             .city = goods,
                             .opens = opens,
                             .open_count = 2,
                             .pages = pages,
                             .page_count = 1};
    struct day_row_owner owner = {MP_STR("shop"), 1, 2, &strings};
    struct store_block *block = user_day_block_create(STORE_BLOCK_BYTES_MAX);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(user_day_put(block, &owner, &day), 0);
    }
    struct mp_str bytes = written(block, false);
    assert_int_equal(native_rows(bytes), 50);
    assert_int_equal(native_uint(bytes, "day", 49), 20000);
    assert_int_equal(native_uint(bytes, "opens", 49), 2);
    assert_int_equal(native_uint(bytes, "is_added_at_end", 49), 0xff);
    assert_true(mp_str_is(native_find(bytes, "city", 49, 0, &rows), "goods"));
    assert_true(mp_str_is(native_find(bytes, "open_entry", 0, 98, &rows), "home"));
    assert_true(mp_str_is(native_find(bytes, "open_exit", 0, 99, &rows), "home"));
    assert_int_equal(native_find(bytes, "open_start_ms", 0, 99, &rows).ptr[0], 12);
    assert_true(mp_str_is(native_find(bytes, "page", 0, 49, &rows), "goods"));
    assert_int_equal(native_find(bytes, "page_shares", 0, 49, &rows).ptr[0], 5);
    assert_null(native_find(bytes, "page", 0, 50, &rows).ptr);
    store_block_destroy(block);
    intern_deinit(&strings);
}

static void a_users_first_day_has_the_greatest_rank_when_it_is_the_earliest(void **state) {
    (void)state;
    struct day_row_owner owner = {MP_STR("shop"), 1, 2, NULL};
    struct store_block *block = user_block_create(100);
    uint64_t rows;
    assert_int_equal(user_put(block, &owner, USER_PAID, 1000, MP_STR("ann")), 0);
    struct mp_str bytes = written(block, false);
    assert_int_equal(native_uint(bytes, "kind", 0), USER_PAID);
    assert_int_equal(native_uint(bytes, "rank", 0), 65535 - 1000);
    assert_int_equal(native_uint(bytes, "first_day", 0), 1000);
    assert_true(mp_str_is(native_find(bytes, "user", 0, 0, &rows), "ann"));
    int code = MP_OK;
    for (int i = 0; i < 100 && code == MP_OK; i++) {
        code = user_put(block, &owner, USER_PAID, 1000, MP_STR("ann"));
    }
    assert_int_equal(code, MP_E_TOO_LARGE);
    store_block_destroy(block);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, make_out, drop_out)

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH(a_row_has_every_field_in_its_column),
        EACH(rows_that_share_a_context_have_it_each),
        EACH(every_column_of_the_schema_is_put_with_its_type),
        EACH(a_day_has_its_opens_and_pages_in_arrays),
        EACH(a_users_first_day_has_the_greatest_rank_when_it_is_the_earliest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
