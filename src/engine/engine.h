/*
 * The embedded engine: chDB (ClickHouse as a library) behind the part of ClickHouse's HTTP
 * interface that we use. Runs in a process of its own (`minipulse engine`), which `minipulse serve`
 * starts and watches: the only place that loads libchdb.so. docs/engine.md lists what it answers.
 */
#ifndef MP_ENGINE_ENGINE_H
#define MP_ENGINE_ENGINE_H

#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct engine_config {
    const char *library;     /* path of libchdb.so */
    const char *data_dir;    /* where chDB keeps its tables; made when missing */
    const char *socket_path; /* the Unix socket, mode 0600: everything is allowed there */
    const char *tcp_listen;  /* "127.0.0.1:8123", read-only, with user and password; NULL = none */
    const char *tcp_user;
    const char *tcp_password;
    const char *tcp_database; /* of readers that name none; NULL = they have to */
    uint64_t memory_bytes;    /* the engine's own limit */
    int threads;              /* of one query; 0 = the machine's */
    int connections; /* statements at once on the socket; as many readers more on tcp_listen */
    int64_t query_timeout_ms; /* of a query that names none; nobody on tcp_listen gets more */
};

/*
 * Opens the database, serves until SIGTERM or SIGINT, ends what is under way, closes every
 * connection. Call from a process's only thread: it blocks the two signals and waits for them. The
 * process dies with the thread that started it (PR_SET_PDEATHSIG).
 */
MP_MUST_CHECK int engine_run(const struct engine_config *config, struct mp_error *err);

/* Finds libchdb.so: given path, else beside the binary (../lib/minipulse), else in node_modules
 * above the binary. False when there is none. */
MP_MUST_CHECK bool engine_find_library(const char *given, char *out, size_t size);

#ifdef __cplusplus
}
#endif
#endif
