#include "http/internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

struct http_request *request_take(struct http_server *server) {
    pthread_mutex_lock(&server->pool_mutex);
    struct http_request *request = server->pool;
    if (request) {
        server->pool = request->next;
        server->pool_count--;
    }
    pthread_mutex_unlock(&server->pool_mutex);
    if (!request) {
        request = calloc(1, sizeof(*request));
        if (!request) {
            return NULL;
        }
        mp_buf_init(&request->body, SIZE_MAX / 2);
    }
    struct mp_buf body = request->body;
    memset(request, 0, sizeof(*request));
    request->body = body;
    mp_buf_clear(&request->body);
    request->server = server;
    return request;
}

void request_give(struct http_request *request) {
    struct http_server *server = request->server;
    for (size_t i = 0; i < request->header_count; i++) {
        free(request->headers[i].name);
        free(request->headers[i].value);
    }
    request->header_count = 0;
    if (request->body.capacity > HTTP_BODY_KEPT_BYTES) {
        mp_buf_deinit(&request->body);
    }
    pthread_mutex_lock(&server->pool_mutex);
    bool is_kept = server->pool_count < HTTP_IDLE_REQUESTS_MAX;
    if (is_kept) {
        request->next = server->pool;
        server->pool = request;
        server->pool_count++;
    }
    pthread_mutex_unlock(&server->pool_mutex);
    if (!is_kept) {
        mp_buf_deinit(&request->body);
        free(request);
    }
}

struct mp_str http_method(const struct http_request *request) {
    return mp_str_of(request->method);
}

struct mp_str http_path(const struct http_request *request) {
    return mp_str_of(request->path);
}

struct mp_str http_header(const struct http_request *request, const char *name) {
    return mp_str_of(MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name));
}

struct mp_str http_query(const struct http_request *request, const char *name) {
    const char *value = NULL;
    size_t len = 0;
    if (MHD_lookup_connection_value_n(request->connection, MHD_GET_ARGUMENT_KIND, name,
                                      strlen(name), &value, &len) != MHD_YES) {
        return mp_str_range(NULL, 0);
    }
    return mp_str_range(value ? value : "", len);
}

struct nth {
    size_t left;
    struct mp_str name;
    struct mp_str value;
    bool is_found;
};

static enum MHD_Result on_argument(void *arg, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t value_len) {
    struct nth *nth = arg;
    (void)kind;
    if (nth->left-- > 0) {
        return MHD_YES;
    }
    nth->name = mp_str_range(name, name_len);
    nth->value = mp_str_range(value ? value : "", value_len);
    nth->is_found = true;
    return MHD_NO;
}

bool http_query_at(const struct http_request *request, size_t index, struct mp_str *name,
                   struct mp_str *value) {
    struct nth nth = {.left = index};
    MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, on_argument, &nth);
    *name = nth.name;
    *value = nth.value;
    return nth.is_found;
}

struct mp_str http_param(const struct http_request *request, const char *name) {
    size_t len = strlen(name);
    for (size_t i = 0; i < request->param_count; i++) {
        const char *candidate = request->param_names[i];
        if (strncmp(candidate, name, len) == 0 && candidate[len] == '}') {
            return request->params[i];
        }
    }
    return mp_str_range(NULL, 0);
}

struct mp_str http_body(const struct http_request *request) {
    return mp_buf_str(&request->body);
}

struct mp_str http_peer(const struct http_request *const_request) {
    struct http_request *request = (struct http_request *)const_request;
    if (!request->peer[0]) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        const struct sockaddr *address = info ? info->client_addr : NULL;
        memcpy(request->peer, "unix", 5);
        if (address && address->sa_family == AF_INET) {
            inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr,
                      request->peer, sizeof(request->peer));
        } else if (address && address->sa_family == AF_INET6) {
            inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
                      request->peer, sizeof(request->peer));
        }
    }
    return mp_str_of(request->peer);
}

size_t http_route_index(const struct http_request *request) {
    return request->route ? (size_t)(request->route - request->server->config.routes) : SIZE_MAX;
}

void *http_scratch(struct http_request *request) {
    return request->scratch;
}

bool http_client_gone(struct http_request *request) {
    if (atomic_load(&request->server->is_stopping)) {
        return true;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct pollfd state = {.fd = info ? info->connect_fd : -1, .events = POLLRDHUP};
    return poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}
