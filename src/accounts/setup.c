/* The first user: made with a code that only who can read serve's output knows. */
#include "accounts/internal.h"

static void set_code(struct link *link, const struct secret *secret) {
    struct db_query query = db_begin(link, "setup_set");
    db_blob(&query, ":hash", secret->hash, HASH_BYTES);
    db_run(&query);
}

int accounts_setup_begin(struct accounts *accounts, bool *out, char code[ACCOUNTS_SECRET_SIZE],
                         struct mp_error *err) {
    struct link *link;
    struct secret secret;
    int64_t users = 0, admins = 0;
    int failed = write_begin(accounts, &link, err);
    if (failed) {
        return failed;
    }
    user_count(link, &users, &admins);
    *out = users == 0;
    if (*out) {
        secret_make("mps_", &secret);
        set_code(link, &secret);
        memcpy(code, secret.text, ACCOUNTS_SECRET_SIZE);
    }
    return write_end(link, MP_OK, err);
}

int accounts_needs_setup(struct accounts *accounts, bool *out, struct mp_error *err) {
    int64_t users = 0, admins = 0;
    struct link *link = read_begin(accounts);
    user_count(link, &users, &admins);
    *out = users == 0;
    return read_end(link, err);
}

/* That there is no user yet, and that this is the code. */
static int check_code(struct link *link, const uint8_t hash[HASH_BYTES], struct mp_error *err) {
    int64_t users = 0, admins = 0;
    user_count(link, &users, &admins);
    if (users > 0) {
        return mp_fail(err, MP_E_EXISTS, "", "this server has been set up; log in");
    }
    struct db_query query = db_begin(link, "setup_find");
    db_blob(&query, ":hash", hash, HASH_BYTES);
    bool is_right = db_row(&query);
    db_end(&query);
    return is_right || link->error.code != MP_OK
               ? MP_OK
               : mp_fail(err, MP_E_DENIED, "code",
                         "this is not the set-up code that the server printed at its last start");
}

/* Looks before the costly part: a stranger does not make us hash passwords. */
static int look(struct accounts *accounts, const uint8_t hash[HASH_BYTES], struct mp_error *err) {
    struct link *link = read_begin(accounts);
    int code = check_code(link, hash, err);
    int failed = read_end(link, code ? NULL : err);
    return code ? code : failed;
}

static int make_first(struct accounts *accounts, const struct accounts_login *login,
                      const uint8_t hash[HASH_BYTES], const char *text,
                      struct accounts_session *out, struct mp_error *err) {
    struct link *link;
    int64_t id = 0;
    int code = write_begin(accounts, &link, err);
    if (code != MP_OK) {
        return code;
    }
    code = check_code(link, hash, err);
    code = code ? code : user_insert(link, login->name, text, true, &id, err);
    if (code == MP_OK && session_insert(link, accounts, id, text, out)) {
        struct accounts_caller by = user_caller(id, login->name, login->address);
        audit_put(link, &by, "", "setup", login->name);
    }
    return write_end(link, code, err);
}

int accounts_set_up(struct accounts *accounts, struct accounts_login *login,
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
    return code ? code : make_first(accounts, login, hash, text, out, err);
}
