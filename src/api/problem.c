/* Errors told to clients: RFC 9457 problem details. */
#include "api/internal.h"

#include "base/log.h"

#define PROBLEM_BYTES_MAX 8192
#define RETRY_AFTER_S "5"

/* The one place where our error codes become HTTP's. inside: the message is about our own parts, so
 * it goes to the log and `inside` to the client. */
static const struct {
    int status;
    const char *title;
    const char *inside;
} statuses[] = {
    [MP_OK] = {200, "OK", NULL},
    [MP_E_ARGUMENT] = {400, "The request is not valid", NULL},
    [MP_E_TOO_LARGE] = {413, "The request is too large", NULL},
    [MP_E_NOT_FOUND] = {404, "Not found", NULL},
    [MP_E_EXISTS] = {409, "It exists already", NULL},
    [MP_E_DENIED] = {401, "The credentials are missing or wrong", NULL},
    [MP_E_FORBIDDEN] = {403, "You may not do this", NULL},
    [MP_E_TOO_OFTEN] = {429, "Too many attempts", NULL},
    [MP_E_FULL] = {503, "The server cannot take more at the moment", NULL},
    [MP_E_IO] = {503, "The server's disk does not work", "see the server's log"},
    [MP_E_CORRUPT] = {500, "The server found damaged data", "see the server's log"},
    [MP_E_UNAVAILABLE] = {503, "The engine cannot be reached at the moment",
                          "events are taken meanwhile; ask again later"},
    [MP_E_TIMEOUT] = {504, "The report took too long and was cancelled",
                      "ask for fewer days, or raise query_timeout_ms"},
    [MP_E_CANCELLED] = {499, "The client has gone", NULL},
    [MP_E_ENGINE] = {500, "The engine refused the query", "see the server's log"},
    [MP_E_MEMORY] = {503, "The server is out of memory", NULL},
    [MP_E_CLOSED] = {503, "The server is stopping", NULL},
};
_Static_assert(sizeof(statuses) / sizeof(statuses[0]) == MP_E_CLOSED + 1, "one for each code");

int problem_status(enum mp_code code) {
    return statuses[code].status;
}

void problem_body(struct mp_buf *out, int status, const char *title, const char *detail,
                  const char *field) {
    struct mp_json_writer writer;
    mp_jw_init(&writer, out);
    mp_jw_object_begin(&writer);
    mp_jw_key(&writer, "type");
    mp_jw_text(&writer, "about:blank");
    mp_jw_key(&writer, "title");
    mp_jw_text(&writer, title);
    mp_jw_key(&writer, "status");
    mp_jw_i64(&writer, status);
    if (detail && detail[0]) {
        mp_jw_key(&writer, "detail");
        mp_jw_text(&writer, detail);
    }
    if (field && field[0]) {
        mp_jw_key(&writer, "field");
        mp_jw_text(&writer, field);
    }
    mp_jw_object_end(&writer);
}

void reply_problem(struct http_request *request, int status, const char *title, const char *detail,
                   const char *field) {
    struct mp_buf body;
    mp_buf_init(&body, PROBLEM_BYTES_MAX);
    problem_body(&body, status, title, detail, field);
    if (status == 503) {
        http_reply_header(request, "Retry-After", RETRY_AFTER_S);
    } else if (status == 401) {
        http_reply_header(request, "WWW-Authenticate", "Bearer realm=\"minipulse\"");
    }
    http_reply(request, status, "application/problem+json", mp_buf_str(&body));
    mp_buf_deinit(&body);
}

void reply_error(struct http_request *request, const struct mp_error *err) {
    bool is_stopping = err->code == MP_E_CANCELLED && http_is_stopping(request);
    enum mp_code code = is_stopping ? MP_E_CLOSED : err->code;
    const char *detail = is_stopping ? NULL : err->message;
    if (statuses[code].inside) {
        detail = statuses[code].inside;
        mp_log(MP_LOG_WARN, "api", "a request failed", "path=\"%s\" code=%s message=\"%s\"",
               http_route_path(request), mp_code_name(code), err->message);
    }
    reply_problem(request, statuses[code].status, statuses[code].title, detail,
                  statuses[code].inside ? NULL : err->field);
}

void problem_for_http(int status, const char *reason, struct mp_buf *body,
                      const char **content_type) {
    problem_body(body, status, reason, NULL, NULL);
    *content_type = "application/problem+json";
}
