#include "http/internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

struct http_request *request_take(struct loop *loop) {
    pthread_mutex_lock(&loop->pool_mutex);
    struct http_request *request = loop->pool;
    if (request) {
        loop->pool = request->next;
        loop->pool_count--;
    }
    pthread_mutex_unlock(&loop->pool_mutex);
    if (!request) {
        request = calloc(1, sizeof(*request));
        if (!request) {
            return NULL;
        }
        mp_buf_init(&request->body, SIZE_MAX / 2); /* its route bounds it */
    }
    struct mp_buf body = request->body;
    memset(request, 0, sizeof(*request));
    request->body = body;
    mp_buf_clear(&request->body);
    request->loop = loop;
    return request;
}

void request_give(struct http_request *request) {
    struct loop *loop = request->loop;
    for (size_t i = 0; i < request->header_count; i++) {
        free(request->headers[i].name);
        free(request->headers[i].value);
    }
    request->header_count = 0;
    if (request->body.capacity > HTTP_BODY_KEPT_BYTES) {
        mp_buf_deinit(&request->body);
    }
    pthread_mutex_lock(&loop->pool_mutex);
    bool is_kept = loop->pool_count < HTTP_IDLE_REQUESTS_MAX;
    if (is_kept) {
        request->next = loop->pool;
        loop->pool = request;
        loop->pool_count++;
    }
    pthread_mutex_unlock(&loop->pool_mutex);
    if (!is_kept) {
        mp_buf_deinit(&request->body);
        free(request);
    }
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place. What is no %XX stays as it is; so does %00, since paths end at a NUL from here on. */
size_t request_unescape(void *arg, struct MHD_Connection *connection, char *text) {
    (void)arg, (void)connection;
    char *from = strchr(text, '%');
    if (!from) {
        return strlen(text);
    }
    char *to = from;
    while (*from) {
        int high = from[0] == '%' ? hex_digit(from[1]) : -1;
        int low = high >= 0 ? hex_digit(from[2]) : -1;
        if (low >= 0 && (high | low) != 0) {
            *to++ = (char)(high << 4 | low);
            from += 3;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return (size_t)(to - text);
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

struct list {
    const char *name;
    struct mp_str only;
    struct mp_buf *joined;
    int count;
};

static enum MHD_Result on_field(void *arg, enum MHD_ValueKind kind, const char *name,
                                size_t name_len, const char *value, size_t value_len) {
    struct list *list = arg;
    (void)kind, (void)name_len;
    if (strcasecmp(name, list->name) != 0) {
        return MHD_YES;
    }
    if (list->count == 1) {
        mp_buf_append_str(list->joined, list->only);
    }
    if (list->count++ > 0) {
        mp_buf_append_text(list->joined, ", ");
        mp_buf_append(list->joined, value, value_len);
    } else {
        list->only = mp_str_range(value, value_len);
    }
    return MHD_YES;
}

struct mp_str http_header_list(const struct http_request *request, const char *name,
                               struct mp_buf *joined) {
    struct list list = {.name = name, .joined = joined};
    mp_buf_clear(joined);
    MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, on_field, &list);
    return list.count > 1 ? mp_buf_str(joined) : list.only;
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
    const struct http_config *config = &request->loop->server->config;
    return request->route ? (size_t)(request->route - config->routes) : SIZE_MAX;
}

const char *http_route_path(const struct http_request *request) {
    return request->route ? request->route->path : "";
}

void *http_scratch(struct http_request *request) {
    return request->scratch;
}

bool http_is_stopping(const struct http_request *request) {
    return atomic_load(&request->loop->server->is_stopping);
}

bool http_client_gone(struct http_request *request) {
    if (http_is_stopping(request)) {
        return true;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct pollfd state = {.fd = info ? info->connect_fd : -1, .events = POLLRDHUP};
    return poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}
