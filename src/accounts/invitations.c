/* How an owner brings somebody in without knowing who has an account: a code that works once. */
#include "accounts/internal.h"

#include "base/clock.h"

#include <stdio.h>

int accounts_invitations(struct accounts *accounts, const char *app, accounts_on_invitation *on,
                         void *arg, struct mp_error *err) {
    struct link *link = read_begin(accounts);
    struct db_query query = db_begin(link, "invitation_list");
    db_str(&query, ":app", mp_str_of(app));
    db_i64(&query, ":now", mp_now_ms());
    while (db_row(&query)) {
        struct accounts_invitation invitation = {
            .id = db_column_i64(&query, 0),
            .role = (enum accounts_role)db_column_i64(&query, 1),
            .created_ms = db_column_i64(&query, 2),
            .created_by = db_column_text(&query, 3),
            .expires_ms = db_column_i64(&query, 4),
        };
        on(arg, &invitation);
    }
    db_end(&query);
    return read_end(link, err);
}

static int64_t insert(struct link *link, const struct accounts_caller *by, const char *app,
                      const struct secret *secret, const struct accounts_invitation *invitation) {
    char author[CREATED_BY_SIZE];
    int64_t id = 0;
    caller_text(by, author);
    struct db_query query = db_begin(link, "invitation_remove_ended");
    db_i64(&query, ":now", invitation->created_ms);
    db_run(&query);
    query = db_begin(link, "invitation_add");
    db_blob(&query, ":hash", secret->hash, HASH_BYTES);
    db_str(&query, ":app", mp_str_of(app));
    db_i64(&query, ":role", invitation->role);
    db_i64(&query, ":now", invitation->created_ms);
    db_str(&query, ":by", mp_str_of(author));
    db_i64(&query, ":expires", invitation->expires_ms);
    db_i64(&query, ":max", ACCOUNTS_INVITATIONS_MAX);
    if (db_row(&query)) {
        id = db_column_i64(&query, 0);
    }
    db_end(&query);
    return id;
}

int accounts_invite(struct accounts *accounts, const struct accounts_caller *by, const char *app,
                    enum accounts_role role, char code[ACCOUNTS_SECRET_SIZE],
                    struct accounts_invitation *out, struct mp_error *err) {
    struct link *link;
    struct secret secret;
    int64_t now_ms = mp_now_ms();
    char target[32];
    int failed = write_begin(accounts, &link, err);
    if (failed) {
        return failed;
    }
    secret_make("mpi_", &secret);
    *out = (struct accounts_invitation){
        .role = role, .created_ms = now_ms, .expires_ms = now_ms + ACCOUNTS_INVITATION_MS};
    out->id = insert(link, by, app, &secret, out);
    if (out->id == 0 && link->error.code == MP_OK) {
        failed = mp_fail(err, MP_E_FULL, "", "%d invitations of this app wait already",
                         ACCOUNTS_INVITATIONS_MAX);
    }
    snprintf(target, sizeof(target), "%lld %s", (long long)out->id, accounts_role_name(role));
    audit_put(link, by, app, "invitation.add", mp_str_of(target));
    memcpy(code, secret.text, ACCOUNTS_SECRET_SIZE);
    return write_end(link, failed, err);
}

int accounts_uninvite(struct accounts *accounts, const struct accounts_caller *by, const char *app,
                      int64_t id, struct mp_error *err) {
    struct link *link;
    char target[32];
    int code = write_begin(accounts, &link, err);
    if (code != MP_OK) {
        return code;
    }
    struct db_query query = db_begin(link, "invitation_remove");
    db_str(&query, ":app", mp_str_of(app));
    db_i64(&query, ":id", id);
    if (db_run(&query) == 0 && link->error.code == MP_OK) {
        code = mp_fail(err, MP_E_NOT_FOUND, "id", "there is no such invitation");
    }
    snprintf(target, sizeof(target), "%lld", (long long)id);
    audit_put(link, by, app, "invitation.remove", mp_str_of(target));
    return write_end(link, code, err);
}

static int wrong_code(struct mp_error *err) {
    return mp_fail(err, MP_E_DENIED, "code", "this invitation does not hold, or not any more");
}

/* Looks before the costly part: a stranger does not make us hash passwords. */
static int look(struct accounts *accounts, const uint8_t hash[HASH_BYTES], struct mp_error *err) {
    struct link *link = read_begin(accounts);
    struct db_query query = db_begin(link, "invitation_find");
    db_blob(&query, ":hash", hash, HASH_BYTES);
    db_i64(&query, ":now", mp_now_ms());
    bool is_found = db_row(&query);
    db_end(&query);
    int code = read_end(link, err);
    return code == MP_OK && !is_found ? wrong_code(err) : code;
}

/* Uses the invitation up for a user. */
static int take(struct link *link, const struct accounts_caller *by, const uint8_t hash[HASH_BYTES],
                struct mp_error *err) {
    char app[MP_APP_ID_MAX + 1] = "", target[ACCOUNTS_NAME_MAX + 16];
    int64_t role = ACCOUNTS_NONE;
    struct db_query query = db_begin(link, "invitation_take");
    db_blob(&query, ":hash", hash, HASH_BYTES);
    db_i64(&query, ":now", mp_now_ms());
    if (db_row(&query)) {
        snprintf(app, sizeof(app), "%s", db_column_text(&query, 0));
        role = db_column_i64(&query, 1);
    }
    db_end(&query);
    if (role == ACCOUNTS_NONE) {
        return link->error.code == MP_OK ? wrong_code(err) : MP_OK;
    }
    query = db_begin(link, "member_raise");
    db_str(&query, ":app", mp_str_of(app));
    db_i64(&query, ":user", by->id);
    db_i64(&query, ":role", role);
    db_run(&query);
    snprintf(target, sizeof(target), "%s %s", by->name,
             accounts_role_name((enum accounts_role)role));
    audit_put(link, by, app, "invitation.accept", mp_str_of(target));
    return MP_OK;
}

static int make_member(struct accounts *accounts, const struct accounts_login *login,
                       const uint8_t hash[HASH_BYTES], const char *text,
                       struct accounts_session *out, struct mp_error *err) {
    struct link *link;
    int64_t id = 0;
    int code = write_begin(accounts, &link, err);
    if (code != MP_OK) {
        return code;
    }
    code = user_insert(link, login->name, text, false, &id, err);
    if (code == MP_OK && session_insert(link, accounts, id, text, out)) {
        struct accounts_caller by = user_caller(id, login->name, login->address);
        audit_put(link, &by, "", "user.add", login->name);
        code = take(link, &by, hash, err);
    }
    return write_end(link, code, err);
}

int accounts_join(struct accounts *accounts, struct accounts_login *login,
                  struct accounts_session *out, struct mp_error *err) {
    uint8_t hash[HASH_BYTES];
    char text[PASSWORD_TEXT_SIZE];
    secret_hash(login->code, hash);
    int code = name_check(login->name, "name", err);
    code = code ? code : password_check(login->password, "password", err);
    code = code ? code : throttle_try(accounts, MP_STR(""), login->address, &login->wait_ms, err);
    code = code ? code : look(accounts, hash, err);
    if (code != MP_OK) {
        return code;
    }
    throttle_forgive(&accounts->throttle, MP_STR(""), login->address);
    code = password_hash(&accounts->hashing, login->password, text, err);
    return code ? code : make_member(accounts, login, hash, text, out, err);
}

int accounts_join_as(struct accounts *accounts, const struct accounts_caller *by,
                     struct accounts_login *login, struct mp_error *err) {
    struct link *link;
    uint8_t hash[HASH_BYTES];
    secret_hash(login->code, hash);
    int code = throttle_try(accounts, MP_STR(""), by->address, &login->wait_ms, err);
    code = code ? code : write_begin(accounts, &link, err);
    if (code != MP_OK) {
        return code;
    }
    code = write_end(link, take(link, by, hash, err), err);
    if (code == MP_OK) {
        throttle_forgive(&accounts->throttle, MP_STR(""), by->address);
    }
    return code;
}
