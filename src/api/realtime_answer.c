/* Real-time figures as JSON. */
#include "api/realtime.h"

#include "base/zone.h"

#include <string.h>

#define MINUTE_MS 60000

static const char *const past_names[LIVE_PAST_DAYS] = {
    [LIVE_YESTERDAY] = "yesterday", [LIVE_LAST_WEEK] = "last_week"};

static void put_time(struct mp_json_writer *json, const char *key, int64_t time_ms) {
    char text[25];
    mp_time_format(time_ms, text);
    mp_jw_text_member(json, key, text);
}

static void put_day(struct mp_json_writer *json, int32_t day) {
    char text[11];
    mp_day_format(day, text);
    mp_jw_text_member(json, "day", text);
}

static void put_bool(struct mp_json_writer *json, const char *key, bool value) {
    mp_jw_key(json, key);
    mp_jw_bool(json, value);
}

static void put_counts(struct mp_json_writer *json, const struct live_counts *counts) {
    mp_jw_key(json, "session_cnt");
    mp_jw_u64(json, counts->opens);
    mp_jw_key(json, "visit_pv");
    mp_jw_u64(json, counts->views);
    mp_jw_key(json, "visit_uv");
    mp_jw_u64(json, counts->visitors);
    mp_jw_key(json, "visit_uv_new");
    mp_jw_u64(json, counts->new_visitors);
}

static void put_total(struct mp_json_writer *json, const struct live_series *series) {
    mp_jw_key(json, "total");
    mp_jw_object_begin(json);
    put_counts(json, &series->rows[live_step_first(LIVE_DAY)]);
    mp_jw_object_end(json);
}

static void put_row(struct mp_json_writer *json, const struct live_series *series,
                    enum live_step step, size_t index) {
    int64_t offset_ms = (int64_t)index * live_step_minutes(step) * MINUTE_MS;
    mp_jw_object_begin(json);
    put_time(json, "start", series->start_ms + offset_ms);
    put_counts(json, &series->rows[live_step_first(step) + index]);
    mp_jw_object_end(json);
}

static void put_series(struct mp_json_writer *json, const struct live_series *series,
                       enum live_step step, size_t row_count) {
    put_total(json, series);
    mp_jw_key(json, "rows");
    mp_jw_array_begin(json);
    for (size_t i = 0; i < row_count; i++) {
        put_row(json, series, step, i);
    }
    mp_jw_array_end(json);
}

static void put_pasts(struct mp_json_writer *json, const struct realtime_view *view,
                      const struct realtime_figures *figures) {
    mp_jw_key(json, "compare");
    mp_jw_object_begin(json);
    for (int i = 0; i < LIVE_PAST_DAYS; i++) {
        const struct live_series *series = &figures->answer.pasts[i];
        if (view->with[i]) {
            mp_jw_key(json, past_names[i]);
            mp_jw_object_begin(json);
            put_day(json, series->day);
            put_series(json, series, view->step, live_step_count(series, view->step));
            mp_jw_object_end(json);
        }
    }
    mp_jw_object_end(json);
}

static void put_state(struct mp_json_writer *json, const struct realtime_figures *figures) {
    put_time(json, "now", figures->now_ms);
    put_day(json, figures->answer.today.day);
    put_bool(json, "is_settled", figures->answer.is_settled);
    put_bool(json, "is_whole", figures->answer.is_whole);
}

void realtime_put(struct mp_buf *out, const struct realtime_view *view, const char *zone,
                  const struct realtime_figures *figures) {
    struct mp_json_writer json;
    mp_jw_init(&json, out);
    mp_jw_object_begin(&json);
    mp_jw_text_member(&json, "app", view->app);
    mp_jw_text_member(&json, "zone", zone);
    put_state(&json, figures);
    mp_jw_key(&json, "step");
    mp_jw_u64(&json, live_step_minutes(view->step));
    mp_jw_key(&json, "page");
    if (view->has_page) {
        mp_jw_text(&json, view->page);
    } else {
        mp_jw_null(&json);
    }
    put_series(&json, &figures->answer.today, view->step, figures->row_count);
    put_pasts(&json, view, figures);
    mp_jw_object_end(&json);
}

/* ---- Changes ----------------------------------------------------------------------------- */

static bool is_same(const struct live_counts *a, const struct live_counts *b) {
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* Of the steps told and of the day. */
static bool are_same(const struct live_series *a, const struct live_series *b,
                     enum live_step step) {
    size_t first = live_step_first(step), total = live_step_first(LIVE_DAY);
    return a->day == b->day && is_same(&a->rows[total], &b->rows[total]) &&
           memcmp(&a->rows[first], &b->rows[first],
                  live_step_count(a, step) * sizeof(a->rows[0])) == 0;
}

bool realtime_is_update(const struct realtime_view *view, const struct realtime_figures *before,
                        const struct realtime_figures *after) {
    bool is_update = before->answer.today.day == after->answer.today.day;
    for (int i = 0; i < LIVE_PAST_DAYS && is_update; i++) {
        is_update = !view->with[i] ||
                    are_same(&before->answer.pasts[i], &after->answer.pasts[i], view->step);
    }
    return is_update;
}

bool realtime_differs(const struct realtime_view *view, const struct realtime_figures *before,
                      const struct realtime_figures *after) {
    return !realtime_is_update(view, before, after) ||
           !are_same(&before->answer.today, &after->answer.today, view->step) ||
           before->row_count != after->row_count ||
           before->answer.is_settled != after->answer.is_settled ||
           before->answer.is_whole != after->answer.is_whole;
}

void realtime_put_changes(struct mp_buf *out, const struct realtime_view *view,
                          const struct realtime_figures *before,
                          const struct realtime_figures *after) {
    const struct live_series *then = &before->answer.today, *now = &after->answer.today;
    size_t first = live_step_first(view->step);
    /* Rows that were told and are gone now are told as they are: of zeros. */
    size_t count = before->row_count > after->row_count ? before->row_count : after->row_count;
    struct mp_json_writer json;
    mp_jw_init(&json, out);
    mp_jw_object_begin(&json);
    put_state(&json, after);
    put_total(&json, now);
    mp_jw_key(&json, "rows");
    mp_jw_array_begin(&json);
    for (size_t i = 0; i < count; i++) {
        if (i >= before->row_count || !is_same(&then->rows[first + i], &now->rows[first + i])) {
            put_row(&json, now, view->step, i);
        }
    }
    mp_jw_array_end(&json);
    mp_jw_object_end(&json);
}
