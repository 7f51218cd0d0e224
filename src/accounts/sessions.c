/* Logging in and out, and who a session or a token is. */
#include "accounts/internal.h"

#include "base/clock.h"

#include <stdio.h>

bool session_insert(struct link *link, const struct accounts *accounts, int64_t user,
                    const char *password, struct accounts_session *out) {
    struct secret secret;
    int64_t now_ms = mp_now_ms();
    struct db_query query = db_begin(link, "session_remove_ended");
    db_i64(&query, ":now", now_ms);
    db_run(&query);
    secret_make("", &secret);
    *out = (struct accounts_session){.expires_ms = now_ms + accounts->session_ms};
    memcpy(out->secret, secret.text, sizeof(out->secret));
    query = db_begin(link, "session_add");
    db_blob(&query, ":hash", secret.hash, HASH_BYTES);
    db_i64(&query, ":user", user);
    db_str(&query, ":password", mp_str_of(password));
    db_i64(&query, ":now", now_ms);
    db_i64(&query, ":expires", out->expires_ms);
    bool is_made = db_run(&query) == 1;
    query = db_begin(link, "session_trim");
    db_i64(&query, ":user", user);
    db_i64(&query, ":max", ACCOUNTS_SESSIONS_MAX);
    db_run(&query);
    query = db_begin(link, "user_logged_in");
    db_i64(&query, ":user", user);
    db_i64(&query, ":now", now_ms);
    db_run(&query);
    return is_made;
}

static int wrong(struct mp_error *err) {
    return mp_fail(err, MP_E_DENIED, "password", "the name or the password is wrong");
}

/* Whether that user was there or not: the same steps, also on disk. */
static int note_refusal(struct accounts *accounts, const struct accounts_login *login,
                        struct mp_error *err) {
    struct link *link;
    int code = write_begin(accounts, &link, err);
    if (code == MP_OK) {
        audit_put_refusal(link, login->name, login->address);
        code = write_end(link, MP_OK, err);
    }
    return code ? code : wrong(err);
}

static int begin_session(struct accounts *accounts, const struct accounts_login *login,
                         const struct user *user, struct accounts_session *out,
                         struct mp_error *err) {
    struct link *link;
    struct accounts_caller by = user_caller(user->id, login->name, login->address);
    int code = write_begin(accounts, &link, err);
    if (code != MP_OK) {
        return code;
    }
    if (session_insert(link, accounts, user->id, user->password, out)) {
        audit_put(link, &by, "", "session.log_in", MP_STR(""));
    } else if (link->error.code == MP_OK) {
        code = wrong(err); /* removed, or given another password, in between */
    }
    return write_end(link, code, err);
}

int accounts_log_in(struct accounts *accounts, struct accounts_login *login,
                    struct accounts_session *out, struct mp_error *err) {
    bool is_right = false;
    int code = name_check(login->name, "name", err);
    if (code == MP_OK && login->password.len > ACCOUNTS_PASSWORD_MAX) {
        code = password_check(login->password, "password", err);
    }
    code = code ? code : throttle_try(accounts, login->name, login->address, &login->wait_ms, err);
    if (code != MP_OK) {
        return code;
    }
    struct link *link = read_begin(accounts);
    struct user user = user_find(link, login->name);
    code = read_end(link, err);
    if (code == MP_OK) {
        code = password_verify(&accounts->hashing, user.id ? user.password : NULL, login->password,
                               &is_right, err);
    }
    if (code == MP_OK && !is_right) {
        return note_refusal(accounts, login, err);
    }
    code = code ? code : begin_session(accounts, login, &user, out, err);
    /* What failed inside is not the client's failure either. */
    throttle_forgive(&accounts->throttle, login->name, login->address);
    return code;
}

static void remove_session(struct link *link, struct mp_str secret) {
    uint8_t hash[HASH_BYTES];
    secret_hash(secret, hash);
    struct db_query query = db_begin(link, "session_remove");
    db_blob(&query, ":hash", hash, sizeof(hash));
    db_run(&query);
}

int accounts_log_out(struct accounts *accounts, const struct accounts_caller *by,
                     struct mp_str secret, struct mp_error *err) {
    struct link *link;
    int code = write_begin(accounts, &link, err);
    if (code == MP_OK) {
        remove_session(link, secret);
        audit_put(link, by, "", "session.log_out", MP_STR(""));
        code = write_end(link, MP_OK, err);
    }
    return code;
}

/* With the current password checked. */
static int replace_password(struct accounts *accounts, const struct accounts_caller *by,
                            struct mp_str secret, const char *former, const char *text,
                            struct mp_error *err) {
    struct link *link;
    uint8_t hash[HASH_BYTES];
    int code = write_begin(accounts, &link, err);
    if (code != MP_OK) {
        return code;
    }
    secret_hash(secret, hash);
    struct db_query query = db_begin(link, "user_set_password");
    db_i64(&query, ":user", by->id);
    db_str(&query, ":former", mp_str_of(former));
    db_str(&query, ":password", mp_str_of(text));
    if (db_run(&query) == 0 && link->error.code == MP_OK) {
        code = mp_fail(err, MP_E_DENIED, "current", "the current password is wrong");
    }
    query = db_begin(link, "session_remove_others");
    db_i64(&query, ":user", by->id);
    db_blob(&query, ":hash", hash, sizeof(hash));
    db_run(&query);
    audit_put(link, by, "", "user.change_password", mp_str_of(by->name));
    return write_end(link, code, err);
}

int accounts_change_password(struct accounts *accounts, const struct accounts_caller *by,
                             struct mp_str secret, struct mp_str current, struct mp_str password,
                             int64_t *wait_ms, struct mp_error *err) {
    struct mp_str name = mp_str_of(by->name);
    char text[PASSWORD_TEXT_SIZE];
    bool is_right = false;
    int code = password_check(password, "password", err);
    code = code ? code : throttle_try(accounts, name, by->address, wait_ms, err);
    if (code != MP_OK) {
        return code;
    }
    struct link *link = read_begin(accounts);
    struct user user = user_find(link, name);
    code = read_end(link, err);
    if (code == MP_OK) {
        code = password_verify(&accounts->hashing, user.id ? user.password : NULL, current,
                               &is_right, err);
    }
    if (code == MP_OK && !is_right) {
        return mp_fail(err, MP_E_DENIED, "current", "the current password is wrong");
    }
    throttle_forgive(&accounts->throttle, name, by->address);
    code = code ? code : password_hash(&accounts->hashing, password, text, err);
    return code ? code : replace_password(accounts, by, secret, user.password, text, err);
}
