/* Appids, secrets and the tokens that they give. */
#include "unit/accounts/helpers.h"

#include "base/clock.h"

#include <sqlite3.h>

#define APPID MP_STR("wx0123456789abcdef")
#define SECRET MP_STR("00112233445566778899aabbccddeeff")
#define MINUTES_5 300000

static const struct mp_str absent = {0};

static struct accounts *open_with_pair(void) {
    struct accounts *accounts = open_room();
    struct mp_error err;
    char made[ACCOUNTS_APPSECRET_SIZE];
    good(accounts_weixin_set(accounts, &root, "shop", APPID, SECRET, made, &err), &err);
    assert_string_equal(made, "");
    return accounts;
}

static struct accounts_weixin_token give(struct accounts *accounts,
                                         enum accounts_weixin_kind kind) {
    struct accounts_weixin_token token;
    struct mp_error err;
    good(accounts_weixin_token(accounts, APPID, SECRET, kind, &token, &err), &err);
    return token;
}

/* The code for a token, and whether it is known as one that has ended. */
static int look(struct accounts *accounts, const char *token, bool *has_ended) {
    char app[MP_APP_ID_MAX + 1];
    int code = accounts_by_weixin_token(accounts, mp_str_of(token), app, has_ended, NULL);
    if (code == MP_OK) {
        assert_string_equal(app, "shop");
    }
    return code;
}

static void assert_holds(struct accounts *accounts, const char *token) {
    bool has_ended;
    assert_int_equal(look(accounts, token, &has_ended), MP_OK);
}

static void assert_ended(struct accounts *accounts, const char *token) {
    bool has_ended;
    assert_int_equal(look(accounts, token, &has_ended), MP_E_DENIED);
    assert_true(has_ended);
}

static void assert_unknown(struct accounts *accounts, const char *token) {
    bool has_ended;
    assert_int_equal(look(accounts, token, &has_ended), MP_E_DENIED);
    assert_false(has_ended);
}

/* As if that much time had gone by. */
static void pass_ms(int64_t ms) {
    sqlite3 *db;
    char sql[128];
    snprintf(sql, sizeof(sql), "UPDATE weixin_tokens SET expires_ms = expires_ms - %lld",
             (long long)ms);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_new_token_leaves_the_former_valid_for_five_more_minutes(void **state) {
    (void)state;
    struct accounts *accounts = open_with_pair();
    int64_t now_ms = mp_now_ms();
    struct accounts_weixin_token first = give(accounts, ACCOUNTS_WEIXIN_PLAIN);
    assert_in_range(first.expires_ms, now_ms + ACCOUNTS_WEIXIN_TOKEN_MS,
                    now_ms + ACCOUNTS_WEIXIN_TOKEN_MS + 10000);
    struct accounts_weixin_token second = give(accounts, ACCOUNTS_WEIXIN_PLAIN);
    assert_string_not_equal(first.text, second.text);
    assert_holds(accounts, first.text);
    assert_holds(accounts, second.text);
    pass_ms(MINUTES_5 - 20000);
    assert_holds(accounts, first.text);
    pass_ms(20000);
    assert_ended(accounts, first.text);
    assert_holds(accounts, second.text);
    pass_ms(ACCOUNTS_WEIXIN_TOKEN_MS);
    assert_ended(accounts, second.text);
    accounts_close(accounts);
}

static void a_stable_token_is_the_same_until_five_minutes_before_its_end(void **state) {
    (void)state;
    struct accounts *accounts = open_with_pair();
    struct accounts_weixin_token first = give(accounts, ACCOUNTS_WEIXIN_STABLE);
    pass_ms(3600000);
    struct accounts_weixin_token again = give(accounts, ACCOUNTS_WEIXIN_STABLE);
    assert_string_equal(first.text, again.text);
    assert_int_equal(again.expires_ms, first.expires_ms - 3600000);
    pass_ms(ACCOUNTS_WEIXIN_TOKEN_MS - 3600000 - MINUTES_5 - 20000);
    assert_string_equal(first.text, give(accounts, ACCOUNTS_WEIXIN_STABLE).text);
    pass_ms(20000);
    struct accounts_weixin_token next = give(accounts, ACCOUNTS_WEIXIN_STABLE);
    assert_string_not_equal(first.text, next.text);
    assert_holds(accounts, first.text);
    assert_holds(accounts, next.text);
    accounts_close(accounts);
}

static void a_forced_refresh_ends_the_stable_token_at_once_and_no_other(void **state) {
    (void)state;
    struct accounts *accounts = open_with_pair();
    struct accounts_weixin_token plain = give(accounts, ACCOUNTS_WEIXIN_PLAIN);
    struct accounts_weixin_token stable = give(accounts, ACCOUNTS_WEIXIN_STABLE);
    struct accounts_weixin_token forced = give(accounts, ACCOUNTS_WEIXIN_FORCED);
    assert_ended(accounts, stable.text);
    assert_holds(accounts, plain.text);
    assert_string_equal(give(accounts, ACCOUNTS_WEIXIN_STABLE).text, forced.text);
    accounts_close(accounts);
}

static void tokens_survive_a_restart_and_stand_nowhere_in_the_database(void **state) {
    (void)state;
    static char bytes[1 << 20];
    struct accounts *accounts = open_with_pair();
    struct accounts_weixin_token plain = give(accounts, ACCOUNTS_WEIXIN_PLAIN);
    struct accounts_weixin_token stable = give(accounts, ACCOUNTS_WEIXIN_STABLE);
    accounts_close(accounts);
    FILE *file = fopen(path, "rb");
    size_t len = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    assert_non_null(memmem(bytes, len, "wx0123456789abcdef", 18));
    assert_null(memmem(bytes, len, plain.text, strlen(plain.text)));
    assert_null(memmem(bytes, len, stable.text, strlen(stable.text)));
    assert_null(memmem(bytes, len, SECRET.ptr, SECRET.len));
    accounts = open_room();
    assert_holds(accounts, plain.text);
    assert_string_equal(give(accounts, ACCOUNTS_WEIXIN_STABLE).text, stable.text);
    accounts_close(accounts);
}

static void a_wrong_appid_and_a_wrong_secret_give_no_token(void **state) {
    (void)state;
    struct accounts *accounts = open_with_pair();
    struct accounts_weixin_token token;
    static const char *const secrets[] = {"", "0", "00112233445566778899aabbccddeefe",
                                          "00112233445566778899aabbccddeeff0",
                                          "00112233445566778899AABBCCDDEEFF"};
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        assert_int_equal(accounts_weixin_token(accounts, APPID, mp_str_of(secrets[i]),
                                               ACCOUNTS_WEIXIN_STABLE, &token, NULL),
                         MP_E_DENIED);
    }
    assert_int_equal(accounts_weixin_token(accounts, MP_STR("wx0123456789abcdee"), SECRET,
                                           ACCOUNTS_WEIXIN_PLAIN, &token, NULL),
                     MP_E_NOT_FOUND);
    assert_unknown(accounts, "");
    assert_unknown(accounts, "mpx_nothing");
    accounts_close(accounts);
}

static void another_secret_or_appid_ends_all_tokens(void **state) {
    (void)state;
    struct accounts *accounts = open_with_pair();
    struct mp_error err;
    char made[ACCOUNTS_APPSECRET_SIZE];
    struct accounts_weixin_token first = give(accounts, ACCOUNTS_WEIXIN_STABLE);
    good(accounts_weixin_set(accounts, &root, "shop", MP_STR("wx1"), absent, made, &err), &err);
    assert_string_equal(made, "");
    assert_unknown(accounts, first.text);
    good(accounts_weixin_set(accounts, &root, "shop", APPID, absent, made, &err), &err);
    struct accounts_weixin_token second = give(accounts, ACCOUNTS_WEIXIN_STABLE);
    assert_string_not_equal(first.text, second.text);
    good(accounts_weixin_set(accounts, &root, "shop", absent,
                             MP_STR("ffffffffffffffffffffffffffffffff"), made, &err),
         &err);
    assert_unknown(accounts, second.text);
    assert_int_equal(
        accounts_weixin_token(accounts, APPID, SECRET, ACCOUNTS_WEIXIN_STABLE, &second, NULL),
        MP_E_DENIED);
    good(accounts_weixin_remove(accounts, &root, "shop", &err), &err);
    assert_int_equal(
        accounts_weixin_token(accounts, APPID, SECRET, ACCOUNTS_WEIXIN_STABLE, &second, NULL),
        MP_E_NOT_FOUND);
    accounts_close(accounts);
}

static void an_app_without_a_secret_gets_one_and_an_appid_is_one_apps(void **state) {
    (void)state;
    struct accounts *accounts = open_with_pair();
    struct mp_error err;
    struct accounts_weixin_token token;
    char made[ACCOUNTS_APPSECRET_SIZE], appid[ACCOUNTS_APPID_MAX + 1];
    assert_int_equal(accounts_weixin_set(accounts, &root, "tea", APPID, absent, made, &err),
                     MP_E_EXISTS);
    assert_int_equal(accounts_weixin_set(accounts, &root, "tea", absent, SECRET, made, &err),
                     MP_E_ARGUMENT);
    assert_string_equal(err.field, "weixin_appid");
    assert_int_equal(
        accounts_weixin_set(accounts, &root, "tea", MP_STR("wx tea"), SECRET, made, &err),
        MP_E_ARGUMENT);
    assert_int_equal(
        accounts_weixin_set(accounts, &root, "tea", MP_STR("wx2"), MP_STR("short"), made, &err),
        MP_E_ARGUMENT);
    assert_string_equal(err.field, "weixin_secret");
    accounts_weixin_make_appid(appid);
    assert_int_equal(strlen(appid), 18);
    good(accounts_weixin_set(accounts, &root, "tea", mp_str_of(appid), absent, made, &err), &err);
    assert_int_equal(strlen(made), 32);
    good(accounts_weixin_token(accounts, mp_str_of(appid), mp_str_of(made), ACCOUNTS_WEIXIN_PLAIN,
                               &token, &err),
         &err);
    good(accounts_weixin(accounts, "tea", appid, &err), &err);
    assert_int_equal(strlen(appid), 18);
    good(accounts_weixin(accounts, "nobody", appid, &err), &err);
    assert_string_equal(appid, "");
    accounts_close(accounts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_token_leaves_the_former_valid_for_five_more_minutes,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_stable_token_is_the_same_until_five_minutes_before_its_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_forced_refresh_ends_the_stable_token_at_once_and_no_other,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(tokens_survive_a_restart_and_stand_nowhere_in_the_database,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_appid_and_a_wrong_secret_give_no_token, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(another_secret_or_appid_ends_all_tokens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_app_without_a_secret_gets_one_and_an_appid_is_one_apps,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
