/* What store/ reads of others' text: versions, error answers, migrations' statements. */
#include "store/internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void versions_become_numbers(void **state) {
    (void)state;
    assert_int_equal(store_version_parse(MP_STR("18.16.1\n")), 181600);
    assert_int_equal(store_version_parse(MP_STR("26.7.2.1")), 260700);
    assert_int_equal(store_version_parse(MP_STR("20.11")), 201100);
    const char *bad[] = {"", "18", "a.b", "1.", ".1", "-1.2", "18.100", "99999.1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(store_version_parse(mp_str_of(bad[i])), 0);
    }
}

static void capabilities_come_with_versions(void **state) {
    (void)state;
    const char *names[] = {"codec", "fsync", "lowcard", "bitmap", "cte"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_true(store_capability_known(mp_str_of(names[i])));
        assert_false(store_version_can(0, mp_str_of(names[i])));
        assert_false(store_version_can(181600, mp_str_of(names[i])));
        assert_true(store_version_can(260700, mp_str_of(names[i])));
    }
    assert_false(store_capability_known(MP_STR("telepathy")));
    assert_false(store_version_can(260700, MP_STR("telepathy")));
}

static void assert_error(long status, int header_code, const char *answer, enum mp_code code,
                         int engine_code, const char *message) {
    struct mp_error err = {0};
    assert_int_equal(store_engine_error(&err, status, header_code, mp_str_of(answer)), code);
    assert_int_equal(err.code, code);
    assert_int_equal(err.engine_code, engine_code);
    assert_string_equal(err.message, message);
}

static void error_answers_of_all_versions_are_understood(void **state) {
    (void)state;
    assert_error(404, 0,
                 "Code: 60, e.displayText() = DB::Exception: Table d.t doesn't exist., e.what() = "
                 "DB::Exception\n",
                 MP_E_ENGINE, 60, "Table d.t doesn't exist.");
    assert_error(404, 60,
                 "Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE) (version 26.7.2.1)\n",
                 MP_E_ENGINE, 60, "Unknown table. (UNKNOWN_TABLE)");
    assert_error(401, 0, "Code: 193, e.displayText() = DB::Exception: Wrong password", MP_E_DENIED,
                 193, "Wrong password");
    assert_error(500, 159, "Code: 159. DB::Exception: Timeout", MP_E_TIMEOUT, 159, "Timeout");
    assert_error(500, 0, "Code: 202. DB::Exception: Too many", MP_E_UNAVAILABLE, 202, "Too many");
    assert_error(500, 241, "", MP_E_ENGINE, 241, "(no answer)");
}

static void answers_that_are_not_the_engines_are_told_by_status(void **state) {
    (void)state;
    assert_error(502, 0, "<html>\nBad Gateway</html>", MP_E_UNAVAILABLE, 0,
                 "HTTP status 502: <html> Bad Gateway</html>");
    assert_error(404, 0, "nothing here", MP_E_ENGINE, 0, "HTTP status 404: nothing here");
    assert_error(500, 0, "Code: x", MP_E_UNAVAILABLE, 0, "HTTP status 500: Code: x");
    assert_error(500, 0, "Code: 99999999999999999999 y", MP_E_UNAVAILABLE, 0,
                 "HTTP status 500: Code: 99999999999999999999 y");
}

static void assert_next(struct mp_str *sql, const char *expected) {
    bool is_whole;
    struct mp_str statement = mp_str_trim(store_next_statement(sql, &is_whole));
    assert_true(is_whole);
    assert_int_equal(statement.len, strlen(expected));
    assert_memory_equal(statement.ptr, expected, statement.len);
}

static void statements_end_at_semicolons_in_code_only(void **state) {
    (void)state;
    struct mp_str sql = MP_STR(" ;; -- a;b\n SELECT ';', `;` /* ; */ ; INSERT 1 ; -- the end; \n");
    assert_next(&sql, "-- a;b\n SELECT ';', `;` /* ; */");
    assert_next(&sql, "INSERT 1");
    assert_next(&sql, "");
    assert_next(&sql, "");
    sql = MP_STR("A");
    assert_next(&sql, "A");
    assert_next(&sql, "");
}

static void text_without_an_end_is_told(void **state) {
    (void)state;
    const char *bad[] = {"SELECT 'a;", "SELECT 'a\\';", "/* a; ", "`x;", "\"", "/* /* */ */"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct mp_str sql = mp_str_of(bad[i]);
        bool is_whole = true;
        store_next_statement(&sql, &is_whole);
        assert_false(is_whole);
    }
}

static void values_in_urls_are_encoded(void **state) {
    (void)state;
    struct mp_buf url;
    mp_buf_init(&url, 1000);
    store_url_param(&url, "query", MP_STR("a b&c=d#%'\n小-._9Z"));
    mp_buf_append_byte(&url, 0);
    assert_string_equal(url.ptr, "query=a%20b%26c%3Dd%23%25%27%0A%E5%B0%8F-._9Z&");
    mp_buf_deinit(&url);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_become_numbers),
        cmocka_unit_test(capabilities_come_with_versions),
        cmocka_unit_test(error_answers_of_all_versions_are_understood),
        cmocka_unit_test(answers_that_are_not_the_engines_are_told_by_status),
        cmocka_unit_test(statements_end_at_semicolons_in_code_only),
        cmocka_unit_test(text_without_an_end_is_told),
        cmocka_unit_test(values_in_urls_are_encoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
