/*
 * The routes: ours under /v1 with who may call them, /sa for Sensors' clients, health and metrics.
 * Makes the route table that http/ serves; the only room that knows HTTP status codes. What lies
 * outside its reach (journal, loader) comes as callbacks from cmd/.
 */
#ifndef MP_API_API_H
#define MP_API_API_H

#include "accounts/accounts.h"
#include "base/apps.h"
#include "collect/collect.h"
#include "http/http.h"
#include "live/live.h"
#include "report/report.h"

#ifdef __cplusplus
extern "C" {
#endif

struct api;

struct api_health {
    bool is_store_ready;       /* reachable and migrated */
    bool is_journal_open;      /* accepting records */
    int64_t load_lag_ms;       /* age of the oldest record not loaded */
    int64_t loaded_until_ms;   /* reports have all that was received before; 0 = not known */
    int64_t complete_until_ms; /* figures of days that ended before do not change; 0 = not known */
    char reason[256];          /* what is wrong, for a person; empty when nothing is */
};

struct api_config {
    struct collect *collect;
    struct mp_apps *apps;
    struct accounts *accounts;
    const char *default_zone; /* of apps that are added without one */
    bool is_tls;              /* we speak it ourselves: cookies are Secure */
    struct store *store;
    struct live *live;
    struct summaries *summaries; /* NULL = reports ask the store for all */
    int64_t query_timeout_ms;
    int64_t hsts_max_age_s; /* of Strict-Transport-Security; 0 = not sent */
    /* journal_append: queues the record; done is called exactly once if 0 is returned. Any thread.
     */
    int (*append)(void *arg, struct mp_str record, void (*done)(void *arg, int result),
                  void *done_arg);
    /* Asked on an event loop thread: must not block. Both. */
    void (*health)(void *arg, struct api_health *out);
    /* Appends further metrics in Prometheus' text format; may be NULL. */
    void (*metrics)(void *arg, struct mp_buf *out);
    void *arg; /* for the three above */
};

MP_MUST_CHECK int api_open(const struct api_config *config, struct api **out, struct mp_error *err);
/* After http_server_stop. */
void api_close(struct api *api);

/* Fills routes, headers, error_body and on_done of a server's configuration; the api must outlive
 * the server. */
void api_attach(struct api *api, struct http_config *config);

struct api_route {
    const char *method;
    const char *path;
    /* "anyone", "write key", "signature", "appid and secret", "access token", "token or user",
     * "user", a role, "administrator" */
    const char *who;
};
/* The index-th route; false past the end. */
MP_MUST_CHECK bool api_route_at(size_t index, struct api_route *out);

#ifdef __cplusplus
}
#endif
#endif
