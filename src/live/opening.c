#include "live/opening.h"

/* Events of one cold start may be reordered by this much, a measured time may fall short of the
 * clock by as much: see docs/load.md. */
#define REORDER_MS 5000

void live_opening_resume(struct live_opening *opening, int64_t begin_ms, int64_t end_ms) {
    if (end_ms >= opening->last_ms) {
        /* Whether it has had a launch is not known: then the next one begins another. */
        opening->begin_ms = begin_ms;
        opening->last_ms = end_ms;
        opening->began_with_show = false;
    }
}

/* Servers send these too: without an open id they tell nothing of an open. */
static bool shows_presence(struct mp_str name) {
    return !mp_str_is(name, MP_EVENT_PAY) && !mp_str_is(name, MP_EVENT_REFUND) &&
           !mp_str_is(name, MP_EVENT_IDENTIFY) && !mp_str_is(name, MP_EVENT_PROFILE);
}

/* An open lives on the day it began and the next one. */
static bool may_reach(const struct live_opening_rules *rules, int64_t begin_ms, int64_t time_ms) {
    return begin_ms > 0 && (time_ms < rules->start_ms || begin_ms >= rules->before_ms);
}

static int64_t given(struct live_opening *opening, const struct live_opening_rules *rules,
                     const struct mp_event *event) {
    uint64_t id = mp_checksum(event->open_id.ptr, event->open_id.len);
    bool is_same = opening->given_id == id;
    if (is_same && may_reach(rules, opening->given_begin_ms, event->time_ms)) {
        return opening->given_begin_ms;
    }
    bool is_start_told = !is_same && event->open_start_ms > 0 &&
                         event->open_start_ms <= event->time_ms &&
                         may_reach(rules, event->open_start_ms, event->time_ms);
    opening->given_id = id;
    opening->given_begin_ms = is_start_told ? event->open_start_ms : event->time_ms;
    return opening->given_begin_ms;
}

static bool goes_on(const struct live_opening *opening, const struct live_opening_rules *rules,
                    const struct mp_event *event) {
    if (!may_reach(rules, opening->begin_ms, event->time_ms)) {
        return false;
    }
    if (mp_str_is(event->name, MP_EVENT_LAUNCH)) {
        return opening->began_with_show && !opening->has_launch &&
               event->time_ms - opening->begin_ms < REORDER_MS;
    }
    int64_t gap_ms = event->time_ms - opening->last_ms;
    bool is_end =
        mp_str_is(event->name, MP_EVENT_PAGE_LEAVE) || mp_str_is(event->name, MP_EVENT_HIDE);
    return gap_ms < rules->timeout_ms || (is_end && event->dwell_ms >= gap_ms - REORDER_MS);
}

static int64_t derived(struct live_opening *opening, const struct live_opening_rules *rules,
                       const struct mp_event *event) {
    bool is_launch = mp_str_is(event->name, MP_EVENT_LAUNCH);
    if (!goes_on(opening, rules, event)) {
        opening->begin_ms = event->time_ms;
        opening->began_with_show =
            mp_str_is(event->name, MP_EVENT_SHOW) || mp_str_is(event->name, MP_EVENT_PAGE_VIEW);
        opening->has_launch = false;
        opening->last_ms = event->time_ms;
    }
    opening->has_launch |= is_launch;
    opening->last_ms = event->time_ms > opening->last_ms ? event->time_ms : opening->last_ms;
    return opening->begin_ms;
}

bool live_opening_next(struct live_opening *opening, const struct live_opening_rules *rules,
                       const struct mp_event *event, int64_t *begin_ms) {
    if (event->open_id.len > 0) {
        *begin_ms = given(opening, rules, event);
        return true;
    }
    if (!shows_presence(event->name)) {
        return false;
    }
    *begin_ms = derived(opening, rules, event);
    return true;
}
