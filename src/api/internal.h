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
    atomic_int_fast64_t refused_logged_ms; /* when a refused notice was last logged */
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
/* The HTTP status of a code, from the one table. */
int problem_status(enum mp_code code);
/* By the error's code, from that table. What is wrong inside is logged, not told. */
void reply_error(struct http_request *request, const struct mp_error *err);
void problem_for_http(int status, const char *reason, struct mp_buf *body,
                      const char **content_type);

/* How the requests of one wire format are decoded and answered. */
struct collect_face;
/* What the reply needs, in the request's scratch, between append and commit. */
struct pending_reply {
    struct api *api;
    const struct collect_face *face;
    uint32_t accepted;
    uint32_t rejected;
    char *faults; /* JSON list, malloced; NULL when all were accepted */
};
_Static_assert(sizeof(struct pending_reply) <= HTTP_SCRATCH_BYTES, "must fit the scratch");

struct collect_face {
    int (*decode)(struct collect_worker *worker, const struct collect_input *input,
                  struct mp_buf *out, struct collect_result *result, struct mp_error *err);
    /* Once the events are on disk, or when there are none. */
    void (*accept)(struct http_request *request, const struct pending_reply *reply);
    void (*refuse)(struct http_request *request, struct api *api, const struct mp_error *err);
};

/* collect_routes.c */
/* MP_E_MEMORY. */
MP_MUST_CHECK int collect_answers_open(struct api *api);
void collect_answers_close(struct api *api);
/* Decodes the body, appends the events to the journal and replies, now or when they are on disk.
 * Fills input with what all formats need of the request; app and the like are the caller's. */
void collect_with(struct http_request *request, struct api *api, const struct collect_face *face,
                  struct collect_input *input);
/* {"accepted": …, "rejected": …, "errors": […]}, and problem details. */
void reply_counts(struct http_request *request, const struct pending_reply *reply);
void refuse_with_problem(struct http_request *request, struct api *api, const struct mp_error *err);
void handle_collect(struct http_request *request, void *api);
void handle_sensors(struct http_request *request, void *api);
void handle_preflight(struct http_request *request, void *api);

/* payment_routes.c */
void handle_payments(struct http_request *request, void *api);
void handle_notice(struct http_request *request, void *api);
void handle_notice_password_free(struct http_request *request, void *api);

/* report_routes.c */
void handle_trend(struct http_request *request, void *api);

/* auth.c: the app of the path, if the request bears its read key; else replies and gives NULL. The
 * snapshot is released by the caller. */
const struct mp_app *authorize(struct http_request *request, struct api *api,
                               struct mp_apps_snapshot **snapshot);
/* Whether the request may write to the app of the path; else it has been replied to. */
bool authorize_write(struct http_request *request, struct api *api);

/* status_routes.c */
void handle_alive(struct http_request *request, void *api);
void handle_ready(struct http_request *request, void *api);
void handle_metrics(struct http_request *request, void *api);
void handle_home(struct http_request *request, void *api);
void count_request(const struct http_request *request, int status, int64_t duration_us, void *api);

#endif
