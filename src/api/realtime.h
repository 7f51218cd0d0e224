/* Private to api/: real-time figures, asked once or streamed. */
#ifndef MP_API_REALTIME_H
#define MP_API_REALTIME_H

#include "api/internal.h"
#include "live/live.h"

/* What is asked. All streams of one view are told the same. */
struct realtime_view {
    char app[MP_APP_ID_MAX + 1];
    bool has_page;
    char page[LIVE_PAGE_BYTES_MAX + 1];
    enum live_step step;
    bool with[LIVE_PAST_DAYS];
};

/* What was told of it at some moment. */
struct realtime_figures {
    struct live_answer answer;
    int64_t now_ms;
    size_t row_count; /* of today: the steps that have begun */
};

/* Asks live/; wait_ms: how long it may read the store. request: who waits, may be NULL. Errors as
 * live_ask. */
MP_MUST_CHECK int realtime_ask(struct api *api, const struct realtime_view *view,
                               const struct mp_app *app, struct http_request *request,
                               int64_t wait_ms, struct realtime_figures *out, struct mp_error *err);

/* realtime_answer.c: a JSON object with all of it. */
void realtime_put(struct mp_buf *out, const struct realtime_view *view, const char *zone,
                  const struct realtime_figures *figures);
/* Whether anything is told otherwise than before. */
bool realtime_differs(const struct realtime_view *view, const struct realtime_figures *before,
                      const struct realtime_figures *after);
/* Whether realtime_put_changes can say how: it is the same day, and days to compare with are the
 * same. */
bool realtime_is_update(const struct realtime_view *view, const struct realtime_figures *before,
                        const struct realtime_figures *after);
/* A JSON object with the totals and the rows that are new or changed. */
void realtime_put_changes(struct mp_buf *out, const struct realtime_view *view,
                          const struct realtime_figures *before,
                          const struct realtime_figures *after);

/* realtime_streams.c */
struct realtime_streams;
#define REALTIME_STREAMS_MAX 1000
MP_MUST_CHECK int realtime_streams_open(struct api *api, struct realtime_streams **out,
                                        struct mp_error *err);
void realtime_streams_close(struct realtime_streams *streams); /* NULL is fine */
/* Replies with an event stream that begins with those figures, or an error. */
void realtime_streams_add(struct realtime_streams *streams, struct http_request *request,
                          const struct realtime_view *view, const struct api_access *access,
                          const struct realtime_figures *figures);

#endif
