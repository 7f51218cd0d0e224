#include "api/internal.h"

#include <sodium.h>
#include <strings.h>

static bool is_key(struct mp_str given, const char *key) {
    size_t len = strlen(key);
    return len > 0 && given.len == len && sodium_memcmp(given.ptr, key, len) == 0;
}

static bool bears(struct http_request *request, const char *key) {
    static const char scheme[] = "Bearer ";
    struct mp_str header = http_header(request, "Authorization");
    size_t skip = sizeof(scheme) - 1;
    return header.len > skip && strncasecmp(header.ptr, scheme, skip) == 0 &&
           is_key(mp_str_range(header.ptr + skip, header.len - skip), key);
}

const struct mp_app *authorize(struct http_request *request, struct api *api,
                               struct mp_apps_snapshot **snapshot) {
    *snapshot = mp_apps_acquire(api->config.apps);
    const struct mp_app *app = mp_apps_by_id(*snapshot, http_param(request, "app"));
    if (app && bears(request, app->read_key)) {
        return app;
    }
    /* The same answer whether the app exists or not. */
    reply_problem(request, 401, "The read key is missing or wrong",
                  "send the app's read key: Authorization: Bearer mpr_…", "Authorization");
    return NULL;
}

bool authorize_write(struct http_request *request, struct api *api) {
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(api->config.apps);
    const struct mp_app *app = mp_apps_by_id(snapshot, http_param(request, "app"));
    struct mp_str key = http_header(request, "X-Minipulse-Key");
    bool may = app && (is_key(key, app->write_key) || is_key(key, app->previous_write_key));
    mp_apps_release(snapshot);
    if (!may) {
        reply_problem(request, 401, "The write key is missing or wrong",
                      "send the app's write key: X-Minipulse-Key: mpw_…", "X-Minipulse-Key");
    }
    return may;
}
