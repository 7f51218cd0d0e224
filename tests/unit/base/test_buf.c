#include "base/arena.h"
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void an_append_over_the_maximum_fails_whole_and_for_good(void **state) {
    (void)state;
    struct mp_buf buf;
    mp_buf_init(&buf, 10);
    mp_buf_append_text(&buf, "12345678");
    mp_buf_append_text(&buf, "90x");
    assert_true(buf.failed);
    assert_int_equal(buf.len, 8);
    mp_buf_append_byte(&buf, 'y');
    assert_int_equal(buf.len, 8);
    assert_null(mp_buf_reserve(&buf, 1));
    mp_buf_clear(&buf);
    mp_buf_append_text(&buf, "1234567890");
    assert_false(buf.failed);
    assert_true(mp_str_is(mp_buf_str(&buf), "1234567890"));
    assert_null(mp_buf_reserve(&buf, SIZE_MAX));
    mp_buf_deinit(&buf);
    assert_int_equal(buf.max, 10);
}

static void printf_appends_text_or_fails(void **state) {
    (void)state;
    struct mp_buf buf;
    mp_buf_init(&buf, 600);
    mp_buf_printf(&buf, "%s=%d", "a", 5);
    mp_buf_printf(&buf, "%0500d", 1);
    assert_int_equal(buf.len, 503);
    mp_buf_printf(&buf, "%0500d", 1);
    assert_true(buf.failed);
    assert_int_equal(buf.len, 503);
    mp_buf_deinit(&buf);
}

static void what_was_written_reads_back(void **state) {
    (void)state;
    static const uint64_t values[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX};
    struct mp_buf buf;
    mp_buf_init(&buf, 4096);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        mp_buf_append_varint(&buf, values[i]);
        mp_buf_append_u16(&buf, (uint16_t)values[i]);
        mp_buf_append_u32(&buf, (uint32_t)values[i]);
        mp_buf_append_u64(&buf, values[i]);
        mp_buf_append_f64(&buf, (double)values[i] / 3);
        mp_buf_append_lstr(&buf, MP_STR("小程序"));
    }
    struct mp_reader reader;
    mp_reader_init(&reader, buf.ptr, buf.len);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_true(mp_read_varint(&reader) == values[i]);
        assert_true(mp_read_u16(&reader) == (uint16_t)values[i]);
        assert_true(mp_read_u32(&reader) == (uint32_t)values[i]);
        assert_true(mp_read_u64(&reader) == values[i]);
        assert_true(mp_read_f64(&reader) == (double)values[i] / 3);
        assert_true(mp_str_is(mp_read_lstr(&reader), "小程序"));
    }
    assert_int_equal(mp_reader_left(&reader), 0);
    assert_false(reader.failed);
    mp_buf_deinit(&buf);
}

static void reading_past_the_end_gives_nothing_from_then_on(void **state) {
    (void)state;
    struct mp_reader reader;
    mp_reader_init(&reader, "\x01\x02\x03", 3);
    assert_int_equal(mp_read_u32(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(mp_read_byte(&reader), 0);
    mp_reader_init(&reader,
                   "\x05"
                   "abcd",
                   5);
    assert_int_equal(mp_read_lstr(&reader).len, 0);
    assert_true(reader.failed);
    mp_reader_init(&reader, NULL, 0);
    assert_int_equal(mp_read_varint(&reader), 0);
    assert_true(reader.failed);
}

static void varints_over_64_bits_are_refused(void **state) {
    (void)state;
    struct mp_reader reader;
    mp_reader_init(&reader, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
    mp_read_varint(&reader);
    assert_true(reader.failed);
    mp_reader_init(&reader, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11);
    mp_read_varint(&reader);
    assert_true(reader.failed);
}

static void an_arena_gives_aligned_memory_up_to_its_maximum(void **state) {
    (void)state;
    struct mp_arena arena;
    mp_arena_init(&arena, 128, 1024);
    for (int i = 0; i < 20; i++) {
        char *at = mp_arena_alloc(&arena, 13);
        assert_non_null(at);
        assert_int_equal((uintptr_t)at % 16, 0);
        memset(at, i, 13);
    }
    assert_non_null(mp_arena_alloc(&arena, 300));
    assert_null(mp_arena_alloc(&arena, 900));
    assert_null(mp_arena_alloc(&arena, SIZE_MAX));
    assert_null(mp_arena_str(&arena, mp_str_range("x", 5000)).ptr);
    assert_non_null(mp_arena_str(&arena, mp_str_range(NULL, 0)).ptr);
    mp_arena_deinit(&arena);
}

static void a_reset_arena_needs_no_new_memory(void **state) {
    (void)state;
    struct mp_arena arena;
    size_t after_first = 0;
    mp_arena_init(&arena, 256, 1 << 20);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 100; i++) {
            char *at = mp_arena_zalloc(&arena, (size_t)(i % 7) * 40 + 1);
            assert_non_null(at);
            assert_int_equal(at[0], 0);
            at[0] = 'x';
        }
        after_first = round == 0 ? arena.total_bytes : after_first;
        mp_arena_reset(&arena);
    }
    assert_int_equal(arena.total_bytes, after_first);
    mp_arena_deinit(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_append_over_the_maximum_fails_whole_and_for_good),
        cmocka_unit_test(printf_appends_text_or_fails),
        cmocka_unit_test(what_was_written_reads_back),
        cmocka_unit_test(reading_past_the_end_gives_nothing_from_then_on),
        cmocka_unit_test(varints_over_64_bits_are_refused),
        cmocka_unit_test(an_arena_gives_aligned_memory_up_to_its_maximum),
        cmocka_unit_test(a_reset_arena_needs_no_new_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
