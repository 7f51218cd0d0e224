/* The file: its mode, its schema, several at once. */
#include "unit/accounts/helpers.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>

static void run_sql(const char *sql) {
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void the_file_is_for_its_owner_only_whatever_umask_says(void **state) {
    (void)state;
    mode_t before = umask(0);
    struct accounts *accounts = open_room();
    add_user(accounts, "li", true);
    const char *endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char name[160];
        struct stat info;
        snprintf(name, sizeof(name), "%s%s", path, endings[i]);
        assert_int_equal(stat(name, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
    umask(before);
    accounts_close(accounts);
}

static void what_was_written_is_there_after_opening_again(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    add_user(accounts, "li", true);
    struct accounts_session session = log_in(accounts, "li");
    accounts_close(accounts);
    accounts = open_room();
    struct accounts_caller caller = caller_of(accounts, &session);
    assert_string_equal(caller.name, "li");
    assert_true(caller.is_admin);
    accounts_close(accounts);
}

static int open_code(struct mp_error *err) {
    struct accounts *accounts = NULL;
    struct accounts_config config = {.path = path, .session_ms = HOUR_MS};
    int code = accounts_open(&config, &accounts, err);
    accounts_close(accounts);
    return code;
}

static void a_database_of_a_newer_program_or_of_another_one_is_refused(void **state) {
    (void)state;
    struct mp_error err;
    accounts_close(open_room());
    run_sql("INSERT INTO schema_migrations VALUES (99, '0099_later', 1, 1)");
    assert_int_equal(open_code(&err), MP_E_CORRUPT);
    assert_non_null(strstr(err.message, "newer"));
    run_sql("DELETE FROM schema_migrations WHERE number = 99");
    assert_int_equal(open_code(&err), MP_OK);
    run_sql("UPDATE schema_migrations SET checksum = checksum + 1");
    assert_int_equal(open_code(&err), MP_E_CORRUPT);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 2000; i++) {
        fputs("this is no database ", file);
    }
    fclose(file);
    assert_int_equal(open_code(&err), MP_E_CORRUPT);
}

static void a_folder_that_is_missing_is_an_error_with_the_path(void **state) {
    (void)state;
    struct mp_error err;
    snprintf(path, sizeof(path), "%s/nowhere/minipulse.db", dir);
    assert_int_equal(open_code(&err), MP_E_IO);
    assert_non_null(strstr(err.message, "nowhere"));
}

static void *open_and_add(void *arg) {
    struct accounts *accounts = NULL;
    struct accounts_config config = {.path = path, .session_ms = HOUR_MS};
    struct mp_error err = {0};
    char token[ACCOUNTS_SECRET_SIZE];
    int64_t id;
    (void)arg;
    int code = accounts_open(&config, &accounts, &err);
    for (int i = 0; code == MP_OK && i < 20; i++) {
        code = accounts_token_add(accounts, &root, "shop", MP_STR("t"), ACCOUNTS_VIEWER, token, &id,
                                  &err);
    }
    accounts_close(accounts);
    return code == MP_OK ? NULL : strdup(err.message);
}

static void count(void *arg, const struct accounts_token *token) {
    (void)token;
    ++*(int *)arg;
}

static void several_that_open_and_write_at_once_lose_nothing_of_each_other(void **state) {
    (void)state;
    pthread_t threads[4];
    int tokens = 0;
    struct mp_error err;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, open_and_add, NULL), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *failure = NULL;
        pthread_join(threads[i], &failure);
        if (failure) {
            fail_msg("%s", (char *)failure);
        }
    }
    struct accounts *accounts = open_room();
    good(accounts_tokens(accounts, "shop", count, &tokens, &err), &err);
    assert_int_equal(tokens, 80);
    accounts_close(accounts);
}

static void readers_go_on_while_another_process_writes(void **state) {
    (void)state;
    struct accounts *accounts = open_room();
    add_user(accounts, "li", true);
    struct accounts_session session = log_in(accounts, "li");
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(by_session(accounts, &session), MP_OK);
    sqlite3_close(other);
    accounts_close(accounts);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(the_file_is_for_its_owner_only_whatever_umask_says),
        T(what_was_written_is_there_after_opening_again),
        T(a_database_of_a_newer_program_or_of_another_one_is_refused),
        T(a_folder_that_is_missing_is_an_error_with_the_path),
        T(several_that_open_and_write_at_once_lose_nothing_of_each_other),
        T(readers_go_on_while_another_process_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
