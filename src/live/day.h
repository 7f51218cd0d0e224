/*
 * Private to live/ and its feeder in cmd/: the figures of one app on one day of its calendar,
 * minute by minute, of all pages and of some pages apart (boards). First it is filled with what the
 * store has, then it is told of events. Opens are told from the events as the loader does, but
 * without looking back: events that come out of order can make it differ until it is filled anew.
 * One thread at a time.
 */
#ifndef MP_LIVE_DAY_H
#define MP_LIVE_DAY_H

#include "base/event.h"
#include "live/series.h"

#ifdef __cplusplus
extern "C" {
#endif

struct live_day;
struct live_budget; /* live/table.h */

struct live_day_config {
    int32_t day;
    int64_t before_ms; /* the first moment of the day before */
    int64_t start_ms;
    int64_t end_ms; /* the first moment of the next day */
    int64_t open_timeout_ms;
    struct live_budget *budget; /* when it is used up, what does not fit is not counted */
};

#define LIVE_PAGES_MAX 16 /* boards of single pages on one day */

/* NULL when out of memory. */
MP_MUST_CHECK struct live_day *live_day_create(const struct live_day_config *config);
void live_day_destroy(struct live_day *day); /* NULL is fine */
/* Another board, before anything is counted; its index, from 1. Board 0 is that of all pages.
 * 0 when there are too many or memory is out. */
MP_MUST_CHECK size_t live_day_add_page(struct live_day *day, struct mp_str page);

/* ---- What the store has ------------------------------------------------------------------ */

/* A user's page views of one minute of the day: all of them for board 0, first; then those of each
 * page for its board. */
void live_day_fill_views(struct live_day *day, size_t board, uint64_t user, uint32_t minute,
                         uint32_t views);
/* An open of the day or the day before; entry is the page it was entered by, "" = no page yet. */
void live_day_fill_open(struct live_day *day, uint64_t user, int64_t begin_ms, int64_t end_ms,
                        struct mp_str entry);
/* A user of whom the store knows a visit before that day. */
void live_day_fill_known(struct live_day *day, uint64_t user);
/* After all of them: whoever else has visited is new. */
void live_day_fill_done(struct live_day *day);

/* ---- Events ------------------------------------------------------------------------------ */

/* Of any day, each once. */
void live_day_apply(struct live_day *day, const struct mp_context *context,
                    const struct mp_event *event);
/* Visitors of whom is not known whether they came before: up to max of them, and how many. They
 * count as new only once that is answered. */
size_t live_day_unknown(const struct live_day *day, uint64_t *users, size_t max);
/* Answers it for the asked: each that is among the known is not new. known is ordered. */
void live_day_answer(struct live_day *day, const uint64_t *asked, size_t asked_count,
                     const uint64_t *known, size_t known_count);

/* ---- Figures ----------------------------------------------------------------------------- */

const struct live_series *live_day_series(const struct live_day *day, size_t board);
/* False once something did not fit the budget: figures are too low. */
bool live_day_is_whole(const struct live_day *day);

#ifdef __cplusplus
}
#endif
#endif
