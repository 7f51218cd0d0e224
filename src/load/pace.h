/*
 * Private to load/: when the loader rests. A burst of events is taken first and loaded right after:
 * while more come in than are loaded, loading works a quarter of the time, since on a machine that
 * has not enough for both it takes the processors from the threads that take events in. Not for
 * long: see pace_rest_ms. Plain arithmetic, no clock of its own; the reader's thread.
 */
#ifndef MP_LOAD_PACE_H
#define MP_LOAD_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_REST_PARTS 3     /* of rest to one of work */
#define PACE_REST_MS_MAX 2000 /* at once */

/* Where the journal and the loader stand. */
struct pace_place {
    int64_t mono_ms;
    uint64_t durable_lsn; /* the journal's end */
    uint64_t next_lsn;    /* all before it is in batches */
    bool is_full;         /* the last batch could take no more */
};

struct pace {
    int64_t rest_ms_max;     /* how long a burst may go before loading; 0 = never */
    uint64_t rest_bytes_max; /* and how far the loader may fall behind in it */
    struct pace_place began; /* the work at hand */
    int64_t behind_since_ms; /* monotonic: of the first rest since it had caught up; 0 = none */
};

/* The loader begins to work. */
void pace_begin(struct pace *pace, const struct pace_place *place);
/*
 * It has worked: how long it may rest now. 0 when its last batch was not full, or no more came in
 * meanwhile than it loaded; when it has rested now and then for rest_ms_max, until it has caught
 * up; when rest_bytes_max wait.
 */
int64_t pace_rest_ms(struct pace *pace, const struct pace_place *place);
/* Nothing is left to load. */
void pace_caught_up(struct pace *pace);

#endif
