#include "store/rows.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "unit/base/random.h"

#define ROWS 300

/* Rows of "qsSWb" whose content follows from their number. */
static void append_row(struct mp_buf *out, uint64_t number) {
    size_t text_len = number % 7 == 0 ? 1000 : number % 5;
    mp_buf_append_u64(out, number);
    mp_buf_append_varint(out, text_len);
    for (size_t i = 0; i < text_len; i++) {
        mp_buf_append_byte(out, (uint8_t)(number + i));
    }
    mp_buf_append_varint(out, number % 4);
    for (uint64_t i = 0; i < number % 4; i++) {
        mp_buf_append_lstr(out, mp_str_range("abcdef", i));
    }
    mp_buf_append_varint(out, number % 200);
    for (uint64_t i = 0; i < number % 200; i++) {
        mp_buf_append_u16(out, (uint16_t)i);
    }
    mp_buf_append_byte(out, (uint8_t)number);
}

struct expectation {
    uint64_t next;
    uint64_t stop_at;
};

static int on_row(void *arg, struct mp_reader *row) {
    struct expectation *expectation = arg;
    struct mp_buf wanted;
    mp_buf_init(&wanted, 1 << 16);
    append_row(&wanted, expectation->next);
    assert_int_equal(mp_reader_left(row), wanted.len);
    assert_memory_equal(row->at, wanted.ptr, wanted.len);
    mp_buf_deinit(&wanted);
    expectation->next++;
    return expectation->next == expectation->stop_at ? MP_E_FULL : 0;
}

static void rows_are_whole_however_the_bytes_are_cut(void **state) {
    (void)state;
    uint64_t seed = random_seed("rows");
    struct mp_buf data;
    mp_buf_init(&data, 1 << 24);
    for (uint64_t i = 0; i < ROWS; i++) {
        append_row(&data, i);
    }
    const size_t piece_max[] = {1, 2, 10, 300, 5000, 1 << 20};
    for (size_t n = 0; n < sizeof(piece_max) / sizeof(piece_max[0]); n++) {
        struct expectation expectation = {0};
        struct store_rows rows;
        store_rows_init(&rows, "qsSWb", on_row, &expectation);
        for (size_t at = 0; at < data.len;) {
            size_t piece = 1 + random_below(&seed, piece_max[n]);
            piece = piece < data.len - at ? piece : data.len - at;
            assert_int_equal(store_rows_push(&rows, mp_str_range(data.ptr + at, piece)), 0);
            at += piece;
        }
        assert_int_equal(store_rows_finish(&rows), 0);
        assert_int_equal(expectation.next, ROWS);
        assert_int_equal(rows.count, ROWS);
        store_rows_deinit(&rows);
    }
    mp_buf_deinit(&data);
}

static void an_answer_that_ends_within_a_row_is_corrupt(void **state) {
    (void)state;
    struct mp_buf data;
    mp_buf_init(&data, 1 << 16);
    append_row(&data, 0);
    size_t first = data.len;
    append_row(&data, 1);
    for (size_t len = 0; len <= data.len; len++) {
        struct expectation expectation = {0};
        struct store_rows rows;
        store_rows_init(&rows, "qsSWb", on_row, &expectation);
        assert_int_equal(store_rows_push(&rows, mp_str_range(data.ptr, len)), 0);
        bool is_whole = len == 0 || len == first || len == data.len;
        assert_int_equal(store_rows_finish(&rows), is_whole ? 0 : MP_E_CORRUPT);
        store_rows_deinit(&rows);
    }
    mp_buf_deinit(&data);
}

static void a_caller_may_stop(void **state) {
    (void)state;
    struct mp_buf data;
    struct expectation expectation = {.stop_at = 3};
    struct store_rows rows;
    mp_buf_init(&data, 1 << 16);
    for (uint64_t i = 0; i < 10; i++) {
        append_row(&data, i);
    }
    store_rows_init(&rows, "qsSWb", on_row, &expectation);
    assert_int_equal(store_rows_on_data(&rows, mp_buf_str(&data)), MP_E_FULL);
    assert_int_equal(rows.code, MP_E_FULL);
    assert_int_equal(expectation.next, 3);
    store_rows_deinit(&rows);
    mp_buf_deinit(&data);
}

static int never(void *arg, struct mp_reader *row) {
    (void)arg, (void)row;
    fail();
    return 0;
}

static void lengths_that_lie_end_in_an_error_not_in_memory(void **state) {
    (void)state;
    static const char huge[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    const char *columns[] = {"s", "Q", "S", "B"};
    static char piece[8 << 20]; /* a cut row is measured again at each push */
    for (size_t n = 0; n < sizeof(columns) / sizeof(columns[0]); n++) {
        struct store_rows rows;
        store_rows_init(&rows, columns[n], never, NULL);
        assert_int_equal(store_rows_push(&rows, mp_str_range(huge, 10)), 0);
        int code = 0;
        for (int i = 0; i < 5 && code == 0; i++) {
            memset(piece, 1, sizeof(piece));
            code = store_rows_push(&rows, mp_str_range(piece, sizeof(piece)));
        }
        assert_int_equal(code, MP_E_TOO_LARGE);
        store_rows_deinit(&rows);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_whole_however_the_bytes_are_cut),
        cmocka_unit_test(an_answer_that_ends_within_a_row_is_corrupt),
        cmocka_unit_test(a_caller_may_stop),
        cmocka_unit_test(lengths_that_lie_end_in_an_error_not_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
