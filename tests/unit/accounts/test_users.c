/* Users, sessions, set-up. */
#include "unit/accounts/helpers.h"

#include "base/clock.h"

static int add(struct accounts *accounts, struct mp_str name, struct mp_str password,
               struct mp_error *err) {
    return accounts_user_add(accounts, &root, name, password, false, err);
}

static void hostile_names_and_passwords_are_refused_by_name(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    struct mp_error err;
    char long_text[300];
    memset(long_text, 'a', sizeof(long_text));
    const struct mp_str names[] = {MP_STR(""),     MP_STR("Li"),
                                   MP_STR("-li"),  MP_STR(".."),
                                   MP_STR("l i"),  MP_STR("li\n"),
                                   MP_STR("li/x"), MP_STR("小"),
                                   MP_STR("l\0i"), MP_STR("li'"),
                                   MP_STR("li\\"), MP_STR("\xff"),
                                   MP_STR("@li"),  mp_str_range(long_text, 65)};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(add(accounts, names[i], GOOD, &err), MP_E_ARGUMENT);
        assert_string_equal(err.field, "name");
    }
    const struct mp_str passwords[] = {MP_STR(""), MP_STR("123456789"), MP_STR("0123456789\xff"),
                                       MP_STR("01234\00056789"), mp_str_range(long_text, 257)};
    for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++) {
        assert_int_equal(add(accounts, MP_STR("li"), passwords[i], &err), MP_E_ARGUMENT);
        assert_string_equal(err.field, "password");
    }
    good(add(accounts, mp_str_range(long_text, 64), mp_str_range(long_text, 256), &err), &err);
    good(add(accounts, MP_STR("li.si+1@example-shop.cn"), MP_STR("三个字密码"), &err), &err);
    assert_int_equal(add(accounts, MP_STR("li.si+1@example-shop.cn"), GOOD, &err), MP_E_EXISTS);
    assert_string_equal(err.field, "name");
    accounts_close(accounts);
}

static void only_the_right_password_logs_in(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    struct accounts_session session;
    struct accounts_login login;
    add_user(accounts, "li", false);
    assert_int_equal(try_log_in(accounts, "li", OTHER, "192.0.2.1", &session, &login), MP_E_DENIED);
    assert_int_equal(try_log_in(accounts, "li", MP_STR(""), "192.0.2.1", &session, &login),
                     MP_E_DENIED);
    assert_int_equal(try_log_in(accounts, "wang", GOOD, "192.0.2.1", &session, &login),
                     MP_E_DENIED);
    session = log_in(accounts, "li");
    assert_string_equal(caller_of(accounts, &session).name, "li");
    accounts_close(accounts);
}

static int64_t refusal_ns(struct accounts *accounts, const char *name) {
    struct accounts_session session;
    struct accounts_login login;
    int64_t best_ns = INT64_MAX;
    for (int i = 0; i < 3; i++) {
        int64_t began_ns = mp_mono_ns();
        assert_int_equal(try_log_in(accounts, name, OTHER, "192.0.2.1", &session, &login),
                         MP_E_DENIED);
        int64_t ns = mp_mono_ns() - began_ns;
        best_ns = ns < best_ns ? ns : best_ns;
    }
    return best_ns;
}

static void a_user_who_does_not_exist_is_refused_as_slowly_as_one_who_does(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    add_user(accounts, "li", false);
    int64_t there_ns = refusal_ns(accounts, "li"), not_there_ns = refusal_ns(accounts, "wang");
    assert_true(not_there_ns > there_ns / 3);
    assert_true(there_ns > not_there_ns / 3);
    accounts_close(accounts);
}

static void after_too_many_failures_the_right_password_does_not_help(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    struct accounts_session session;
    struct accounts_login login;
    int code = MP_E_DENIED, tries = 0;
    add_user(accounts, "li", false);
    add_user(accounts, "wang", false);
    for (; code == MP_E_DENIED && tries < 100; tries++) {
        code = try_log_in(accounts, "li", OTHER, "198.51.100.1", &session, &login);
    }
    assert_int_equal(code, MP_E_TOO_OFTEN);
    assert_in_range(login.wait_ms, 1, 60000);
    assert_int_equal(try_log_in(accounts, "li", GOOD, "192.0.2.9", &session, &login),
                     MP_E_TOO_OFTEN);
    log_in(accounts, "wang");
    accounts_close(accounts);
}

static void good_log_ins_are_never_throttled(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    add_user(accounts, "li", false);
    for (int i = 0; i < 15; i++) {
        log_in(accounts, "li");
    }
    accounts_close(accounts);
}

static void a_session_ends_at_its_time_at_log_out_and_with_its_user(void **state) {
    (void)state;
    struct accounts *accounts = open_for(1);
    struct mp_error err;
    add_user(accounts, "root1", true);
    add_user(accounts, "li", false);
    struct accounts_session session = log_in(accounts, "li");
    mp_sleep_ms(5);
    assert_int_equal(by_session(accounts, &session), MP_E_DENIED);
    accounts_close(accounts);
    accounts = open_room();
    session = log_in(accounts, "li");
    struct accounts_session second = log_in(accounts, "li");
    struct accounts_caller caller = caller_of(accounts, &session);
    good(accounts_log_out(accounts, &caller, mp_str_of(session.secret), &err), &err);
    assert_int_equal(by_session(accounts, &session), MP_E_DENIED);
    assert_int_equal(by_session(accounts, &second), MP_OK);
    good(accounts_user_remove(accounts, &root, MP_STR("li"), &err), &err);
    assert_int_equal(by_session(accounts, &second), MP_E_DENIED);
    accounts_close(accounts);
}

static void a_new_password_ends_the_other_sessions(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    struct mp_error err;
    int64_t wait_ms;
    struct accounts_session other;
    struct accounts_login login;
    add_user(accounts, "li", true);
    struct accounts_session own = log_in(accounts, "li");
    other = log_in(accounts, "li");
    struct accounts_caller caller = caller_of(accounts, &own);
    struct mp_str secret = mp_str_of(own.secret);
    assert_int_equal(
        accounts_change_password(accounts, &caller, secret, OTHER, OTHER, &wait_ms, &err),
        MP_E_DENIED);
    assert_string_equal(err.field, "current");
    good(accounts_change_password(accounts, &caller, secret, GOOD, OTHER, &wait_ms, &err), &err);
    assert_int_equal(by_session(accounts, &own), MP_OK);
    assert_int_equal(by_session(accounts, &other), MP_E_DENIED);
    assert_int_equal(try_log_in(accounts, "li", GOOD, "a", &other, &login), MP_E_DENIED);
    assert_int_equal(try_log_in(accounts, "li", OTHER, "a", &other, &login), MP_OK);
    /* Set by somebody else, all end. */
    good(accounts_user_change(accounts, &root, MP_STR("li"), GOOD, NULL, &err), &err);
    assert_int_equal(by_session(accounts, &own), MP_E_DENIED);
    assert_int_equal(by_session(accounts, &other), MP_E_DENIED);
    accounts_close(accounts);
}

static void the_last_administrator_stays_one(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    struct mp_error err;
    bool no = false;
    add_user(accounts, "li", true);
    add_user(accounts, "wang", false);
    assert_int_equal(accounts_user_remove(accounts, &root, MP_STR("li"), &err), MP_E_ARGUMENT);
    assert_int_equal(
        accounts_user_change(accounts, &root, MP_STR("li"), mp_str_range(NULL, 0), &no, &err),
        MP_E_ARGUMENT);
    assert_int_equal(accounts_user_remove(accounts, &root, MP_STR("nobody"), &err), MP_E_NOT_FOUND);
    good(accounts_user_remove(accounts, &root, MP_STR("wang"), &err), &err);
    add_user(accounts, "zhao", true);
    good(accounts_user_change(accounts, &root, MP_STR("li"), mp_str_range(NULL, 0), &no, &err),
         &err);
    good(accounts_user_remove(accounts, &root, MP_STR("li"), &err), &err);
    accounts_close(accounts);
}

static void the_set_up_code_makes_one_administrator_once(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    struct mp_error err;
    char former[ACCOUNTS_SECRET_SIZE], code[ACCOUNTS_SECRET_SIZE];
    bool is_needed = false;
    struct accounts_session session;
    struct accounts_login login = {.name = MP_STR("li"), .password = GOOD, .address = "a"};
    good(accounts_setup_begin(accounts, &is_needed, former, &err), &err);
    good(accounts_setup_begin(accounts, &is_needed, code, &err), &err);
    assert_true(is_needed);
    const char *wrong[] = {"", "mps_", former, "'; DROP TABLE setup; --"};
    for (size_t i = 0; i < 4; i++) {
        login.code = mp_str_of(wrong[i]);
        assert_int_equal(accounts_set_up(accounts, &login, &session, &err), MP_E_DENIED);
        assert_string_equal(err.field, "code");
    }
    login.code = mp_str_of(code);
    good(accounts_set_up(accounts, &login, &session, &err), &err);
    assert_true(caller_of(accounts, &session).is_admin);
    login.name = MP_STR("wang");
    assert_int_equal(accounts_set_up(accounts, &login, &session, &err), MP_E_EXISTS);
    good(accounts_setup_begin(accounts, &is_needed, code, &err), &err);
    assert_false(is_needed);
    good(accounts_needs_setup(accounts, &is_needed, &err), &err);
    assert_false(is_needed);
    accounts_close(accounts);
}

static void a_user_of_the_command_line_ends_the_set_up_too(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    struct mp_error err;
    char code[ACCOUNTS_SECRET_SIZE];
    bool is_needed = false;
    struct accounts_session session;
    good(accounts_setup_begin(accounts, &is_needed, code, &err), &err);
    add_user(accounts, "li", true);
    struct accounts_login login = {
        .name = MP_STR("wang"), .password = GOOD, .code = mp_str_of(code), .address = "a"};
    assert_int_equal(accounts_set_up(accounts, &login, &session, &err), MP_E_EXISTS);
    accounts_close(accounts);
}

static void the_csrf_token_belongs_to_its_session(void **state) {
    (void)state;
    char one[ACCOUNTS_SECRET_SIZE], two[ACCOUNTS_SECRET_SIZE];
    accounts_csrf(MP_STR("secret one"), one);
    accounts_csrf(MP_STR("secret two"), two);
    assert_string_not_equal(one, two);
    assert_true(accounts_csrf_fits(MP_STR("secret one"), mp_str_of(one)));
    assert_false(accounts_csrf_fits(MP_STR("secret one"), mp_str_of(two)));
    assert_false(accounts_csrf_fits(MP_STR("secret one"), MP_STR("")));
    assert_false(accounts_csrf_fits(MP_STR("secret one"), mp_str_range(NULL, 0)));
    assert_false(accounts_csrf_fits(MP_STR("secret one"), mp_str_range(one, strlen(one) - 1)));
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(hostile_names_and_passwords_are_refused_by_name),
        T(only_the_right_password_logs_in),
        T(a_user_who_does_not_exist_is_refused_as_slowly_as_one_who_does),
        T(after_too_many_failures_the_right_password_does_not_help),
        T(good_log_ins_are_never_throttled),
        T(a_session_ends_at_its_time_at_log_out_and_with_its_user),
        T(a_new_password_ends_the_other_sessions),
        T(the_last_administrator_stays_one),
        T(the_set_up_code_makes_one_administrator_once),
        T(a_user_of_the_command_line_ends_the_set_up_too),
        T(the_csrf_token_belongs_to_its_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
