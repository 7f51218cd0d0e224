/*
 * Private to load/: which event belongs to which open. Pure functions over one user's events in
 * the order (time, batch, seq); the rules stand in docs/load.md. They look no further than two
 * days back and one day ahead of a day, so that a window of days gives what all of history gives.
 */
#ifndef MP_LOAD_OPENS_H
#define MP_LOAD_OPENS_H

#include "base/str.h"
#include "base/zone.h"

/* What rollups know of an event's name. */
enum event_kind {
    EVENT_OTHER = 0,
    EVENT_LAUNCH,
    EVENT_SHOW,
    EVENT_HIDE,
    EVENT_PAGE_VIEW,
    EVENT_PAGE_LEAVE,
    EVENT_SHARE,
    EVENT_ADD,
    EVENT_REMOVE,
    EVENT_PAY,
    EVENT_REFUND,
    EVENT_IDENTIFY,
    EVENT_PROFILE
};
enum event_kind event_kind_of(struct mp_str name);

/* An event as rollups need it; strings by number (load/intern.h), 0 = empty. */
struct rollup_event {
    int64_t time_ms;
    int64_t open_start_ms; /* 0 = not given */
    int64_t dwell_ms;      /* -1 = not measured */
    int64_t amount_fen;
    int32_t day;
    int32_t open_start_day; /* when open_start_ms is given */
    uint32_t open_id;
    uint32_t page;
    uint32_t model;
    uint32_t app_version;
    uint32_t country;
    uint32_t province;
    uint32_t city;
    uint32_t order; /* where it's remembered: breaks ties of time */
    uint16_t scene;
    uint8_t kind; /* enum event_kind */
    uint8_t platform;
    bool password_free;
};
/* What open_start_day has to be, by the other fields. */
int32_t open_start_day(const struct rollup_event *event, const struct mp_zone *zone);

struct open {
    int64_t begin_ms;
    int32_t begin_day;
};

#define OPEN_NONE UINT32_MAX
/* Events of one cold start may be reordered by this much; a measured dwell may fall short of the
 * clock by this much. */
#define OPEN_REORDER_MS 5000

struct opens_input {
    const struct rollup_event *events;
    size_t count;
    size_t open_ids; /* greater than every open_id */
    int64_t timeout_ms;
};
/* The room for the answer, given by the caller. */
struct opens_output {
    uint32_t *open_of;  /* [count]: index of the event's open, or OPEN_NONE */
    struct open *opens; /* [count], in the order of their first events */
    size_t open_count;
    struct open_chain *ids; /* [open_ids], scratch */
};
/* A run of linked events, before opens are cut at midnight. */
struct open_chain {
    int64_t begin_ms;
    int32_t last_day;
    uint32_t days; /* distinct days so far; 0 = nothing yet */
    uint32_t open; /* the open under way */
    bool began_with_show;
    bool has_launch;
};
void opens_derive(const struct opens_input *input, struct opens_output *output);

#endif
