#include "api/internal.h"

#include <stdio.h>

/* The one place where our error codes become HTTP's. */
static const struct {
    int status;
    const char *title;
} statuses[] = {
    [MP_OK] = {200, "OK"},
    [MP_E_ARGUMENT] = {400, "The request is not valid"},
    [MP_E_TOO_LARGE] = {413, "The request is too large"},
    [MP_E_NOT_FOUND] = {404, "Not found"},
    [MP_E_EXISTS] = {409, "It exists already"},
    [MP_E_DENIED] = {401, "The key is missing or wrong"},
    [MP_E_FULL] = {503, "The server cannot take more at the moment"},
    [MP_E_IO] = {503, "The server's disk does not work"},
    [MP_E_CORRUPT] = {500, "The server found damaged data"},
    [MP_E_UNAVAILABLE] = {503, "The engine cannot be reached at the moment"},
    [MP_E_TIMEOUT] = {504, "The report took too long and was cancelled"},
    [MP_E_CANCELLED] = {499, "The request was cancelled"},
    [MP_E_ENGINE] = {500, "The engine refused the query"},
    [MP_E_MEMORY] = {503, "The server is out of memory"},
    [MP_E_CLOSED] = {503, "The server is stopping"},
};

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
    mp_buf_init(&body, 8192);
    problem_body(&body, status, title, detail, field);
    if (status == 503) {
        http_reply_header(request, "Retry-After", "5");
    } else if (status == 401) {
        http_reply_header(request, "WWW-Authenticate", "Bearer realm=\"minipulse\"");
    }
    http_reply(request, status, "application/problem+json", mp_buf_str(&body));
    mp_buf_deinit(&body);
}

void reply_error(struct http_request *request, const struct mp_error *err) {
    reply_problem(request, statuses[err->code].status, statuses[err->code].title, err->message,
                  err->field);
}

void problem_for_http(int status, const char *reason, struct mp_buf *body,
                      const char **content_type) {
    problem_body(body, status, reason, NULL, NULL);
    *content_type = "application/problem+json";
}
