#include "base/error.h"
#include "base/json.h"
#include "base/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

/* What one call to mp_log writes on standard error. */
static struct mp_str logged(const char *fields_text) {
    static char line[32768];
    int ends[2], former = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    mp_log(MP_LOG_WARN, "base", "it happened", "path=%s n=%d", fields_text, 5);
    dup2(former, STDERR_FILENO);
    close(former);
    close(ends[1]);
    ssize_t len = read(ends[0], line, sizeof(line) - 1);
    close(ends[0]);
    assert_true(len >= 0);
    line[len] = '\0';
    return mp_str_range(line, (size_t)len);
}

static void a_text_line_is_one_line_whatever_a_field_holds(void **state) {
    (void)state;
    mp_log_setup(MP_LOG_INFO, false);
    struct mp_str line = logged("a\nb\r");
    assert_true(line.len > 0 && line.ptr[line.len - 1] == '\n');
    assert_ptr_equal(memchr(line.ptr, '\n', line.len), line.ptr + line.len - 1);
    assert_non_null(strstr(line.ptr, "warn  base: it happened path=a b  n=5\n"));
}

static void a_json_line_is_a_json_object(void **state) {
    (void)state;
    char long_text[1500];
    memset(long_text, '\xff', sizeof(long_text));
    long_text[sizeof(long_text) - 1] = '\0';
    mp_log_setup(MP_LOG_INFO, true);
    struct mp_json_parser *parser = mp_json_parser_create(32768, 4);
    struct mp_json root, member;
    struct mp_str text;
    const char *fields[] = {"x", "\"a \\ b\"", "\x01", long_text};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        assert_int_equal(mp_json_parse(parser, logged(fields[i]), &root, NULL), MP_OK);
        assert_true(mp_json_get(root, MP_STR("message"), &member));
        assert_true(mp_json_str(member, &text) && mp_str_is(text, "it happened"));
        assert_true(mp_json_get(root, MP_STR("n"), &member));
        assert_true(mp_json_get(root, MP_STR("path"), &member));
    }
    mp_json_parser_destroy(parser);
}

static void lines_below_the_least_level_are_not_written(void **state) {
    (void)state;
    mp_log_setup(MP_LOG_ERROR, false);
    assert_int_equal(logged("x").len, 0);
}

static void an_error_keeps_its_code_through_wrapping(void **state) {
    (void)state;
    struct mp_error err;
    assert_int_equal(mp_fail_sys(&err, ENOENT, "a\nb", "cannot open %s", "x"), MP_E_IO);
    assert_int_equal(err.sys, ENOENT);
    assert_string_equal(err.field, "a b");
    assert_string_equal(err.message, "cannot open x: No such file or directory");
    assert_int_equal(mp_error_wrap(&err, "at start"), MP_E_IO);
    assert_string_equal(err.message, "at start: cannot open x: No such file or directory");
    assert_int_equal(mp_fail_sys(NULL, ENOSPC, NULL, "x"), MP_E_FULL);
    assert_int_equal(mp_fail(NULL, MP_E_DENIED, NULL, "x"), MP_E_DENIED);
    for (int code = MP_OK; code <= MP_E_CLOSED; code++) {
        assert_string_not_equal(mp_code_name((enum mp_code)code), "unknown");
    }
    assert_string_equal(mp_code_name((enum mp_code)99), "unknown");
}

static void a_long_error_is_cut_between_characters(void **state) {
    (void)state;
    struct mp_error err;
    char text[2000];
    for (size_t i = 0; i + 3 < sizeof(text); i += 3) {
        memcpy(text + i, "小", 4);
    }
    mp_fail(&err, MP_E_ARGUMENT, text, "%s", text);
    assert_true(mp_str_is_utf8(mp_str_of(err.field)));
    assert_true(mp_str_is_utf8(mp_str_of(err.message)));
    assert_int_equal(strlen(err.message), 510);
    mp_error_wrap(&err, "%s", text);
    assert_true(mp_str_is_utf8(mp_str_of(err.message)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_line_is_one_line_whatever_a_field_holds),
        cmocka_unit_test(a_json_line_is_a_json_object),
        cmocka_unit_test(lines_below_the_least_level_are_not_written),
        cmocka_unit_test(an_error_keeps_its_code_through_wrapping),
        cmocka_unit_test(a_long_error_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
