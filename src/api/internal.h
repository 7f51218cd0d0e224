/* Private to api/. */
#ifndef MP_API_INTERNAL_H
#define MP_API_INTERNAL_H

#include "api/api.h"

#include "base/json_write.h"

#include <pthread.h>
#include <stdatomic.h>

#define API_REPLY_BYTES_MAX (32u << 20) /* a report of ten years by day is under 2 MB */
/* Events are that old before they can be asked for: something is wrong. */
#define API_READY_LAG_MS_MAX 600000
#define API_FIXED_HEADERS_MAX 5
/* Requests of up to that many events, all accepted, get an answer made in advance. */
#define API_ANSWERED_EVENTS_MAX 64

/* A collect worker and its buffers, lent to one request at a time. */
struct slot {
    struct collect_worker *worker;
    struct mp_buf record;
    struct mp_buf forwarded_for; /* several X-Forwarded-For fields, joined */
    struct collect_result result;
    struct slot *next;
};

/* Latency buckets; the last counts everything above. */
#define API_BUCKETS 12
#define API_STATUSES 600

struct route_stats {
    atomic_uint_fast64_t by_status[API_STATUSES]; /* 0: the client left before its reply */
    atomic_uint_fast64_t buckets[API_BUCKETS];
    atomic_uint_fast64_t total_us;
};

struct api {
    struct api_config config;
    struct http_route *routes;
    size_t route_count;
    struct route_stats *stats; /* one a route, and one for what fits none */
    struct http_field headers[API_FIXED_HEADERS_MAX];
    size_t header_count;
    char hsts[48];
    struct http_answer *answers[API_ANSWERED_EVENTS_MAX + 1]; /* by events accepted */
    pthread_mutex_t mutex;                                    /* guards free_slots */
    struct slot *free_slots;
    atomic_uint_fast64_t events_accepted;
    atomic_uint_fast64_t events_rejected;
    /* Requests refused as a whole, by collect or the journal, by enum mp_code. */
    atomic_uint_fast64_t requests_refused[MP_E_CLOSED + 1];
};

/* problem.c: RFC 9457 problem details */
void problem_body(struct mp_buf *out, int status, const char *title, const char *detail,
                  const char *field);
void reply_problem(struct http_request *request, int status, const char *title, const char *detail,
                   const char *field);
/* By the error's code, from the one table. What is wrong inside is logged, not told. */
void reply_error(struct http_request *request, const struct mp_error *err);
void problem_for_http(int status, const char *reason, struct mp_buf *body,
                      const char **content_type);

/* collect_routes.c */
/* MP_E_MEMORY. */
MP_MUST_CHECK int collect_answers_open(struct api *api);
void collect_answers_close(struct api *api);
void handle_collect(struct http_request *request, void *api);
void handle_sensors(struct http_request *request, void *api);
void handle_preflight(struct http_request *request, void *api);

/* report_routes.c */
void handle_trend(struct http_request *request, void *api);

/* auth.c: the app of the path, if the request bears its read key; else replies and gives NULL. The
 * snapshot is released by the caller. */
const struct mp_app *authorize(struct http_request *request, struct api *api,
                               struct mp_apps_snapshot **snapshot);

/* status_routes.c */
void handle_alive(struct http_request *request, void *api);
void handle_ready(struct http_request *request, void *api);
void handle_metrics(struct http_request *request, void *api);
void handle_home(struct http_request *request, void *api);
void count_request(const struct http_request *request, int status, int64_t duration_us, void *api);

#endif
