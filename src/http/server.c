/* Start and stop. */
#include "http/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORKER_QUEUE_PER_THREAD 32
#define PEM_BYTES_MAX (1u << 20)
#define STOP_LOOK_MS 5
#define STOP_LOG_MS 1000

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

static int port_of(int fd) {
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)(void *)&address, &len) != 0) {
        return 0;
    }
    if (address.ss_family == AF_INET) {
        return ntohs(((struct sockaddr_in *)(void *)&address)->sin_port);
    }
    return address.ss_family == AF_INET6
               ? ntohs(((struct sockaddr_in6 *)(void *)&address)->sin6_port)
               : 0;
}

static void destroy(struct http_server *server) {
    workers_stop(server->workers);
    for (int i = 0; i < server->loop_count; i++) {
        struct loop *loop = &server->loops[i];
        while (loop->pool) {
            struct http_request *request = loop->pool;
            loop->pool = request->next;
            mp_buf_deinit(&request->body);
            free(request);
        }
        pthread_mutex_destroy(&loop->pool_mutex);
    }
    if (server->listen_fd >= 0) {
        close(server->listen_fd);
    }
    if (server->socket_path) {
        unlink(server->socket_path);
    }
    free(server->socket_path);
    free(server->cert);
    free(server->key);
    free(server);
}

static struct http_server *create(const struct http_config *config) {
    bool is_threaded = false;
    for (size_t i = 0; i < config->route_count; i++) {
        is_threaded |= config->routes[i].mode == HTTP_STREAM;
    }
    int loops = is_threaded || config->loop_threads < 1 ? 1 : config->loop_threads;
    loops = loops > HTTP_LOOPS_MAX ? HTTP_LOOPS_MAX : loops;
    struct http_server *server =
        calloc(1, sizeof(*server) + (size_t)loops * sizeof(server->loops[0]));
    if (!server) {
        return NULL;
    }
    server->config = *config;
    if (config->receive_timeout_s == 0) {
        server->config.receive_timeout_s = HTTP_RECEIVE_TIMEOUT_S;
    }
    server->is_threaded = is_threaded;
    server->is_unix = strncmp(config->listen, "unix:", 5) == 0;
    server->listen_fd = -1;
    server->loop_count = loops;
    for (int i = 0; i < loops; i++) {
        server->loops[i].server = server;
        server->loops[i].wake_fd = -1;
        pthread_mutex_init(&server->loops[i].pool_mutex, NULL);
    }
    return server;
}

static int prepare(struct http_server *server, struct mp_error *err) {
    const struct http_config *config = &server->config;
    if (config->tls_cert_file) {
        server->cert = read_pem(config->tls_cert_file, err);
        server->key = server->cert ? read_pem(config->tls_key_file, err) : NULL;
        if (!server->key) {
            return (int)err->code;
        }
    }
    if (!server->is_threaded && config->worker_threads > 0) {
        server->workers =
            workers_start(config->worker_threads, config->worker_threads * WORKER_QUEUE_PER_THREAD);
        if (!server->workers) {
            return mp_fail(err, MP_E_MEMORY, "http_workers", "cannot start the workers");
        }
    }
    server->listen_fd = listen_open(config->listen, &server->socket_path, err);
    if (server->listen_fd < 0) {
        return (int)err->code;
    }
    server->port = port_of(server->listen_fd);
    return MP_OK;
}

static void stop_loops(struct http_server *server) {
    /* The first one deals connections to the others: it ends before them. */
    for (int i = 0; i < server->loop_count; i++) {
        if (server->is_threaded) {
            threaded_stop(&server->loops[i]);
        } else {
            loop_stop(&server->loops[i]);
        }
    }
}

int http_server_start(const struct http_config *config, struct http_server **out,
                      struct mp_error *err) {
    struct mp_error local;
    struct http_server *server = create(config);
    err = err ? err : &local;
    *out = NULL;
    if (!server) {
        return mp_fail(err, MP_E_MEMORY, "listen", "no memory");
    }
    int code = prepare(server, err);
    /* From the last to the first: the first one accepts, and needs the others by then. */
    for (int i = server->loop_count - 1; i >= 0 && code == MP_OK; i--) {
        code = server->is_threaded ? threaded_start(&server->loops[i], err)
                                   : loop_start(&server->loops[i], err);
    }
    if (code != MP_OK) {
        stop_loops(server);
        destroy(server);
        return code;
    }
    *out = server;
    return MP_OK;
}

int http_server_port(const struct http_server *server) {
    return server->port;
}

/* Until count is 0 or the time is over. */
static void wait_for_none(atomic_int *count, int64_t until_ms) {
    while (atomic_load(count) > 0 && mp_mono_ms() < until_ms) {
        mp_sleep_ms(STOP_LOOK_MS);
    }
}

void http_server_stop(struct http_server *server, int64_t grace_ms) {
    atomic_store(&server->is_draining, true);
    if (server->is_threaded) {
        MHD_quiesce_daemon(server->loops[0].daemon); /* the socket is ours to close */
    }
    for (int i = 0; i < server->loop_count && !server->is_threaded; i++) {
        loop_wake(&server->loops[i]); /* feeds end now */
    }
    wait_for_none(&server->active, mp_mono_ms() + grace_ms);
    /* Handlers are told that nobody waits any more; they still own what they work with. */
    atomic_store(&server->is_stopping, true);
    while (atomic_load(&server->awaited) > 0) {
        wait_for_none(&server->awaited, mp_mono_ms() + STOP_LOG_MS);
        if (atomic_load(&server->awaited) > 0) {
            mp_log(MP_LOG_WARN, "http", "handlers are still at work", "count=%d",
                   atomic_load(&server->awaited));
        }
    }
    stop_loops(server);
    destroy(server);
}
