/* Users. One administrator always remains. */
#include "accounts/internal.h"

#include "base/clock.h"

#include <stdio.h>

struct user user_find(struct link *link, struct mp_str name) {
    struct user user = {0};
    struct db_query query = db_begin(link, "user_find");
    db_str(&query, ":name", name);
    if (db_row(&query)) {
        user.id = db_column_i64(&query, 0);
        snprintf(user.password, sizeof(user.password), "%s", db_column_text(&query, 1));
        user.is_admin = db_column_i64(&query, 2) != 0;
    }
    db_end(&query);
    return user;
}

void user_count(struct link *link, int64_t *users, int64_t *admins) {
    struct db_query query = db_begin(link, "user_count");
    *users = *admins = 0;
    if (db_row(&query)) {
        *users = db_column_i64(&query, 0);
        *admins = db_column_i64(&query, 1);
    }
    db_end(&query);
}

int user_insert(struct link *link, struct mp_str name, const char *password, bool is_admin,
                int64_t *id, struct mp_error *err) {
    int64_t users = 0, admins = 0;
    *id = 0;
    user_count(link, &users, &admins);
    if (users >= ACCOUNTS_USERS_MAX) {
        return mp_fail(err, MP_E_FULL, "name", "there are %d users already", ACCOUNTS_USERS_MAX);
    }
    struct db_query query = db_begin(link, "user_add");
    db_str(&query, ":name", name);
    db_str(&query, ":password", mp_str_of(password));
    db_i64(&query, ":is_admin", is_admin);
    db_i64(&query, ":now", mp_now_ms());
    if (db_row(&query)) {
        *id = db_column_i64(&query, 0);
    }
    db_end(&query);
    if (*id == 0 && link->error.code == MP_OK) {
        return mp_fail(err, MP_E_EXISTS, "name", "there is a user of that name already");
    }
    if (users == 0) {
        query = db_begin(link, "setup_remove");
        db_run(&query);
    }
    return MP_OK;
}

int accounts_user_add(struct accounts *accounts, const struct accounts_caller *by,
                      struct mp_str name, struct mp_str password, bool is_admin,
                      struct mp_error *err) {
    struct link *link;
    char text[PASSWORD_TEXT_SIZE];
    int64_t id = 0;
    int code = name_check(name, "name", err);
    code = code ? code : password_check(password, "password", err);
    code = code ? code : password_hash(&accounts->hashing, password, text, err);
    code = code ? code : write_begin(accounts, &link, err);
    if (code != MP_OK) {
        return code;
    }
    code = user_insert(link, name, text, is_admin, &id, err);
    if (code == MP_OK) {
        audit_put(link, by, "", "user.add", name);
    }
    if (code == MP_OK && is_admin) {
        audit_put(link, by, "", "user.make_admin", name);
    }
    return write_end(link, code, err);
}

static int find_existing(struct link *link, struct mp_str name, struct user *out,
                         struct mp_error *err) {
    *out = user_find(link, name);
    return out->id != 0 || link->error.code != MP_OK
               ? MP_OK
               : mp_fail(err, MP_E_NOT_FOUND, "user", "there is no such user");
}

/* Fails if the user is the only administrator. */
static int check_others(struct link *link, const struct user *user, const char *field,
                        struct mp_error *err) {
    int64_t users = 0, admins = 0;
    user_count(link, &users, &admins);
    return user->is_admin && admins < 2
               ? mp_fail(err, MP_E_ARGUMENT, field,
                         "this is the last administrator; make another one first")
               : MP_OK;
}

static void set_password(struct link *link, const struct accounts_caller *by, struct mp_str name,
                         const struct user *user, const char *text) {
    struct db_query query = db_begin(link, "user_set_password");
    db_i64(&query, ":user", user->id);
    db_str(&query, ":former", mp_str_of(user->password));
    db_str(&query, ":password", mp_str_of(text));
    db_run(&query);
    query = db_begin(link, "session_remove_others");
    db_i64(&query, ":user", user->id);
    db_blob(&query, ":hash", "", 0);
    db_run(&query);
    audit_put(link, by, "", "user.reset_password", name);
}

static int set_admin(struct link *link, const struct accounts_caller *by, struct mp_str name,
                     const struct user *user, bool is_admin, struct mp_error *err) {
    int code = is_admin ? MP_OK : check_others(link, user, "is_admin", err);
    if (code == MP_OK) {
        struct db_query query = db_begin(link, "user_set_admin");
        db_i64(&query, ":user", user->id);
        db_i64(&query, ":is_admin", is_admin);
        db_run(&query);
        audit_put(link, by, "", is_admin ? "user.make_admin" : "user.unmake_admin", name);
    }
    return code;
}

int accounts_user_change(struct accounts *accounts, const struct accounts_caller *by,
                         struct mp_str name, struct mp_str password, const bool *is_admin,
                         struct mp_error *err) {
    struct link *link;
    struct user user;
    char text[PASSWORD_TEXT_SIZE];
    int code = password.ptr ? password_check(password, "password", err) : MP_OK;
    if (code == MP_OK && password.ptr) {
        code = password_hash(&accounts->hashing, password, text, err);
    }
    code = code ? code : write_begin(accounts, &link, err);
    if (code != MP_OK) {
        return code;
    }
    code = find_existing(link, name, &user, err);
    if (code == MP_OK && password.ptr) {
        set_password(link, by, name, &user, text);
    }
    if (code == MP_OK && is_admin) {
        code = set_admin(link, by, name, &user, *is_admin, err);
    }
    return write_end(link, code, err);
}

int accounts_user_remove(struct accounts *accounts, const struct accounts_caller *by,
                         struct mp_str name, struct mp_error *err) {
    struct link *link;
    struct user user;
    int code = write_begin(accounts, &link, err);
    if (code != MP_OK) {
        return code;
    }
    code = find_existing(link, name, &user, err);
    code = code ? code : check_others(link, &user, "user", err);
    if (code == MP_OK) {
        struct db_query query = db_begin(link, "user_remove");
        db_i64(&query, ":user", user.id);
        db_run(&query);
        audit_put(link, by, "", "user.remove", name);
    }
    return write_end(link, code, err);
}

int accounts_users(struct accounts *accounts, accounts_on_user *on, void *arg,
                   struct mp_error *err) {
    struct link *link = read_begin(accounts);
    struct db_query query = db_begin(link, "user_list");
    while (db_row(&query)) {
        struct accounts_user user = {.name = db_column_text(&query, 0),
                                     .is_admin = db_column_i64(&query, 1) != 0,
                                     .created_ms = db_column_i64(&query, 2),
                                     .logged_in_ms = db_column_i64(&query, 3)};
        on(arg, &user);
    }
    db_end(&query);
    return read_end(link, err);
}
