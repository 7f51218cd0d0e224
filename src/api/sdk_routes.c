/* What the SDK asks when it starts, and again when the answer is too old: whether to collect. */
#include "api/internal.h"

#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>

#define CONFIG_BYTES_MAX 1024
#define ETAG_SIZE 19 /* a checksum in quotes */
/* Five minutes: how long a switch takes to reach clients, against a request an open. */
#define CACHE_CONTROL "public, max-age=300"

static void put_config(struct mp_buf *out, const struct mp_app *app) {
    struct mp_json_writer writer;
    mp_jw_init(&writer, out);
    mp_jw_object_begin(&writer);
    mp_app_sdk_put(&writer, &app->sdk);
    mp_jw_key(&writer, "open_timeout_ms");
    mp_jw_i64(&writer, app->open_timeout_ms);
    mp_jw_object_end(&writer);
}

/* MP_E_DENIED as for events: who has no write key learns nothing. */
static int find_config(const struct http_request *request, struct api *api, struct mp_buf *out,
                       struct mp_error *err) {
    static const char *const known[] = {"app", NULL};
    int code = check_query(request, known, err);
    if (code != MP_OK) {
        return code;
    }
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(api->config.apps);
    struct mp_str key = http_query(request, "app");
    const struct mp_app *app = mp_apps_by_write_key(snapshot, key);
    if (app) {
        put_config(out, app);
    }
    mp_apps_release(snapshot);
    if (!app) {
        return mp_fail(err, MP_E_DENIED, "app", "the write key is %s",
                       key.len > 0 ? "unknown" : "missing");
    }
    return out->failed ? mp_fail(err, MP_E_MEMORY, "", "no memory for the answer") : MP_OK;
}

void handle_sdk_config(struct http_request *request, void *api) {
    struct mp_error err = {0};
    struct mp_buf body;
    mp_buf_init(&body, CONFIG_BYTES_MAX);
    http_reply_header(request, "Access-Control-Allow-Origin", "*");
    if (find_config(request, api, &body, &err) != MP_OK) {
        reply_error(request, &err);
    } else {
        char etag[ETAG_SIZE];
        struct mp_str text = mp_buf_str(&body);
        snprintf(etag, sizeof(etag), "\"%016" PRIx64 "\"", mp_checksum(text.ptr, text.len));
        http_reply_header(request, "ETag", etag);
        http_reply_header(request, "Cache-Control", CACHE_CONTROL);
        if (mp_str_is(http_header(request, "If-None-Match"), etag)) {
            http_reply_static(request, 304, NULL, MP_STR(""));
        } else {
            http_reply(request, 200, "application/json", text);
        }
    }
    mp_buf_deinit(&body);
}
