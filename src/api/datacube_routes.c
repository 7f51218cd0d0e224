/* Weixin's server API: access tokens by appid and secret, and the calls of its data analysis. Every
 * answer has status 200; what went wrong is in errcode, by which its SDKs go. On worker threads,
 * but for what is not answered. */
#include "api/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/zone.h"

#include <stdio.h>

#define ERROR_BYTES_MAX 256
#define JSON_DEPTH_MAX 8
#define PARSER_BYTES_MIN 64 /* simdjson makes none for less than 32 */
#define DATE_DIGITS 8
#define DAY_MAX 49672 /* 2105-12-31, as in reports */

/* ---- Errors ----------------------------------------------------------------------------- */

enum wx_code {
    WX_OK = 0,
    WX_BUSY = -1,
    WX_BAD_GRANT = 40002,
    WX_BAD_APPID = 40013,
    WX_BAD_TOKEN = 40014,
    WX_BAD_SECRET = 40125,
    WX_NO_TOKEN = 41001,
    WX_NO_APPID = 41002,
    WX_NO_SECRET = 41004,
    WX_TOKEN_ENDED = 42001,
    WX_NEEDS_GET = 43001,
    WX_NEEDS_POST = 43002,
    WX_NO_BODY = 44002,
    WX_NO_JSON = 47001,
    WX_NOT_ANSWERED = 48001,
    WX_BAD_DATE = 61500,
    WX_BAD_RANGE = 61501,
    WX_NOT_READY = 61503,
};

static const char *wx_message(enum wx_code code) {
    switch (code) {
    case WX_BAD_GRANT:
        return "invalid grant_type";
    case WX_BAD_APPID:
        return "invalid appid";
    case WX_BAD_TOKEN:
        return "invalid access_token";
    case WX_BAD_SECRET:
        return "invalid appsecret";
    case WX_NO_TOKEN:
        return "access_token missing";
    case WX_NO_APPID:
        return "appid missing";
    case WX_NO_SECRET:
        return "appsecret missing";
    case WX_TOKEN_ENDED:
        return "access_token expired";
    case WX_NEEDS_GET:
        return "require GET method";
    case WX_NEEDS_POST:
        return "require POST method";
    case WX_NO_BODY:
        return "empty post data";
    case WX_NO_JSON:
        return "data format error";
    case WX_NOT_ANSWERED:
        return "api unauthorized";
    case WX_BAD_DATE:
        return "date format error";
    case WX_BAD_RANGE:
        return "date range error";
    case WX_NOT_READY:
        return "data not ready";
    default:
        return "system error";
    }
}

static void reply_wx(struct http_request *request, enum wx_code code) {
    char text[ERROR_BYTES_MAX];
    int len = snprintf(text, sizeof(text), "{\"errcode\":%d,\"errmsg\":\"%s\"}", (int)code,
                       wx_message(code));
    http_reply(request, 200, "application/json", mp_str_range(text, (size_t)len));
}

/* What is wrong inside is logged, not told. */
static enum wx_code busy(struct http_request *request, const struct mp_error *err) {
    mp_log(MP_LOG_WARN, "api", "a request failed", "path=\"%s\" code=%s message=\"%s\"",
           http_route_path(request), mp_code_name(err->code), err->message);
    return WX_BUSY;
}

/* ---- The body --------------------------------------------------------------------------- */

/* A JSON object, whatever its Content-Type; members that are not known are passed over, as Weixin
 * does. wx_close also after a failure. */
struct wx_body {
    struct mp_json_parser *parser;
    struct mp_json root;
};

static enum wx_code wx_open(struct http_request *request, struct wx_body *out) {
    struct mp_str body = http_body(request);
    struct mp_error err;
    *out = (struct wx_body){0};
    if (mp_str_trim(body).len == 0) {
        return WX_NO_BODY;
    }
    out->parser = mp_json_parser_create(body.len + PARSER_BYTES_MIN, JSON_DEPTH_MAX);
    if (!out->parser) {
        return WX_BUSY;
    }
    bool is_object = mp_json_parse(out->parser, body, &out->root, &err) == MP_OK &&
                     mp_json_type(out->root) == MP_JSON_OBJECT;
    return is_object ? WX_OK : WX_NO_JSON;
}

static void wx_close(struct wx_body *body) {
    mp_json_parser_destroy(body->parser);
}

/* ---- Tokens ----------------------------------------------------------------------------- */

static enum wx_code give_token(struct http_request *request, struct api *api, struct mp_str appid,
                               struct mp_str secret, enum accounts_weixin_kind kind,
                               struct accounts_weixin_token *out) {
    struct mp_error err = {0};
    if (appid.len == 0 || secret.len == 0) {
        return appid.len == 0 ? WX_NO_APPID : WX_NO_SECRET;
    }
    switch (accounts_weixin_token(api->config.accounts, appid, secret, kind, out, &err)) {
    case MP_OK:
        return WX_OK;
    case MP_E_NOT_FOUND:
        return WX_BAD_APPID;
    case MP_E_DENIED:
        return WX_BAD_SECRET;
    default:
        return busy(request, &err);
    }
}

static void reply_token(struct http_request *request, enum wx_code code,
                        const struct accounts_weixin_token *token) {
    char text[ERROR_BYTES_MAX];
    if (code != WX_OK) {
        reply_wx(request, code);
        return;
    }
    int64_t left_s = (token->expires_ms - mp_now_ms() + MP_MS_PER_SECOND / 2) / MP_MS_PER_SECOND;
    int len = snprintf(text, sizeof(text), "{\"access_token\":\"%s\",\"expires_in\":%lld}",
                       token->text, (long long)left_s);
    http_reply(request, 200, "application/json", mp_str_range(text, (size_t)len));
}

void handle_wx_token(struct http_request *request, void *arg) {
    struct accounts_weixin_token token;
    enum wx_code code = WX_BAD_GRANT;
    if (mp_str_is(http_query(request, "grant_type"), "client_credential")) {
        code = give_token(request, arg, http_query(request, "appid"), http_query(request, "secret"),
                          ACCOUNTS_WEIXIN_PLAIN, &token);
    }
    reply_token(request, code, &token);
}

void handle_wx_stable_token(struct http_request *request, void *arg) {
    struct accounts_weixin_token token;
    struct wx_body body;
    enum wx_code code = wx_open(request, &body);
    if (code == WX_OK && !mp_str_is(mp_json_text(body.root, "grant_type"), "client_credential")) {
        code = WX_BAD_GRANT;
    }
    if (code == WX_OK) {
        struct mp_json member;
        bool is_forced = false;
        enum accounts_weixin_kind kind = mp_json_get(body.root, MP_STR("force_refresh"), &member) &&
                                                 mp_json_bool(member, &is_forced) && is_forced
                                             ? ACCOUNTS_WEIXIN_FORCED
                                             : ACCOUNTS_WEIXIN_STABLE;
        code = give_token(request, arg, mp_json_text(body.root, "appid"),
                          mp_json_text(body.root, "secret"), kind, &token);
    }
    reply_token(request, code, &token);
    wx_close(&body);
}

/* ---- Calls ------------------------------------------------------------------------------ */

struct call {
    const char *name; /* behind /datacube/ */
    report_fn *report;
    enum report_cycle by;
    bool is_portrait; /* 1, 7 or 30 days, where others take one cycle */
};

static const struct call calls[] = {
    {"getweanalysisappiddailysummarytrend", report_datacube_summary, REPORT_DAY, false},
    {"getweanalysisappiddailyvisittrend", report_datacube_visits, REPORT_DAY, false},
    {"getweanalysisappidweeklyvisittrend", report_datacube_visits, REPORT_WEEK, false},
    {"getweanalysisappidmonthlyvisittrend", report_datacube_visits, REPORT_MONTH, false},
    {"getweanalysisappiddailyretaininfo", report_datacube_retention, REPORT_DAY, false},
    {"getweanalysisappidweeklyretaininfo", report_datacube_retention, REPORT_WEEK, false},
    {"getweanalysisappidmonthlyretaininfo", report_datacube_retention, REPORT_MONTH, false},
    {"getweanalysisappidvisitdistribution", report_datacube_distribution, REPORT_DAY, false},
    {"getweanalysisappidvisitpage", report_datacube_pages, REPORT_DAY, false},
    {"getweanalysisappiduserportrait", report_datacube_portrait, REPORT_DAY, true},
};

/* The call of a path; NULL when there is none such. */
static const struct call *find_call(struct mp_str path) {
    static const char folder[] = "/datacube/";
    size_t len = sizeof(folder) - 1;
    if (path.len <= len || memcmp(path.ptr, folder, len) != 0) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (mp_str_is(mp_str_range(path.ptr + len, path.len - len), calls[i].name)) {
            return &calls[i];
        }
    }
    return NULL;
}

/* ---- Dates ------------------------------------------------------------------------------ */

/* "20170306", also as a number. */
static bool take_day(struct mp_json root, const char *name, int32_t *out) {
    struct mp_json member;
    struct mp_str text;
    char number[24], dashed[11];
    int64_t value;
    if (!mp_json_get(root, mp_str_of(name), &member)) {
        return false;
    }
    if (mp_json_i64(member, &value)) {
        snprintf(number, sizeof(number), "%lld", (long long)value);
        text = mp_str_of(number);
    } else if (!mp_json_str(member, &text)) {
        return false;
    }
    if (text.len != DATE_DIGITS) {
        return false;
    }
    snprintf(dashed, sizeof(dashed), "%.4s-%.2s-%.2s", text.ptr, text.ptr + 4, text.ptr + 6);
    return mp_day_parse(mp_str_of(dashed), out);
}

static bool is_range_good(const struct call *call, const struct report_range *range) {
    int32_t days = range->to - range->from;
    if (range->from < 0 || range->to > DAY_MAX) {
        return false;
    }
    if (call->is_portrait) {
        return days == 0 || days == 6 || days == 29;
    }
    switch (call->by) {
    case REPORT_WEEK:
        return range->from == mp_day_monday(range->from) && days == 6;
    case REPORT_MONTH:
        return range->from == mp_day_month_start(range->from) &&
               range->to == mp_day_next_month(range->from) - 1;
    default:
        return days == 0;
    }
}

/* The last whole day of which reports have all that came before its end. */
static int32_t last_ready_day(struct api *api, const struct mp_app *app, int64_t now_ms) {
    struct api_health health = {0};
    api->config.health(api->config.arg, &health);
    int64_t until_ms = health.loaded_until_ms < now_ms ? health.loaded_until_ms : now_ms;
    return mp_zone_day(app->zone, until_ms) - 1;
}

/* ---- Asking ----------------------------------------------------------------------------- */

static bool client_gone(void *request) {
    return http_client_gone(request);
}

static enum wx_code take_range(const struct wx_body *body, const struct call *call,
                               struct report_range *range) {
    range->by = call->by;
    if (!take_day(body->root, "begin_date", &range->from) ||
        !take_day(body->root, "end_date", &range->to)) {
        return WX_BAD_DATE;
    }
    return is_range_good(call, range) ? WX_OK : WX_BAD_RANGE;
}

static enum wx_code ask(struct http_request *request, struct api *api, const struct mp_app *app,
                        const struct call *call, struct mp_buf *out) {
    struct store_options options = {.timeout_ms = api->config.query_timeout_ms,
                                    .is_cancelled = client_gone,
                                    .is_cancelled_arg = request,
                                    .is_read_only = true};
    struct report_question question = {.store = api->config.store,
                                       .app = app,
                                       .now_ms = mp_now_ms(),
                                       .options = &options,
                                       .summaries = api->config.summaries};
    struct mp_error err = {0};
    struct wx_body body;
    enum wx_code code = wx_open(request, &body);
    code = code == WX_OK ? take_range(&body, call, &question.range) : code;
    wx_close(&body);
    if (code != WX_OK) {
        return code;
    }
    question.ready_day = last_ready_day(api, app, question.now_ms);
    if (question.range.to > question.ready_day) {
        return WX_NOT_READY;
    }
    return call->report(&question, out, &err) == MP_OK ? WX_OK : busy(request, &err);
}

/* Whose token the request bears. */
static enum wx_code find_app(struct http_request *request, struct api *api,
                             const struct mp_apps_snapshot *snapshot, const struct mp_app **out) {
    struct mp_str token = http_query(request, "access_token");
    struct mp_error err = {0};
    char app[MP_APP_ID_MAX + 1];
    bool has_ended;
    if (token.len == 0) {
        return WX_NO_TOKEN;
    }
    int code = accounts_by_weixin_token(api->config.accounts, token, app, &has_ended, &err);
    if (code == MP_E_DENIED) {
        return has_ended ? WX_TOKEN_ENDED : WX_BAD_TOKEN;
    }
    if (code != MP_OK) {
        return busy(request, &err);
    }
    *out = mp_apps_by_id(snapshot, mp_str_of(app));
    return *out ? WX_OK : WX_BAD_TOKEN;
}

void handle_datacube(struct http_request *request, void *arg) {
    struct api *api = arg;
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(api->config.apps);
    const struct call *call = find_call(http_path(request));
    const struct mp_app *app = NULL;
    struct mp_buf out;
    mp_buf_init(&out, API_REPLY_BYTES_MAX);
    enum wx_code code = call ? find_app(request, api, snapshot, &app) : WX_NOT_ANSWERED;
    code = code == WX_OK ? ask(request, api, app, call, &out) : code;
    if (code == WX_OK) {
        http_reply(request, 200, "application/json", mp_buf_str(&out));
    } else {
        reply_wx(request, code);
    }
    mp_buf_deinit(&out);
    mp_apps_release(snapshot);
}

void handle_wx_rest(struct http_request *request, void *arg) {
    struct mp_str path = http_path(request);
    (void)arg;
    reply_wx(request, mp_str_is(path, "/cgi-bin/token")          ? WX_NEEDS_GET
                      : mp_str_is(path, "/cgi-bin/stable_token") ? WX_NEEDS_POST
                      : find_call(path)                          ? WX_NEEDS_POST
                                                                 : WX_NOT_ANSWERED);
}
