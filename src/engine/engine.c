#include "engine/internal.h"

#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define DOOR_CONNECTIONS_MAX 64
#define DOOR_IDLE_S 600
#define STOP_GRACE_MS 4000
#define SPARE_CONNECTIONS 1

static void ping(struct http_request *request, void *arg) {
    (void)arg;
    http_reply_static(request, 200, "text/plain", MP_STR("Ok.\n"));
}

static bool drop_body(struct http_request *request, void *arg, struct mp_str data) {
    (void)request, (void)arg, (void)data;
    return false;
}

static int open_door(struct door *door, const char *listen, struct http_route routes[3],
                     struct http_server **out, struct mp_error *err) {
    routes[0] = (struct http_route){.method = "GET",
                                    .path = "/ping",
                                    .mode = HTTP_STREAM,
                                    .handler = ping,
                                    .on_body = drop_body};
    routes[1] = (struct http_route){.method = "GET",
                                    .path = "/",
                                    .mode = HTTP_STREAM,
                                    .handler = exchange_handle,
                                    .arg = door,
                                    .on_body = exchange_on_body,
                                    .closed = exchange_closed};
    routes[2] = routes[1];
    routes[2].method = "POST";
    struct http_config config = {.listen = listen,
                                 .routes = routes,
                                 .route_count = 3,
                                 .connections_max = DOOR_CONNECTIONS_MAX,
                                 .idle_timeout_s = DOOR_IDLE_S};
    return http_server_start(&config, out, err);
}

static int open_pools(struct engine *engine, struct mp_error *err) {
    const struct engine_config *config = &engine->config;
    struct pool_config pool = {.chdb = &engine->chdb,
                               .data_dir = config->data_dir,
                               .memory_bytes = config->memory_bytes,
                               .threads = config->threads,
                               .query_timeout_ms = config->query_timeout_ms,
                               .count = config->connections / 2 < 2 ? 2 : config->connections / 2};
    int code = pool_open(&pool, &engine->writers, err);
    if (code == MP_OK) {
        pool.count = SPARE_CONNECTIONS;
        code = pool_open(&pool, &engine->spare, err);
    }
    if (code == MP_OK) {
        pool.count = config->connections;
        pool.is_read_only = true;
        code = pool_open(&pool, &engine->readers, err);
    }
    return code;
}

static int serve_doors(struct engine *engine, const sigset_t *signals, struct mp_error *err) {
    char listen[4096];
    struct door unix_door = {engine, true};
    struct door tcp_door = {engine, false};
    struct http_route unix_routes[3], tcp_routes[3];
    struct http_server *unix_server = NULL, *tcp_server = NULL;
    snprintf(listen, sizeof(listen), "unix:%s", engine->config.socket_path);
    int code = open_door(&unix_door, listen, unix_routes, &unix_server, err);
    if (code == MP_OK && engine->config.tcp_listen) {
        code = open_door(&tcp_door, engine->config.tcp_listen, tcp_routes, &tcp_server, err);
    }
    if (code == MP_OK) {
        int signal = 0;
        mp_log(MP_LOG_INFO, "engine", "ready", "socket=%s tcp=%s", engine->config.socket_path,
               engine->config.tcp_listen ? engine->config.tcp_listen : "off");
        sigwait(signals, &signal);
        mp_log(MP_LOG_INFO, "engine", "stopping", "signal=%d", signal);
    }
    if (tcp_server) {
        http_server_stop(tcp_server, STOP_GRACE_MS);
    }
    if (unix_server) {
        http_server_stop(unix_server, STOP_GRACE_MS);
    }
    return code;
}

int engine_run(const struct engine_config *config, struct mp_error *err) {
    struct engine *engine = calloc(1, sizeof(*engine));
    sigset_t signals;
    if (!engine) {
        return mp_fail(err, MP_E_MEMORY, "engine", "no memory");
    }
    /* A collector that was killed must not leave an engine that holds the database. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    engine->config = *config;
    int code = sodium_init() >= 0 ? MP_OK : mp_fail(err, MP_E_IO, "engine", "no random numbers");
    if (code == MP_OK && mkdir(config->data_dir, 0700) != 0 && errno != EEXIST) {
        code = mp_fail_sys(err, errno, config->data_dir, "cannot make the directory");
    }
    if (code == MP_OK) {
        code = chdb_load(config->library, &engine->chdb, err);
    }
    if (code == MP_OK) {
        engine->chdb.set_signal_handlers_enabled(0);
        code = open_pools(engine, err);
    }
    if (code == MP_OK) {
        code = watch_start(engine->spare, &engine->chdb, &engine->watch, err);
    }
    if (code == MP_OK) {
        code = serve_doors(engine, &signals, err);
    }
    watch_stop(engine->watch);
    /* Leaving without closing every connection makes chDB abort. */
    pool_close(engine->readers);
    pool_close(engine->writers);
    pool_close(engine->spare);
    free(engine);
    return code;
}
