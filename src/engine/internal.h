/* Private to engine/. */
#ifndef MP_ENGINE_INTERNAL_H
#define MP_ENGINE_INTERNAL_H

#include "base/buf.h"
#include "engine/chdb.h"
#include "engine/engine.h"
#include "http/http.h"

#include <pthread.h>
#include <stdatomic.h>

#define ENGINE_QUERY_BYTES_MAX (64u << 20)
#define ENGINE_SETTINGS_MAX 32

/* What an exception of the engine means in HTTP. */
int exception_status(int code);
/* The number in "Code: 60. DB::Exception: …", 0 when there is none. */
int exception_code(const char *text);

/* ---- sql.c: as much of SQL's surface as routing needs; text is hostile. ---- */
struct sql_shape {
    bool is_insert;       /* INSERT with rows behind FORMAT or VALUES */
    bool only_reads;      /* SELECT, WITH, SHOW, DESCRIBE, EXPLAIN, EXISTS, VALUES … */
    bool touches_files;   /* INTO OUTFILE, FROM INFILE: refused, they are the client's */
    struct mp_str insert; /* is_insert: the statement without FORMAT or VALUES */
    struct mp_str format; /* of the rows in, or of the answer; empty when not named */
    struct mp_str data;   /* is_insert: what follows in the same text */
};
void sql_look(struct mp_str text, struct sql_shape *out);

/* ---- pool.c: connections of chDB. One request has one at a time. ---- */
struct pool;
struct link {
    chdb_connection *connection;
    struct link *next;
};
struct pool_config {
    const struct chdb *chdb;
    const char *data_dir;
    uint64_t memory_bytes;
    int threads;
    int count;
    bool is_read_only;
    int64_t query_timeout_ms;
};
MP_MUST_CHECK int pool_open(const struct pool_config *config, struct pool **out,
                            struct mp_error *err);
/* Waits for a free one. */
struct link *pool_take(struct pool *pool);
/* A link with is_spoiled true (a setting could not be taken back) is closed and replaced. */
void pool_give(struct pool *pool, struct link *link, bool is_spoiled);
/* Sets a link's own settings again after a request changed some. */
MP_MUST_CHECK bool pool_restore(struct pool *pool, struct link *link);
void pool_close(struct pool *pool);
/* Runs a statement without an answer; false and text filled on an exception. */
MP_MUST_CHECK bool link_exec(const struct chdb *chdb, struct link *link, struct mp_str sql,
                             struct mp_buf *exception);

/* ---- watch.c: ends queries whose client has left or whose time is up. ---- */
struct watch;
struct watched {
    struct http_request *request;
    int64_t deadline_ms; /* monotonic; 0 = none */
    uint64_t id;         /* stands in a comment of the query's text */
    bool is_over;        /* killed: by time */
    struct watched *next;
};
MP_MUST_CHECK int watch_start(struct pool *pool, const struct chdb *chdb, struct watch **out,
                              struct mp_error *err);
void watch_add(struct watch *watch, struct watched *entry);
void watch_remove(struct watch *watch, struct watched *entry);
void watch_stop(struct watch *watch);

struct engine {
    struct engine_config config;
    struct chdb chdb;
    struct pool *writers;
    struct pool *readers;
    struct pool *spare; /* for KILL QUERY */
    struct watch *watch;
    atomic_uint_fast64_t next_id;
};

/* One door: the Unix socket, or the read-only TCP port. */
struct door {
    struct engine *engine;
    bool is_open_to_all; /* no: user and password are asked for, and only reading is allowed */
};

/* ---- exchange.c: one HTTP request ---- */
bool exchange_on_body(struct http_request *request, void *door, struct mp_str data);
void exchange_handle(struct http_request *request, void *door);
void exchange_closed(struct http_request *request, void *door);

#endif
