/* The route table and what its routes share. */
#include "api/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define COLLECTS(verb, where, function)                                                            \
    {                                                                                              \
        .method = (verb), .path = (where), .mode = HTTP_FAST,                                      \
        .body_bytes_max = COLLECT_BODY_BYTES_MAX, .handler = (function)                            \
    }

#define NOTICES(where, function)                                                                   \
    {                                                                                              \
        .method = "POST", .path = (where), .mode = HTTP_FAST,                                      \
        .body_bytes_max = COLLECT_NOTICE_BYTES_MAX, .handler = (function)                          \
    }

static const struct http_route table[] = {
    COLLECTS("POST", "/v1/collect", handle_collect),
    {.method = "OPTIONS", .path = "/v1/collect", .handler = handle_preflight},
    COLLECTS("POST", "/sa", handle_sensors),
    COLLECTS("GET", "/sa", handle_sensors),
    {.method = "OPTIONS", .path = "/sa", .handler = handle_preflight},
    COLLECTS("POST", "/sa.gif", handle_sensors),
    COLLECTS("GET", "/sa.gif", handle_sensors),
    {.method = "OPTIONS", .path = "/sa.gif", .handler = handle_preflight},
    COLLECTS("POST", "/v1/apps/{app}/payments", handle_payments),
    NOTICES("/v1/wechatpay/{app}", handle_notice),
    NOTICES("/v1/wechatpay/{app}/password-free", handle_notice_password_free),
    {.method = "GET",
     .path = "/v1/apps/{app}/trend",
     .mode = HTTP_BLOCKING,
     .handler = handle_trend},
    {.method = "GET", .path = "/healthz", .handler = handle_alive},
    {.method = "GET", .path = "/readyz", .handler = handle_ready},
    {.method = "GET", .path = "/metrics", .handler = handle_metrics},
    {.method = "GET", .path = "/", .handler = handle_home},
};

static void fill_routes(struct api *api) {
    api->route_count = sizeof(table) / sizeof(table[0]);
    api->routes = calloc(api->route_count, sizeof(*api->routes));
    for (size_t i = 0; api->routes && i < api->route_count; i++) {
        api->routes[i] = table[i];
        api->routes[i].arg = api;
    }
}

/* For every reply: nothing here may be guessed at, framed, kept by a cache, or run. */
static void fill_headers(struct api *api) {
    static const struct http_field always[] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Cache-Control", "no-store"},
        {"Referrer-Policy", "no-referrer"},
        {"Content-Security-Policy",
         "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    };
    api->header_count = sizeof(always) / sizeof(always[0]);
    memcpy(api->headers, always, sizeof(always));
    if (api->config.hsts_max_age_s > 0) {
        snprintf(api->hsts, sizeof(api->hsts), "max-age=%" PRId64, api->config.hsts_max_age_s);
        api->headers[api->header_count++] =
            (struct http_field){"Strict-Transport-Security", api->hsts};
    }
}

int api_open(const struct api_config *config, struct api **out, struct mp_error *err) {
    struct api *api = calloc(1, sizeof(*api));
    *out = NULL;
    if (!api) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory");
    }
    api->config = *config;
    pthread_mutex_init(&api->mutex, NULL);
    fill_routes(api);
    fill_headers(api);
    api->stats = calloc(api->route_count + 1, sizeof(*api->stats));
    if (!api->routes || !api->stats || collect_answers_open(api) != MP_OK) {
        api_close(api);
        return mp_fail(err, MP_E_MEMORY, "", "no memory");
    }
    *out = api;
    return MP_OK;
}

void api_close(struct api *api) {
    if (!api) {
        return;
    }
    while (api->free_slots) {
        struct slot *slot = api->free_slots;
        api->free_slots = slot->next;
        collect_worker_destroy(slot->worker);
        mp_buf_deinit(&slot->record);
        mp_buf_deinit(&slot->forwarded_for);
        free(slot);
    }
    collect_answers_close(api);
    pthread_mutex_destroy(&api->mutex);
    free(api->routes);
    free(api->stats);
    free(api);
}

void api_attach(struct api *api, struct http_config *config) {
    config->routes = api->routes;
    config->route_count = api->route_count;
    config->headers = api->headers;
    config->header_count = api->header_count;
    config->error_body = problem_for_http;
    config->on_done = count_request;
    config->on_done_arg = api;
}
