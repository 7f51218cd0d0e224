/* Many threads on few connections, against a server of a few lines. */
#include "store/internal.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

#define THREADS 8
#define CALLS_EACH 40
#define CONNECTIONS 2

struct server {
    int listener;
    bool is_silent; /* takes connections and says nothing */
    atomic_int open_now;
    atomic_int open_most;
    pthread_t thread;
    char url[64];
};

struct visitor {
    struct server *server;
    int fd;
};

static void *serve_one(void *arg) {
    struct visitor visitor = *(struct visitor *)arg;
    free(arg);
    char request[4096];
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nOk.\n";
    while (read(visitor.fd, request, sizeof(request)) > 0) {
        if (!visitor.server->is_silent &&
            write(visitor.fd, answer, sizeof(answer) - 1) != (ssize_t)sizeof(answer) - 1) {
            break;
        }
    }
    close(visitor.fd);
    atomic_fetch_sub(&visitor.server->open_now, 1);
    return NULL;
}

static void *serve(void *arg) {
    struct server *server = arg;
    int fd;
    while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
        pthread_t thread;
        struct visitor *visitor = malloc(sizeof(*visitor));
        *visitor = (struct visitor){server, fd};
        int now = atomic_fetch_add(&server->open_now, 1) + 1;
        if (now > atomic_load(&server->open_most)) {
            atomic_store(&server->open_most, now);
        }
        pthread_create(&thread, NULL, serve_one, visitor);
        pthread_detach(thread);
    }
    return NULL;
}

static void server_start(struct server *server) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(server->listener, 64), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &len), 0);
    snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server) {
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    while (atomic_load(&server->open_now) > 0) {
        mp_sleep_ms(1);
    }
}

static struct store *open_at(const char *url, int connections_max) {
    const struct store_config config = {
        .url = url, .database = "minipulse", .connections_max = connections_max};
    struct store *store = NULL;
    assert_int_equal(store_open(&config, &store, NULL), 0);
    return store;
}

static void *ping_often(void *arg) {
    intptr_t failures = 0;
    for (int i = 0; i < CALLS_EACH; i++) {
        failures += store_ping(arg, NULL) != 0;
    }
    return (void *)failures;
}

static void threads_share_a_bounded_number_of_connections(void **state) {
    (void)state;
    struct server server = {0};
    pthread_t threads[THREADS];
    server_start(&server);
    struct store *store = open_at(server.url, CONNECTIONS);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ping_often, store), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *failures;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    assert_in_range(atomic_load(&server.open_most), 1, CONNECTIONS);
    store_close(store);
    server_stop(&server);
}

static void *ask_slowly(void *arg) {
    struct store_statement *statement;
    const struct store_options options = {.timeout_ms = 1500, .is_read_only = true};
    intptr_t code = store_statement_create(arg, MP_STR("SELECT 1"), &statement, NULL);
    code = code ? code : store_run(arg, statement, &options, NULL, NULL, NULL);
    store_statement_destroy(statement);
    return (void *)code;
}

static bool yes(void *arg) {
    (void)arg;
    return true;
}

static void who_finds_no_free_connection_is_told(void **state) {
    (void)state;
    struct server server = {.is_silent = true};
    pthread_t thread;
    void *code;
    struct mp_error err;
    struct store_statement *statement;
    struct store_options options = {.timeout_ms = 200, .is_read_only = true};
    server_start(&server);
    struct store *store = open_at(server.url, 1);
    assert_int_equal(pthread_create(&thread, NULL, ask_slowly, store), 0);
    while (atomic_load(&server.open_now) == 0) {
        mp_sleep_ms(1);
    }
    assert_int_equal(store_statement_create(store, MP_STR("SELECT 1"), &statement, &err), 0);
    assert_int_equal(store_run(store, statement, &options, NULL, NULL, &err), MP_E_FULL);
    options.timeout_ms = 60000;
    options.is_cancelled = yes;
    assert_int_equal(store_run(store, statement, &options, NULL, NULL, &err), MP_E_CANCELLED);
    store_statement_destroy(statement);
    pthread_join(thread, &code);
    assert_int_equal((intptr_t)code, MP_E_TIMEOUT);
    store_close(store);
    server_stop(&server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_a_bounded_number_of_connections),
        cmocka_unit_test(who_finds_no_free_connection_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
