/* What the tests of accounts/ share: a folder, the room opened on it, and users. */
#ifndef TESTS_ACCOUNTS_HELPERS_H
#define TESTS_ACCOUNTS_HELPERS_H

#include "accounts/accounts.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define GOOD MP_STR("correct horse")
#define OTHER MP_STR("battery staple")
#define HOUR_MS (3600 * 1000)

static char dir[64], path[128];
static const struct accounts_caller root = {
    .kind = ACCOUNTS_COMMAND, .name = "root", .address = "local"};

static int set_up(void **state) {
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/minipulse-accounts-XXXXXX");
    if (!mkdtemp(dir)) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/minipulse.db", dir);
    return 0;
}

static int remove_entry(const char *entry, const struct stat *info, int type, struct FTW *place) {
    (void)info, (void)type, (void)place;
    return remove(entry);
}

static int tear_down(void **state) {
    (void)state;
    return nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static inline struct accounts *open_for(int64_t session_ms) {
    struct accounts *accounts = NULL;
    struct accounts_config config = {.path = path, .session_ms = session_ms};
    struct mp_error err;
    if (accounts_open(&config, &accounts, &err) != MP_OK) {
        fail_msg("%s", err.message);
    }
    return accounts;
}

static inline struct accounts *open_room(void) {
    return open_for(HOUR_MS);
}

/* Fails the test with what went wrong. */
static inline void good(int code, const struct mp_error *err) {
    if (code != MP_OK) {
        fail_msg("%s: %s", mp_code_name((enum mp_code)code), err->message);
    }
}

static inline void add_user(struct accounts *accounts, const char *name, bool is_admin) {
    struct mp_error err;
    good(accounts_user_add(accounts, &root, mp_str_of(name), GOOD, is_admin, &err), &err);
}

static inline int try_log_in(struct accounts *accounts, const char *name, struct mp_str password,
                             const char *address, struct accounts_session *out,
                             struct accounts_login *login) {
    struct mp_error err;
    *login =
        (struct accounts_login){.name = mp_str_of(name), .password = password, .address = address};
    return accounts_log_in(accounts, login, out, &err);
}

static inline struct accounts_session log_in(struct accounts *accounts, const char *name) {
    struct accounts_session session;
    struct accounts_login login;
    assert_int_equal(try_log_in(accounts, name, GOOD, "192.0.2.1", &session, &login), MP_OK);
    return session;
}

static inline struct accounts_caller caller_of(struct accounts *accounts,
                                               const struct accounts_session *session) {
    struct accounts_caller caller;
    struct mp_error err;
    good(accounts_by_session(accounts, mp_str_of(session->secret), &caller, &err), &err);
    return caller;
}

static inline int by_session(struct accounts *accounts, const struct accounts_session *session) {
    struct accounts_caller caller;
    return accounts_by_session(accounts, mp_str_of(session->secret), &caller, NULL);
}

#endif
