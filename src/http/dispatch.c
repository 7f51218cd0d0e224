/* A request's way: framing, route, body, handler, reply. */
#include "http/internal.h"

#include "base/clock.h"
#include "base/log.h"

static void refuse(struct http_request *request, int status, const char *reason) {
    request->early_status = status;
    request->early_reason = reason;
}

static struct mp_str promised_length(const struct http_request *request) {
    return http_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
}

/* The first look at a request: framing, route, promised size. True when it is to be answered now:
 * then its body, if it has one, is not read and its connection ends. */
static bool begin(struct http_request *request, const char *version) {
    const char *reason = NULL;
    bool is_chunked = false;
    uint64_t promised = 0;
    int status = guard_check(request->connection, request->method, request->path, version,
                             &is_chunked, &reason);
    if (status != 0) {
        request->is_last = true;
        refuse(request, status, reason);
        return true;
    }
    /* The library is lenient about how chunks are framed; a peer that reads the end of this body
     * elsewhere must not find us taking what it sends next for a request. */
    request->is_last = is_chunked && !request->loop->server->is_unix;
    bool has_length = mp_str_to_u64(promised_length(request), &promised);
    status = route_find(&request->loop->server->config, request);
    if (status != 0) {
        refuse(request, status,
               status == MHD_HTTP_NOT_FOUND ? "no such path" : "the method is not allowed here");
    } else if (request->route->mode != HTTP_STREAM && has_length &&
               promised > request->route->body_bytes_max) {
        refuse(request, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large");
    }
    return request->early_status != 0 && promised > 0 &&
           (promised > HTTP_DROPPED_BYTES_MAX || http_header(request, MHD_HTTP_HEADER_EXPECT).ptr);
}

/* False when the connection is to be cut. */
static bool take_body(struct http_request *request, const char *data, size_t len) {
    const struct http_route *route = request->route;
    if (request->early_status != 0) {
        request->dropped_bytes += len;
        return request->dropped_bytes <= HTTP_DROPPED_BYTES_MAX;
    }
    if (route->mode == HTTP_STREAM) {
        request->is_body_refused = request->is_body_refused ||
                                   !route->on_body(request, route->arg, mp_str_range(data, len));
        return true;
    }
    if (len > route->body_bytes_max - request->body.len) {
        refuse(request, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large");
        return true;
    }
    mp_buf_append(&request->body, data, len);
    if (request->body.failed) {
        refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
    }
    return true;
}

static enum MHD_Result answer_early(struct http_request *request) {
    request->was_dispatched = true;
    reply_early(request);
    return reply_queue(request);
}

/* Nobody needs the request any more. */
static void end(struct http_request *request) {
    struct http_server *server = request->loop->server;
    reply_drop(request);
    if (request->route && request->route->closed) {
        request->route->closed(request, request->route->arg);
    }
    if (server->config.on_done) {
        server->config.on_done(request, request->status,
                               (mp_mono_ns() - request->started_ns) / 1000,
                               server->config.on_done_arg);
    }
    request_give(request);
    atomic_fetch_sub(&server->active, 1);
}

static void go_to_sleep(struct http_request *request) {
    request->is_asleep = true;
    MHD_suspend_connection(request->connection);
}

/*
 * To put a connection to sleep and wake it costs a small request a tenth of its time (the library
 * takes the socket out of epoll and adds it again), and most replies come within a few turns. Until
 * then the library asks for the reply at each turn of the loop. See loop.c.
 */
static enum MHD_Result stay_awake(struct http_request *request) {
    struct loop *loop = request->loop;
    if (request->turns_awake++ == 0) {
        loop->awake++;
    } else if (request->turns_awake > HTTP_TURNS_AWAKE_MAX) {
        loop->awake--;
        go_to_sleep(request);
    }
    return MHD_YES;
}

void dispatch_replied(struct http_request *request) {
    request->is_awaited = false;
    if (request->is_orphan) {
        end(request);
    } else if (request->is_asleep) {
        MHD_resume_connection(request->connection);
    } else {
        request->loop->awake--;
    }
}

static void run_handler(struct http_request *request) {
    request->route->handler(request, request->route->arg);
}

/* On the connection's own thread: whoever handles it replies before returning. */
static enum MHD_Result run_threaded(struct http_request *request) {
    run_handler(request);
    if (atomic_load(&request->reply_state) != REPLY_READY) {
        mp_log(MP_LOG_ERROR, "http", "a handler gave no reply", "path=%s", request->route->path);
        return MHD_NO;
    }
    return reply_queue(request);
}

/*
 * On the loop's thread. A reply may come from any thread from the moment the handler is called; the
 * one who changes reply_state second is the one who acts: the replier posts the request to the
 * loop, or we queue its reply. The loop looks at what was posted only after this callback.
 */
static enum MHD_Result run_on_loop(struct http_request *request) {
    struct http_server *server = request->loop->server;
    int none = REPLY_NONE;
    atomic_fetch_add(&server->awaited, 1);
    if (atomic_load(&server->is_stopping)) {
        atomic_fetch_sub(&server->awaited, 1);
        return MHD_NO;
    }
    visit_enter(request, VISIT_WAITS);
    if (request->route->mode == HTTP_BLOCKING) {
        atomic_store(&request->reply_state, REPLY_AWAITED);
        if (workers_submit(server->workers, request)) {
            request->is_awaited = true;
            go_to_sleep(request);
            return MHD_YES;
        }
        atomic_store(&request->reply_state, REPLY_NONE);
        atomic_fetch_sub(&server->awaited, 1);
        refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "too many requests are waiting");
        http_reply_header(request, MHD_HTTP_HEADER_RETRY_AFTER, "1");
        return answer_early(request);
    }
    run_handler(request);
    if (atomic_compare_exchange_strong(&request->reply_state, &none, REPLY_AWAITED)) {
        request->is_awaited = true;
        return stay_awake(request);
    }
    atomic_fetch_sub(&server->awaited, 1);
    return reply_queue(request);
}

static struct http_request *arrive(struct loop *loop, struct MHD_Connection *connection,
                                   const char *path, const char *method) {
    struct http_request *request = request_take(loop);
    if (request) {
        atomic_fetch_add(&loop->server->active, 1);
        request->connection = connection;
        request->method = method;
        request->path = path;
        request->started_ns = mp_mono_ns();
    }
    return request;
}

enum MHD_Result dispatch_request(void *arg, struct MHD_Connection *connection, const char *path,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_len, void **state) {
    struct loop *loop = arg;
    struct http_request *request = *state;
    if (!request) {
        request = arrive(loop, connection, path, method);
        *state = request;
        if (!request) {
            return MHD_NO;
        }
        return begin(request, version) ? answer_early(request) : MHD_YES;
    }
    if (*data_len > 0) {
        size_t len = *data_len;
        *data_len = 0;
        return take_body(request, data, len) ? MHD_YES : MHD_NO;
    }
    if (request->was_dispatched) {
        return request->is_awaited ? stay_awake(request) : reply_queue(request);
    }
    if (request->early_status != 0) {
        return answer_early(request);
    }
    request->was_dispatched = true;
    return loop->server->is_threaded ? run_threaded(request) : run_on_loop(request);
}

void dispatch_completed(void *arg, struct MHD_Connection *connection, void **state,
                        enum MHD_RequestTerminationCode code) {
    struct loop *loop = arg;
    struct http_request *request = *state;
    (void)connection, (void)code;
    if (!request) {
        return;
    }
    *state = NULL;
    visit_enter(request, VISIT_RECEIVES);
    if (request->is_awaited) {
        /* Whoever will reply still has it. */
        loop->awake -= !request->is_asleep;
        request->is_orphan = true;
    } else {
        end(request);
    }
}
