#include "api/internal.h"

#include <stdlib.h>

static void fill_routes(struct api *api) {
    static const struct http_route table[] = {
        {.method = "POST",
         .path = "/v1/collect",
         .mode = HTTP_FAST,
         .body_bytes_max = COLLECT_BODY_BYTES_MAX,
         .handler = handle_collect},
        {.method = "OPTIONS", .path = "/v1/collect", .handler = handle_preflight},
        {.method = "GET", .path = "/sa", .mode = HTTP_FAST, .handler = handle_sensors},
        {.method = "POST",
         .path = "/sa",
         .mode = HTTP_FAST,
         .body_bytes_max = COLLECT_BODY_BYTES_MAX,
         .handler = handle_sensors},
        {.method = "OPTIONS", .path = "/sa", .handler = handle_preflight},
        {.method = "GET",
         .path = "/v1/apps/{app}/trend",
         .mode = HTTP_BLOCKING,
         .handler = handle_trend},
        {.method = "GET", .path = "/healthz", .mode = HTTP_FAST, .handler = handle_alive},
        {.method = "GET", .path = "/readyz", .mode = HTTP_BLOCKING, .handler = handle_ready},
        {.method = "GET", .path = "/metrics", .mode = HTTP_FAST, .handler = handle_metrics},
        {.method = "GET", .path = "/", .mode = HTTP_FAST, .handler = handle_home},
    };
    api->route_count = sizeof(table) / sizeof(table[0]);
    api->routes = calloc(api->route_count, sizeof(*api->routes));
    for (size_t i = 0; api->routes && i < api->route_count; i++) {
        api->routes[i] = table[i];
        api->routes[i].arg = api;
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
    api->stats = calloc(api->route_count + 1, sizeof(*api->stats));
    if (!api->routes || !api->stats) {
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
        free(slot);
    }
    pthread_mutex_destroy(&api->mutex);
    free(api->routes);
    free(api->stats);
    free(api);
}

void api_attach(struct api *api, struct http_config *config) {
    config->routes = api->routes;
    config->route_count = api->route_count;
    config->error_body = problem_for_http;
    config->on_done = count_request;
    config->on_done_arg = api;
}
