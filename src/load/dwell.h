/*
 * Private to load/: how long each page of one open was looked at. The events of an open are walked
 * in order; each may end the stay on one page. Pure.
 */
#ifndef MP_LOAD_DWELL_H
#define MP_LOAD_DWELL_H

#include "load/opens.h"

/* A late leave is matched with one of this many last page views of its open. */
#define DWELL_VIEWS_BACK 16

struct dwell_end {
    int64_t ms;    /* stay that ends with this event; 0 = none */
    uint32_t page; /* on which page */
};

/* A page view on its way through its open. */
struct dwell_view {
    uint32_t event;
    uint32_t closed_by; /* the next page view or hide of the open */
    bool is_closed;
    bool is_left;
};

/* Set events, ends (zeroed, one an event) and timeout_ms; the rest is the walk's own. */
struct dwell_walk {
    const struct rollup_event *events;
    struct dwell_end *ends;
    int64_t timeout_ms;
    struct dwell_view views[DWELL_VIEWS_BACK]; /* the last ones, in a ring */
    uint32_t view_count;
};

/* Takes the open's next event, by its index. A later event may still correct an end before it. */
void dwell_next(struct dwell_walk *walk, uint32_t event);

#endif
