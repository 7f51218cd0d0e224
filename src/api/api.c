/* The room's life, and what all replies bear. */
#include "api/internal.h"
#include "api/realtime.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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
    fill_headers(api);
    int code = fill_routes(api, err);
    if (code == MP_OK) {
        api->stats = calloc(api->route_count + 1, sizeof(*api->stats));
        code = api->stats && collect_answers_open(api) == MP_OK
                   ? MP_OK
                   : mp_fail(err, MP_E_MEMORY, "", "no memory");
    }
    code = code ? code : realtime_streams_open(api, &api->streams, err);
    if (code != MP_OK) {
        api_close(api);
        return code;
    }
    *out = api;
    return MP_OK;
}

void api_close(struct api *api) {
    if (!api) {
        return;
    }
    realtime_streams_close(api->streams);
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
    free(api->guards);
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
