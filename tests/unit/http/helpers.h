/* What the tests of http/ share: a server on a free port, a raw client that sends bytes as told. */
#ifndef MP_TESTS_HTTP_HELPERS_H
#define MP_TESTS_HTTP_HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REPLY_WAIT_MS 5000
#define REPLY_BYTES_MAX (1u << 16)

struct answer {
    int status; /* 0: the connection ended, or nothing came in time, before a whole reply */
    bool is_ended;
    char head[8192];
    char body[REPLY_BYTES_MAX];
    size_t body_len;
};

/* A connection as a client sees it; keeps what came behind the reply read last. */
struct client {
    int fd;
    char kept[REPLY_BYTES_MAX + 8192];
    size_t kept_len;
};

__attribute__((unused)) static struct http_server *serve_with(struct http_config config) {
    struct http_server *server = NULL;
    struct mp_error err = {0};
    mp_log_setup(MP_LOG_ERROR, false);
    config.listen = config.listen ? config.listen : "127.0.0.1:0";
    config.loop_threads = config.loop_threads ? config.loop_threads : 2;
    config.worker_threads = config.worker_threads ? config.worker_threads : 2;
    config.connections_max = config.connections_max ? config.connections_max : 100;
    config.idle_timeout_s = config.idle_timeout_s ? config.idle_timeout_s : 30;
    if (http_server_start(&config, &server, &err) != MP_OK) {
        fail_msg("http_server_start: %s", err.message);
    }
    return server;
}

__attribute__((unused)) static struct http_server *serve(const struct http_route *routes,
                                                         size_t count) {
    return serve_with((struct http_config){.routes = routes, .route_count = count});
}

__attribute__((unused)) static struct client *dial_fd(int fd, const struct sockaddr *address,
                                                      socklen_t len) {
    struct client *client = calloc(1, sizeof(*client));
    client->fd = fd;
    if (fd < 0 || connect(fd, address, len) != 0) {
        fail_msg("connect: %s", strerror(errno));
    }
    return client;
}

__attribute__((unused)) static struct client *dial(const struct http_server *server) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_server_port(server)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    return dial_fd(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address));
}

__attribute__((unused)) static struct client *dial_unix(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    return dial_fd(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address));
}

__attribute__((unused)) static void hang_up(struct client *client) {
    close(client->fd);
    free(client);
}

/* False when the server has closed already. */
__attribute__((unused)) static bool put(struct client *client, const void *data, size_t len) {
    const char *at = data;
    while (len > 0) {
        ssize_t sent = send(client->fd, at, len, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        at += sent;
        len -= (size_t)sent;
    }
    return true;
}

__attribute__((unused)) static void say(struct client *client, const char *text) {
    put(client, text, strlen(text));
}

/* Reads more within wait_ms; 0 = end, -1 = nothing came. */
__attribute__((unused)) static ssize_t get_more(struct client *client, int wait_ms) {
    struct pollfd wait = {.fd = client->fd, .events = POLLIN};
    if (poll(&wait, 1, wait_ms) <= 0) {
        return -1;
    }
    ssize_t got = recv(client->fd, client->kept + client->kept_len,
                       sizeof(client->kept) - client->kept_len - 1, 0);
    if (got > 0) {
        client->kept_len += (size_t)got;
        client->kept[client->kept_len] = '\0';
    }
    return got < 0 ? 0 : got; /* a reset is an end as well */
}

/* The value of a header of the reply; NULL when it is not there. */
__attribute__((unused)) static const char *field(const struct answer *answer, const char *name) {
    static char value[1024];
    size_t len = strlen(name);
    for (const char *line = strstr(answer->head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            sscanf(line + len + 1, " %1023[^\r]", value);
            return value;
        }
    }
    return NULL;
}

/* One reply with Content-Length (or none, for HEAD). */
__attribute__((unused)) static struct answer *hear_within(struct client *client, bool has_body,
                                                          int wait_ms) {
    static struct answer answer;
    char *head_end = NULL;
    memset(&answer, 0, sizeof(answer));
    for (;;) {
        client->kept[client->kept_len] = '\0';
        head_end = client->kept_len ? strstr(client->kept, "\r\n\r\n") : NULL;
        if (head_end) {
            size_t head_len = (size_t)(head_end - client->kept) + 4;
            memcpy(answer.head, client->kept, head_len);
            answer.head[head_len] = '\0';
            const char *length = has_body ? field(&answer, "Content-Length") : NULL;
            size_t body_len = length ? (size_t)strtoul(length, NULL, 10) : 0;
            if (client->kept_len >= head_len + body_len) {
                memcpy(answer.body, client->kept + head_len, body_len);
                answer.body_len = body_len;
                client->kept_len -= head_len + body_len;
                memmove(client->kept, client->kept + head_len + body_len, client->kept_len);
                sscanf(answer.head, "HTTP/1.1 %d", &answer.status);
                return &answer;
            }
        }
        ssize_t got = get_more(client, wait_ms);
        if (got <= 0) {
            answer.is_ended = got == 0;
            return &answer;
        }
    }
}

__attribute__((unused)) static struct answer *hear(struct client *client) {
    return hear_within(client, true, REPLY_WAIT_MS);
}

/* True when the server ends the connection, having sent nothing more, within wait_ms. */
__attribute__((unused)) static bool is_ended_within(struct client *client, int wait_ms) {
    return client->kept_len == 0 && get_more(client, wait_ms) == 0;
}

/* One request on a connection of its own. */
__attribute__((unused)) static struct answer *ask(const struct http_server *server,
                                                  const char *request) {
    struct client *client = dial(server);
    say(client, request);
    struct answer *answer = hear(client);
    hang_up(client);
    return answer;
}

/* A handler that tells what it was asked. */
__attribute__((unused)) static void echo(struct http_request *request, void *arg) {
    struct mp_buf body;
    struct mp_str name, value;
    mp_buf_init(&body, REPLY_BYTES_MAX);
    mp_buf_printf(&body, "%s %.*s", (const char *)arg, MP_STR_ARG(http_path(request)));
    for (size_t i = 0; http_query_at(request, i, &name, &value); i++) {
        mp_buf_printf(&body, " %.*s=%.*s", MP_STR_ARG(name), MP_STR_ARG(value));
    }
    mp_buf_append_text(&body, " ");
    mp_buf_append_str(&body, http_body(request));
    http_reply(request, 200, "text/plain", mp_buf_str(&body));
    mp_buf_deinit(&body);
}

#endif
