/* API tokens: what a script shows in place of a person. */
#include "accounts/internal.h"

#include "base/clock.h"

#include <stdio.h>

/* An id, a label, a role. */
#define TARGET_SIZE (ACCOUNTS_LABEL_MAX + 32)

int accounts_tokens(struct accounts *accounts, const char *app, accounts_on_token *on, void *arg,
                    struct mp_error *err) {
    struct link *link = read_begin(accounts);
    struct db_query query = db_begin(link, "token_list");
    db_str(&query, ":app", mp_str_of(app));
    while (db_row(&query)) {
        struct accounts_token token = {
            .id = db_column_i64(&query, 0),
            .role = (enum accounts_role)db_column_i64(&query, 1),
            .label = db_column_text(&query, 2),
            .created_ms = db_column_i64(&query, 3),
            .created_by = db_column_text(&query, 4),
            .used_ms = db_column_i64(&query, 5),
        };
        on(arg, &token);
    }
    db_end(&query);
    return read_end(link, err);
}

static int64_t insert(struct link *link, const struct accounts_caller *by, const char *app,
                      struct mp_str label, enum accounts_role role, const struct secret *secret) {
    char author[CREATED_BY_SIZE];
    int64_t id = 0;
    caller_text(by, author);
    struct db_query query = db_begin(link, "token_add");
    db_blob(&query, ":hash", secret->hash, HASH_BYTES);
    db_str(&query, ":app", mp_str_of(app));
    db_i64(&query, ":role", role);
    db_str(&query, ":label", label);
    db_str(&query, ":by", mp_str_of(author));
    db_i64(&query, ":now", mp_now_ms());
    db_i64(&query, ":max", ACCOUNTS_TOKENS_MAX);
    if (db_row(&query)) {
        id = db_column_i64(&query, 0);
    }
    db_end(&query);
    return id;
}

/* Within a transaction. */
static int add(struct link *link, const struct accounts_caller *by, const char *app,
               struct mp_str label, enum accounts_role role, char token[ACCOUNTS_SECRET_SIZE],
               int64_t *id, struct mp_error *err) {
    struct secret secret;
    char target[TARGET_SIZE];
    secret_make("mpt_", &secret);
    *id = insert(link, by, app, label, role, &secret);
    if (*id == 0 && link->error.code == MP_OK) {
        return mp_fail(err, MP_E_FULL, "", "this app has %d tokens already", ACCOUNTS_TOKENS_MAX);
    }
    snprintf(target, sizeof(target), "%lld %.*s %s", (long long)*id, MP_STR_ARG(label),
             accounts_role_name(role));
    audit_put(link, by, app, "token.add", mp_str_of(target));
    memcpy(token, secret.text, ACCOUNTS_SECRET_SIZE);
    return MP_OK;
}

int accounts_token_add(struct accounts *accounts, const struct accounts_caller *by, const char *app,
                       struct mp_str label, enum accounts_role role,
                       char token[ACCOUNTS_SECRET_SIZE], int64_t *id, struct mp_error *err) {
    struct link *link;
    int code = label_check(label, "label", err);
    code = code ? code : write_begin(accounts, &link, err);
    return code ? code : write_end(link, add(link, by, app, label, role, token, id, err), err);
}

int accounts_token_replace(struct accounts *accounts, const struct accounts_caller *by,
                           const char *app, struct mp_str label, enum accounts_role role,
                           char token[ACCOUNTS_SECRET_SIZE], struct mp_error *err) {
    struct link *link;
    int64_t id = 0;
    int code = label_check(label, "label", err);
    code = code ? code : write_begin(accounts, &link, err);
    if (code != MP_OK) {
        return code;
    }
    struct db_query query = db_begin(link, "token_remove_labelled");
    db_str(&query, ":app", mp_str_of(app));
    db_str(&query, ":label", label);
    if (db_run(&query) > 0) {
        audit_put(link, by, app, "token.revoke", label);
    }
    return write_end(link, add(link, by, app, label, role, token, &id, err), err);
}

int accounts_token_revoke(struct accounts *accounts, const struct accounts_caller *by,
                          const char *app, int64_t id, struct mp_error *err) {
    struct link *link;
    char target[TARGET_SIZE] = "";
    int code = write_begin(accounts, &link, err);
    if (code != MP_OK) {
        return code;
    }
    struct db_query query = db_begin(link, "token_remove");
    db_str(&query, ":app", mp_str_of(app));
    db_i64(&query, ":id", id);
    if (db_row(&query)) {
        snprintf(target, sizeof(target), "%lld %s", (long long)id, db_column_text(&query, 0));
    }
    db_end(&query);
    if (!target[0] && link->error.code == MP_OK) {
        code = mp_fail(err, MP_E_NOT_FOUND, "id", "there is no such token");
    }
    audit_put(link, by, app, "token.revoke", mp_str_of(target));
    return write_end(link, code, err);
}
