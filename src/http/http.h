/*
 * HTTP, behind our own face: libmicrohttpd today. Used by engine/ and api/. Routing, limits,
 * request-smuggling defence, TLS, replies now or later, streamed bodies. Foreign headers stay in
 * http/.
 *
 * How a route may work:
 *  - HTTP_FAST: the whole body is collected (up to body_bytes_max), then handler runs on an event
 *    loop thread and must not block. It replies before returning, or later from any thread.
 *  - HTTP_BLOCKING: as above, but handler runs on a worker pool thread and may block. When more
 *    wait than the pool's queue holds: 503.
 *  - HTTP_STREAM: the body goes to on_body piece by piece, then handler runs; both on the
 *    connection's own thread, and both may block. A server with one such route gives every
 *    connection a thread, also for its other routes; its handlers reply before they return. (The
 *    engine's way.)
 *
 * Refused with 400 before any handler: what a proxy before us could read differently (guard.c). A
 * chunked request over TCP is answered with Connection: close, for the same reason. A client that
 * is silent for idle_timeout_s is cut; one that trickles, after receive_timeout_s more (not where
 * a route is HTTP_STREAM).
 */
#ifndef MP_HTTP_HTTP_H
#define MP_HTTP_HTTP_H

#include "base/buf.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct http_server;
struct http_request;
struct http_answer;

typedef void http_handler(struct http_request *request, void *arg);
/* A piece of the body; after false the rest is read and dropped, then handler is called. */
typedef bool http_on_body(struct http_request *request, void *arg, struct mp_str data);

enum http_mode { HTTP_FAST, HTTP_BLOCKING, HTTP_STREAM };

struct http_route {
    const char *method; /* "GET" (answers HEAD as well), "POST", … or "*" */
    const char *path; /* "/v1/apps/{app}/trend": {name} is one segment. A "*" at its end stands for
                         whatever follows, also for nothing; the first route that fits is taken */
    enum http_mode mode;
    size_t body_bytes_max; /* over it: 413; 0 = a body is refused. Not for HTTP_STREAM */
    http_handler *handler;
    void *arg;
    http_on_body *on_body; /* HTTP_STREAM only */
    http_handler *closed;  /* NULL, or called when the request is over, however it ended: frees
                              what handler keeps in the scratch */
};

struct http_field {
    const char *name;
    const char *value;
};

struct http_config {
    const char *listen; /* "127.0.0.1:8080", "[::1]:0", "unix:/path/engine.sock" (mode 0600) */
    const struct http_route *routes; /* lives as long as the server */
    size_t route_count;
    int loop_threads;    /* epoll threads */
    int worker_threads;  /* for HTTP_BLOCKING */
    int connections_max; /* more wait in the system's queue */
    int idle_timeout_s;
    int receive_timeout_s; /* a request has so long to arrive, beside idle_timeout_s; 0 = 60 */
    /* Go with every reply that does not say something else of that name by http_reply_header; live
     * as long as the server. */
    const struct http_field *headers;
    size_t header_count;
    const char *tls_cert_file; /* NULL = plain */
    const char *tls_key_file;
    /* Made when no route fits (404), method is wrong (405), body too large (413), malformed (400),
     * workers are all busy (503): fills body and content type. NULL = plain text. */
    void (*error_body)(int status, const char *reason, struct mp_buf *body,
                       const char **content_type);
    /* Called once a reply is complete or the connection died: for metrics. Of the request it may
     * ask for the route alone. May be NULL. */
    void (*on_done)(const struct http_request *request, int status, int64_t duration_us, void *arg);
    void *on_done_arg;
};

MP_MUST_CHECK int http_server_start(const struct http_config *config, struct http_server **out,
                                    struct mp_error *err);
/* The port in use (for ":0"); 0 on a Unix socket. */
int http_server_port(const struct http_server *server);
/*
 * Stops accepting, lets requests under way end for up to grace_ms (each reply then ends its
 * connection), then tells handlers by http_client_gone, waits until each of them has replied,
 * however long that takes, and closes.
 */
void http_server_stop(struct http_server *server, int64_t grace_ms);

/*
 * What was asked. All borrow from the request, which lives until the reply has been sent. But for a
 * handler on an event loop that replies later, what the client sent may be gone as soon as the
 * handler has returned: only scratch, body and route stay.
 */
struct mp_str http_method(const struct http_request *request);
struct mp_str http_path(const struct http_request *request); /* percent-decoded */
struct mp_str http_header(const struct http_request *request,
                          const char *name); /* ptr NULL = absent */
/* All fields of that name, joined with ", " in joined (cleared first) when there are several. */
struct mp_str http_header_list(const struct http_request *request, const char *name,
                               struct mp_buf *joined);
/* A query parameter (the first of that name), decoded; ptr NULL = absent. What is no %XX stays as
 * it is, and so does %00. */
struct mp_str http_query(const struct http_request *request, const char *name);
/* The index-th query parameter; false past the end. */
MP_MUST_CHECK bool http_query_at(const struct http_request *request, size_t index,
                                 struct mp_str *name, struct mp_str *value);
struct mp_str http_param(const struct http_request *request,
                         const char *name);                  /* {name} of the path */
struct mp_str http_body(const struct http_request *request); /* FAST and BLOCKING */
/* The peer's address as text, "127.0.0.1"; "unix" on a Unix socket. */
struct mp_str http_peer(const struct http_request *request);
/* The index of its route in http_config.routes; SIZE_MAX when none fitted. */
size_t http_route_index(const struct http_request *request);
/* The path of its route, "/v1/apps/{app}/trend"; "" when none fitted. */
const char *http_route_path(const struct http_request *request);
/* Bytes for the handler's use, zeroed at the request's start, HTTP_SCRATCH_BYTES long. */
#define HTTP_SCRATCH_BYTES 64
void *http_scratch(struct http_request *request);
/* True when the client has closed its connection meanwhile, or the server does not wait any more.
 * Any thread; not after a handler on an event loop has returned. */
bool http_client_gone(struct http_request *request);
/* True when it is the server that does not wait. Any thread. */
bool http_is_stopping(const struct http_request *request);

/* Adds a header to the reply to come; it takes the place of http_config's of that name. Values with
 * control bytes are dropped (and logged). */
void http_reply_header(struct http_request *request, const char *name, const char *value);
/* Sends the reply; exactly once a request. body is copied. After it the request must not be
 * touched. Any thread. */
void http_reply(struct http_request *request, int status, const char *content_type,
                struct mp_str body);
/* The same with a body that is never copied and lives forever (static files). */
void http_reply_static(struct http_request *request, int status, const char *content_type,
                       struct mp_str body);
/*
 * A reply made once and sent to many requests, from any threads at once; making one for each costs
 * a small request a good part of its time. headers are all it has: those of http_config too, if
 * they are wanted. Everything is copied. NULL when out of memory. Destroy it after the server.
 */
MP_MUST_CHECK struct http_answer *http_answer_create(int status, const char *content_type,
                                                     const struct http_field *headers,
                                                     size_t header_count, struct mp_str body);
void http_answer_destroy(struct http_answer *answer);
/* As http_reply; what http_reply_header added is not sent. */
void http_reply_answer(struct http_request *request, const struct http_answer *answer);
/*
 * HTTP_STREAM: sends status and headers, then what next() gives, chunked, after handler has
 * returned. next blocks; it returns bytes put into buf, 0 = end, -1 = break the connection (so
 * that the client sees a truncated body).
 */
typedef long http_stream_next(void *arg, void *buf, size_t len);
void http_reply_stream(struct http_request *request, int status, const char *content_type,
                       http_stream_next *next, void *arg);

/*
 * HTTP_FAST and HTTP_BLOCKING: a reply whose body is pushed piece by piece, from any thread, for as
 * long as both sides like; no thread waits for it. It ends when the feed is closed, the client
 * leaves, or the server stops: then what was pushed is still sent, and the body ends in good order.
 */
struct http_feed;
struct http_piece;
#define HTTP_FEED_PIECES_MAX 8 /* that wait for a slow client */
/* A copy of bytes that many feeds may send. NULL when out of memory. */
MP_MUST_CHECK struct http_piece *http_piece_create(struct mp_str bytes);
void http_piece_release(struct http_piece *piece);
/* Replies. NULL when out of memory: then the connection ends. To be closed, and before the server
 * is stopped or soon after: feeds may be pushed to until then. */
MP_MUST_CHECK struct http_feed *http_reply_feed(struct http_request *request, int status,
                                                const char *content_type);
enum http_feed_push {
    HTTP_FEED_TAKEN,
    HTTP_FEED_FULL, /* the client is too slow: nothing was pushed */
    HTTP_FEED_OVER, /* nobody is there any more */
};
MP_MUST_CHECK enum http_feed_push http_feed_push(struct http_feed *feed, struct http_piece *piece);
/* Pieces that have not been sent whole. */
size_t http_feed_waiting(struct http_feed *feed);
/* Ends the body after what was pushed. The feed is gone for the caller. */
void http_feed_close(struct http_feed *feed);

#ifdef __cplusplus
}
#endif
#endif
