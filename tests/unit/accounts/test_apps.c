/* Members, invitations, tokens, the audit log. */
#include "unit/accounts/helpers.h"

#include <time.h>

static enum accounts_role role_on(struct accounts *accounts, const struct accounts_caller *caller,
                                  const char *app) {
    enum accounts_role role;
    struct mp_error err;
    good(accounts_role_on(accounts, caller, mp_str_of(app), &role, &err), &err);
    return role;
}

static void a_role_is_of_one_app_and_an_administrator_owns_all(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    struct mp_error err;
    add_user(accounts, "root1", true);
    add_user(accounts, "li", false);
    struct accounts_session li = log_in(accounts, "li"), admin = log_in(accounts, "root1");
    struct accounts_caller caller = caller_of(accounts, &li), boss = caller_of(accounts, &admin);
    assert_int_equal(role_on(accounts, &caller, "shop"), ACCOUNTS_NONE);
    good(accounts_member_set(accounts, &root, "shop", MP_STR("li"), ACCOUNTS_ANALYST, &err), &err);
    assert_int_equal(role_on(accounts, &caller, "shop"), ACCOUNTS_ANALYST);
    assert_int_equal(role_on(accounts, &caller, "other"), ACCOUNTS_NONE);
    assert_int_equal(role_on(accounts, &boss, "shop"), ACCOUNTS_OWNER);
    assert_int_equal(role_on(accounts, &root, "shop"), ACCOUNTS_NONE);
    good(accounts_member_remove(accounts, &root, "shop", MP_STR("li"), &err), &err);
    assert_int_equal(role_on(accounts, &caller, "shop"), ACCOUNTS_NONE);
    accounts_close(accounts);
}

static void an_owner_learns_nothing_of_who_is_no_member(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    struct mp_error there, not_there;
    add_user(accounts, "li", false);
    add_user(accounts, "wang", false);
    good(accounts_member_set(accounts, &root, "shop", MP_STR("li"), ACCOUNTS_OWNER, &there),
         &there);
    struct accounts_session session = log_in(accounts, "li");
    struct accounts_caller owner = caller_of(accounts, &session);
    assert_int_equal(
        accounts_member_set(accounts, &owner, "shop", MP_STR("wang"), ACCOUNTS_VIEWER, &there),
        MP_E_NOT_FOUND);
    assert_int_equal(accounts_member_set(accounts, &owner, "shop", MP_STR("nobody"),
                                         ACCOUNTS_VIEWER, &not_there),
                     MP_E_NOT_FOUND);
    assert_string_equal(there.message, not_there.message);
    accounts_close(accounts);
}

static void an_invitation_works_once_and_never_lowers_a_role(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    struct mp_error err;
    struct accounts_invitation made;
    struct accounts_session session;
    char code[ACCOUNTS_SECRET_SIZE], second[ACCOUNTS_SECRET_SIZE];
    add_user(accounts, "li", false);
    good(accounts_invite(accounts, &root, "shop", ACCOUNTS_ANALYST, code, &made, &err), &err);
    struct accounts_login login = {
        .name = MP_STR("li"), .password = GOOD, .code = mp_str_of(code), .address = "a"};
    /* A name that is taken does not use it up. */
    assert_int_equal(accounts_join(accounts, &login, &session, &err), MP_E_EXISTS);
    login.name = MP_STR("zhao");
    good(accounts_join(accounts, &login, &session, &err), &err);
    struct accounts_caller zhao = caller_of(accounts, &session);
    assert_int_equal(role_on(accounts, &zhao, "shop"), ACCOUNTS_ANALYST);
    login.name = MP_STR("qian");
    assert_int_equal(accounts_join(accounts, &login, &session, &err), MP_E_DENIED);
    good(accounts_invite(accounts, &root, "shop", ACCOUNTS_VIEWER, second, &made, &err), &err);
    login.code = mp_str_of(second);
    good(accounts_join_as(accounts, &zhao, &login, &err), &err);
    assert_int_equal(role_on(accounts, &zhao, "shop"), ACCOUNTS_ANALYST);
    assert_int_equal(accounts_join_as(accounts, &zhao, &login, &err), MP_E_DENIED);
    good(accounts_invite(accounts, &root, "shop", ACCOUNTS_OWNER, second, &made, &err), &err);
    assert_int_equal(accounts_uninvite(accounts, &root, "other", made.id, &err), MP_E_NOT_FOUND);
    good(accounts_uninvite(accounts, &root, "shop", made.id, &err), &err);
    assert_int_equal(accounts_join_as(accounts, &zhao, &login, &err), MP_E_DENIED);
    accounts_close(accounts);
}

static bool file_contains(const char *ending, const char *text) {
    char name[160];
    snprintf(name, sizeof(name), "%s%s", path, ending);
    FILE *file = fopen(name, "r");
    if (!file) {
        return false;
    }
    static char bytes[4 << 20];
    size_t len = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    return memmem(bytes, len, text, strlen(text)) != NULL;
}

static void secrets_are_kept_as_hashes_only(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    struct mp_error err;
    char token[ACCOUNTS_SECRET_SIZE], code[ACCOUNTS_SECRET_SIZE];
    struct accounts_invitation made;
    int64_t id;
    add_user(accounts, "li", false);
    struct accounts_session session = log_in(accounts, "li");
    good(accounts_token_add(accounts, &root, "shop", MP_STR("a label"), ACCOUNTS_VIEWER, token, &id,
                            &err),
         &err);
    good(accounts_invite(accounts, &root, "shop", ACCOUNTS_VIEWER, code, &made, &err), &err);
    const char *endings[] = {"", "-wal"};
    bool is_label_seen = false;
    for (size_t i = 0; i < 2; i++) {
        is_label_seen |= file_contains(endings[i], "a label");
        assert_false(file_contains(endings[i], token + 4));
        assert_false(file_contains(endings[i], code + 4));
        assert_false(file_contains(endings[i], session.secret));
        assert_false(file_contains(endings[i], GOOD.ptr));
    }
    assert_true(is_label_seen);
    accounts_close(accounts);
}

static void a_token_is_of_one_app_and_role_until_it_is_revoked(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    struct mp_error err;
    struct accounts_caller caller;
    char token[ACCOUNTS_SECRET_SIZE];
    int64_t id;
    good(accounts_token_add(accounts, &root, "shop", MP_STR("CI 服务器"), ACCOUNTS_ANALYST, token,
                            &id, &err),
         &err);
    good(accounts_by_token(accounts, mp_str_of(token), &caller, &err), &err);
    assert_int_equal(caller.kind, ACCOUNTS_TOKEN);
    assert_string_equal(caller.name, "CI 服务器");
    assert_int_equal(role_on(accounts, &caller, "shop"), ACCOUNTS_ANALYST);
    assert_int_equal(role_on(accounts, &caller, "other"), ACCOUNTS_NONE);
    const struct mp_str wrong[] = {MP_STR(""), MP_STR("mpt_"), mp_str_range(token, 46),
                                   mp_str_range(token + 4, strlen(token) - 4), MP_STR("\0\0\0")};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(accounts_by_token(accounts, wrong[i], &caller, &err), MP_E_DENIED);
    }
    assert_int_equal(accounts_token_revoke(accounts, &root, "other", id, &err), MP_E_NOT_FOUND);
    good(accounts_token_revoke(accounts, &root, "shop", id, &err), &err);
    assert_int_equal(accounts_by_token(accounts, mp_str_of(token), &caller, &err), MP_E_DENIED);
    assert_int_equal(accounts_token_revoke(accounts, &root, "shop", id, &err), MP_E_NOT_FOUND);
    const struct mp_str labels[] = {MP_STR(""), MP_STR("a\nb"), MP_STR("\xff"), MP_STR("a\0b")};
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        assert_int_equal(accounts_token_add(accounts, &root, "shop", labels[i], ACCOUNTS_VIEWER,
                                            token, &id, &err),
                         MP_E_ARGUMENT);
        assert_string_equal(err.field, "label");
    }
    accounts_close(accounts);
}

static void take_used(void *arg, const struct accounts_token *token) {
    *(int64_t *)arg = token->used_ms;
}

static void a_tokens_use_is_noted(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    struct mp_error err;
    struct accounts_caller caller;
    char token[ACCOUNTS_SECRET_SIZE];
    int64_t id, used_ms = -1;
    good(
        accounts_token_add(accounts, &root, "shop", MP_STR("a"), ACCOUNTS_VIEWER, token, &id, &err),
        &err);
    good(accounts_tokens(accounts, "shop", take_used, &used_ms, &err), &err);
    assert_int_equal(used_ms, 0);
    good(accounts_by_token(accounts, mp_str_of(token), &caller, &err), &err);
    good(accounts_tokens(accounts, "shop", take_used, &used_ms, &err), &err);
    assert_true(used_ms > 0);
    accounts_close(accounts);
}

static void looking_a_token_up_takes_less_than_50_microseconds_of_a_core(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    struct mp_error err;
    struct accounts_caller caller;
    char token[ACCOUNTS_SECRET_SIZE];
    struct timespec began, ended;
    int64_t id;
    enum { LOOKS = 5000 };
    for (int i = 0; i < 100; i++) {
        good(accounts_token_add(accounts, &root, "shop", MP_STR("a"), ACCOUNTS_VIEWER, token, &id,
                                &err),
             &err);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
    for (int i = 0; i < LOOKS; i++) {
        good(accounts_by_token(accounts, mp_str_of(token), &caller, &err), &err);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
    double us =
        ((double)(ended.tv_sec - began.tv_sec) * 1e9 + (double)(ended.tv_nsec - began.tv_nsec)) /
        1e3 / LOOKS;
    print_message("a token is looked up in %.1f us\n", us);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(us < 50);
#endif
    accounts_close(accounts);
}

struct log {
    char text[4096];
    int64_t last_id;
    int count;
};

static void take_entry(void *arg, const struct accounts_entry *entry) {
    struct log *log = arg;
    size_t len = strlen(log->text);
    assert_true(entry->time_ms > 0);
    snprintf(log->text + len, sizeof(log->text) - len, "%s %s|%s|%s|%s|%s\n",
             accounts_kind_name(entry->kind), entry->name, entry->app, entry->action, entry->target,
             entry->address);
    log->last_id = entry->id;
    log->count++;
}

static void the_audit_log_tells_who_did_what_from_where(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    struct mp_error err;
    struct log all = {0}, of_shop = {0}, page = {0};
    struct accounts_session session;
    struct accounts_login login;
    char token[ACCOUNTS_SECRET_SIZE];
    int64_t id;
    add_user(accounts, "li", true);
    try_log_in(accounts, "li", OTHER, "203.0.113.7", &session, &login);
    session = log_in(accounts, "li");
    struct accounts_caller li = caller_of(accounts, &session);
    snprintf(li.address, sizeof(li.address), "192.0.2.1");
    good(accounts_token_add(accounts, &li, "shop", MP_STR("CI"), ACCOUNTS_VIEWER, token, &id, &err),
         &err);
    /* What is refused leaves no trace of having been done. */
    assert_int_equal(accounts_token_revoke(accounts, &li, "shop", 99, &err), MP_E_NOT_FOUND);
    good(accounts_audit(accounts, NULL, INT64_MAX, 100, take_entry, &all, &err), &err);
    assert_string_equal(all.text, "user li|shop|token.add|1 CI viewer|192.0.2.1\n"
                                  "user li||session.log_in||192.0.2.1\n"
                                  "nobody ||session.refused|li|203.0.113.7\n"
                                  "command root||user.make_admin|li|local\n"
                                  "command root||user.add|li|local\n");
    good(accounts_audit(accounts, "shop", INT64_MAX, 100, take_entry, &of_shop, &err), &err);
    assert_int_equal(of_shop.count, 1);
    good(accounts_audit(accounts, NULL, of_shop.last_id, 2, take_entry, &page, &err), &err);
    assert_int_equal(page.count, 2);
    assert_null(strstr(page.text, "token.add"));
    accounts_close(accounts);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_role_is_of_one_app_and_an_administrator_owns_all),
        T(an_owner_learns_nothing_of_who_is_no_member),
        T(an_invitation_works_once_and_never_lowers_a_role),
        T(secrets_are_kept_as_hashes_only),
        T(a_token_is_of_one_app_and_role_until_it_is_revoked),
        T(a_tokens_use_is_noted),
        T(looking_a_token_up_takes_less_than_50_microseconds_of_a_core),
        T(the_audit_log_tells_who_did_what_from_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
