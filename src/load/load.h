/*
 * From the journal to the store, exactly once. One thread of its own, the only writer of the store.
 * A batch is a range of the journal [lsn, end). For each: save the intent (range, batch number) in
 * the cursor, drop events whose identity was seen in the last dedupe_ms, insert into `events` (rows
 * carry the batch number), append the identities to the seen log, advance the cursor. After a doubt
 * (crash, lost connection) the same range is read again and the store is asked which rows of that
 * batch it has: all → go on; none → insert; some → delete those, insert. Rollups are recomputed for
 * the users that batches touched, from the events remembered of them or read back, and replace the
 * rows before them, so repeating is harmless.
 */
#ifndef MP_LOAD_LOAD_H
#define MP_LOAD_LOAD_H

#include "base/apps.h"
#include "base/error.h"
#include "journal/journal.h"
#include "store/store.h"

#ifdef __cplusplus
extern "C" {
#endif

struct load;

struct load_config {
    struct journal *journal;
    struct store *store;
    struct mp_apps *apps;
    const char *dir; /* for the seen log */
    uint32_t batch_events_max;
    int64_t batch_wait_ms;       /* how long a batch may wait for more */
    int64_t rollup_wait_ms;      /* how long rollups may lag behind events when busy */
    int64_t dedupe_ms;           /* at least 72 h */
    int64_t late_ms;             /* accepted lateness, for complete_until */
    uint64_t rollup_cache_bytes; /* for recent events of users; 0 = rollups read the store */
    /* Told after each rollup, NULL = not; is_busy: more batches wait. Must not block. */
    void (*on_rollup)(void *arg, bool is_busy);
    void *on_rollup_arg;
};

/*
 * Asks the store where it stands (its schema must be there: store_migrate) and starts. dir is made
 * when missing; the strings and rooms of config must outlive the loader. The store must have at
 * least three connections. Errors as store_run and journal_reader_open, MP_E_CORRUPT for a broken
 * cursor, MP_E_IO, MP_E_FULL; nothing has changed then, and it can be tried again.
 */
MP_MUST_CHECK int load_start(const struct load_config *config, struct load **out,
                             struct mp_error *err);
/* Stops after the batch under way (or its present attempt, when the store is down); what is left
 * stays in the journal, and rollups that are behind are made after the next start. */
void load_stop(struct load *load);
/* Waits until everything that was durable in the journal at the call is in events and rollups; 0 or
 * MP_E_TIMEOUT. */
MP_MUST_CHECK int load_drain(struct load *load, int64_t timeout_ms);

struct load_stats {
    uint64_t cursor_lsn;
    uint32_t cursor_batch; /* rows of events before it have this batch number or a lower one */
    uint64_t batches;
    uint64_t events;     /* inserted since start */
    uint64_t duplicates; /* dropped since start */
    uint64_t retries;    /* store attempts that failed */
    int64_t lag_ms;      /* age of the oldest record not loaded; 0 = none */
    int64_t rollup_lag_ms;
    int64_t loaded_until_ms; /* all that was received before it is in events and rollups */
    /* Figures of days that ended before it do not change any more: nothing that is not in rollups
     * yet, or may still come, is as old. */
    int64_t complete_until_ms;
    uint64_t corrupt_blocks;  /* damaged parts of the journal that were passed over */
    uint64_t corrupt_records; /* records that could not be read, or not to their end */
    char last_error[256];     /* empty when the last attempt succeeded */
};
void load_stats(struct load *load, struct load_stats *out);

/*
 * minipulse rebuild: remakes user_days and users of one app (NULL = all) from events, and deletes
 * rows that no event supports. Loading and reports may go on meanwhile: at each moment a user's
 * row is the one before or the one after. After a failure it can be run again. progress may be
 * NULL; it is told how many users are done, of about how many. Errors as store_run.
 */
typedef void load_progress(void *arg, uint64_t done, uint64_t total);
MP_MUST_CHECK int load_rebuild(struct store *store, struct mp_apps *apps, const char *app,
                               load_progress *progress, void *arg, struct mp_error *err);

#ifdef __cplusplus
}
#endif
#endif
