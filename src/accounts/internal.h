/* Private to accounts/: the database, its statements, secrets, passwords, throttling. */
#ifndef MP_ACCOUNTS_INTERNAL_H
#define MP_ACCOUNTS_INTERNAL_H

#include "accounts/accounts.h"

#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>

#define HASH_BYTES 32
#define STATEMENTS_MAX 96 /* files under sql/ */

/* ---- The database (database.c, migrate.c) ------------------------------------------------ */

/* A connection and its statements, for one thread at a time. After a failure nothing more is done
 * until the end, which tells it. */
struct link {
    sqlite3 *db;
    pthread_mutex_t mutex;
    sqlite3_stmt *statements[STATEMENTS_MAX]; /* by index of the file; prepared at first use */
    struct mp_error error;
};

/* Reading and writing have a connection each: a reader never waits for a writer's disk. */
MP_MUST_CHECK int link_open(struct link *link, const char *path, struct mp_error *err);
void link_close(struct link *link);
/* Keeps the first failure. Returns its code. */
int link_fail(struct link *link);
/* Runs a whole file of the table, which returns nothing. */
struct mp_embedded;
int link_run_file(struct link *link, const struct mp_embedded *file);

/* The reader, locked. Each statement sees the newest content. */
struct link *read_begin(struct accounts *accounts);
/* Unlocks. 0 or the first failure. */
MP_MUST_CHECK int read_end(struct link *link, struct mp_error *err);
/* The writer, locked, in a transaction. */
MP_MUST_CHECK int write_begin(struct accounts *accounts, struct link **out, struct mp_error *err);
/* Commits if code is 0 and nothing failed, else rolls back; unlocks. Returns code or the failure.
 */
MP_MUST_CHECK int write_end(struct link *link, int code, struct mp_error *err);

MP_MUST_CHECK int database_migrate(struct accounts *accounts, struct mp_error *err);

/* ---- Statements (db_query.c) ---------------------------------------------------------------- */

/* A statement of sql/, while it runs. Texts and blobs bound must live until its end. */
struct db_query {
    struct link *link;
    sqlite3_stmt *statement; /* NULL after a failure */
};

struct db_query db_begin(struct link *link, const char *name);
void db_i64(struct db_query *query, const char *parameter, int64_t value);
void db_str(struct db_query *query, const char *parameter, struct mp_str value);
void db_blob(struct db_query *query, const char *parameter, const void *data, size_t len);
/* The next row; false at the end and after a failure. */
bool db_row(struct db_query *query);
int64_t db_column_i64(const struct db_query *query, int column);
/* Until the next row. */
const char *db_column_text(const struct db_query *query, int column);
/* False unless the column is a blob of that length. */
bool db_column_blob(const struct db_query *query, int column, void *out, size_t len);
/* Rows changed; the statement may be begun again. */
int db_end(struct db_query *query);
/* To the end at once, for what gives no rows. Rows changed. */
int db_run(struct db_query *query);

/* ---- Secrets (secret.c) ------------------------------------------------------------------ */

struct secret {
    char text[ACCOUNTS_SECRET_SIZE];
    uint8_t hash[HASH_BYTES];
};
/* prefix has at most four bytes. */
void secret_make(const char *prefix, struct secret *out);
/* The text may be anything. */
void secret_hash(struct mp_str text, uint8_t hash[HASH_BYTES]);

/* ---- Names and passwords (names.c, password.c) ------------------------------------------- */

MP_MUST_CHECK int name_check(struct mp_str name, const char *field, struct mp_error *err);
MP_MUST_CHECK int label_check(struct mp_str label, const char *field, struct mp_error *err);
MP_MUST_CHECK int password_check(struct mp_str password, const char *field, struct mp_error *err);

#define PASSWORD_TEXT_SIZE crypto_pwhash_STRBYTES

/* How many passwords may be hashed at once: each takes 64 MiB and a core. */
struct hashing {
    pthread_mutex_t mutex;
    pthread_cond_t is_free;
    int running;
    int waiting;
};
void hashing_init(struct hashing *hashing);
void hashing_deinit(struct hashing *hashing);
/* argon2id. MP_E_FULL, MP_E_MEMORY. */
MP_MUST_CHECK int password_hash(struct hashing *hashing, struct mp_str password,
                                char out[PASSWORD_TEXT_SIZE], struct mp_error *err);
/* text NULL (no such user) takes as long and gives false. */
MP_MUST_CHECK int password_verify(struct hashing *hashing, const char *text, struct mp_str password,
                                  bool *out, struct mp_error *err);

/* ---- Throttling (throttle.c) ------------------------------------------------------------- */

#define THROTTLE_SETS 1024
#define THROTTLE_WAYS 8

/* Failures are a debt that time pays back. */
struct debt {
    uint64_t key;
    int64_t paid_ms; /* monotonic: when nothing is owed any more */
};
struct throttle {
    pthread_mutex_t mutex;
    uint8_t hash_key[crypto_shorthash_KEYBYTES];
    struct debt debts[THROTTLE_SETS][THROTTLE_WAYS];
};
void throttle_init(struct throttle *throttle);
void throttle_deinit(struct throttle *throttle);
/* Charges one attempt for the account and one for the address. 0, or ms to wait; then nothing is
 * charged to the account. An empty name: the address alone counts. */
int64_t throttle_charge(struct throttle *throttle, struct mp_str name, const char *address,
                        int64_t now_ms);
/* The attempt was a good one: takes its charge back. */
void throttle_forgive(struct throttle *throttle, struct mp_str name, const char *address);

/* ---- The room ---------------------------------------------------------------------------- */

struct accounts {
    int64_t session_ms;
    struct link reader;
    struct link writer;
    struct hashing hashing;
    struct throttle throttle;
};

/* throttle_charge now. MP_E_TOO_OFTEN. */
MP_MUST_CHECK int throttle_try(struct accounts *accounts, struct mp_str name, const char *address,
                               int64_t *wait_ms, struct mp_error *err);

/* Within a transaction, where failures stay in the link. app "" = the whole server. */
void audit_put(struct link *link, const struct accounts_caller *by, const char *app,
               const char *action, struct mp_str target);
void audit_put_refusal(struct link *link, struct mp_str name, const char *address);

struct user {
    int64_t id; /* 0 = no such user */
    bool is_admin;
    char password[PASSWORD_TEXT_SIZE];
};
struct user user_find(struct link *link, struct mp_str name);
/* MP_E_EXISTS, MP_E_FULL. *id is 0 when the link has failed. */
MP_MUST_CHECK int user_insert(struct link *link, struct mp_str name, const char *password,
                              bool is_admin, int64_t *id, struct mp_error *err);
void user_count(struct link *link, int64_t *users, int64_t *admins);
/* A session for a user whose password text is still that one; false when it is not. */
bool session_insert(struct link *link, const struct accounts *accounts, int64_t user,
                    const char *password, struct accounts_session *out);
/* ACCOUNTS_NONE when no member. */
enum accounts_role member_role(struct link *link, struct mp_str app, int64_t user);
/* The caller that a user is in the audit log. */
struct accounts_caller user_caller(int64_t id, struct mp_str name, const char *address);
/* "user li", "token CI", "command root": who made a token or an invitation. */
#define CREATED_BY_SIZE (ACCOUNTS_NAME_MAX + 16)
void caller_text(const struct accounts_caller *by, char out[CREATED_BY_SIZE]);

#endif
