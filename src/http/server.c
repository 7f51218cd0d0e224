#include "http/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORKER_QUEUE_PER_THREAD 32
/* Room for the request line and headers; the library zeroes all of it for every request. */
#define CONNECTION_MEMORY_BYTES (32u * 1024)
#define PEM_BYTES_MAX (1u << 20)

static void refuse(struct http_request *request, int status, const char *reason) {
    request->early_status = status;
    request->early_reason = reason;
}

/* The first look at a request: framing, route, promised size. */
static void begin(struct http_request *request) {
    char allow[128];
    const char *reason = "bad request";
    int status = guard_check(request->connection, &reason);
    if (status != 0) {
        refuse(request, status, reason);
        return;
    }
    status = route_find(&request->server->config, request, allow, sizeof(allow));
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        http_reply_header(request, MHD_HTTP_HEADER_ALLOW, allow);
        refuse(request, status, "the method is not allowed here");
        return;
    }
    if (status != 0) {
        refuse(request, status, "no such path");
        return;
    }
    uint64_t promised = 0;
    if (request->route->mode != HTTP_STREAM &&
        mp_str_to_u64(http_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH), &promised) &&
        promised > request->route->body_bytes_max) {
        refuse(request, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large");
    }
}

static void take_body(struct http_request *request, const char *data, size_t len) {
    if (request->early_status != 0 || request->body_refused) {
        return; /* the rest of what was refused is read and dropped */
    }
    const struct http_route *route = request->route;
    if (route->mode == HTTP_STREAM) {
        request->body_refused = !route->on_body(request, route->arg, mp_str_range(data, len));
        return;
    }
    if (len > route->body_bytes_max - request->body.len) {
        refuse(request, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large");
        return;
    }
    mp_buf_append(&request->body, data, len);
    if (request->body.failed) {
        refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
    }
}

/* Runs the handler; then queues its reply or puts the connection to sleep until one comes. */
static enum MHD_Result dispatch(struct http_request *request) {
    request->was_dispatched = true;
    if (request->early_status == 0) {
        const struct http_route *route = request->route;
        if (route->mode != HTTP_BLOCKING || request->server->is_threaded) {
            route->handler(request, route->arg);
        } else {
            /* Asleep before a worker can reply. */
            MHD_suspend_connection(request->connection);
            atomic_store(&request->reply_state, REPLY_SUSPENDED);
            if (workers_submit(request->server->workers, request)) {
                return MHD_YES;
            }
            refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "too many requests are waiting");
            http_reply_header(request, MHD_HTTP_HEADER_RETRY_AFTER, "1");
            reply_early(request); /* wakes the connection */
            return MHD_YES;
        }
    }
    if (request->early_status != 0) {
        reply_early(request);
    }
    if (atomic_load(&request->reply_state) == REPLY_READY) {
        return reply_queue(request);
    }
    MHD_suspend_connection(request->connection);
    int none = REPLY_NONE;
    if (!atomic_compare_exchange_strong(&request->reply_state, &none, REPLY_SUSPENDED)) {
        MHD_resume_connection(request->connection);
    }
    return MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_len, void **state) {
    struct http_server *server = arg;
    struct http_request *request = *state;
    (void)version;
    if (!request) {
        request = request_take(server);
        if (!request) {
            return MHD_NO;
        }
        atomic_fetch_add(&server->active, 1);
        request->connection = connection;
        request->method = method;
        request->path = url;
        request->started_ns = mp_mono_ns();
        *state = request;
        begin(request);
        return MHD_YES;
    }
    if (*data_len > 0) {
        take_body(request, data, *data_len);
        *data_len = 0;
        return MHD_YES;
    }
    if (request->was_dispatched) {
        return reply_queue(request);
    }
    return dispatch(request);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code) {
    struct http_server *server = arg;
    struct http_request *request = *state;
    (void)connection, (void)code;
    if (!request) {
        return;
    }
    *state = NULL;
    if (request->response) {
        MHD_destroy_response(request->response);
        request->response = NULL;
    }
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

static char *read_pem(const char *path, struct mp_error *err) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = NULL;
    if (fd >= 0 && fstat(fd, &info) == 0 && info.st_size <= PEM_BYTES_MAX) {
        text = calloc(1, (size_t)info.st_size + 1);
        if (text && read(fd, text, (size_t)info.st_size) != info.st_size) {
            free(text);
            text = NULL;
        }
    }
    if (!text) {
        mp_fail_sys(err, errno, path, "cannot read the TLS file");
    }
    if (fd >= 0) {
        close(fd);
    }
    return text;
}

static void on_mhd_error(void *arg, const char *format, va_list args) {
    char text[512];
    (void)arg;
    vsnprintf(text, sizeof(text), format, args);
    mp_log(MP_LOG_DEBUG, "http", "libmicrohttpd", "text=\"%s\"", text);
}

static struct MHD_Daemon *start_daemon(struct http_server *server, int fd) {
    const struct http_config *config = &server->config;
    unsigned flags = MHD_USE_ERROR_LOG;
    struct MHD_OptionItem options[12];
    size_t count = 0;
    if (server->is_threaded) {
        flags |= MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
                 MHD_USE_ITC;
    } else {
        flags |= MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
        if (config->loop_threads > 1) {
            options[count++] =
                (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, config->loop_threads, NULL};
        }
    }
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET, fd, NULL};
    options[count++] =
        (struct MHD_OptionItem){MHD_OPTION_CONNECTION_LIMIT, config->connections_max, NULL};
    options[count++] =
        (struct MHD_OptionItem){MHD_OPTION_CONNECTION_TIMEOUT, config->idle_timeout_s, NULL};
    options[count++] =
        (struct MHD_OptionItem){MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES, NULL};
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL};
    if (server->cert) {
        flags |= MHD_USE_TLS;
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, server->cert};
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, server->key};
    }
    options[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER,
                            on_mhd_error, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
                            MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static void destroy(struct http_server *server) {
    workers_stop(server->workers);
    while (server->pool) {
        struct http_request *request = server->pool;
        server->pool = request->next;
        mp_buf_deinit(&request->body);
        free(request);
    }
    if (server->socket_path) {
        unlink(server->socket_path);
    }
    pthread_mutex_destroy(&server->pool_mutex);
    free(server->socket_path);
    free(server->cert);
    free(server->key);
    free(server);
}

static int prepare(struct http_server *server, struct mp_error *err) {
    struct http_config *config = &server->config;
    for (size_t i = 0; i < config->route_count; i++) {
        server->is_threaded |= config->routes[i].mode == HTTP_STREAM;
    }
    if (config->tls_cert_file) {
        server->cert = read_pem(config->tls_cert_file, err);
        server->key = server->cert ? read_pem(config->tls_key_file, err) : NULL;
        if (!server->key) {
            return err->code;
        }
    }
    if (!server->is_threaded && config->worker_threads > 0) {
        server->workers =
            workers_start(config->worker_threads, config->worker_threads * WORKER_QUEUE_PER_THREAD);
        if (!server->workers) {
            return mp_fail(err, MP_E_MEMORY, "http_workers", "cannot start the workers");
        }
    }
    return MP_OK;
}

int http_server_start(const struct http_config *config, struct http_server **out,
                      struct mp_error *err) {
    struct http_server *server = calloc(1, sizeof(*server));
    *out = NULL;
    if (!server) {
        return mp_fail(err, MP_E_MEMORY, "listen", "no memory");
    }
    server->config = *config;
    pthread_mutex_init(&server->pool_mutex, NULL);
    int code = prepare(server, err);
    int fd = code == MP_OK ? listen_open(config->listen, &server->socket_path, err) : -1;
    if (fd < 0) {
        code = code == MP_OK ? (int)err->code : code;
        destroy(server);
        return code;
    }
    server->daemon = start_daemon(server, fd);
    if (!server->daemon) {
        close(fd);
        destroy(server);
        return mp_fail(err, MP_E_IO, "listen", "the HTTP library does not start (TLS files?)");
    }
    *out = server;
    return MP_OK;
}

int http_server_port(const struct http_server *server) {
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_LISTEN_FD);
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    if (!info || getsockname(info->listen_fd, (struct sockaddr *)&address, &len) != 0) {
        return 0;
    }
    if (address.ss_family == AF_INET) {
        return ntohs(((struct sockaddr_in *)&address)->sin_port);
    }
    return address.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&address)->sin6_port) : 0;
}

void http_server_stop(struct http_server *server, int64_t grace_ms) {
    MHD_socket listener = MHD_quiesce_daemon(server->daemon);
    int64_t until_ms = mp_mono_ms() + grace_ms;
    while (atomic_load(&server->active) > 0) {
        if (mp_mono_ms() > until_ms) {
            /* From here on every blocking handler is told that its client has left. */
            atomic_store(&server->is_stopping, true);
        }
        if (mp_mono_ms() > until_ms + grace_ms) {
            break;
        }
        mp_sleep_ms(5);
    }
    atomic_store(&server->is_stopping, true);
    MHD_stop_daemon(server->daemon);
    if (listener != MHD_INVALID_SOCKET) {
        close(listener);
    }
    destroy(server);
}
