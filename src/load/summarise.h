/*
 * Keeps summary/ in step with user_days and profiles, on a thread of its own: asks the store which
 * days have changed since they were summed up, and sums these up anew, the newest first. Nothing is
 * noted that could be lost: a day's mark stands in its file, and is compared.
 */
#ifndef MP_LOAD_SUMMARISE_H
#define MP_LOAD_SUMMARISE_H

#include "store/store.h"
#include "summary/summary.h"

#ifdef __cplusplus
extern "C" {
#endif

struct load_summarise;

/* Reads the days on disk, then begins. The store must have a connection to spare. */
MP_MUST_CHECK int load_summarise_start(struct store *store, struct summaries *summaries,
                                       struct load_summarise **out, struct mp_error *err);
/* Gives up the day under way. NULL is fine. */
void load_summarise_stop(struct load_summarise *summarise);
/* Rollups have changed; is_busy: and more are to come soon. Never blocks; any thread. */
void load_summarise_poke(struct load_summarise *summarise, bool is_busy);

struct load_summarise_stats {
    uint64_t days;       /* summed up since start */
    uint64_t failures;   /* passes that failed */
    int64_t work_ms;     /* time that passes took */
    int64_t lag_ms;      /* since when summaries are behind rollups; 0 = they are not */
    int64_t fresh_at_ms; /* summaries have all that rollups had then; 0 = nothing yet */
};
void load_summarise_stats(struct load_summarise *summarise, struct load_summarise_stats *out);

/* One pass: all that has changed, at once. days (may be NULL): how many were made. */
MP_MUST_CHECK int load_summarise_all(struct store *store, struct summaries *summaries,
                                     uint64_t *days, struct mp_error *err);

#ifdef __cplusplus
}
#endif
#endif
