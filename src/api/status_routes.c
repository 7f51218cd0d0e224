/* What operators ask: alive, ready, metrics; and the interface. */
#include "api/internal.h"

#include "base/embedded.h"

#include <inttypes.h>

#define METRICS_BYTES_MAX (1u << 20)
#define READY_BYTES_MAX 4096

extern const struct mp_embedded api_docs_files[];

static const int64_t bucket_us[API_BUCKETS - 1] = {250,   500,   1000,   2500,   5000,   10000,
                                                   25000, 50000, 100000, 500000, 2000000};

void handle_alive(struct http_request *request, void *arg) {
    (void)arg;
    http_reply_static(request, 200, "text/plain; charset=utf-8", MP_STR("ok\n"));
}

void handle_ready(struct http_request *request, void *arg) {
    struct api *api = arg;
    struct api_health health = {0};
    struct mp_buf body;
    struct mp_json_writer writer;
    api->config.health(api->config.arg, &health);
    bool is_ready = health.is_store_ready && health.is_journal_open &&
                    health.load_lag_ms < API_READY_LAG_MS_MAX;
    mp_buf_init(&body, READY_BYTES_MAX);
    mp_jw_init(&writer, &body);
    mp_jw_object_begin(&writer);
    mp_jw_key(&writer, "ready");
    mp_jw_bool(&writer, is_ready);
    mp_jw_key(&writer, "store");
    mp_jw_bool(&writer, health.is_store_ready);
    mp_jw_key(&writer, "journal");
    mp_jw_bool(&writer, health.is_journal_open);
    mp_jw_key(&writer, "load_lag_ms");
    mp_jw_i64(&writer, health.load_lag_ms);
    mp_jw_key(&writer, "reason");
    mp_jw_text(&writer, health.reason);
    mp_jw_object_end(&writer);
    http_reply(request, is_ready ? 200 : 503, "application/json", mp_buf_str(&body));
    mp_buf_deinit(&body);
}

static void count(atomic_uint_fast64_t *counter, uint64_t by) {
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

void count_request(const struct http_request *request, int status, int64_t duration_us, void *arg) {
    struct api *api = arg;
    size_t route = http_route_index(request);
    struct route_stats *stats = &api->stats[route < api->route_count ? route : api->route_count];
    size_t bucket = 0;
    while (bucket < API_BUCKETS - 1 && duration_us > bucket_us[bucket]) {
        bucket++;
    }
    count(&stats->by_status[status >= 0 && status < API_STATUSES ? status : 0], 1);
    count(&stats->buckets[bucket], 1);
    count(&stats->total_us, (uint64_t)(duration_us > 0 ? duration_us : 0));
}

static void put_route(struct mp_buf *out, const char *method, const char *path,
                      struct route_stats *stats) {
    for (int status = 0; status < API_STATUSES; status++) {
        uint64_t requests = atomic_load(&stats->by_status[status]);
        if (requests > 0) {
            mp_buf_printf(out,
                          "minipulse_http_requests_total{method=\"%s\",path=\"%s\","
                          "status=\"%d\"} %" PRIu64 "\n",
                          method, path, status, requests);
        }
    }
}

static void put_histogram(struct mp_buf *out, const char *method, const char *path,
                          struct route_stats *stats) {
    uint64_t sum = 0;
    for (int i = 0; i < API_BUCKETS; i++) {
        sum += atomic_load(&stats->buckets[i]);
        mp_buf_printf(out, "minipulse_http_duration_seconds_bucket{method=\"%s\",path=\"%s\",le=\"",
                      method, path);
        if (i < API_BUCKETS - 1) {
            mp_buf_printf(out, "%g\"} %" PRIu64 "\n", (double)bucket_us[i] / 1e6, sum);
        } else {
            mp_buf_printf(out, "+Inf\"} %" PRIu64 "\n", sum);
        }
    }
    mp_buf_printf(out,
                  "minipulse_http_duration_seconds_sum{method=\"%s\",path=\"%s\"} %.6f\n"
                  "minipulse_http_duration_seconds_count{method=\"%s\",path=\"%s\"} %" PRIu64 "\n",
                  method, path, (double)atomic_load(&stats->total_us) / 1e6, method, path, sum);
}

static void put_counter(struct mp_buf *out, const char *name, const char *help, uint64_t value) {
    mp_buf_printf(out, "# HELP %s %s\n# TYPE %s counter\n%s %" PRIu64 "\n", name, help, name, name,
                  value);
}

static void put_refused(struct mp_buf *out, struct api *api) {
    mp_buf_append_text(out,
                       "# HELP minipulse_collect_refused_total Collect requests refused whole.\n"
                       "# TYPE minipulse_collect_refused_total counter\n");
    for (int code = MP_OK + 1; code <= MP_E_CLOSED; code++) {
        uint64_t refused = atomic_load(&api->requests_refused[code]);
        if (refused > 0) {
            mp_buf_printf(out, "minipulse_collect_refused_total{reason=\"%s\"} %" PRIu64 "\n",
                          mp_code_name((enum mp_code)code), refused);
        }
    }
}

void handle_metrics(struct http_request *request, void *arg) {
    struct api *api = arg;
    struct mp_buf out;
    mp_buf_init(&out, METRICS_BYTES_MAX);
    put_counter(&out, "minipulse_events_accepted_total", "Events acknowledged.",
                atomic_load(&api->events_accepted));
    put_counter(&out, "minipulse_events_rejected_total", "Events refused one by one.",
                atomic_load(&api->events_rejected));
    put_refused(&out, api);
    mp_buf_append_text(&out, "# HELP minipulse_http_requests_total Requests answered.\n"
                             "# TYPE minipulse_http_requests_total counter\n");
    for (size_t i = 0; i < api->route_count; i++) {
        put_route(&out, api->routes[i].method, api->routes[i].path, &api->stats[i]);
    }
    put_route(&out, "other", "other", &api->stats[api->route_count]);
    mp_buf_append_text(&out, "# HELP minipulse_http_duration_seconds Time to the whole reply.\n"
                             "# TYPE minipulse_http_duration_seconds histogram\n");
    for (size_t i = 0; i < api->route_count; i++) {
        put_histogram(&out, api->routes[i].method, api->routes[i].path, &api->stats[i]);
    }
    if (api->config.metrics) {
        api->config.metrics(api->config.arg, &out);
    }
    http_reply(request, 200, "text/plain; version=0.0.4; charset=utf-8", mp_buf_str(&out));
    mp_buf_deinit(&out);
}

void handle_openapi(struct http_request *request, void *arg) {
    const struct mp_embedded *file = mp_embedded_find(api_docs_files, "openapi");
    (void)arg;
    http_reply_static(request, 200, "application/yaml", mp_str_range(file->data, file->len));
}
