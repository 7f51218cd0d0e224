/* Who is what on an app. */
#include "accounts/internal.h"

#include <stdio.h>

int accounts_members(struct accounts *accounts, const char *app, accounts_on_member *on, void *arg,
                     struct mp_error *err) {
    struct link *link = read_begin(accounts);
    struct db_query query = db_begin(link, "member_list");
    db_str(&query, ":app", mp_str_of(app));
    while (db_row(&query)) {
        on(arg, db_column_text(&query, 0), (enum accounts_role)db_column_i64(&query, 1));
    }
    db_end(&query);
    return read_end(link, err);
}

/* The same answer for who does not exist and who is no member: an owner does not learn who has an
 * account here. */
static int find_member(struct link *link, const char *app, struct mp_str name, bool or_any_user,
                       int64_t *user, struct mp_error *err) {
    *user = user_find(link, name).id;
    bool is_found =
        *user != 0 && (or_any_user || member_role(link, mp_str_of(app), *user) != ACCOUNTS_NONE);
    return is_found || link->error.code != MP_OK
               ? MP_OK
               : mp_fail(err, MP_E_NOT_FOUND, "user", "there is no such member");
}

static void set(struct link *link, const char *app, int64_t user, enum accounts_role role) {
    struct db_query query = db_begin(link, "member_set");
    db_str(&query, ":app", mp_str_of(app));
    db_i64(&query, ":user", user);
    db_i64(&query, ":role", role);
    db_run(&query);
}

int accounts_app_added(struct accounts *accounts, const struct accounts_caller *by, const char *app,
                       struct mp_error *err) {
    struct link *link;
    int code = write_begin(accounts, &link, err);
    if (code != MP_OK) {
        return code;
    }
    if (by->kind == ACCOUNTS_USER) {
        set(link, app, by->id, ACCOUNTS_OWNER);
    }
    audit_put(link, by, app, "app.add", mp_str_of(app));
    return write_end(link, MP_OK, err);
}

int accounts_member_set(struct accounts *accounts, const struct accounts_caller *by,
                        const char *app, struct mp_str name, enum accounts_role role,
                        struct mp_error *err) {
    struct link *link;
    int64_t user = 0;
    char target[ACCOUNTS_NAME_MAX + 16];
    int code = write_begin(accounts, &link, err);
    if (code != MP_OK) {
        return code;
    }
    code = find_member(link, app, name, by->is_admin || by->kind == ACCOUNTS_COMMAND, &user, err);
    if (code == MP_OK) {
        set(link, app, user, role);
        snprintf(target, sizeof(target), "%.*s %s", MP_STR_ARG(name), accounts_role_name(role));
        audit_put(link, by, app, "member.set", mp_str_of(target));
    }
    return write_end(link, code, err);
}

int accounts_member_remove(struct accounts *accounts, const struct accounts_caller *by,
                           const char *app, struct mp_str name, struct mp_error *err) {
    struct link *link;
    int64_t user = 0;
    int code = write_begin(accounts, &link, err);
    if (code != MP_OK) {
        return code;
    }
    code = find_member(link, app, name, false, &user, err);
    if (code == MP_OK) {
        struct db_query query = db_begin(link, "member_remove");
        db_str(&query, ":app", mp_str_of(app));
        db_i64(&query, ":user", user);
        db_run(&query);
        audit_put(link, by, app, "member.remove", name);
    }
    return write_end(link, code, err);
}
