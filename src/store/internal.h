/*
 * Private to store/: the store's inside and one HTTP call. Hosts and settings are written by
 * store_open only; the pool is under its mutex; preferred host and version are atomic.
 */
#ifndef MP_STORE_INTERNAL_H
#define MP_STORE_INTERNAL_H

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "store/store.h"

#define STORE_HOSTS_MAX 16
#define STORE_CONNECTIONS_MAX 64
#define STORE_TIMEOUT_MS_DEFAULT 60000
#define STORE_PING_TIMEOUT_MS 5000
#define STORE_KILL_TIMEOUT_MS 2000
#define STORE_QUERY_ID_MAX 100
#define STORE_SQL_BYTES_MAX (16u << 20)
#define STORE_URL_BYTES_MAX 8192
/* Kept of an answer that tells an error; ClickHouse may add a stack trace, which nobody reads. */
#define STORE_ERROR_BYTES_MAX 4096
#define STORE_ORIGIN_BYTES_MAX 300

struct store {
    char *origins[STORE_HOSTS_MAX]; /* "http://host:port" */
    int origin_count;
    char *socket_path; /* NULL = TCP */
    char *database;
    char *ca_file;
    struct curl_slist *headers; /* of a query: user, password */
    struct curl_slist *insert_headers;
    int connect_timeout_ms;

    pthread_mutex_t mutex;
    pthread_cond_t is_idle;
    CURL *idle[STORE_CONNECTIONS_MAX];
    int idle_count;
    int made_count;
    int connections_max;

    atomic_int preferred; /* index of the host that answered last */
    atomic_int version;   /* 0 = not known yet */
};

/* ---- The pool (pool.c) ------------------------------------------------------------------ */

int store_pool_init(struct store *store, struct mp_error *err);
void store_pool_deinit(struct store *store);
/* Waits for a free connection until the deadline (mp_mono_ms) or until the caller cancels.
 * MP_E_FULL, MP_E_CANCELLED, MP_E_MEMORY. */
MP_MUST_CHECK int store_pool_take(struct store *store, const struct store_options *options,
                                  int64_t deadline_ms, CURL **out, struct mp_error *err);
void store_pool_give(struct store *store, CURL *easy);

/* ---- One HTTP call (http_call.c) -------------------------------------------------------- */

struct store_call {
    /* What to send. */
    struct mp_str url_path;  /* "/ping", "/?…" */
    struct mp_str body;      /* ptr NULL = GET */
    struct store_body *rows; /* instead, of an insert: with its headers; waits for 100 Continue */
    bool is_repeatable;      /* may be sent twice: kept connections and the next host may be used */
    int only_origin;         /* -1 = any host, with fail-over; else that one */
    int64_t timeout_ms;
    const char *query_id;                /* NULL = nothing to kill when the call is given up */
    const struct store_options *options; /* for is_cancelled only; may be NULL */
    store_on_data *on_data;              /* may be NULL */
    void *arg;

    /* What came back. */
    bool has_written_rows; /* the server told in X-ClickHouse-Summary */
    uint64_t written_rows;

    /* While under way. */
    CURL *easy;
    bool was_stopped; /* by on_data */
    bool was_cancelled;
    bool was_delivered;                 /* on_data was called */
    int exception_code;                 /* X-ClickHouse-Exception-Code, or 0 */
    char answer[STORE_ERROR_BYTES_MAX]; /* of a status other than 200 */
    size_t answer_len;
};

MP_MUST_CHECK int store_call_perform(struct store *store, struct store_call *call,
                                     struct mp_error *err);

/* ---- Parts of a URL (url.c) ------------------------------------------------------------- */

/* Splits config->url into origins or socket_path. */
MP_MUST_CHECK int store_url_parse(struct store *store, const char *url, struct mp_error *err);
/* Appends "key=value&", the value percent-encoded. */
void store_url_param(struct mp_buf *url, const char *key, struct mp_str value);
void store_url_param_i64(struct mp_buf *url, const char *key, int64_t value);

/* ---- Query ids and error answers -------------------------------------------------------- */

#define STORE_QUERY_ID_BYTES 33
/* 32 random hex digits and a NUL. */
void store_query_id_make(char out[STORE_QUERY_ID_BYTES]);
/* [A-Za-z0-9_.-], 1 to STORE_QUERY_ID_MAX bytes. */
bool store_query_id_is_valid(const char *query_id);
/* Turns the answer of a status other than 200 into an error value (engine_error.c).
 * exception_code 0 = look for it in the text. */
int store_engine_error(struct mp_error *err, long status, int exception_code, struct mp_str answer);

/* ---- Running (run.c) -------------------------------------------------------------------- */

/* What of the connection differs from call to call. */
struct store_target {
    int only_origin;          /* as in store_call */
    bool is_without_database; /* before the database is made */
};
MP_MUST_CHECK int store_run_at(struct store *store, struct store_statement *statement,
                               const struct store_options *options,
                               const struct store_target *target, store_on_data *on_data, void *arg,
                               struct mp_error *err);
/* Asks for the version unless it is known. */
MP_MUST_CHECK int store_contact(struct store *store, struct mp_error *err);

/* ---- Statements (statement.c) ----------------------------------------------------------- */

/* Appends the SQL with values in their places and capability blocks resolved. */
MP_MUST_CHECK int store_statement_render(struct store_statement *statement, struct mp_buf *out,
                                         struct mp_error *err);
bool store_statement_has_blocks(const struct store_statement *statement);
bool store_capability_known(struct mp_str name);
bool store_version_can(int version, struct mp_str capability);
/* "18.16.1" → 181600; 0 when it is not a version. */
int store_version_parse(struct mp_str text);

/* Where the token at the head of sql ends, for all who walk over SQL text (scan.c): a string, a
 * quoted name, a comment, or one byte. 0 at the end or for one without its end. */
size_t store_scan_token(struct mp_str sql, bool *is_code);
/* Cuts the next statement, up to its ';', from the head of *sql; empty at the end. *is_whole is
 * false when a string or comment has no end (migrate.c). */
struct mp_str store_next_statement(struct mp_str *sql, bool *is_whole);
/* A statement of src/store/sql/NAME.sql. */
MP_MUST_CHECK int store_sql_statement(struct store *store, const char *name,
                                      struct store_statement **out, struct mp_error *err);

#endif
