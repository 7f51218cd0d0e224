#include "load/rows.h"

#include "base/embedded.h"
#include "helpers.h"

/* A letter a column, in the order of event_columns; see store/rows.h. */
static const char layout[] = "swqqddsssbbsqwssssqssqbbssssssswwsssssSSSQ";

static size_t skip_column(struct mp_reader *reader, char letter) {
    switch (letter) {
    case 'b':
        (void)mp_read_byte(reader);
        break;
    case 'w':
        (void)mp_read_u16(reader);
        break;
    case 'd':
        (void)mp_read_u32(reader);
        break;
    case 'q':
        (void)mp_read_u64(reader);
        break;
    case 's':
        return mp_read_lstr(reader).len;
    default: {
        size_t bytes = 0;
        for (uint64_t left = mp_read_varint(reader); left > 0 && !reader->failed; left--) {
            bytes += skip_column(reader, (char)(letter - 'A' + 'a'));
        }
        return bytes;
    }
    }
    return 0;
}

static struct mp_str text_of(char *bytes, size_t len, char letter) {
    memset(bytes, letter, len);
    return mp_str_range(bytes, len);
}

static void a_row_has_the_bytes_of_its_columns_and_no_more(void **state) {
    (void)state;
    static char text[MP_EVENT_STR_MAX];
    struct mp_buf out;
    mp_buf_init(&out, 64u << 20);
    for (size_t len = 0; len <= sizeof(text); len = len * 3 + 1) {
        struct mp_str each = text_of(text, len, 'x');
        struct mp_prop props[] = {{each, MP_PROP_STRING, each, 0},
                                  {each, MP_PROP_NUMBER, {0}, 1.5},
                                  {each, MP_PROP_STRING, each, 0}};
        struct mp_context context = {each, 1,    each, each, each, 3,    each, each, each,
                                     each, each, 9,    9,    each, each, each, each, each};
        struct mp_event event = {.user = each,
                                 .id = each,
                                 .name = each,
                                 .open_id = each,
                                 .page = each,
                                 .query = each,
                                 .referrer = each,
                                 .title = each,
                                 .element = each,
                                 .order_id = each,
                                 .props = props,
                                 .prop_count = 3};
        struct event_row row = {&context, &event, each, 1, 2, 3, 4, 5};
        struct mp_reader reader;
        size_t bytes = 0;
        mp_buf_clear(&out);
        event_row_append(&out, &row);
        assert_false(out.failed);
        assert_true(out.len <= event_row_bytes_max(&context, &event));
        mp_reader_init(&reader, out.ptr, out.len);
        for (const char *letter = layout; *letter; letter++) {
            bytes += skip_column(&reader, *letter);
        }
        assert_false(reader.failed);
        assert_int_equal(mp_reader_left(&reader), 0);
        assert_int_equal(bytes, 28 * len);
    }
    mp_buf_deinit(&out);
}

static void a_row_that_has_no_room_is_left_out_whole(void **state) {
    (void)state;
    struct mp_buf out;
    struct mp_context context = {0};
    struct mp_event event = {0};
    struct event_row row = {&context, &event, {0}, 1, 2, 3, 4, 5};
    mp_buf_init(&out, 40);
    event_row_append(&out, &row);
    assert_true(out.failed);
    assert_int_equal(out.len, 0);
    mp_buf_deinit(&out);
}

static void the_list_of_columns_has_one_name_a_column(void **state) {
    (void)state;
    char columns[EVENT_COLUMNS_BYTES];
    event_columns(columns);
    struct mp_str rest = mp_str_of(columns);
    size_t count = 0;
    while (rest.len > 0) {
        assert_true(mp_str_trim(mp_str_cut(&rest, ',')).len > 0);
        count++;
    }
    assert_int_equal(count, sizeof(layout) - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_has_the_bytes_of_its_columns_and_no_more),
        cmocka_unit_test(a_row_that_has_no_room_is_left_out_whole),
        cmocka_unit_test(the_list_of_columns_has_one_name_a_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
