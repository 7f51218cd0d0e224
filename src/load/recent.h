/*
 * Private to load/: the recent events of users who were there lately, so that their rows of
 * user_days are made again without reading the store. A user who is not known here is read from
 * the store once. Nothing depends on what is remembered: forgetting it costs time only. Bounded in
 * bytes: two generations, and when the younger is full the older goes as a whole; who is touched
 * moves to the younger one. The writer's own; not thread-safe.
 */
#ifndef MP_LOAD_RECENT_H
#define MP_LOAD_RECENT_H

#include "load/trail.h"

#include "base/apps.h"
#include "store/store.h"

struct recent;

/* bytes: what may be remembered. query_prefix: as user_rows_init. */
MP_MUST_CHECK int recent_create(struct store *store, const char *query_prefix, uint64_t bytes,
                                struct recent **out, struct mp_error *err);
void recent_destroy(struct recent *recent);

/*
 * A batch was committed: takes its events. False when not all could be taken (too many, or memory
 * is out): then recent_roll_up must not be called until recent_forget was, and the rollups of all
 * batches since the last one are made by load/remake.h.
 */
MP_MUST_CHECK bool recent_take(struct recent *recent, const struct trail *trail);
/* Forgets everything, and gives the memory back. */
void recent_forget(struct recent *recent);
/* Whether there is something to forget. */
bool recent_is_empty(const struct recent *recent);

struct recent_roll_up {
    uint32_t before;  /* the last batch before those taken since the last roll-up */
    uint32_t up_to;   /* the last batch taken */
    uint64_t version; /* of the rows written */
    const struct mp_apps_snapshot *apps;
    const struct mp_zone *default_zone;
    bool (*is_cancelled)(void *arg); /* then MP_E_CANCELLED */
    void *is_cancelled_arg;
};
/* Makes the rows of all users touched since the last success. Errors as store_run_rows and
 * store_insert, MP_E_MEMORY, MP_E_FULL (too much for the bytes given: as when recent_take is
 * false). Can be repeated. */
MP_MUST_CHECK int recent_roll_up(struct recent *recent, const struct recent_roll_up *how,
                                 struct mp_error *err);

struct recent_stats {
    uint64_t users;   /* rolled up since the creation */
    uint64_t fetched; /* of these, read from the store */
};
void recent_stats(const struct recent *recent, struct recent_stats *out);

#endif
