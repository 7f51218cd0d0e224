/*
 * Private to load/: the loader's state. Two threads: the reader makes batches from the journal
 * (read.c), the writer commits them and has their rollups made (write.c). A batch is made while the
 * one before it is being inserted, and that while those before it are rolled up, in a third thread
 * that comes and goes (roll.c).
 */
#ifndef MP_LOAD_INTERNAL_H
#define MP_LOAD_INTERNAL_H

#include "load/batch.h"
#include "load/load.h"
#include "load/note.h"
#include "load/profiles.h"
#include "load/recent.h"
#include "load/remake.h"

#include "base/log.h"

#include <pthread.h>
#include <stdatomic.h>

#define LOAD_CURSOR "load"
#define LOAD_BATCHES 2 /* one being made, one being committed */

/* A roll-up under way. */
struct load_roll {
    pthread_t thread;
    bool has_thread;
    bool is_running;   /* guarded by the loader's mutex */
    uint64_t batches;  /* committed when it began */
    uint32_t after;    /* it is of the batches behind this one … */
    uint32_t up_to;    /* … up to this one */
    uint32_t before;   /* and recent has the events of those behind this one */
    uint64_t version;  /* of its rows */
    int32_t first_day; /* of the days touched */
    int32_t last_day;
    bool has_profiles;
    int64_t began_ms; /* monotonic */
    int code;
    struct mp_error err;
};

struct load {
    struct load_config config;
    struct mp_zone *default_zone;
    pthread_t reader_thread;
    pthread_t writer_thread;
    atomic_bool is_stopping;

    /* The reader's own. */
    struct journal_reader *reader;
    struct seen_index *seen_index;
    struct journal_record record; /* read, but not in a batch yet */
    bool has_record;
    uint32_t next_batch;
    uint64_t next_lsn;
    int64_t handed_over_ms; /* monotonic: the last batch */
    bool is_replay;         /* the first batch was begun by a former process: its number and end */
    uint32_t replay_batch;
    uint64_t replay_end_lsn;

    /* The writer's own. */
    struct seen_log *seen_log;
    struct load_roll roll;
    /* The roll-up's while one is under way: */
    struct remake *remake;
    struct recent *recent;
    bool is_recent_behind; /* recent lacks a batch behind note.rolled_up: remake has to do it */
    /* The writer's again; touched does not change while a roll-up is under way: */
    struct load_note note; /* as it would be saved now */
    uint64_t cursor_lsn;
    bool is_saved;
    struct touched touched;       /* behind note.rolled_up */
    uint64_t touched_events;      /* of batches, about */
    bool has_profiles;            /* among them are, or may be, $profile events */
    uint32_t start_batch;         /* those of former processes are up to it */
    uint64_t version_floor;       /* rollup rows of a former process or rebuild have less */
    int64_t rollup_not_before_ms; /* monotonic: the end of the last one, or of the back-off */
    int64_t rollup_took_ms;       /* the last one that succeeded */
    unsigned rollup_failures;     /* in a row */

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    struct batch *free_batches[LOAD_BATCHES];
    size_t free_count;
    struct batch *ready;        /* made, waiting for the writer */
    uint64_t handed_over;       /* batches so far */
    uint64_t committed;         /* of these */
    uint64_t rolled_up;         /* of these */
    uint64_t read_lsn;          /* all before it is in batches handed over */
    int64_t read_until_ms;      /* received_ms of the last record handed over; 0 = none yet */
    int64_t pending_since;      /* received_ms of the oldest record handed over, not committed; 0 */
    int64_t touched_since;      /* the same of records committed, not rolled up; 0 */
    int64_t touched_since_mono; /* when these were committed */
    int drains;                 /* callers in load_drain */
    struct load_stats stats;
};

/* start.c: where the journal and the store say that loading stands. */
MP_MUST_CHECK int load_recover(struct load *load, struct mp_error *err);
/* Adds to touched what the store has of batches after < batch <= up_to on the days first to last
 * (inclusive). Before the threads run, or the writer's. */
struct load_touch {
    uint32_t after;
    uint32_t up_to;
    int32_t first_day;
    int32_t last_day;
};
MP_MUST_CHECK int load_touch_stored(struct load *load, const struct load_touch *range,
                                    struct mp_error *err);
/* read.c, write.c */
/* Lowers the priority of the calling thread. */
void load_step_back(void);
void *load_reader_main(void *arg);
void *load_writer_main(void *arg);
/* commit.c: events in the store and in the seen log; retries until it is done. False when stopping
 * came first. A roll-up may run beside it, unless the batch is a replay. */
MP_MUST_CHECK bool load_store(struct load *load, struct batch *batch);
/* Then: the loader's place is behind the batch. No roll-up runs. False when stopping came first. */
MP_MUST_CHECK bool load_pass(struct load *load, const struct batch *batch);
/* roll.c: the events of a batch that was passed are to be rolled up. No roll-up runs. */
void load_roll_take(struct load *load, const struct batch *batch);
/* Begins to make the rollups of what the batches passed so far touched, in a thread of its own. */
void load_roll_begin(struct load *load);
/* Waits for its end. A failure leaves all as it was: it is tried again, but batches go first
 * meanwhile. */
void load_roll_end(struct load *load);
/* Saves cursor and note. */
MP_MUST_CHECK int load_save(struct load *load, struct mp_error *err);

/* Counts and logs a failed attempt, and waits longer from attempt to attempt (from 0). False when
 * stopping. */
MP_MUST_CHECK bool load_back_off(struct load *load, unsigned attempt, const char *what,
                                 const struct mp_error *err);
/* Counts and logs it; gives how long to wait before the next attempt, with jitter. */
int64_t load_failed(struct load *load, unsigned attempt, const char *what,
                    const struct mp_error *err);
void load_succeeded(struct load *load);
static inline bool load_is_stopping(void *load) {
    return atomic_load(&((struct load *)load)->is_stopping);
}
/* Waits for a change of what the mutex guards, at most until a monotonic time. Mutex held. */
void load_wait(struct load *load, int64_t until_ms);

#endif
