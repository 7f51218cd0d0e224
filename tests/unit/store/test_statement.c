#include "store/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct store *store_of_version(int version) {
    const struct store_config config = {.url = "http://127.0.0.1:1", .database = "minipulse"};
    struct store *store = NULL;
    assert_int_equal(store_open(&config, &store, NULL), 0);
    atomic_store(&store->version, version);
    return store;
}

static struct store_statement *statement_of(struct store *store, const char *sql) {
    struct store_statement *statement = NULL;
    assert_int_equal(store_statement_create(store, mp_str_of(sql), &statement, NULL), 0);
    return statement;
}

static void assert_rendered(struct store_statement *statement, const char *expected) {
    struct mp_buf out;
    struct mp_error err = {0};
    mp_buf_init(&out, 1 << 20);
    assert_int_equal(store_statement_render(statement, &out, &err), 0);
    mp_buf_append_byte(&out, 0);
    assert_string_equal(out.ptr, expected);
    mp_buf_deinit(&out);
}

static void assert_refused(struct store_statement *statement, const char *field) {
    struct mp_buf out;
    struct mp_error err = {0};
    mp_buf_init(&out, 1 << 20);
    assert_int_equal(store_statement_render(statement, &out, &err), MP_E_ARGUMENT);
    assert_string_equal(err.field, field);
    mp_buf_deinit(&out);
}

static void each_type_has_its_form(void **state) {
    (void)state;
    struct store *store = store_of_version(181600);
    struct store_statement *statement = statement_of(
        store, "{a:Int64} {b:UInt64} {b:Limit} {c:Date} {d:String} {e:Identifier} {f:Array(UInt64)}"
               " {f:Set(UInt64)} {g:Array(String)} {g:Set(String)} {h:Set(UInt64)} {i:Set(String)}"
               " {h:Array(UInt64)} {j:Float64}");
    const uint64_t numbers[] = {1, UINT64_MAX};
    const struct mp_str texts[] = {MP_STR("x"), MP_STR("")};
    store_bind_i64(statement, "a", INT64_MIN);
    store_bind_u64(statement, "b", 7);
    store_bind_day(statement, "c", 20000);
    store_bind_str(statement, "d", MP_STR("it's \\ \n\x7f 小"));
    store_bind_identifier(statement, "e", MP_STR("user_days"));
    store_bind_u64s(statement, "f", numbers, 2);
    store_bind_strs(statement, "g", texts, 2);
    store_bind_u64s(statement, "h", NULL, 0);
    store_bind_strs(statement, "i", NULL, 0);
    store_bind_f64(statement, "j", 1.0);
    assert_rendered(statement,
                    "toInt64(-9223372036854775808) toUInt64(7) 7 toDate('2024-10-04') "
                    "'it\\'s \\\\ \\x0A\\x7F 小' `user_days` "
                    "CAST([1,18446744073709551615], 'Array(UInt64)') "
                    "(SELECT toUInt64(arrayJoin(splitByChar(',', '1,18446744073709551615')))) "
                    "CAST(['x',''], 'Array(String)') ('x','') (NULL) (NULL) "
                    "CAST([], 'Array(UInt64)') reinterpretAsFloat64(unhex('000000000000f03f'))");
    store_statement_destroy(statement);
    store_close(store);
}

static void strings_names_and_comments_are_left_alone(void **state) {
    (void)state;
    static const char sql[] = "SELECT '{a:String}', '\\'{', \"{b\", `}` -- it's {c:String}\n"
                              "/* {d:String} ' */ FROM t";
    struct store *store = store_of_version(181600);
    struct store_statement *statement = statement_of(store, sql);
    assert_rendered(statement, sql);
    store_statement_destroy(statement);
    store_close(store);
}

static void a_bound_text_is_never_read_as_sql(void **state) {
    (void)state;
    struct store *store = store_of_version(181600);
    struct store_statement *statement = statement_of(store, "SELECT {a:String}, {b:String}");
    store_bind_str(statement, "a", MP_STR("{b:String} {?cte:"));
    store_bind_str(statement, "b", MP_STR("'; DROP TABLE users --"));
    assert_rendered(statement, "SELECT '{b:String} {?cte:', '\\'; DROP TABLE users --'");
    store_statement_destroy(statement);
    store_close(store);
}

static void blocks_follow_the_version_and_nest(void **state) {
    (void)state;
    static const char sql[] = "a{?codec: CODEC(Delta, ZSTD(1))}{?!codec:{?!fsync: old {x:UInt64}}}"
                              "{?fsync:, fsync '}'}{?cte:}";
    struct store *old = store_of_version(181600);
    struct store *between = store_of_version(200300);
    struct store *new = store_of_version(260700);
    struct store_statement *statement = statement_of(old, sql);
    store_bind_u64(statement, "x", 1);
    assert_rendered(statement, "a old toUInt64(1)");
    store_statement_destroy(statement);
    statement = statement_of(between, sql);
    store_bind_u64(statement, "x", 1);
    assert_rendered(statement, "a CODEC(Delta, ZSTD(1))");
    store_statement_destroy(statement);
    statement = statement_of(new, sql);
    store_bind_u64(statement, "x", 1);
    assert_rendered(statement, "a CODEC(Delta, ZSTD(1)), fsync '}'");
    store_statement_destroy(statement);
    store_close(old);
    store_close(between);
    store_close(new);
}

static void the_first_error_stays(void **state) {
    (void)state;
    struct store *store = store_of_version(181600);
    struct store_statement *statement = statement_of(store, "{a:Identifier} {b:String}");
    store_bind_identifier(statement, "a", MP_STR("1a"));
    store_bind_str(statement, "c", MP_STR("x"));
    assert_refused(statement, "a");
    assert_refused(statement, "a");
    store_statement_destroy(statement);
    store_close(store);
}

static void too_many_values_are_refused(void **state) {
    (void)state;
    struct store *store = store_of_version(181600);
    struct store_statement *statement = statement_of(store, "SELECT 1");
    char name[80];
    for (int i = 0; i < 65; i++) {
        snprintf(name, sizeof(name), "v%d", i);
        store_bind_u64(statement, name, 1);
    }
    assert_refused(statement, "v64");
    store_statement_destroy(statement);
    statement = statement_of(store, "SELECT 1");
    memset(name, 'a', 64);
    name[64] = 0;
    store_bind_u64(statement, name, 1);
    assert_refused(statement, name);
    store_statement_destroy(statement);
    store_close(store);
}

static void a_statement_over_its_limit_is_refused(void **state) {
    (void)state;
    struct store *store = store_of_version(181600);
    struct store_statement *statement = statement_of(store, "SELECT {a:String}");
    struct mp_buf big;
    struct mp_buf out;
    mp_buf_init(&big, STORE_SQL_BYTES_MAX);
    char *at = mp_buf_reserve(&big, STORE_SQL_BYTES_MAX);
    assert_non_null(at);
    memset(at, 'x', STORE_SQL_BYTES_MAX);
    big.len = STORE_SQL_BYTES_MAX;
    store_bind_str(statement, "a", mp_buf_str(&big));
    mp_buf_init(&out, STORE_SQL_BYTES_MAX);
    assert_int_equal(store_statement_render(statement, &out, NULL), MP_E_TOO_LARGE);
    mp_buf_deinit(&out);
    mp_buf_deinit(&big);
    store_statement_destroy(statement);
    store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_has_its_form),
        cmocka_unit_test(strings_names_and_comments_are_left_alone),
        cmocka_unit_test(a_bound_text_is_never_read_as_sql),
        cmocka_unit_test(blocks_follow_the_version_and_nest),
        cmocka_unit_test(the_first_error_stays),
        cmocka_unit_test(too_many_values_are_refused),
        cmocka_unit_test(a_statement_over_its_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
