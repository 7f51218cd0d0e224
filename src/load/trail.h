/*
 * Private to load/: what rollups need of the events of a batch, kept beside its rows, so that users
 * whose earlier events are remembered (load/recent.h) need not be read back. Made by the thread
 * that makes the batch. Not thread-safe.
 */
#ifndef MP_LOAD_TRAIL_H
#define MP_LOAD_TRAIL_H

#include "load/intern.h"
#include "load/opens.h"

#include "base/event.h"
#include "base/zone.h"

/* Events of one user that followed each other. */
struct trail_run {
    uint32_t app; /* numbers of trail.strings */
    uint32_t user;
    uint64_t user_hash;
    size_t first; /* in trail.events */
    size_t count;
};

struct trail {
    struct intern strings;
    struct rollup_event *events; /* numbers of trail.strings; event_count of event_capacity */
    size_t event_count;
    size_t event_capacity;
    struct trail_run *runs; /* run_count of run_capacity; as many as events at most */
    size_t run_count;
    size_t run_capacity;
    bool is_broken; /* memory was out: it lacks events, and must not be used */
    /* The numbers of the present record's context, and of the last open and page. */
    struct rollup_event context;
    uint32_t app;
    struct rollup_event last;
};

/* 0 or MP_E_MEMORY. Then trail_deinit frees. */
MP_MUST_CHECK int trail_init(struct trail *trail);
void trail_deinit(struct trail *trail);
/* Forgets all, keeps the memory. */
void trail_clear(struct trail *trail);
/* Gives memory back; it is empty then. */
void trail_trim(struct trail *trail);

/* The events that follow are of this context. Memory that is out breaks the trail. */
void trail_context(struct trail *trail, const struct mp_context *context);

/* Where and when the event counts. */
struct trail_place {
    struct mp_str user;
    uint64_t user_hash;
    int64_t time_ms;
    int32_t day;
    const struct mp_zone *zone;
};
void trail_add(struct trail *trail, const struct mp_event *event, const struct trail_place *place);

#endif
