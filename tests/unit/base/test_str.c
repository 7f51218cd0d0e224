#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void trimming_and_cutting_keep_to_the_string(void **state) {
    (void)state;
    assert_true(mp_str_is(mp_str_trim(MP_STR(" \t a b\r\n")), "a b"));
    assert_int_equal(mp_str_trim(MP_STR(" \n")).len, 0);
    struct mp_str left = MP_STR("a,,b");
    assert_true(mp_str_is(mp_str_cut(&left, ','), "a"));
    assert_true(mp_str_is(mp_str_cut(&left, ','), ""));
    assert_non_null(left.ptr);
    assert_true(mp_str_is(mp_str_cut(&left, ','), "b"));
    assert_null(left.ptr);
    left = MP_STR("x,");
    mp_str_cut(&left, ',');
    assert_non_null(left.ptr);
    assert_int_equal(left.len, 0);
    assert_true(mp_str_starts_with(MP_STR("abc"), MP_STR("ab")));
    assert_false(mp_str_starts_with(MP_STR("a"), MP_STR("ab")));
}

static void order_is_by_bytes_and_then_by_length(void **state) {
    (void)state;
    assert_true(mp_str_compare(MP_STR("a"), MP_STR("b")) < 0);
    assert_true(mp_str_compare(MP_STR("ab"), MP_STR("a")) > 0);
    assert_true(mp_str_compare(MP_STR("\xff"), MP_STR("a")) > 0);
    assert_int_equal(mp_str_compare(mp_str_range(NULL, 0), MP_STR("")), 0);
}

static void numbers_are_whole_and_in_range_or_refused(void **state) {
    (void)state;
    uint64_t u = 7;
    int64_t i = 7;
    assert_true(mp_str_to_u64(MP_STR("18446744073709551615"), &u));
    assert_true(u == UINT64_MAX);
    assert_true(mp_str_to_i64(MP_STR("-9223372036854775808"), &i));
    assert_true(i == INT64_MIN);
    assert_true(mp_str_to_i64(MP_STR("9223372036854775807"), &i));
    assert_true(i == INT64_MAX);
    u = i = 7;
    const char *bad[] = {"", "-", "+1", " 1", "1 ", "1.0", "0x1", "18446744073709551616", "1e3"};
    for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
        assert_false(mp_str_to_u64(mp_str_of(bad[n]), &u));
        assert_false(mp_str_to_i64(mp_str_of(bad[n]), &i));
    }
    assert_false(mp_str_to_i64(MP_STR("9223372036854775808"), &i));
    assert_false(mp_str_to_i64(MP_STR("-9223372036854775809"), &i));
    assert_true(u == 7 && i == 7);
}

static void only_well_formed_utf8_passes(void **state) {
    (void)state;
    const char *good[] = {
        "", "abc", "小程序", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"};
    for (size_t n = 0; n < sizeof(good) / sizeof(good[0]); n++) {
        assert_true(mp_str_is_utf8(mp_str_of(good[n])));
    }
    const char *bad[] = {"\x80",
                         "\xc0\x80",
                         "\xc1\xbf",
                         "\xe0\x9f\xbf",
                         "\xed\xa0\x80",
                         "\xf0\x8f\xbf\xbf",
                         "\xf4\x90\x80\x80",
                         "\xf5\x80\x80\x80",
                         "\xe4\xb8",
                         "a\xff",
                         "\xe4\x41\x41"};
    for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
        assert_false(mp_str_is_utf8(mp_str_of(bad[n])));
    }
    assert_false(mp_str_is_utf8(MP_STR("a\0b")));
}

static void clipping_never_cuts_a_character(void **state) {
    (void)state;
    struct mp_str text = MP_STR("a小\xf0\x9f\x98\x80");
    size_t expected[] = {0, 1, 1, 1, 4, 4, 4, 4, 8};
    for (size_t max = 0; max <= text.len; max++) {
        struct mp_str clipped = mp_str_clip(text, max);
        assert_int_equal(clipped.len, expected[max]);
        assert_true(mp_str_is_utf8(clipped));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trimming_and_cutting_keep_to_the_string),
        cmocka_unit_test(order_is_by_bytes_and_then_by_length),
        cmocka_unit_test(numbers_are_whole_and_in_range_or_refused),
        cmocka_unit_test(only_well_formed_utf8_passes),
        cmocka_unit_test(clipping_never_cuts_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
