/* Reports: with which parameters, in which shape. On worker threads. */
#include "api/internal.h"

#include "base/clock.h"

#define DEFAULT_DAYS 30

static bool client_gone(void *request) {
    return http_client_gone(request);
}

static int take_day(struct http_request *request, const char *name, int32_t *day,
                    struct mp_error *err) {
    struct mp_str text = http_query(request, name);
    if (text.ptr && !mp_day_parse(text, day)) {
        return mp_fail(err, MP_E_ARGUMENT, name, "must be a date like 2026-11-24");
    }
    return MP_OK;
}

static int take_range(struct http_request *request, int32_t today, struct report_range *range,
                      struct mp_error *err) {
    struct mp_str by = http_query(request, "by");
    *range = (struct report_range){.to = today - 1, .by = REPORT_DAY};
    if (by.ptr && mp_str_is(by, "week")) {
        range->by = REPORT_WEEK;
    } else if (by.ptr && mp_str_is(by, "month")) {
        range->by = REPORT_MONTH;
    } else if (by.ptr && !mp_str_is(by, "day")) {
        return mp_fail(err, MP_E_ARGUMENT, "by", "must be day, week or month");
    }
    int code = take_day(request, "to", &range->to, err);
    range->from = range->to - DEFAULT_DAYS + 1;
    if (code == MP_OK) {
        code = take_day(request, "from", &range->from, err);
    }
    if (!http_query(request, "to").ptr && range->from > range->to) {
        range->to = range->from; /* from=today asks for today */
    }
    return code;
}

static int take_format(struct http_request *request, enum report_format *format,
                       struct mp_error *err) {
    struct mp_str text = http_query(request, "format");
    *format = REPORT_JSON;
    if (text.ptr && mp_str_is(text, "csv")) {
        *format = REPORT_CSV;
    } else if (text.ptr && !mp_str_is(text, "json")) {
        return mp_fail(err, MP_E_ARGUMENT, "format", "must be json or csv");
    }
    return MP_OK;
}

static int answer_trend(struct http_request *request, struct api *api, const struct mp_app *app,
                        enum report_format *format, struct mp_buf *out, struct mp_error *err) {
    struct store_options options = {.timeout_ms = api->config.query_timeout_ms,
                                    .is_cancelled = client_gone,
                                    .is_cancelled_arg = request,
                                    .is_read_only = true};
    struct report_context context = {
        .store = api->config.store, .app = app, .now_ms = mp_now_ms(), .options = &options};
    static const char *const known[] = {"from", "to", "by", "format", NULL};
    struct report_range range;
    struct api_health health = {0};
    api->config.health(api->config.arg, &health);
    context.complete_until_ms = health.complete_until_ms;
    int code = check_query(request, known, err);
    if (code == MP_OK) {
        code = take_range(request, mp_zone_day(app->zone, context.now_ms), &range, err);
    }
    if (code == MP_OK) {
        code = take_format(request, format, err);
    }
    return code == MP_OK ? report_trend(&context, &range, *format, out, err) : code;
}

void handle_trend(struct http_request *request, struct api *api, const struct api_access *access) {
    struct mp_error err;
    struct mp_buf out;
    enum report_format format = REPORT_JSON;
    mp_buf_init(&out, API_REPLY_BYTES_MAX);
    if (answer_trend(request, api, access->app, &format, &out, &err) != MP_OK) {
        reply_error(request, &err);
    } else {
        http_reply(request, 200,
                   format == REPORT_CSV ? "text/csv; charset=utf-8" : "application/json",
                   mp_buf_str(&out));
    }
    mp_buf_deinit(&out);
}
