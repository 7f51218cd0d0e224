#include "base/json_write.h"

#include "random.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct mp_buf out;
static struct mp_json_writer writer;

static int set_up(void **state) {
    (void)state;
    mp_buf_init(&out, 4096);
    mp_jw_init(&writer, &out);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    mp_buf_deinit(&out);
    return 0;
}

static void commas_stand_where_they_belong(void **state) {
    (void)state;
    mp_jw_object_begin(&writer);
    mp_jw_key(&writer, "a");
    mp_jw_array_begin(&writer);
    mp_jw_i64(&writer, -1);
    mp_jw_null(&writer);
    mp_jw_object_begin(&writer);
    mp_jw_object_end(&writer);
    mp_jw_bool(&writer, true);
    mp_jw_array_end(&writer);
    mp_jw_key(&writer, "b\"");
    mp_jw_u64(&writer, UINT64_MAX);
    mp_jw_key(&writer, "c");
    mp_jw_raw(&writer, MP_STR("[1]"));
    mp_jw_key(&writer, "d");
    mp_jw_text(&writer, "");
    mp_jw_object_end(&writer);
    assert_true(mp_str_is(mp_buf_str(&out), "{\"a\":[-1,null,{},true],\"b\\\"\":"
                                            "18446744073709551615,\"c\":[1],\"d\":\"\"}"));
}

static void strings_are_escaped_and_made_utf8(void **state) {
    (void)state;
    mp_jw_str(&writer, MP_STR("a\"\\\n\t\0\x1f小\xff\xe5\xb0z\xf0\x9f\x98\x80"));
    assert_true(mp_str_is(mp_buf_str(&out), "\"a\\\"\\\\\\n\\u0009\\u0000\\u001f小\xef\xbf\xbd"
                                            "\xef\xbf\xbd\xef\xbf\xbdz\xf0\x9f\x98\x80\""));
}

static struct mp_str written(double value) {
    mp_buf_clear(&out);
    mp_jw_init(&writer, &out);
    mp_jw_f64(&writer, value);
    mp_buf_append_byte(&out, '\0');
    return mp_str_range(out.ptr, out.len - 1);
}

static void doubles_read_back_as_themselves(void **state) {
    (void)state;
    uint64_t seed = random_seed("doubles");
    assert_true(mp_str_is(written(0.1), "0.1"));
    assert_true(mp_str_is(written(5), "5"));
    assert_true(mp_str_is(written(1.0 / 3), "0.3333333333333333"));
    assert_true(mp_str_is(written(NAN), "null"));
    assert_true(mp_str_is(written(-INFINITY), "null"));
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = random_next(&seed);
        double value;
        memcpy(&value, &bits, sizeof(value));
        if (isfinite(value)) {
            assert_true(strtod(written(value).ptr, NULL) == value);
        }
    }
    assert_true(strtod(written(DBL_MIN / 4).ptr, NULL) == DBL_MIN / 4);
}

static void a_double_that_no_whole_number_is_keeps_looking_like_a_double(void **state) {
    (void)state;
    assert_true(mp_str_is(written(9007199254740992.0), "9007199254740992"));
    assert_true(mp_str_is(written(9007199254740994.0), "9007199254740994.0"));
    assert_true(mp_str_is(written(-12345678901234568.0), "-12345678901234568.0"));
    assert_true(mp_str_is(written(1e20), "1e+20"));
}

static void nesting_beyond_the_limit_fails_instead_of_overflowing(void **state) {
    (void)state;
    for (int i = 0; i < MP_JSON_WRITE_DEPTH_MAX + 5; i++) {
        mp_jw_array_begin(&writer);
    }
    assert_true(out.failed);
    mp_buf_clear(&out);
    mp_jw_init(&writer, &out);
    mp_jw_array_end(&writer);
    assert_true(out.failed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(commas_stand_where_they_belong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(strings_are_escaped_and_made_utf8, set_up, tear_down),
        cmocka_unit_test_setup_teardown(doubles_read_back_as_themselves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_double_that_no_whole_number_is_keeps_looking_like_a_double, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nesting_beyond_the_limit_fails_instead_of_overflowing,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
