/* Who bears a secret, and what that one may. On every request: one or two look-ups by index. */
#include "accounts/internal.h"

#include "base/clock.h"

#include <stdio.h>

/* The last use of a token is noted this exactly: a write is an fsync. */
#define USE_GRAIN_MS (60 * MP_MS_PER_SECOND)

/* The room's copy of a text in a row. */
#define TAKE(query, column, out) snprintf(out, sizeof(out), "%s", db_column_text(query, column))

/* A note that waits for the writer or fails is not worth a request: the next one makes it. */
static void note_use(struct accounts *accounts, int64_t id, int64_t now_ms) {
    struct link *link = &accounts->writer;
    if (pthread_mutex_trylock(&link->mutex) != 0) {
        return;
    }
    link->error = (struct mp_error){0};
    struct db_query query = db_begin(link, "token_used");
    db_i64(&query, ":id", id);
    db_i64(&query, ":now", now_ms);
    db_run(&query);
    pthread_mutex_unlock(&link->mutex);
}

int accounts_by_token(struct accounts *accounts, struct mp_str token, struct accounts_caller *out,
                      struct mp_error *err) {
    uint8_t hash[HASH_BYTES];
    int64_t now_ms = mp_now_ms(), used_ms = now_ms;
    secret_hash(token, hash);
    *out = (struct accounts_caller){0};
    struct link *link = read_begin(accounts);
    struct db_query query = db_begin(link, "token_find");
    db_blob(&query, ":hash", hash, sizeof(hash));
    if (db_row(&query)) {
        out->kind = ACCOUNTS_TOKEN;
        out->id = db_column_i64(&query, 0);
        TAKE(&query, 1, out->app);
        out->role = (enum accounts_role)db_column_i64(&query, 2);
        TAKE(&query, 3, out->name);
        used_ms = db_column_i64(&query, 4);
    }
    db_end(&query);
    int code = read_end(link, err);
    if (code == MP_OK && out->kind == ACCOUNTS_NOBODY) {
        return mp_fail(err, MP_E_DENIED, "Authorization", "there is no such token");
    }
    if (code == MP_OK && now_ms - used_ms > USE_GRAIN_MS) {
        note_use(accounts, out->id, now_ms);
    }
    return code;
}

int accounts_by_session(struct accounts *accounts, struct mp_str secret,
                        struct accounts_caller *out, struct mp_error *err) {
    uint8_t hash[HASH_BYTES];
    secret_hash(secret, hash);
    *out = (struct accounts_caller){0};
    struct link *link = read_begin(accounts);
    struct db_query query = db_begin(link, "session_find");
    db_blob(&query, ":hash", hash, sizeof(hash));
    db_i64(&query, ":now", mp_now_ms());
    if (db_row(&query)) {
        out->kind = ACCOUNTS_USER;
        out->id = db_column_i64(&query, 0);
        TAKE(&query, 1, out->name);
        out->is_admin = db_column_i64(&query, 2) != 0;
        out->expires_ms = db_column_i64(&query, 3);
    }
    db_end(&query);
    int code = read_end(link, err);
    return code == MP_OK && out->kind == ACCOUNTS_NOBODY
               ? mp_fail(err, MP_E_DENIED, "Cookie", "the session has ended; log in")
               : code;
}

enum accounts_role member_role(struct link *link, struct mp_str app, int64_t user) {
    enum accounts_role role = ACCOUNTS_NONE;
    struct db_query query = db_begin(link, "member_role");
    db_str(&query, ":app", app);
    db_i64(&query, ":user", user);
    if (db_row(&query)) {
        role = (enum accounts_role)db_column_i64(&query, 0);
    }
    db_end(&query);
    return role;
}

int accounts_role_on(struct accounts *accounts, const struct accounts_caller *caller,
                     struct mp_str app, enum accounts_role *out, struct mp_error *err) {
    *out = ACCOUNTS_NONE;
    if (caller->kind == ACCOUNTS_TOKEN) {
        *out = mp_str_is(app, caller->app) ? caller->role : ACCOUNTS_NONE;
    } else if (caller->kind == ACCOUNTS_USER && caller->is_admin) {
        *out = ACCOUNTS_OWNER;
    } else if (caller->kind == ACCOUNTS_USER) {
        struct link *link = read_begin(accounts);
        *out = member_role(link, app, caller->id);
        return read_end(link, err);
    }
    return MP_OK;
}

int accounts_memberships(struct accounts *accounts, int64_t user, accounts_on_membership *on,
                         void *arg, struct mp_error *err) {
    struct link *link = read_begin(accounts);
    struct db_query query = db_begin(link, "membership_list");
    db_i64(&query, ":user", user);
    while (db_row(&query)) {
        on(arg, db_column_text(&query, 0), (enum accounts_role)db_column_i64(&query, 1));
    }
    db_end(&query);
    return read_end(link, err);
}
