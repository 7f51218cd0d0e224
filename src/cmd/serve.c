/* `minipulse serve`: opens the parts in order, waits for a signal, closes them. */
#include "cmd/serve.h"

#include "base/clock.h"
#include "base/json_write.h"
#include "base/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* Beside the loader (reads and writes), its rebuilds and real-time figures, each worker may ask a
 * report. */
#define CONNECTIONS_SPARE 7
#define PENDING_BYTES_MAX (UINT64_C(16) << 20)
#define IDLE_TIMEOUT_S 60
#define HSTS_MAX_AGE_S (365 * 24 * 3600)
#define APPS_LOOK_MS 1000
#define APPS_LOG_AGAIN_LOOKS 60

/* Stopping takes 10 s at most: requests under way, then the batch under way, then the engine. */
#define HTTP_GRACE_MS 2500
#define ENGINE_GRACE_MS 2500
/* From here on nobody waits for the engine any more: a hanging one must not hold the loader. */
#define KILL_ENGINE_AFTER_S 6
#define EXIT_AFTER_S 9

static int open_journal(struct serve *serve, struct mp_error *err) {
    const struct mp_config *config = serve->config;
    char dir[CMD_PATH_MAX];
    struct journal_config journal = {.dir = dir,
                                     .segment_bytes = (uint64_t)config->journal_segment_bytes,
                                     .max_bytes = (uint64_t)config->journal_max_bytes,
                                     .pending_bytes_max = PENDING_BYTES_MAX,
                                     .commit_delay_us = (int32_t)config->journal_commit_delay_us};
    int code = cmd_path(config, CMD_JOURNAL_DIR, dir, err);
    code = code ? code : journal_open(&journal, &serve->journal, err);
    return code == MP_E_EXISTS
               ? mp_error_wrap(err, "another minipulse serve, or an import, uses %s",
                               config->data_dir)
               : code;
}

static int open_store(struct serve *serve, struct mp_error *err) {
    const struct mp_config *config = serve->config;
    char dir[CMD_PATH_MAX];
    int code =
        cmd_store_open(config, (int)config->http_workers + CONNECTIONS_SPARE, &serve->store, err);
    code = code ? code : cmd_path(config, CMD_SUMMARIES_DIR, dir, err);
    code = code ? code : summaries_open(dir, &serve->summaries, err);
    if (code == MP_OK && cmd_is_embedded(config)) {
        code = supervise_start(config, serve->store, &serve->supervise, err);
    }
    struct feed_parts parts = {config, serve->journal, serve->store, serve->apps, serve->summaries};
    return code ? code : feed_start(&parts, &serve->feed, err);
}

static int open_live(struct serve *serve, struct mp_error *err) {
    serve->live = live_open((uint64_t)serve->config->realtime_bytes);
    return serve->live ? live_feed_start(serve->live, serve->journal, serve->store, serve->feed,
                                         &serve->live_feed, err)
                       : mp_fail(err, MP_E_MEMORY, "", "no memory for real-time figures");
}

static int open_collect(struct serve *serve, struct mp_error *err) {
    const struct mp_config *config = serve->config;
    struct collect_config collect = {.apps = serve->apps,
                                     .wechatpay = serve->wechatpay,
                                     .late_ms = config->late_hours * MP_MS_PER_HOUR,
                                     .mmdb_file = config->mmdb_file[0] ? config->mmdb_file : NULL,
                                     .trusted_proxies = config->trusted_proxies};
    return collect_open(&collect, &serve->collect, err);
}

static int open_http(struct serve *serve, struct mp_error *err) {
    const struct mp_config *config = serve->config;
    struct api_config api = {.collect = serve->collect,
                             .apps = serve->apps,
                             .accounts = serve->accounts,
                             .default_zone = config->default_zone,
                             .is_tls = config->tls_cert[0] != '\0',
                             .store = serve->store,
                             .live = serve->live,
                             .summaries = serve->summaries,
                             .query_timeout_ms = config->query_timeout_ms,
                             .hsts_max_age_s = config->tls_cert[0] ? HSTS_MAX_AGE_S : 0,
                             .append = serve_append,
                             .health = serve_health,
                             .metrics = serve_metrics,
                             .arg = serve};
    struct http_config http = {.listen = config->listen,
                               .loop_threads = (int)config->http_threads,
                               .worker_threads = (int)config->http_workers,
                               .connections_max = (int)config->connections_max,
                               .idle_timeout_s = IDLE_TIMEOUT_S,
                               .tls_cert_file = config->tls_cert[0] ? config->tls_cert : NULL,
                               .tls_key_file = config->tls_key[0] ? config->tls_key : NULL};
    int code = api_open(&api, &serve->api, err);
    if (code == MP_OK) {
        api_attach(serve->api, &http);
        code = http_server_start(&http, &serve->http, err);
    }
    return code;
}

/* The address as a person may type it: with the port in use, and with a host for "any". */
static void make_address(const struct serve *serve, char *out, size_t size) {
    const char *listen = serve->config->listen;
    const char *colon = strrchr(listen, ':');
    struct mp_str host = mp_str_range(listen, colon ? (size_t)(colon - listen) : strlen(listen));
    bool is_any = mp_str_is(host, "0.0.0.0") || mp_str_is(host, "[::]") || host.len == 0;
    if (mp_str_starts_with(mp_str_of(listen), MP_STR("unix:"))) {
        snprintf(out, size, "%s", listen);
    } else {
        host = is_any ? MP_STR("127.0.0.1") : host;
        snprintf(out, size, "%s://%.*s:%d", serve->config->tls_cert[0] ? "https" : "http",
                 MP_STR_ARG(host), http_server_port(serve->http));
    }
}

/* Tells tools and tests where we are. */
static int tell_address(const struct serve *serve, const char *address, struct mp_error *err) {
    char path[CMD_PATH_MAX];
    struct mp_buf text;
    struct mp_json_writer json;
    mp_buf_init(&text, 2 * CMD_PATH_MAX);
    mp_jw_init(&json, &text);
    mp_jw_object_begin(&json);
    mp_jw_key(&json, "pid");
    mp_jw_i64(&json, getpid());
    mp_jw_key(&json, "port");
    mp_jw_i64(&json, http_server_port(serve->http));
    mp_jw_key(&json, "address");
    mp_jw_text(&json, address);
    mp_jw_object_end(&json);
    mp_buf_append_byte(&text, '\n');
    int code = cmd_path(serve->config, CMD_SERVE_FILE, path, err);
    code = code ? code : cmd_write_whole(path, mp_buf_str(&text), err);
    mp_buf_deinit(&text);
    if (code == MP_OK) {
        mp_log(MP_LOG_INFO, "serve", "listening", "address=%s pid=%d", address, (int)getpid());
        printf("Minipulse answers on %s (dashboard and API)\n", address);
        fflush(stdout);
    }
    return code;
}

/* A server without users waits for the first one. Only who reads this output can be it: whoever
 * reaches the port first cannot. Behind the # the code reaches no server's and no proxy's log. */
static void offer_setup(const char *address, const char *code) {
    printf("There is no user yet. `minipulse user add NAME --admin` makes the first one, or this "
           "page, once:\n  %s/set-up#%s\n",
           address, code);
    fflush(stdout);
}

static int open_all(struct serve *serve, bool with_demo, struct mp_error *err) {
    char address[CMD_PATH_MAX];
    char setup_code[ACCOUNTS_SECRET_SIZE];
    bool is_setup_needed = false;
    int code = cmd_make_data_dir(serve->config, err);
    code = code ? code : mp_apps_open(serve->config->data_dir, &serve->apps, err);
    code = code ? code : collect_wechatpay_open(serve->config->data_dir, &serve->wechatpay, err);
    code = code ? code : cmd_accounts_open(serve->config, &serve->accounts, err);
    code = code ? code : open_journal(serve, err);
    code = code ? code : open_store(serve, err);
    code = code ? code : open_live(serve, err);
    code = code ? code : open_collect(serve, err);
    code = code ? code
                : inlet_start(serve->config, serve->apps, serve->journal, serve->feed,
                              &serve->inlet, err);
    code = code ? code : accounts_setup_begin(serve->accounts, &is_setup_needed, setup_code, err);
    code = code ? code : open_http(serve, err);
    if (code == MP_OK) {
        make_address(serve, address, sizeof(address));
        if (is_setup_needed) {
            offer_setup(address, setup_code);
        }
        code = tell_address(serve, address, err);
    }
    if (code == MP_OK && with_demo) {
        code = serve_demo_start(serve->config, serve->apps, serve->accounts, serve->journal,
                                address, &serve->demo, err);
    }
    return code;
}

static void close_all(struct serve *serve) {
    char path[CMD_PATH_MAX];
    serve_demo_stop(serve->demo);
    if (serve->live) {
        live_stop(serve->live);
    }
    if (serve->http) {
        if (cmd_path(serve->config, CMD_SERVE_FILE, path, NULL) == MP_OK) {
            unlink(path);
        }
        http_server_stop(serve->http, HTTP_GRACE_MS);
    }
    inlet_stop(serve->inlet);
    if (serve->api) {
        api_close(serve->api);
    }
    if (serve->collect) {
        collect_close(serve->collect);
    }
    live_feed_stop(serve->live_feed);
    live_close(serve->live);
    feed_stop(serve->feed);
    summaries_close(serve->summaries);
    if (serve->journal) {
        journal_close(serve->journal);
    }
    supervise_stop(serve->supervise, ENGINE_GRACE_MS);
    store_close(serve->store);
    collect_wechatpay_close(serve->wechatpay);
    accounts_close(serve->accounts);
    mp_apps_close(serve->apps);
}

/* While the parts are closed: a second signal or too long a time ends the process at once. All that
 * was accepted is in the journal by then. */
static void *guard_stop(void *arg) {
    struct serve *serve = arg;
    sigset_t signals;
    struct timespec first = {.tv_sec = KILL_ENGINE_AFTER_S};
    struct timespec second = {.tv_sec = EXIT_AFTER_S - KILL_ENGINE_AFTER_S};
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    int signal = sigtimedwait(&signals, NULL, &first);
    if (signal < 0 && serve->supervise) {
        mp_log(MP_LOG_WARN, "serve", "stopping takes long: not waiting for the engine", NULL);
        supervise_kill(serve->supervise);
    }
    if (signal < 0) {
        signal = sigtimedwait(&signals, NULL, &second);
    }
    mp_log(MP_LOG_WARN, "serve", "leaving at once; what was accepted is in the journal",
           "signal=%d", signal);
    _exit(signal > 0 ? 128 + signal : CMD_STOPPED_HARD);
}

/* Counts the looks in a row that failed with one file, and tells now and then. */
static void look(const char *file, int code, const struct mp_error *err, int *failures) {
    if (code == MP_OK) {
        *failures = 0;
        return;
    }
    if ((*failures)++ % APPS_LOG_AGAIN_LOOKS == 0) {
        mp_log(MP_LOG_ERROR, "serve", "a file cannot be read, its former content holds",
               "file=%s message=\"%s\"", file, err->message);
    }
}

static void wait_for_signal(struct serve *serve, const sigset_t *signals) {
    const struct timespec pause = {.tv_sec = APPS_LOOK_MS / 1000};
    int apps_failures = 0, wechatpay_failures = 0, signal;
    while ((signal = sigtimedwait(signals, NULL, &pause)) < 0) {
        struct mp_error err = {0};
        look("apps.json", mp_apps_refresh(serve->apps, &err), &err, &apps_failures);
        look(COLLECT_WECHATPAY_FILE, collect_wechatpay_refresh(serve->wechatpay, &err), &err,
             &wechatpay_failures);
    }
    mp_log(MP_LOG_INFO, "serve", "stopping", "signal=%d", signal);
}

static int run(struct cmd_call *call) {
    struct serve serve = {.config = &call->config};
    struct mp_error err = {0};
    sigset_t signals;
    pthread_t guard;
    /* Before any thread: all of them inherit it, and only this one waits for the signals. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    int code = open_all(&serve, cmd_flag(call, "demo") != NULL, &err);
    if (code == MP_OK) {
        wait_for_signal(&serve, &signals);
    }
    bool is_guarded = pthread_create(&guard, NULL, guard_stop, &serve) == 0;
    close_all(&serve);
    if (is_guarded) {
        pthread_cancel(guard);
        pthread_join(guard, NULL);
    }
    if (code == MP_OK) {
        mp_log(MP_LOG_INFO, "serve", "stopped", NULL);
    }
    return code == MP_OK ? CMD_DONE : cmd_error(&err);
}

const struct cmd cmd_serve = {
    .name = "serve",
    .arguments = "[--demo]",
    .summary = "take events and answer reports",
    .details =
        "Takes events, loads them into the engine, answers reports. SIGTERM or SIGINT end it\n"
        "within 10 seconds; a second signal at once. Exit codes: 0 stopped, 1 failed,\n"
        "2 wrong configuration, 4 told to stop and not done in time.",
    .flags = {{.name = "demo",
               .doc = "Make the app `demo` with 90 days of a shop's data, unless it is there."}},
    .run = run,
};
