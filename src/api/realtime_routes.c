/* Real-time figures: the parameters, and the answer. On worker threads. */
#include "api/realtime.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_MS 60000
#define READ_WAIT_MS 10000 /* for the store, when nobody has asked for the app lately */
#define STEP_DEFAULT LIVE_5_MINUTES

static int take_step(struct http_request *request, enum live_step *out, struct mp_error *err) {
    struct mp_str text = http_query(request, "step");
    uint64_t minutes;
    *out = STEP_DEFAULT;
    return !text.ptr || (mp_str_to_u64(text, &minutes) && live_step_of(minutes, out))
               ? MP_OK
               : mp_fail(err, MP_E_ARGUMENT, "step", "must be 1, 5, 10, 30 or 60 (minutes)");
}

static int take_page(struct http_request *request, struct realtime_view *out,
                     struct mp_error *err) {
    struct mp_str page = http_query(request, "page");
    if (!page.ptr) {
        return MP_OK;
    }
    if (page.len > 0 && page.ptr[0] == '/') {
        page = mp_str_range(page.ptr + 1, page.len - 1); /* events have it without */
    }
    if (page.len == 0 || page.len > LIVE_PAGE_BYTES_MAX || !mp_str_is_utf8(page)) {
        return mp_fail(err, MP_E_ARGUMENT, "page", "must be a page's path of 1 to %d bytes",
                       LIVE_PAGE_BYTES_MAX);
    }
    out->has_page = true;
    memcpy(out->page, page.ptr, page.len);
    return MP_OK;
}

static int take_compare(struct http_request *request, struct realtime_view *out,
                        struct mp_error *err) {
    struct mp_str left = http_query(request, "compare");
    while (left.len > 0) {
        struct mp_str word = mp_str_cut(&left, ',');
        if (mp_str_is(word, "yesterday")) {
            out->with[LIVE_YESTERDAY] = true;
        } else if (mp_str_is(word, "last_week")) {
            out->with[LIVE_LAST_WEEK] = true;
        } else {
            return mp_fail(err, MP_E_ARGUMENT, "compare",
                           "must be yesterday, last_week or both with a comma between");
        }
    }
    return MP_OK;
}

static int take_view(struct http_request *request, const struct mp_app *app,
                     struct realtime_view *out, struct mp_error *err) {
    static const char *const known[] = {"step", "page", "compare", NULL};
    memset(out, 0, sizeof(*out));
    memcpy(out->app, app->id, strlen(app->id));
    int code = check_query(request, known, err);
    code = code ? code : take_step(request, &out->step, err);
    code = code ? code : take_page(request, out, err);
    return code ? code : take_compare(request, out, err);
}

static bool client_gone(void *request) {
    return http_client_gone(request);
}

/* The steps of today that have begun; more when a clock that is ahead has sent events. */
static size_t rows_begun(const struct live_series *today, enum live_step step, int64_t now_ms) {
    static const struct live_counts nothing;
    size_t first = live_step_first(step), all = live_step_count(today, step);
    int64_t begun = now_ms < today->start_ms
                        ? 0
                        : (now_ms - today->start_ms) / (MINUTE_MS * live_step_minutes(step)) + 1;
    size_t count = (size_t)begun < all ? (size_t)begun : all;
    while (all > count && memcmp(&today->rows[first + all - 1], &nothing, sizeof(nothing)) == 0) {
        all--;
    }
    return all;
}

int realtime_ask(struct api *api, const struct realtime_view *view, const struct mp_app *app,
                 struct http_request *request, int64_t wait_ms, struct realtime_figures *out,
                 struct mp_error *err) {
    struct live_question question = {.app = app,
                                     .page = view->has_page ? mp_str_of(view->page)
                                                            : mp_str_range(NULL, 0),
                                     .now_ms = mp_now_ms(),
                                     .wait_ms = wait_ms,
                                     .is_cancelled = request ? client_gone : NULL,
                                     .is_cancelled_arg = request};
    memcpy(question.with, view->with, sizeof(question.with));
    int code = live_ask(api->config.live, &question, &out->answer, err);
    if (code == MP_OK) {
        out->now_ms = mp_now_ms();
        out->row_count = rows_begun(&out->answer.today, view->step, out->now_ms);
    }
    return code;
}

struct asked {
    struct realtime_view view;
    struct realtime_figures figures;
};

/* False when it has replied. */
static bool ask(struct http_request *request, struct api *api, const struct api_access *access,
                struct asked *asked) {
    struct mp_error err;
    int code = asked ? take_view(request, access->app, &asked->view, &err)
                     : mp_fail(&err, MP_E_MEMORY, "", "out of memory");
    code = code ? code
                : realtime_ask(api, &asked->view, access->app, request, READ_WAIT_MS,
                               &asked->figures, &err);
    if (code != MP_OK) {
        reply_error(request, &err);
    }
    return code == MP_OK;
}

void handle_realtime(struct http_request *request, struct api *api,
                     const struct api_access *access) {
    struct asked *asked = calloc(1, sizeof(*asked));
    if (ask(request, api, access, asked)) {
        struct mp_buf out;
        mp_buf_init(&out, API_REPLY_BYTES_MAX);
        realtime_put(&out, &asked->view, mp_zone_name(access->app->zone), &asked->figures);
        http_reply(request, 200, "application/json", mp_buf_str(&out));
        mp_buf_deinit(&out);
    }
    free(asked);
}

void handle_realtime_stream(struct http_request *request, struct api *api,
                            const struct api_access *access) {
    struct asked *asked = calloc(1, sizeof(*asked));
    if (ask(request, api, access, asked)) {
        realtime_streams_add(api->streams, request, &asked->view, access, &asked->figures);
    }
    free(asked);
}
