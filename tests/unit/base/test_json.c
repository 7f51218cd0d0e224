#include "base/buf.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define BYTES_MAX 4096
#define DEPTH_MAX 16

static int set_up(void **state) {
    *state = mp_json_parser_create(BYTES_MAX, DEPTH_MAX);
    return *state ? 0 : -1;
}

static int tear_down(void **state) {
    mp_json_parser_destroy(*state);
    return 0;
}

static struct mp_json parse(void **state, const char *text) {
    struct mp_json root = {0};
    struct mp_error err;
    if (mp_json_parse(*state, mp_str_of(text), &root, &err) != MP_OK) {
        fail_msg("%s: %s", text, err.message);
    }
    return root;
}

static void values_keep_their_kind(void **state) {
    struct mp_json list =
        parse(state, "[null,true,-5,18446744073709551615,1.5,\"a\\u0000b\",[],{},3.0,1e300]");
    static const enum mp_json_type kinds[] = {
        MP_JSON_NULL,   MP_JSON_BOOL,  MP_JSON_INT,    MP_JSON_UINT,   MP_JSON_DOUBLE,
        MP_JSON_STRING, MP_JSON_ARRAY, MP_JSON_OBJECT, MP_JSON_DOUBLE, MP_JSON_DOUBLE};
    struct mp_json items[10], item;
    size_t count = 0;
    for (struct mp_json_iter it = mp_json_iter(list); mp_json_next(&it, NULL, &item);) {
        assert_true(count < 10);
        assert_int_equal(mp_json_type(item), kinds[count]);
        items[count++] = item;
    }
    assert_int_equal(count, 10);
    assert_int_equal(mp_json_size(list), 10);
    bool truth = false;
    int64_t whole = 0;
    double real = 0;
    struct mp_str text;
    assert_true(mp_json_bool(items[1], &truth) && truth);
    assert_false(mp_json_bool(items[0], &truth));
    assert_true(mp_json_i64(items[2], &whole) && whole == -5);
    assert_false(mp_json_i64(items[3], &whole));
    assert_false(mp_json_i64(items[4], &whole));
    assert_true(mp_json_i64(items[8], &whole) && whole == 3);
    assert_false(mp_json_i64(items[9], &whole));
    assert_true(mp_json_f64(items[2], &real) && real == -5);
    assert_true(mp_json_f64(items[3], &real) && real == 18446744073709551615.0);
    assert_false(mp_json_f64(items[5], &real));
    assert_true(mp_json_str(items[5], &text));
    assert_true(mp_str_eq(text, MP_STR("a\0b")));
    assert_false(mp_json_str(items[4], &text));
}

static void members_are_found_by_name(void **state) {
    struct mp_json object = parse(state, "{\"a\":1,\"b\":{\"a\":2},\"a\":3,\"\":4}");
    struct mp_json member;
    int64_t whole;
    assert_true(mp_json_get(object, MP_STR("a"), &member));
    assert_true(mp_json_i64(member, &whole) && whole == 1);
    assert_true(mp_json_get(object, MP_STR("b"), &member));
    assert_true(mp_json_get(member, MP_STR("a"), &member));
    assert_true(mp_json_i64(member, &whole) && whole == 2);
    assert_false(mp_json_get(object, MP_STR("c"), &member));
    assert_false(mp_json_get(parse(state, "[1]"), MP_STR("a"), &member));
}

static void iterating_an_object_gives_keys_and_values_in_order(void **state) {
    struct mp_json object = parse(state, "{\"x\":[1,[2,3]],\"y\":{\"z\":4},\"w\":\"v\"}");
    struct mp_json value;
    struct mp_str key;
    char seen[16] = "";
    for (struct mp_json_iter it = mp_json_iter(object); mp_json_next(&it, &key, &value);) {
        strncat(seen, key.ptr, key.len);
    }
    assert_string_equal(seen, "xyw");
    struct mp_json_iter it = mp_json_iter(parse(state, "7"));
    assert_false(mp_json_next(&it, &key, &value));
}

static void broken_text_is_refused_with_a_reason(void **state) {
    const char *bad[] = {"",        " ",        "{",           "[1,]",     "{\"a\"}", "nul",
                         "[1] [2]", "\"\xff\"", "\"\\ud800\"", "\"a\nb\"", "01",      "{a:1}"};
    struct mp_json root;
    struct mp_error err;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (mp_json_parse(*state, mp_str_of(bad[i]), &root, &err) != MP_E_ARGUMENT) {
            fail_msg("accepted: %s", bad[i]);
        }
        assert_true(err.message[0] != '\0');
    }
}

/* count times open, 1, count times close */
static void nest(char *out, size_t count) {
    memset(out, '[', count);
    out[count] = '1';
    memset(out + count + 1, ']', count);
    out[2 * count + 1] = '\0';
}

static void depth_and_size_are_bounded(void **state) {
    char text[BYTES_MAX + 2];
    struct mp_json root;
    nest(text, DEPTH_MAX);
    assert_int_equal(mp_json_parse(*state, mp_str_of(text), &root, NULL), MP_OK);
    nest(text, DEPTH_MAX + 1);
    assert_int_equal(mp_json_parse(*state, mp_str_of(text), &root, NULL), MP_E_ARGUMENT);
    nest(text, 2000);
    assert_int_equal(mp_json_parse(*state, mp_str_of(text), &root, NULL), MP_E_ARGUMENT);
    memset(text, ' ', sizeof(text));
    text[0] = '1';
    assert_int_equal(mp_json_parse(*state, mp_str_range(text, BYTES_MAX), &root, NULL), MP_OK);
    assert_int_equal(mp_json_parse(*state, mp_str_range(text, BYTES_MAX + 1), &root, NULL),
                     MP_E_TOO_LARGE);
}

static void a_dump_is_the_same_value_again(void **state) {
    static const char *const texts[] = {
        "{\"a\":[1,2.5,\"x\\\"\\\\\\n\xe5\xb0\x8f\",null,true,false,{\"b\":[]},{}],\"c\":-0.1}",
        "[[[[]]],18446744073709551615,-9223372036854775808]",
        "\"only\"",
        "[]",
    };
    struct mp_buf out;
    mp_buf_init(&out, BYTES_MAX);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        mp_buf_clear(&out);
        mp_json_dump(parse(state, texts[i]), &out);
        assert_true(mp_str_is(mp_buf_str(&out), texts[i]));
    }
    mp_buf_deinit(&out);
}

static void a_limit_of_a_few_bytes_is_one(void **state) {
    (void)state;
    struct mp_json_parser *parser = mp_json_parser_create(4, 4);
    struct mp_json root;
    assert_non_null(parser);
    assert_int_equal(mp_json_parse(parser, MP_STR("[17]"), &root, NULL), MP_OK);
    assert_int_equal(mp_json_size(root), 1);
    assert_int_equal(mp_json_parse(parser, MP_STR("[170]"), &root, NULL), MP_E_TOO_LARGE);
    mp_json_parser_destroy(parser);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_of_a_few_bytes_is_one),
        cmocka_unit_test_setup_teardown(values_keep_their_kind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(members_are_found_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(iterating_an_object_gives_keys_and_values_in_order, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(broken_text_is_refused_with_a_reason, set_up, tear_down),
        cmocka_unit_test_setup_teardown(depth_and_size_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_dump_is_the_same_value_again, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
