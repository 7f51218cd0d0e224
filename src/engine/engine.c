#include "engine/internal.h"

#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define ENGINE_NICE 10
#define DOOR_CONNECTIONS_MAX 64
#define DOOR_IDLE_S 600
/* Together below the time that serve gives the engine to end. */
#define SOCKET_GRACE_MS 2500
#define TCP_GRACE_MS 500

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

static int check_config(const struct engine_config *config, struct mp_error *err) {
    bool has_password =
        config->tcp_user && config->tcp_user[0] && config->tcp_password && config->tcp_password[0];
    if (config->tcp_listen && !has_password) {
        return mp_fail(err, MP_E_ARGUMENT, "engine_password",
                       "engine_listen needs engine_user and engine_password");
    }
    if (mkdir(config->data_dir, 0700) != 0 && errno != EEXIST) {
        return mp_fail_sys(err, errno, config->data_dir, "cannot make the directory");
    }
    return MP_OK;
}

static int open_database(struct engine *engine, struct mp_error *err) {
    const struct engine_config *config = &engine->config;
    int code = chdb_load(config->library, &engine->chdb, err);
    if (code != MP_OK) {
        return code;
    }
    /* Else chDB's handlers for crashes and SIGTERM take the place of ours. */
    engine->chdb.set_signal_handlers_enabled(0);
    code = connections_open(&engine->chdb, config, &engine->connections, err);
    if (code == MP_OK && config->tcp_listen) {
        code = reader_rules_open(&engine->chdb, engine->connections, &engine->reader_rules, err);
    }
    if (code == MP_OK) {
        code = watch_start(engine->connections, &engine->chdb, &engine->watch, err);
    }
    return code;
}

static int serve_doors(struct engine *engine, const sigset_t *signals, struct mp_error *err) {
    char listen[4096];
    struct door unix_door = {engine, &engine->writers, false};
    struct door tcp_door = {engine, &engine->readers, true};
    struct http_route unix_routes[3], tcp_routes[3];
    struct http_server *unix_server = NULL, *tcp_server = NULL;
    snprintf(listen, sizeof(listen), "unix:%s", engine->config.socket_path);
    int code = open_door(&unix_door, listen, unix_routes, &unix_server, err);
    if (code == MP_OK && engine->config.tcp_listen) {
        code = open_door(&tcp_door, engine->config.tcp_listen, tcp_routes, &tcp_server, err);
    }
    if (code == MP_OK) {
        int signal = 0;
        mp_log(MP_LOG_INFO, "engine", "ready", "socket=%s tcp_port=%d", engine->config.socket_path,
               tcp_server ? http_server_port(tcp_server) : 0);
        sigwait(signals, &signal);
        mp_log(MP_LOG_INFO, "engine", "stopping", "signal=%d", signal);
    }
    watch_end_all(engine->watch, SOCKET_GRACE_MS);
    if (tcp_server) {
        http_server_stop(tcp_server, TCP_GRACE_MS);
    }
    if (unix_server) {
        http_server_stop(unix_server, SOCKET_GRACE_MS);
    }
    return code;
}

int engine_run(const struct engine_config *config, struct mp_error *err) {
    struct engine *engine = calloc(1, sizeof(*engine));
    sigset_t signals;
    if (!engine) {
        return mp_fail(err, MP_E_MEMORY, "engine", "no memory");
    }
    /* A collector that was killed must not leave an engine that holds the database: the next one
     * starts its own at once. Nothing is lost, for what was acknowledged is on disk. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* Taking events in goes before working on them: what the loader sends can wait. */
    (void)setpriority(PRIO_PROCESS, 0, ENGINE_NICE);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    engine->config = *config;
    int connections = config->connections > 0 ? config->connections : 1;
    gate_init(&engine->writers, connections);
    gate_init(&engine->readers, connections);
    int code = sodium_init() >= 0 ? MP_OK : mp_fail(err, MP_E_IO, "engine", "no random numbers");
    code = code ? code : check_config(config, err);
    code = code ? code : open_database(engine, err);
    code = code ? code : serve_doors(engine, &signals, err);
    watch_stop(engine->watch);
    reader_rules_close(engine->reader_rules);
    /* Leaving without closing every connection makes chDB abort. */
    connections_close(engine->connections);
    gate_deinit(&engine->writers);
    gate_deinit(&engine->readers);
    free(engine);
    return code;
}
