#include "cmd/live_feed.h"

#include "base/clock.h"
#include "base/log.h"
#include "report/live.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define READ_WAIT_MS 100 /* how soon a new turn is noticed */
#define TASK_WAIT_MS 50  /* how soon that the store has caught up */
#define ASK_TIMEOUT_MS 20000
#define LOG_AGAIN_MS 30000

struct live_feed {
    struct live *live;
    struct journal *journal;
    struct store *store;
    struct feed *feed;
    pthread_t reader;
    pthread_t asker;
    bool has_reader;
    bool has_asker;
    atomic_bool is_stopping;
    int64_t logged_ms; /* the asker's */
};

/* ---- The journal ------------------------------------------------------------------------- */

/* Reads on until the turn changes; a new one begins elsewhere. */
static void read_turn(struct live_feed *feed, struct journal_reader *reader, uint64_t turn) {
    bool is_right = true;
    while (is_right && !atomic_load(&feed->is_stopping)) {
        struct journal_record record;
        struct mp_error err;
        uint64_t lsn, present;
        int got = journal_read(reader, READ_WAIT_MS, &record, &err);
        if (got > 0) {
            struct live_record told = {record.data, record.lsn, record.next_lsn};
            is_right = live_apply(feed->live, turn, &told, mp_now_ms());
        } else if (got == 0) {
            is_right = live_position(feed->live, &lsn, &present) && present == turn;
        } else if (got != -MP_E_CORRUPT) {
            /* What is damaged is passed over, as the loader does; else begin anew. */
            live_lost(feed->live);
            mp_sleep_ms(READ_WAIT_MS);
            return;
        }
    }
}

static void *read_main(void *arg) {
    struct live_feed *feed = arg;
    while (!atomic_load(&feed->is_stopping)) {
        struct journal_reader *reader;
        struct mp_error err;
        uint64_t lsn, turn;
        if (!live_position(feed->live, &lsn, &turn)) {
            mp_sleep_ms(READ_WAIT_MS);
        } else if (journal_reader_open(feed->journal, lsn, &reader, &err) == MP_OK) {
            read_turn(feed, reader, turn);
            journal_reader_close(reader);
        } else {
            mp_log(MP_LOG_WARN, "serve", "real-time figures begin anew", "reason=\"%s\"",
                   err.message);
            live_lost(feed->live);
            mp_sleep_ms(READ_WAIT_MS);
        }
    }
    return NULL;
}

/* ---- The store --------------------------------------------------------------------------- */

struct filling {
    struct live_task *task;
    size_t board;
    uint64_t known[LIVE_KNOWN_MAX];
    size_t known_count;
};

static int on_views(void *arg, struct mp_reader *row) {
    struct filling *filling = arg;
    uint64_t user = mp_read_u64(row);
    uint32_t minute = mp_read_u32(row);
    uint32_t views = mp_read_u32(row);
    live_day_fill_views(filling->task->counted, filling->board, user, minute, views);
    return MP_OK;
}

/* A row has the opens of a user's day as three arrays. */
static int on_opens(void *arg, struct mp_reader *row) {
    struct filling *filling = arg;
    uint64_t user = mp_read_u64(row);
    uint64_t count = mp_read_varint(row);
    struct mp_reader begins = *row;
    for (uint64_t i = 0; i < count; i++) {
        (void)mp_read_u64(row);
    }
    (void)mp_read_varint(row);
    struct mp_reader ends = *row;
    for (uint64_t i = 0; i < count; i++) {
        (void)mp_read_u64(row);
    }
    (void)mp_read_varint(row);
    for (uint64_t i = 0; i < count; i++) {
        int64_t begin_ms = (int64_t)mp_read_u64(&begins);
        int64_t end_ms = (int64_t)mp_read_u64(&ends);
        live_day_fill_open(filling->task->counted, user, begin_ms, end_ms, mp_read_lstr(row));
    }
    return MP_OK;
}

static int on_known_visitor(void *arg, struct mp_reader *row) {
    struct filling *filling = arg;
    live_day_fill_known(filling->task->counted, mp_read_u64(row));
    return MP_OK;
}

static int on_known(void *arg, struct mp_reader *row) {
    struct filling *filling = arg;
    if (filling->known_count == LIVE_KNOWN_MAX) {
        return MP_E_TOO_LARGE;
    }
    filling->known[filling->known_count++] = mp_read_u64(row);
    return MP_OK;
}

static int fill(const struct report_live *question, struct filling *filling, struct mp_error *err) {
    struct live_task *task = filling->task;
    int code = MP_OK;
    for (size_t board = 0; board <= task->page_count && code == MP_OK; board++) {
        filling->board = board;
        code = report_live_views(question, board ? task->pages[board - 1] : NULL, on_views, filling,
                                 err);
    }
    code = code ? code : report_live_opens(question, on_opens, filling, err);
    code = code ? code : report_live_known(question, NULL, 0, on_known_visitor, filling, err);
    if (code == MP_OK) {
        live_day_fill_done(task->counted);
    }
    return code;
}

static bool is_stopping(void *arg) {
    return atomic_load(&((struct live_feed *)arg)->is_stopping);
}

static void tell_failure(struct live_feed *feed, const struct live_task *task,
                         const struct mp_error *err) {
    int64_t now_ms = mp_mono_ms();
    if (err->code != MP_E_CANCELLED &&
        (feed->logged_ms == 0 || now_ms - feed->logged_ms > LOG_AGAIN_MS)) {
        mp_log(MP_LOG_WARN, "serve", "the store was not read for real-time figures",
               "app=%s code=%s message=\"%s\"", task->app, mp_code_name(err->code), err->message);
        feed->logged_ms = now_ms;
    }
}

static void do_task(struct live_feed *feed, struct filling *filling,
                    const struct load_stats *load) {
    struct live_task *task = filling->task;
    struct store_options options = {.timeout_ms = ASK_TIMEOUT_MS,
                                    .is_cancelled = is_stopping,
                                    .is_cancelled_arg = feed,
                                    .is_read_only = true};
    struct report_live question = {.store = feed->store,
                                   .app = task->app,
                                   .day = task->day,
                                   .start_ms = task->start_ms,
                                   .batch = load->cursor_batch,
                                   .options = &options};
    struct mp_error err;
    filling->known_count = 0;
    int code =
        task->kind == LIVE_FIND_KNOWN
            ? report_live_known(&question, task->users, task->user_count, on_known, filling, &err)
            : fill(&question, filling, &err);
    if (code != MP_OK) {
        tell_failure(feed, task, &err);
    }
    live_task_done(feed->live, task, code, mp_now_ms(), load->cursor_lsn, filling->known,
                   filling->known_count);
}

static void *ask_main(void *arg) {
    struct live_feed *feed = arg;
    struct live_task *task = calloc(1, sizeof(*task));
    struct filling *filling = calloc(1, sizeof(*filling));
    while (task && filling && !atomic_load(&feed->is_stopping)) {
        /* One look at the loader says what is in the store, and up to where. */
        struct load_stats load;
        bool is_loading = feed_is_loading(feed->feed);
        feed_stats(feed->feed, &load);
        struct live_store store = {.is_loading = is_loading,
                                   .is_rolled_up = is_loading && load.rollup_lag_ms == 0,
                                   .cursor_lsn = load.cursor_lsn};
        filling->task = task;
        if (live_next_task(feed->live, mp_now_ms(), &store, task)) {
            do_task(feed, filling, &load);
        } else {
            live_wait_for_task(feed->live, TASK_WAIT_MS);
        }
    }
    free(task);
    free(filling);
    return NULL;
}

/* ---- Life -------------------------------------------------------------------------------- */

int live_feed_start(struct live *live, struct journal *journal, struct store *store,
                    struct feed *loading, struct live_feed **out, struct mp_error *err) {
    struct live_feed *feed = calloc(1, sizeof(*feed));
    *out = NULL;
    if (!feed) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for real-time figures");
    }
    feed->live = live;
    feed->journal = journal;
    feed->store = store;
    feed->feed = loading;
    int failed = pthread_create(&feed->reader, NULL, read_main, feed);
    feed->has_reader = failed == 0;
    if (failed == 0) {
        failed = pthread_create(&feed->asker, NULL, ask_main, feed);
        feed->has_asker = failed == 0;
    }
    if (failed != 0) {
        live_feed_stop(feed);
        return mp_fail_sys(err, failed, "", "cannot start real-time figures");
    }
    *out = feed;
    return MP_OK;
}

void live_feed_stop(struct live_feed *feed) {
    if (!feed) {
        return;
    }
    atomic_store(&feed->is_stopping, true);
    if (feed->has_reader) {
        pthread_join(feed->reader, NULL);
    }
    if (feed->has_asker) {
        pthread_join(feed->asker, NULL);
    }
    free(feed);
}
