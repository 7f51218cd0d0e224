/*
 * Private to http/. The library runs in two ways:
 *  - loops (loop.c): a server without HTTP_STREAM routes. Each loop thread turns a daemon of its
 *    own; all of the library's calls on a connection happen on its loop's thread, also those that
 *    follow a reply from another thread: that thread only pushes the request on the loop's list.
 *  - threaded.c: a server with HTTP_STREAM routes. The library gives each connection a thread.
 */
#ifndef MP_HTTP_INTERNAL_H
#define MP_HTTP_INTERNAL_H

#include "http/http.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#define HTTP_PARAMS_MAX 4
#define HTTP_REPLY_HEADERS_MAX 16
#define HTTP_ALLOW_BYTES 128
#define HTTP_LOOPS_MAX 64
#define HTTP_IDLE_REQUESTS_MAX 1024
/* A request at rest keeps at most this much room for a body. */
#define HTTP_BODY_KEPT_BYTES (256u * 1024)
/* Of a body that is refused so much is read and dropped, so that the client, still sending, sees
 * the refusal and may keep its connection; of a larger one nothing. */
#define HTTP_DROPPED_BYTES_MAX (8u << 20)
#define HTTP_RECEIVE_TIMEOUT_S 60
#define HTTP_SEND_MS_MAX (300 * 1000) /* for a client to take its reply */
#define HTTP_TURNS_AWAKE_MAX 16       /* of its loop, that a request awaits its reply awake */

/* Who owns the request between handler and reply. */
enum reply_state { REPLY_NONE, REPLY_AWAITED, REPLY_READY };

struct loop;

struct http_request {
    struct loop *loop;
    struct MHD_Connection *connection;
    const struct http_route *route;
    const char *method;
    const char *path;
    struct mp_str params[HTTP_PARAMS_MAX];
    const char *param_names[HTTP_PARAMS_MAX]; /* point into route->path, end at '}' */
    size_t param_count;
    struct mp_buf body;
    size_t dropped_bytes;
    bool is_body_refused; /* by on_body */
    bool is_last;         /* the connection ends with the reply */
    bool was_dispatched;
    int early_status; /* refused before any handler: guard, route, size */
    const char *early_reason;
    char allow[HTTP_ALLOW_BYTES]; /* for 405 */
    char peer[64];
    _Alignas(16) char scratch[HTTP_SCRATCH_BYTES];

    /* Of a handler that replies later; the loop's own. */
    bool is_awaited; /* until the loop has taken the reply from its list */
    bool is_asleep;  /* the library does not look at the connection meanwhile */
    bool is_orphan;  /* the connection has ended before the reply came */
    int turns_awake;

    atomic_int reply_state;
    struct MHD_Response *response;
    struct http_feed *feed;  /* the response is a feed that its loop does not know yet */
    bool is_response_shared; /* an http_answer's */
    int status;
    struct {
        char *name;
        char *value;
    } headers[HTTP_REPLY_HEADERS_MAX];
    size_t header_count;
    int64_t started_ns;
    struct http_request *next; /* in the pool, the workers' queue or the loop's list */
};

/* One client's connection, known to its loop only. */
struct visit {
    struct visit *next;
    struct visit *previous;
    int fd;
    int64_t until_ms; /* cut when it has not got on by then; INT64_MAX while we work */
};

/* A thread that turns a daemon; in a threaded server, the daemon and no thread. */
struct loop {
    struct http_server *server;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    bool has_thread;
    int daemon_fd; /* readable when the daemon has something to do */
    int wake_fd;
    _Atomic(struct http_request *) ready; /* replied to by other threads */
    _Atomic(struct http_feed *) pushed;   /* feeds to be woken */
    _Atomic(struct arrival *) arrivals;   /* accepted by the first loop for this one */
    atomic_bool must_end;
    int awake; /* requests that are awaited and not asleep */
    struct visit *visits;
    struct http_feed *feeds;
    bool is_draining; /* all feeds were told */
    int64_t now_ms;
    int64_t swept_ms;
    int64_t accept_again_ms;

    pthread_mutex_t pool_mutex;
    struct http_request *pool;
    int pool_count;
};

struct workers;

struct http_server {
    struct http_config config;
    struct workers *workers;
    char *cert;
    char *key;
    char *socket_path;
    int listen_fd;
    int port;
    bool is_threaded;        /* has HTTP_STREAM routes */
    bool is_unix;            /* its peers are processes of our user */
    atomic_bool is_draining; /* takes no new connection, ends each with its reply */
    atomic_bool is_stopping; /* tells handlers that nobody waits any more */
    atomic_int active;       /* requests between their first and last byte */
    atomic_int awaited;      /* handlers called that have not replied */
    atomic_int connections;
    int loop_count;
    int next_loop; /* first loop only */
    struct loop loops[];
};

/* guard.c: 0, or the status to refuse with; *reason says why. *is_chunked: the body is. */
int guard_check(struct MHD_Connection *connection, const char *method, const char *path,
                const char *version, bool *is_chunked, const char **reason);

/* route.c: 0 and request->route set, or 404/405 (with request->allow filled). */
int route_find(const struct http_config *config, struct http_request *request);

/* dispatch.c: the library's callbacks; arg is the loop. */
enum MHD_Result dispatch_request(void *arg, struct MHD_Connection *connection, const char *path,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_len, void **state);
void dispatch_completed(void *arg, struct MHD_Connection *connection, void **state,
                        enum MHD_RequestTerminationCode code);
/* On the loop's thread: the reply of a request that was awaited is there. */
void dispatch_replied(struct http_request *request);

/* request.c: the pool of requests, and the library's callback that decodes %XX. */
struct http_request *request_take(struct loop *loop);
void request_give(struct http_request *request);
size_t request_unescape(void *arg, struct MHD_Connection *connection, char *text);

/* reply.c */
void reply_early(struct http_request *request);
/* Hands the response to the library; on the loop's or the connection's thread. */
enum MHD_Result reply_queue(struct http_request *request);
/* Forgets a response, queued or not. */
void reply_drop(struct http_request *request);

/* Makes the reply of a response; NULL: the connection is closed. */
void reply_with(struct http_request *request, int status, const char *content_type,
                struct MHD_Response *response);

/* feed.c: on the loop's thread. */
/* The request's reply is about to be sent: if it is a feed, the loop has it from now on. */
void feed_begin(struct http_request *request);
/* Wakes those that were pushed to; false when there are none. */
bool feeds_take(struct loop *loop);
void feeds_wake_all(struct loop *loop);
/* Ends those whose clients have left. */
void feeds_sweep(struct loop *loop);

/* worker.c */
MP_MUST_CHECK struct workers *workers_start(int threads, int queue_max);
/* False when the queue is full. */
MP_MUST_CHECK bool workers_submit(struct workers *workers, struct http_request *request);
void workers_stop(struct workers *workers);

/* listen.c: a listening socket, or -1 with err filled. *socket_path is set for Unix sockets. */
int listen_open(const char *address, char **socket_path, struct mp_error *err);

/* loop.c */
MP_MUST_CHECK int loop_start(struct loop *loop, struct mp_error *err);
/* Any thread: the request has its reply; its loop sends it. */
void loop_post(struct loop *loop, struct http_request *request);
void loop_wake(struct loop *loop);
void loop_stop(struct loop *loop);

/* visit.c: on the loop's thread. */
void visit_notify(void *arg, struct MHD_Connection *connection, void **visit,
                  enum MHD_ConnectionNotificationCode code);
enum visit_phase { VISIT_RECEIVES, VISIT_WAITS, VISIT_SENDS };
void visit_enter(const struct http_request *request, enum visit_phase phase);
/* Cuts those whose time is over. */
void visits_sweep(struct loop *loop);

/* threaded.c */
MP_MUST_CHECK int threaded_start(struct loop *loop, struct mp_error *err);
void threaded_stop(struct loop *loop);

/* daemon.c: a daemon with the options that both ways share, and flags; NULL on failure. */
#define HTTP_OPTIONS_MAX 16
struct MHD_Daemon *daemon_start(struct loop *loop, unsigned flags);

#endif
