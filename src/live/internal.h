/* Private to live/: the apps that are watched. All of it is guarded by the mutex. */
#ifndef MP_LIVE_INTERNAL_H
#define MP_LIVE_INTERNAL_H

#include "live/live.h"
#include "live/seen.h"

#include <pthread.h>

/* A day that is counted, and from where in the journal it is told of events. */
struct live_count {
    struct live_day *day;
    int32_t number; /* of the day */
    uint64_t from_lsn;
    uint64_t until_lsn; /* when the reader is there, it has all that the one before it had */
    size_t page_count;
    char *pages[LIVE_PAGES_MAX];
    bool was_rolled_up; /* and caught up with what had been counted */
    uint64_t applied;   /* events since */
};

struct live_page {
    char *page;
    int64_t asked_ms;
};

struct live_app {
    char id[MP_APP_ID_MAX + 1]; /* empty: the place is free */
    struct mp_zone *zone;
    int64_t open_timeout_ms;
    int64_t asked_ms;
    struct live_page pages[LIVE_PAGES_MAX];
    size_t page_count;
    struct live_count now;   /* day NULL = nothing yet */
    struct live_count fresh; /* takes its place once it has caught up */
    bool is_filling;
    int64_t wanted_ms; /* since when a fill has been due; 0 = it is not */
    int64_t filled_ms;
    int64_t fill_cost_ms;
    int64_t again_ms; /* not before, after a failure */
    int64_t known_ms; /* when users were asked for last */
};

struct live_past {
    char app[MP_APP_ID_MAX + 1]; /* empty: the place is free */
    char *page;                  /* NULL = all pages */
    int32_t day;
    bool has;      /* has been read */
    bool is_stale; /* events of such a day came since */
    bool is_filling;
    int64_t asked_ms;
    int64_t filled_ms;
    int64_t cost_ms;
    int64_t again_ms;
    struct live_series series;
};

struct live {
    pthread_mutex_t mutex;
    pthread_cond_t filled; /* an answer may be there */
    pthread_cond_t wanted; /* a task may be due */
    bool is_stopping;
    struct live_budget budget;
    struct live_seen seen;
    uint64_t position;
    uint64_t turn;
    size_t fresh_count; /* days that have yet to catch up */
    size_t app_end;     /* no place is taken from there on */
    size_t past_end;
    struct live_app apps[LIVE_APPS_MAX];
    struct live_past pasts[LIVE_PASTS_MAX];
};

/* live.c */
struct live_app *live_app_find(struct live *live, struct mp_str id);
struct live_past *live_past_find(struct live *live, const char *app, int32_t day,
                                 struct mp_str page);
void live_count_drop(struct live_count *count);
void live_fresh_drop(struct live *live, struct live_app *app);
void live_app_drop(struct live *live, struct live_app *app);
/* The board of that page (ptr NULL = all), or -1. */
int live_board_of(const struct live_count *count, struct mp_str page);
int64_t live_most(int64_t a, int64_t b);

#endif
