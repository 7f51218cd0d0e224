/*
 * Private to live/: the open to which an event belongs, from what is remembered of its user. The
 * rules are those of docs/load.md for events that come in the order of time.
 */
#ifndef MP_LIVE_OPENING_H
#define MP_LIVE_OPENING_H

#include "base/event.h"

/* Of one user; all zero at first. Times are 0 when there is nothing yet. */
struct live_opening {
    int64_t begin_ms; /* of the open under way that has no id */
    int64_t last_ms;  /* its last event */
    int64_t given_begin_ms;
    uint64_t given_id; /* hash of the id of the last open that has one */
    bool began_with_show;
    bool has_launch;
};

struct live_opening_rules {
    int64_t before_ms; /* the day before begins */
    int64_t start_ms;  /* the day begins */
    int64_t timeout_ms;
};

/* An open that the store knows. */
void live_opening_resume(struct live_opening *opening, int64_t begin_ms, int64_t end_ms);
/* When the event's open began; false when it belongs to none. */
bool live_opening_next(struct live_opening *opening, const struct live_opening_rules *rules,
                       const struct mp_event *event, int64_t *begin_ms);

#endif
