/* Private to engine/. */
#ifndef MP_ENGINE_INTERNAL_H
#define MP_ENGINE_INTERNAL_H

#include "base/buf.h"
#include "engine/chdb.h"
#include "engine/engine.h"
#include "engine/sql.h"
#include "http/http.h"

#include <pthread.h>
#include <stdatomic.h>

#define ENGINE_STATEMENT_BYTES_MAX (16u << 20)
#define ENGINE_NAME_MAX 64
#define ENGINE_QUERY_ID_MAX 128
#define ENGINE_EXCEPTION_BYTES_MAX 16384

/* Codes of ClickHouse that we raise ourselves. */
enum engine_exception {
    EXCEPTION_NOT_IMPLEMENTED = 48,
    EXCEPTION_SYNTAX = 62,
    EXCEPTION_UNKNOWN_DATABASE = 81,
    EXCEPTION_UNKNOWN_SETTING = 115,
    EXCEPTION_READONLY = 164,
    EXCEPTION_ID_IS_RUNNING = 216,
    EXCEPTION_MEMORY = 241,
    EXCEPTION_CANCELLED = 394,
    EXCEPTION_AUTHENTICATION = 516,
    EXCEPTION_UNKNOWN = 1002,
};

/* ---- exception.c ---- */
/* What an exception of the engine means in HTTP. */
int exception_status(int code);
/* The number in "Code: 60. DB::Exception: …", 0 when there is none. */
int exception_code(struct mp_str text);
/* Puts an exception in the engine's own form; always false, so that callers can return it. */
bool exception_set(struct mp_buf *exception, int code, const char *text);
/* The engine's own text; one that bears no code gets one. Always false. */
bool exception_copy(struct mp_buf *exception, const char *text);

/* ---- connection.c ---- */
/*
 * Connections of chDB. Each request has one of its own, new and closed after it: that costs 0.1 ms,
 * and settings, the current database and temporary tables go with it. It is also the only safe way:
 * after a statement that failed in the middle of a framed answer (JSON, CSV with names), the same
 * connection gives the next statement the rows of the failed one. One connection stays open so that
 * the database does.
 */
struct connections;
MP_MUST_CHECK int connections_open(const struct chdb *chdb, const struct engine_config *config,
                                   struct connections **out, struct mp_error *err);
void connections_close(struct connections *connections);
/* NULL when chDB refuses. for_rows: set up so that an INSERT is one block. Any thread. */
struct chdb_connection *connection_new(struct connections *connections, bool for_rows);
void connection_free(struct connections *connections, struct chdb_connection *connection);
/* Runs a statement; its answer (TabSeparated) goes to answer, which may be NULL. False and
 * exception filled when it fails. */
MP_MUST_CHECK bool connection_run(const struct chdb *chdb, struct chdb_connection *connection,
                                  struct mp_str sql, struct mp_buf *answer,
                                  struct mp_buf *exception);

/* ---- gate.c: how many statements run at once. ---- */
struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t freed;
    int free_count;
};
void gate_init(struct gate *gate, int count);
void gate_deinit(struct gate *gate);
/* Waits for room; false when the client left meanwhile. */
MP_MUST_CHECK bool gate_enter(struct gate *gate, struct http_request *request);
void gate_leave(struct gate *gate);

/* ---- watch.c: knows what runs, ends what nobody waits for. ---- */
struct watch;
struct watched {
    struct http_request *request;
    char query_id[ENGINE_QUERY_ID_MAX];
    atomic_bool only_reads; /* may end when its client leaves */
    atomic_bool is_killed;
    struct watched *next;
};
MP_MUST_CHECK int watch_start(struct connections *connections, const struct chdb *chdb,
                              struct watch **out, struct mp_error *err);
/* False when a statement of that query_id runs already. */
MP_MUST_CHECK bool watch_add(struct watch *watch, struct watched *entry);
void watch_remove(struct watch *watch, struct watched *entry);
/* Marks the statement with that query_id, if it runs. */
void watch_mark_killed(struct watch *watch, struct mp_str query_id);
/* The statement that ends the one with that query_id: chDB lets nobody name a query, so log_comment
 * bears our name for it. literal has its quotes. */
void watch_append_kill(struct mp_buf *sql, struct mp_str literal, struct mp_str rest);
/* Ends everything that still runs after grace_ms. */
void watch_end_all(struct watch *watch, int64_t grace_ms);
void watch_stop(struct watch *watch);

/* ---- literal.c ---- */
void literal_append(struct mp_buf *out, struct mp_str value);

/* ---- reader.c: what may be asked at the TCP door. ---- */
struct reader_rules;
/* Learns from the engine the names of what reaches outside the database. */
MP_MUST_CHECK int reader_rules_open(const struct chdb *chdb, struct connections *connections,
                                    struct reader_rules **out, struct mp_error *err);
void reader_rules_close(struct reader_rules *rules);
/* False and exception filled when the statement may not be asked. */
MP_MUST_CHECK bool reader_may_ask(const struct reader_rules *rules, struct mp_str text,
                                  struct mp_buf *exception);
bool reader_may_set(struct mp_str setting);
bool reader_may_use(struct mp_str database);

/* ---- spool.c: an answer kept until it is whole; beyond a few MB in an unlinked file. ---- */
struct spool {
    struct mp_buf memory;
    int fd; /* -1 while it fits in memory */
    uint64_t len;
    uint64_t at; /* read so far */
};
void spool_init(struct spool *spool);
void spool_deinit(struct spool *spool);
MP_MUST_CHECK bool spool_append(struct spool *spool, const char *dir, struct mp_str data);
/* Bytes put into buf, 0 = end, -1 = the file cannot be read. */
long spool_read(struct spool *spool, void *buf, size_t max);

struct engine {
    struct engine_config config;
    struct chdb chdb;
    struct connections *connections;
    struct gate writers;
    struct gate readers;
    struct watch *watch;
    atomic_bool are_merges_behind; /* in priority */
    struct reader_rules *reader_rules;
};

/* One door: the Unix socket, or the read-only TCP port. */
struct door {
    struct engine *engine;
    struct gate *gate;
    bool is_for_readers; /* asks for user and password, and lets nothing but reading through */
};

/* ---- exchange.c: one HTTP request. ---- */
struct exchange {
    struct door *door;
    struct engine *engine;
    const struct chdb *chdb;
    struct http_request *request;
    bool has_entered; /* the gate */
    bool is_watched;
    struct watched watched;
    struct chdb_connection *connection;
    struct mp_buf text; /* the statement, from the URL, the body or both */
    bool is_looked_at;  /* text cannot be the head of an INSERT any more */
    struct sql_shape shape;
    char format[ENGINE_NAME_MAX];
    struct chdb_insert_stream *insert;
    struct chdb_result *stream;
    struct chdb_result *piece; /* of the stream, or the whole answer */
    size_t piece_at;
    struct spool spool;
    struct mp_buf exception;
};
bool exchange_on_body(struct http_request *request, void *door, struct mp_str data);
void exchange_handle(struct http_request *request, void *door);
void exchange_closed(struct http_request *request, void *door);

/* ---- session.c: who asks, with which settings; connects. ---- */
MP_MUST_CHECK bool session_is_allowed(struct exchange *exchange);
/* Waits for the gate, connects, applies the settings. */
MP_MUST_CHECK bool session_open(struct exchange *exchange);

/* ---- merges.c ---- */
/* Merges work when little else does: they take processors from inserts, and can wait. True once
 * their threads are there; chDB starts them with the first table. */
MP_MUST_CHECK bool merges_step_back(void);

/* ---- insert.c ---- */
MP_MUST_CHECK bool insert_begin(struct exchange *exchange);
MP_MUST_CHECK bool insert_append(struct exchange *exchange, struct mp_str rows);
void insert_finish(struct exchange *exchange);
void insert_cancel(struct exchange *exchange);

/* ---- query.c ---- */
/* Runs text, which is no INSERT with rows, and replies. */
void query_run(struct exchange *exchange);
/* The next bytes of the answer, for http_reply_stream; arg is the exchange. */
long query_next_bytes(void *arg, void *buf, size_t max);

/* ---- answer.c ---- */
void answer_exception(struct exchange *exchange);
const char *answer_content_type(const char *format);
/* True for formats without head, foot or numbering: chDB formats each piece of a stream as if it
 * were a whole answer, so only such pieces can be put one after another. */
bool answer_is_row_format(const char *format);
/* X-ClickHouse-Summary from what result counts. */
void answer_summary(struct exchange *exchange, struct chdb_result *result, bool is_insert);

#endif
