/*
 * Private to load/: which days of which apps have events that rollups do not have yet. Not
 * thread-safe.
 */
#ifndef MP_LOAD_TOUCHED_H
#define MP_LOAD_TOUCHED_H

#include "base/error.h"
#include "base/event.h"

struct touched_app {
    char app[MP_EVENT_ID_MAX + 1];
    uint8_t app_len;
    int32_t first_day;
    int32_t last_day;
    uint64_t events;
};

struct touched {
    struct touched_app *apps;
    size_t count;
    size_t capacity;
    uint32_t *slots; /* open addressing by app: index + 1, 0 = free */
};

void touched_init(struct touched *touched);
void touched_deinit(struct touched *touched);
/* Forgets all, keeps the memory. */
void touched_clear(struct touched *touched);
/* Adds events of days first to last. 0 or MP_E_MEMORY. */
MP_MUST_CHECK int touched_add(struct touched *touched, struct mp_str app, int32_t first,
                              int32_t last, uint64_t events);
/* Adds all of from to touched. */
MP_MUST_CHECK int touched_merge(struct touched *touched, const struct touched *from);

#endif
