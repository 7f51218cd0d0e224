/* Reports: each is one route with its parameters. On worker threads. */
#include "api/internal.h"
#include "api/report_params.h"

#include "base/clock.h"
#include "base/zone.h"

static bool client_gone(void *request) {
    return http_client_gone(request);
}

static void answer(struct http_request *request, struct api *api, const struct api_access *access,
                   report_fn *report, unsigned takes) {
    struct store_options options = {.timeout_ms = api->config.query_timeout_ms,
                                    .is_cancelled = client_gone,
                                    .is_cancelled_arg = request,
                                    .is_read_only = true};
    struct report_question question = {.store = api->config.store,
                                       .summaries = api->config.summaries,
                                       .app = access->app,
                                       .now_ms = mp_now_ms(),
                                       .options = &options};
    struct api_health health = {0};
    struct mp_error err;
    struct mp_buf out;
    api->config.health(api->config.arg, &health);
    question.complete_until_ms = health.complete_until_ms;
    mp_buf_init(&out, API_REPLY_BYTES_MAX);
    int code = report_params_take(request, takes, mp_zone_day(access->app->zone, question.now_ms),
                                  &question, &err);
    code = code == MP_OK ? report(&question, &out, &err) : code;
    if (code != MP_OK) {
        reply_error(request, &err);
    } else {
        bool is_csv = question.format == REPORT_CSV;
        http_reply(request, 200, is_csv ? "text/csv; charset=utf-8" : "application/json",
                   mp_buf_str(&out));
    }
    mp_buf_deinit(&out);
}

#define REPORT_ROUTE(name, takes)                                                                  \
    void handle_##name(struct http_request *request, struct api *api,                              \
                       const struct api_access *access) {                                          \
        answer(request, api, access, report_##name, takes);                                        \
    }

REPORT_ROUTE(trend, REPORT_TAKES_BY | REPORT_TAKES_COMPARE)
REPORT_ROUTE(overview, REPORT_TAKES_LIMIT)
REPORT_ROUTE(source, 0)
REPORT_ROUTE(frequency, 0)
REPORT_ROUTE(duration, 0)
REPORT_ROUTE(depth, 0)
REPORT_ROUTE(retention, REPORT_TAKES_BY | REPORT_TAKES_USERS)
REPORT_ROUTE(pages, REPORT_TAKES_PAGES)
REPORT_ROUTE(profile, 0)

void handle_catalogue(struct http_request *request, struct api *api,
                      const struct api_access *access) {
    static const char *const known[] = {NULL};
    struct mp_error err;
    struct mp_buf out;
    (void)api;
    (void)access;
    if (check_query(request, known, &err) != MP_OK) {
        reply_error(request, &err);
        return;
    }
    mp_buf_init(&out, API_REPLY_BYTES_MAX);
    report_catalogue(&out);
    http_reply(request, 200, "application/json", mp_buf_str(&out));
    mp_buf_deinit(&out);
}
