/* What Weixin's server SDKs show in place of a person: an app's appid and secret, and the tokens
 * that these two give. A secret is 128 random bits, which nobody guesses: a fast hash keeps it as
 * well as a slow one, and there is nothing to throttle. */
#include "accounts/internal.h"

#include "base/clock.h"

#include <stdio.h>

#define SEED_BYTES 32
#define APPID_RANDOM_BYTES 8
#define SECRET_RANDOM_BYTES 16
#define TOKEN_PREFIX "mpx_"
#define MINUTE_MS (60 * MP_MS_PER_SECOND)
#define OVERLAP_MS (5 * MINUTE_MS)
/* An ended token is known as one that ended for so long, then it is like any wrong one. */
#define REMEMBERED_MS (24 * 60 * MINUTE_MS)
/* Of an app and a kind. Whoever asks for more within minutes ends those before. */
#define TOKENS_MAX 100

/* ---- Appid and secret ------------------------------------------------------------------- */

static int check_appid(struct mp_str appid, struct mp_error *err) {
    bool is_good = appid.len > 0 && appid.len <= ACCOUNTS_APPID_MAX;
    for (size_t i = 0; is_good && i < appid.len; i++) {
        char c = appid.ptr[i];
        is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-';
    }
    return is_good
               ? MP_OK
               : mp_fail(err, MP_E_ARGUMENT, "weixin_appid",
                         "must be 1 to %d letters, digits, '_' and '-', like wx0123456789abcdef",
                         ACCOUNTS_APPID_MAX);
}

static int check_secret(struct mp_str secret, struct mp_error *err) {
    bool is_good = secret.len == ACCOUNTS_APPSECRET_SIZE - 1;
    for (size_t i = 0; is_good && i < secret.len; i++) {
        char c = secret.ptr[i];
        is_good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    }
    return is_good ? MP_OK
                   : mp_fail(err, MP_E_ARGUMENT, "weixin_secret", "must be %d hexadecimal digits",
                             ACCOUNTS_APPSECRET_SIZE - 1);
}

void accounts_weixin_make_appid(char out[ACCOUNTS_APPID_MAX + 1]) {
    uint8_t random[APPID_RANDOM_BYTES];
    randombytes_buf(random, sizeof(random));
    memcpy(out, "wx", 2);
    sodium_bin2hex(out + 2, ACCOUNTS_APPID_MAX - 1, random, sizeof(random));
}

static void make_secret(char out[ACCOUNTS_APPSECRET_SIZE]) {
    uint8_t random[SECRET_RANDOM_BYTES];
    randombytes_buf(random, sizeof(random));
    sodium_bin2hex(out, ACCOUNTS_APPSECRET_SIZE, random, sizeof(random));
    sodium_memzero(random, sizeof(random));
}

/* The app's appid; "" when it has none. */
static void find_appid(struct link *link, const char *app, char out[ACCOUNTS_APPID_MAX + 1]) {
    struct db_query query = db_begin(link, "weixin_find");
    db_str(&query, ":app", mp_str_of(app));
    out[0] = '\0';
    if (db_row(&query)) {
        snprintf(out, ACCOUNTS_APPID_MAX + 1, "%s", db_column_text(&query, 0));
    }
    db_end(&query);
}

/* Whose appid it is, and the hash of that one's secret. */
struct owner {
    char app[MP_APP_ID_MAX + 1]; /* "" = nobody's */
    uint8_t secret[HASH_BYTES];
};

static void find_owner(struct link *link, struct mp_str appid, struct owner *out) {
    struct db_query query = db_begin(link, "weixin_find_appid");
    db_str(&query, ":appid", appid);
    *out = (struct owner){0};
    if (db_row(&query) && db_column_blob(&query, 1, out->secret, sizeof(out->secret))) {
        snprintf(out->app, sizeof(out->app), "%s", db_column_text(&query, 0));
    }
    db_end(&query);
}

int accounts_weixin(struct accounts *accounts, const char *app, char appid[ACCOUNTS_APPID_MAX + 1],
                    struct mp_error *err) {
    struct link *link = read_begin(accounts);
    find_appid(link, app, appid);
    return read_end(link, err);
}

static void put_pair(struct link *link, const char *app, struct mp_str appid,
                     struct mp_str secret) {
    uint8_t hash[HASH_BYTES];
    struct db_query query = db_begin(link, secret.ptr ? "weixin_set" : "weixin_rename");
    db_str(&query, ":app", mp_str_of(app));
    db_str(&query, ":appid", appid);
    if (secret.ptr) {
        secret_hash(secret, hash);
        db_blob(&query, ":secret", hash, sizeof(hash));
    }
    db_run(&query);
    query = db_begin(link, "weixin_token_remove");
    db_str(&query, ":app", mp_str_of(app));
    db_run(&query);
}

/* Within a transaction. The texts have been checked. */
static int set(struct link *link, const struct accounts_caller *by, const char *app,
               struct mp_str appid, struct mp_str secret, char made[ACCOUNTS_APPSECRET_SIZE],
               struct mp_error *err) {
    char present[ACCOUNTS_APPID_MAX + 1];
    struct owner owner;
    find_appid(link, app, present);
    if (!appid.ptr && !present[0]) {
        return mp_fail(err, MP_E_ARGUMENT, "weixin_appid", "is missing: the app has none yet");
    }
    appid = appid.ptr ? appid : mp_str_of(present);
    find_owner(link, appid, &owner);
    if (owner.app[0] && strcmp(owner.app, app) != 0) {
        return mp_fail(err, MP_E_EXISTS, "weixin_appid", "another app has this appid");
    }
    if (secret.len == 0 && (secret.ptr || !present[0])) {
        make_secret(made);
        secret = mp_str_of(made);
    }
    put_pair(link, app, appid, secret);
    audit_put(link, by, app, "app.weixin", appid);
    return MP_OK;
}

int accounts_weixin_set(struct accounts *accounts, const struct accounts_caller *by,
                        const char *app, struct mp_str appid, struct mp_str secret,
                        char made[ACCOUNTS_APPSECRET_SIZE], struct mp_error *err) {
    struct link *link;
    made[0] = '\0';
    int code = appid.ptr ? check_appid(appid, err) : MP_OK;
    code = code == MP_OK && secret.len > 0 ? check_secret(secret, err) : code;
    code = code ? code : write_begin(accounts, &link, err);
    return code ? code : write_end(link, set(link, by, app, appid, secret, made, err), err);
}

int accounts_weixin_remove(struct accounts *accounts, const struct accounts_caller *by,
                           const char *app, struct mp_error *err) {
    struct link *link;
    int code = write_begin(accounts, &link, err);
    if (code != MP_OK) {
        return code;
    }
    struct db_query query = db_begin(link, "weixin_remove");
    db_str(&query, ":app", mp_str_of(app));
    if (db_run(&query) > 0) {
        audit_put(link, by, app, "app.weixin", MP_STR(""));
    }
    return write_end(link, MP_OK, err);
}

/* ---- Tokens ----------------------------------------------------------------------------- */

/* The token that secret and seed make: who has the database alone cannot make it. */
static void derive(struct mp_str secret, const uint8_t seed[SEED_BYTES],
                   char out[ACCOUNTS_SECRET_SIZE]) {
    uint8_t bytes[HASH_BYTES];
    crypto_generichash(bytes, sizeof(bytes), seed, SEED_BYTES, (const uint8_t *)secret.ptr,
                       secret.len);
    int len = snprintf(out, ACCOUNTS_SECRET_SIZE, TOKEN_PREFIX);
    sodium_bin2base64(out + len, ACCOUNTS_SECRET_SIZE - (size_t)len, bytes, sizeof(bytes),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* The stable token that holds for longer than the overlap; false when there is none. */
static bool find_stable(struct link *link, const char *app, struct mp_str secret, int64_t now_ms,
                        struct accounts_weixin_token *out) {
    uint8_t seed[SEED_BYTES];
    struct db_query query = db_begin(link, "weixin_token_newest");
    db_str(&query, ":app", mp_str_of(app));
    db_i64(&query, ":stable", 1);
    bool is_found = db_row(&query) && db_column_i64(&query, 1) > now_ms + OVERLAP_MS &&
                    db_column_blob(&query, 0, seed, sizeof(seed));
    if (is_found) {
        out->expires_ms = db_column_i64(&query, 1);
        derive(secret, seed, out->text);
    }
    db_end(&query);
    return is_found;
}

static void make_token(struct link *link, const char *app, struct mp_str secret,
                       enum accounts_weixin_kind kind, int64_t now_ms,
                       struct accounts_weixin_token *out) {
    uint8_t seed[SEED_BYTES], hash[HASH_BYTES];
    int64_t is_stable = kind != ACCOUNTS_WEIXIN_PLAIN;
    struct db_query query = db_begin(link, "weixin_token_end");
    db_str(&query, ":app", mp_str_of(app));
    db_i64(&query, ":stable", is_stable);
    db_i64(&query, ":until", kind == ACCOUNTS_WEIXIN_FORCED ? now_ms : now_ms + OVERLAP_MS);
    db_run(&query);
    randombytes_buf(seed, sizeof(seed));
    derive(secret, seed, out->text);
    secret_hash(mp_str_of(out->text), hash);
    out->expires_ms = now_ms + ACCOUNTS_WEIXIN_TOKEN_MS;
    query = db_begin(link, "weixin_token_add");
    db_blob(&query, ":hash", hash, sizeof(hash));
    db_str(&query, ":app", mp_str_of(app));
    db_blob(&query, ":seed", seed, sizeof(seed));
    db_i64(&query, ":stable", is_stable);
    db_i64(&query, ":expires", out->expires_ms);
    db_run(&query);
    query = db_begin(link, "weixin_token_trim");
    db_str(&query, ":app", mp_str_of(app));
    db_i64(&query, ":stable", is_stable);
    db_i64(&query, ":before", now_ms - REMEMBERED_MS);
    db_i64(&query, ":max", TOKENS_MAX);
    db_run(&query);
}

static int check_pair(struct link *link, struct mp_str appid, struct mp_str secret,
                      struct owner *out, struct mp_error *err) {
    uint8_t hash[HASH_BYTES];
    find_owner(link, appid, out);
    if (!out->app[0] && link->error.code == MP_OK) {
        return mp_fail(err, MP_E_NOT_FOUND, "appid", "no app has this appid");
    }
    secret_hash(secret, hash);
    return out->app[0] && sodium_memcmp(hash, out->secret, sizeof(hash)) != 0
               ? mp_fail(err, MP_E_DENIED, "secret", "this is not the secret of that appid")
               : MP_OK;
}

int accounts_weixin_token(struct accounts *accounts, struct mp_str appid, struct mp_str secret,
                          enum accounts_weixin_kind kind, struct accounts_weixin_token *out,
                          struct mp_error *err) {
    struct owner owner;
    int64_t now_ms = mp_now_ms();
    bool may_be_kept = kind == ACCOUNTS_WEIXIN_STABLE;
    /* Looks before it writes: who has no secret makes the disk do nothing. */
    struct link *link = read_begin(accounts);
    int code = check_pair(link, appid, secret, &owner, err);
    bool is_done =
        code == MP_OK && may_be_kept && find_stable(link, owner.app, secret, now_ms, out);
    int failed = read_end(link, code ? NULL : err);
    if (code || failed || is_done) {
        return code ? code : failed;
    }
    code = write_begin(accounts, &link, err);
    if (code != MP_OK) {
        return code;
    }
    code = check_pair(link, appid, secret, &owner, err);
    if (code == MP_OK && !(may_be_kept && find_stable(link, owner.app, secret, now_ms, out))) {
        make_token(link, owner.app, secret, kind, now_ms, out);
    }
    return write_end(link, code, err);
}

int accounts_by_weixin_token(struct accounts *accounts, struct mp_str token,
                             char app[MP_APP_ID_MAX + 1], bool *has_ended, struct mp_error *err) {
    uint8_t hash[HASH_BYTES];
    secret_hash(token, hash);
    app[0] = '\0';
    *has_ended = false;
    struct link *link = read_begin(accounts);
    struct db_query query = db_begin(link, "weixin_token_find");
    db_blob(&query, ":hash", hash, sizeof(hash));
    if (db_row(&query)) {
        snprintf(app, MP_APP_ID_MAX + 1, "%s", db_column_text(&query, 0));
        *has_ended = db_column_i64(&query, 1) <= mp_now_ms();
    }
    db_end(&query);
    int code = read_end(link, err);
    return code == MP_OK && (!app[0] || *has_ended)
               ? mp_fail(err, MP_E_DENIED, "access_token",
                         *has_ended ? "it has ended" : "there is no such token")
               : code;
}
