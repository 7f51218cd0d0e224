/*
 * Private to load/: when the loader rests. A burst of events is taken first and loaded right after:
 * while many requests wait for each commit and the machine has next to no idle processor, loading
 * works an eighth of the time, for what it takes it takes from the threads that take events in. Not
 * for long: see pace_rest_ms. Plain arithmetic, no clock of its own; the reader's thread.
 */
#ifndef MP_LOAD_PACE_H
#define MP_LOAD_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_CROWD 8          /* requests to a commit */
#define PACE_IDLE_PARTS 4     /* one part in so many of the processors' time is idle enough */
#define PACE_REST_PARTS 7     /* of rest to one of work */
#define PACE_REST_MS_MAX 4000 /* at once */

/* Where journal, loader and machine stand. */
struct pace_place {
    int64_t mono_ms;
    uint64_t records; /* so far */
    uint64_t commits;
    uint64_t waiting_bytes; /* of the journal, in no batch yet */
    uint64_t idle_ticks;    /* of all processors, so far */
    uint64_t ticks;
};

struct pace {
    int64_t rest_ms_max;     /* how long a burst may go before loading; 0 = never */
    uint64_t rest_bytes_max; /* and how much may wait meanwhile */
    struct pace_place began; /* the work at hand */
    int64_t behind_since_ms; /* monotonic: of the first rest since it had caught up; 0 = none */
};

/* The loader begins to work. */
void pace_begin(struct pace *pace, const struct pace_place *place);
/*
 * It has worked: how long it may rest now. 0 when no burst came meanwhile, or the machine had idle
 * processors; when it has rested now and then for rest_ms_max, until it has caught up; when
 * rest_bytes_max wait.
 */
int64_t pace_rest_ms(struct pace *pace, const struct pace_place *place);
/* Many requests shared each commit between the two. */
bool pace_is_burst(const struct pace_place *from, const struct pace_place *to);
/* Nothing is left to load. */
void pace_caught_up(struct pace *pace);

#endif
