#include "http/internal.h"

#include "base/log.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>

#define STREAM_BLOCK_BYTES (256u * 1024)
#define EARLY_BODY_BYTES_MAX 4096

static bool is_clean(const char *text) {
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

void http_reply_header(struct http_request *request, const char *name, const char *value) {
    if (!is_clean(value) || request->header_count == HTTP_REPLY_HEADERS_MAX) {
        mp_log(MP_LOG_WARN, "http", "reply header dropped", "name=%s", name);
        return;
    }
    char *name_copy = strdup(name);
    char *value_copy = strdup(value);
    if (!name_copy || !value_copy) {
        free(name_copy);
        free(value_copy);
        return;
    }
    request->headers[request->header_count].name = name_copy;
    request->headers[request->header_count++].value = value_copy;
}

static bool ends_connection(const struct http_request *request) {
    return request->is_last || atomic_load(&request->loop->server->is_draining);
}

static bool has_header(const struct http_request *request, const char *name) {
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(request->headers[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void add_headers(struct http_request *request, const char *content_type) {
    const struct http_server *server = request->loop->server;
    struct MHD_Response *response = request->response;
    if (content_type) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    }
    for (size_t i = 0; i < request->header_count; i++) {
        MHD_add_response_header(response, request->headers[i].name, request->headers[i].value);
    }
    for (size_t i = 0; i < server->config.header_count; i++) {
        const struct http_field *field = &server->config.headers[i];
        if (!has_header(request, field->name)) {
            MHD_add_response_header(response, field->name, field->value);
        }
    }
    if (ends_connection(request)) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
}

/* The reply is made; from here on the request belongs to its loop. */
static void hand_over(struct http_request *request, int status) {
    struct loop *loop = request->loop;
    request->status = status;
    int former = atomic_exchange(&request->reply_state, REPLY_READY);
    assert(former != REPLY_READY); /* a request has one reply */
    if (former == REPLY_AWAITED) {
        loop_post(loop, request);
        atomic_fetch_sub(&loop->server->awaited, 1);
    }
}

static void publish(struct http_request *request, int status, const char *content_type) {
    if (request->response) {
        add_headers(request, content_type);
    }
    hand_over(request, status);
}

void http_reply(struct http_request *request, int status, const char *content_type,
                struct mp_str body) {
    request->response = MHD_create_response_from_buffer(body.len, (void *)(uintptr_t)body.ptr,
                                                        MHD_RESPMEM_MUST_COPY);
    publish(request, status, content_type);
}

void http_reply_static(struct http_request *request, int status, const char *content_type,
                       struct mp_str body) {
    request->response = MHD_create_response_from_buffer(body.len, (void *)(uintptr_t)body.ptr,
                                                        MHD_RESPMEM_PERSISTENT);
    publish(request, status, content_type);
}

struct stream {
    http_stream_next *next;
    void *arg;
};

static ssize_t stream_read(void *arg, uint64_t position, char *buf, size_t max) {
    struct stream *stream = arg;
    (void)position;
    long got = stream->next(stream->arg, buf, max);
    if (got == 0) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    return got < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : got;
}

void http_reply_stream(struct http_request *request, int status, const char *content_type,
                       http_stream_next *next, void *arg) {
    struct stream *stream = malloc(sizeof(*stream));
    if (stream) {
        *stream = (struct stream){next, arg};
        request->response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES,
                                                              stream_read, stream, free);
    }
    publish(request, status, content_type);
}

void reply_early(struct http_request *request) {
    const struct http_config *config = &request->loop->server->config;
    struct mp_buf body;
    const char *content_type = "text/plain; charset=utf-8";
    mp_buf_init(&body, EARLY_BODY_BYTES_MAX);
    if (config->error_body) {
        config->error_body(request->early_status, request->early_reason, &body, &content_type);
    } else {
        mp_buf_printf(&body, "%s\n", request->early_reason);
    }
    if (request->allow[0]) {
        http_reply_header(request, MHD_HTTP_HEADER_ALLOW, request->allow);
    }
    http_reply(request, request->early_status, content_type, mp_buf_str(&body));
    mp_buf_deinit(&body);
}

enum MHD_Result reply_queue(struct http_request *request) {
    if (!request->response) {
        return MHD_NO; /* out of memory: the connection is closed */
    }
    visit_enter(request, VISIT_SENDS);
    enum MHD_Result result =
        MHD_queue_response(request->connection, (unsigned)request->status, request->response);
    reply_drop(request);
    return result;
}

void reply_drop(struct http_request *request) {
    if (request->response && !request->is_response_shared) {
        MHD_destroy_response(request->response);
    }
    request->response = NULL;
}

/* ---- Answers --------------------------------------------------------------------------- */

/* The library counts who uses a response, so that it may be queued any number of times. */
struct http_answer {
    int status;
    struct MHD_Response *usual;
    struct MHD_Response *last; /* ends its connection */
};

static struct MHD_Response *make_response(const char *content_type,
                                          const struct http_field *headers, size_t header_count,
                                          struct mp_str body) {
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.len, (void *)(uintptr_t)body.ptr, MHD_RESPMEM_MUST_COPY);
    bool is_made = response && MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                                       content_type) == MHD_YES;
    for (size_t i = 0; i < header_count && is_made; i++) {
        is_made = MHD_add_response_header(response, headers[i].name, headers[i].value) == MHD_YES;
    }
    if (response && !is_made) {
        MHD_destroy_response(response);
        response = NULL;
    }
    return response;
}

struct http_answer *http_answer_create(int status, const char *content_type,
                                       const struct http_field *headers, size_t header_count,
                                       struct mp_str body) {
    struct http_answer *answer = calloc(1, sizeof(*answer));
    if (!answer) {
        return NULL;
    }
    answer->status = status;
    answer->usual = make_response(content_type, headers, header_count, body);
    answer->last = make_response(content_type, headers, header_count, body);
    if (!answer->usual || !answer->last ||
        MHD_add_response_header(answer->last, MHD_HTTP_HEADER_CONNECTION, "close") != MHD_YES) {
        http_answer_destroy(answer);
        return NULL;
    }
    return answer;
}

void http_answer_destroy(struct http_answer *answer) {
    if (!answer) {
        return;
    }
    if (answer->usual) {
        MHD_destroy_response(answer->usual);
    }
    if (answer->last) {
        MHD_destroy_response(answer->last);
    }
    free(answer);
}

void http_reply_answer(struct http_request *request, const struct http_answer *answer) {
    request->response = ends_connection(request) ? answer->last : answer->usual;
    request->is_response_shared = true;
    hand_over(request, answer->status);
}
