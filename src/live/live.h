/*
 * Real-time figures: today, minute by minute, of the apps that somebody watches. In memory, within
 * a budget. An app that nobody has asked for LIVE_IDLE_MS is forgotten.
 *
 * api/ asks (live_ask, any thread, may wait). Two threads of cmd/ feed: one tells of each event
 * that is on disk, in the journal's order (live_apply); the other asks the store what the first
 * needs to begin with (live_next_task): all of today up to a position of the journal, whether
 * visitors came before, the days to compare with. So nothing counts that was not acknowledged, a
 * restart loses nothing, and whatever events alone cannot tell (an event that comes twice hours
 * later, opens whose events come out of order) is put right whenever the store has caught up with
 * what was counted, and every LIVE_REFILL_MS otherwise.
 */
#ifndef MP_LIVE_LIVE_H
#define MP_LIVE_LIVE_H

#include "base/apps.h"
#include "live/day.h"
#include "live/series.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LIVE_APPS_MAX 64
#define LIVE_PAGE_BYTES_MAX 1024
#define LIVE_PASTS_MAX 256 /* days remembered to compare with */
#define LIVE_IDLE_MS (10 * 60 * 1000LL)
#define LIVE_REFILL_MS (5 * 60 * 1000LL)

struct live;

/* NULL when out of memory. bytes_max: for all that is counted; see live_answer.is_whole. */
MP_MUST_CHECK struct live *live_open(uint64_t bytes_max);
/* Ends all waiting. Before live_close. */
void live_stop(struct live *live);
void live_close(struct live *live);

/* ---- Asking ------------------------------------------------------------------------------ */

enum live_past_day { LIVE_YESTERDAY, LIVE_LAST_WEEK, LIVE_PAST_DAYS };

struct live_question {
    const struct mp_app *app;
    struct mp_str page; /* ptr NULL = all pages */
    bool with[LIVE_PAST_DAYS];
    int64_t now_ms;
    int64_t wait_ms;                 /* how long the store may take */
    bool (*is_cancelled)(void *arg); /* NULL, or asked while waiting */
    void *is_cancelled_arg;
};

struct live_answer {
    bool is_settled; /* what reports would say: the store has everything that is counted */
    bool is_whole;   /* false: memory was used up, and figures are too low */
    struct live_series today;
    struct live_series pasts[LIVE_PAST_DAYS];
};

/*
 * What is counted at this moment. Waits when the day, the page or a day to compare with has to be
 * read first. MP_E_ARGUMENT (page too long), MP_E_FULL (too many apps or pages), MP_E_UNAVAILABLE
 * (not read in time), MP_E_CANCELLED, MP_E_CLOSED, MP_E_MEMORY.
 */
MP_MUST_CHECK int live_ask(struct live *live, const struct live_question *question,
                           struct live_answer *out, struct mp_error *err);

/* ---- Feeding ----------------------------------------------------------------------------- */

/* How far the store is. */
struct live_store {
    bool is_loading;     /* it can be asked */
    bool is_rolled_up;   /* it has opens and first visits of all its events */
    uint64_t cursor_lsn; /* it has all events before it */
};

enum live_task_kind { LIVE_FILL, LIVE_FILL_PAST, LIVE_FIND_KNOWN };
#define LIVE_KNOWN_MAX 4096 /* users asked for at once */

/* What the store is to be asked. The day's board 0 and one for each page are to be filled. */
struct live_task {
    enum live_task_kind kind;
    char app[MP_APP_ID_MAX + 1];
    int32_t day;
    int64_t start_ms;
    size_t page_count;
    char *pages[LIVE_PAGES_MAX]; /* page i is the day's board i + 1 */
    struct live_day *counted;    /* but for LIVE_FIND_KNOWN */
    bool is_caught_up;           /* the store has all that was counted when the task was given */
    int64_t given_ms;
    uint64_t users[LIVE_KNOWN_MAX]; /* LIVE_FIND_KNOWN: which of them visited before the day? */
    size_t user_count;
};

/* The next one, if any is due; to be ended by live_task_done. One thread. */
bool live_next_task(struct live *live, int64_t now_ms, const struct live_store *store,
                    struct live_task *out);
/*
 * It was answered (code MP_OK), or is to be tried again. LIVE_FILL: the store's part is that of the
 * events before from_lsn. LIVE_FIND_KNOWN: known are those who did, in order.
 */
void live_task_done(struct live *live, struct live_task *task, int code, int64_t now_ms,
                    uint64_t from_lsn, const uint64_t *known, size_t known_count);
/* Waits until something is asked that may need a task, at most wait_ms. */
void live_wait_for_task(struct live *live, int64_t wait_ms);

struct live_record {
    struct mp_str data;
    uint64_t lsn;
    uint64_t next_lsn;
};

/* Where the other thread is to read on; false while nothing is counted. *turn changes when it is
 * not where it has read to. */
bool live_position(struct live *live, uint64_t *lsn, uint64_t *turn);
/* The record at lsn, read in that turn. False when the turn has changed, and it was passed over. */
bool live_apply(struct live *live, uint64_t turn, const struct live_record *record, int64_t now_ms);
/* The journal does not have that position any more: all is read anew. */
void live_lost(struct live *live);

#ifdef __cplusplus
}
#endif
#endif
