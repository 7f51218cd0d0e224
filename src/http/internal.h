/* Private to http/. */
#ifndef MP_HTTP_INTERNAL_H
#define MP_HTTP_INTERNAL_H

#include "http/http.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#define HTTP_PARAMS_MAX 4
#define HTTP_REPLY_HEADERS_MAX 16
#define HTTP_IDLE_REQUESTS_MAX 1024
#define HTTP_BODY_KEPT_BYTES                                                                       \
    (256u * 1024) /* a request at rest keeps at most this much body room                           \
                   */

/* Who owns the request between handler and reply. */
enum reply_state { REPLY_NONE, REPLY_SUSPENDED, REPLY_READY };

struct http_request {
    struct http_server *server;
    struct MHD_Connection *connection;
    const struct http_route *route;
    const char *method;
    const char *path;
    struct mp_str params[HTTP_PARAMS_MAX];
    const char *param_names[HTTP_PARAMS_MAX]; /* point into route->path, end at '}' */
    size_t param_count;
    struct mp_buf body;
    bool body_refused;
    bool was_dispatched;
    int early_status; /* refused before any handler: guard, route, size */
    const char *early_reason;
    char peer[64];
    _Alignas(16) char scratch[HTTP_SCRATCH_BYTES];

    atomic_int reply_state;
    struct MHD_Response *response;
    int status;
    struct {
        char *name;
        char *value;
    } headers[HTTP_REPLY_HEADERS_MAX];
    size_t header_count;
    int64_t started_ns;
    struct http_request *next; /* in the pool or the workers' queue */
};

struct workers;

struct http_server {
    struct http_config config;
    struct MHD_Daemon *daemon;
    struct workers *workers;
    char *cert;
    char *key;
    char *socket_path;
    bool is_threaded; /* has HTTP_STREAM routes */
    atomic_bool is_stopping;
    atomic_int active;
    pthread_mutex_t pool_mutex;
    struct http_request *pool;
    int pool_count;
};

/* guard.c: 0, or the status to refuse with; *reason says why. */
int guard_check(struct MHD_Connection *connection, const char **reason);

/* route.c: 0 and request->route set, or 404/405 (with allow filled). */
int route_find(const struct http_config *config, struct http_request *request, char *allow,
               size_t allow_size);

/* request.c */
struct http_request *request_take(struct http_server *server);
void request_give(struct http_request *request);

/* reply.c */
void reply_early(struct http_request *request);
enum MHD_Result reply_queue(struct http_request *request);

/* worker.c */
MP_MUST_CHECK struct workers *workers_start(int threads, int queue_max);
/* False when the queue is full. */
MP_MUST_CHECK bool workers_submit(struct workers *workers, struct http_request *request);
void workers_stop(struct workers *workers);

/* listen.c: a listening socket, or -1 with err filled. *socket_path is set for Unix sockets. */
int listen_open(const char *address, char **socket_path, struct mp_error *err);

#endif
