/*
 * The one client of the engine: ClickHouse's HTTP protocol with libcurl, over a Unix socket (our
 * engine process) or TCP/TLS (ClickHouse servers, several hosts with fail-over). Thread-safe: each
 * call takes a connection of a bounded pool. Values reach SQL only through store_bind_*.
 */
#ifndef MP_STORE_STORE_H
#define MP_STORE_STORE_H

#include "store/block.h"

#ifdef __cplusplus
extern "C" {
#endif

struct store;

struct store_config {
    /* "unix:/path/engine.sock", or "http[s]://host:port[,host2:port2…]" */
    const char *url;
    const char *user; /* NULL = none; sent as X-ClickHouse-User/-Key headers */
    const char *password;
    const char *database; /* made by store_migrate when missing; [A-Za-z_][A-Za-z0-9_]* */
    const char *ca_file;  /* NULL = the system's */
    int connections_max;
    int connect_timeout_ms;
};

/* Checks the configuration; does not connect. */
MP_MUST_CHECK int store_open(const struct store_config *config, struct store **out,
                             struct mp_error *err);
void store_close(struct store *store);
/* /ping: 0 when the engine answers. */
MP_MUST_CHECK int store_ping(struct store *store, struct mp_error *err);

/* ---- Statements ------------------------------------------------------------------------- */

/*
 * A statement being made: SQL text with {name:Type} places, each to be bound once (a name may stand
 * in several places). Types: Int64, UInt64, Float64, Date (bound as a day number), String,
 * Identifier, Array(UInt64), Array(String), Set(UInt64) and Set(String) (a list behind IN), Limit
 * (an unsigned number behind LIMIT). A statement has an mp_buf; errors (unknown name, wrong type,
 * unbound place) stick and surface when run. Also {?cap:text} blocks: text is kept when the server
 * has that capability, {?!cap:text} when it has not: the only difference between the engines that
 * SQL text may show. Braces in SQL strings and comments are left alone. See docs/sql.md. One thread
 * at a time; may be run again.
 */
struct store_statement;
MP_MUST_CHECK int store_statement_create(struct store *store, struct mp_str sql,
                                         struct store_statement **out, struct mp_error *err);
void store_statement_destroy(struct store_statement *statement); /* NULL is fine */
void store_bind_i64(struct store_statement *statement, const char *name, int64_t value);
void store_bind_u64(struct store_statement *statement, const char *name, uint64_t value);
void store_bind_f64(struct store_statement *statement, const char *name, double value);
void store_bind_day(struct store_statement *statement, const char *name, int32_t day);
void store_bind_str(struct store_statement *statement, const char *name, struct mp_str value);
/* Must match [A-Za-z_][A-Za-z0-9_]*; anything else is an error. */
void store_bind_identifier(struct store_statement *statement, const char *name,
                           struct mp_str value);
void store_bind_u64s(struct store_statement *statement, const char *name, const uint64_t *values,
                     size_t count);
void store_bind_strs(struct store_statement *statement, const char *name,
                     const struct mp_str *values, size_t count);
/* The name may begin blocks, as a capability does: {?name:text} is kept when is_set, {?!name:text}
 * when not. For questions that are asked in several ways. Places in a block that is left out must
 * be bound all the same. */
void store_statement_flag(struct store_statement *statement, const char *name, bool is_set);
/* Appends the literal of a string / double etc. as ClickHouse reads it back. Exposed for the fuzzer
 * and its oracle. */
void store_literal_str(struct mp_buf *out, struct mp_str value);
void store_literal_f64(struct mp_buf *out, double value);

struct store_options {
    int64_t timeout_ms;              /* 0 = the default (60 s); also sent as max_execution_time */
    bool (*is_cancelled)(void *arg); /* NULL, or asked while waiting: true → MP_E_CANCELLED, and the
                                        query is killed */
    void *is_cancelled_arg;
    const char *query_id; /* NULL = made at random */
    bool is_read_only; /* sent with readonly=2 so that nothing can be written; may be sent again */
};

/* Gets the answer piece by piece on the calling thread; non-zero return stops: MP_E_CANCELLED. */
typedef int store_on_data(void *arg, struct mp_str data);

/* Runs a statement whose SQL ends in FORMAT … (or has no result); on_data may be NULL. 0,
 * MP_E_UNAVAILABLE, MP_E_TIMEOUT, MP_E_CANCELLED, MP_E_ENGINE (engine_code, message), MP_E_DENIED
 * (user or password), MP_E_FULL (no connection became free in time), MP_E_ARGUMENT. When a
 * connection cannot be made the next host is tried; when one is lost, only with is_read_only. */
MP_MUST_CHECK int store_run(struct store *store, struct store_statement *statement,
                            const struct store_options *options, store_on_data *on_data, void *arg,
                            struct mp_error *err);
/* Runs and appends the whole answer to out (bounded by out->max: MP_E_TOO_LARGE). */
MP_MUST_CHECK int store_run_into(struct store *store, struct store_statement *statement,
                                 const struct store_options *options, struct mp_buf *out,
                                 struct mp_error *err);
/* Runs text as a person wrote it: no places, no blocks, braces mean what they mean to the engine.
 * For `minipulse sql` alone: no value from elsewhere may be pasted into it. */
MP_MUST_CHECK int store_run_text(struct store *store, struct mp_str sql,
                                 const struct store_options *options, store_on_data *on_data,
                                 void *arg, struct mp_error *err);
/* For SQL without places that stands in our own code or .sql files. */
MP_MUST_CHECK int store_exec(struct store *store, const char *sql, struct mp_error *err);

/* ---- Inserts ---------------------------------------------------------------------------- */

/*
 * One INSERT of a block (one part per partition): all its rows or none. Not tried again by itself.
 * query_id: [A-Za-z0-9_.-], at most 100 bytes, never NULL. When it fails with anything but
 * MP_E_ARGUMENT, MP_E_TOO_LARGE or MP_E_MEMORY the rows may or may not be there: call
 * store_settle(query_id), then look. MP_E_CORRUPT: the server counts other rows than were sent.
 */
MP_MUST_CHECK int store_insert(struct store *store, const char *table,
                               const struct store_block *block, const char *query_id,
                               struct mp_error *err);
/* Returns 0 once no statement with that query_id runs any more on any host (kills it if need be).
 * Every host must answer; takes half a second at least, 30 s at most (MP_E_TIMEOUT). */
MP_MUST_CHECK int store_settle(struct store *store, const char *query_id, struct mp_error *err);

/* ---- Schema ----------------------------------------------------------------------------- */

/*
 * Applies the embedded migrations src/store/schema/NNNN_name.sql that the database has not had yet,
 * in order, and records each in schema_migrations (number, name, checksum). A changed checksum of
 * an applied one, or a database newer than this binary, is an error. Idempotent; safe to repeat
 * after a crash at any point.
 */
MP_MUST_CHECK int store_migrate(struct store *store, struct mp_error *err);

/* The server's version as 10000*major + 100*minor + patch-free ("18.16.1" → 181600, "26.7.3" →
 * 260700); 0 before the first contact. */
int store_server_version(struct store *store);
/* Capabilities: "codec" (column codecs), "fsync" (fsync_after_insert), "lowcard", "bitmap", "cte".
 */
bool store_can(struct store *store, const char *capability);

#ifdef __cplusplus
}
#endif
#endif
