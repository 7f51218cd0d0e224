/*
 * Each day of an app, summed up in a file: who was there and what they did, by users' numbers, so
 * that reports without filters need not ask the store. All of it can be made anew from user_days:
 * DATA_DIR/summaries is a cache with checksums, and mapped, so that its memory is the kernel's to
 * evict. load/ writes (one thread), report/ reads (any threads). No store, no SQL.
 */
#ifndef MP_SUMMARY_SUMMARY_H
#define MP_SUMMARY_SUMMARY_H

#include "base/buf.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SUMMARY_DAY_NONE UINT16_MAX

/* What user_days had of a day: any row that comes or goes changes it. */
struct summary_mark {
    uint64_t rows;
    uint64_t versions; /* added up */
};

enum summary_total {
    SUMMARY_OPENS,
    SUMMARY_VIEWS,
    SUMMARY_DWELL_MS,
    SUMMARY_DEPTH, /* distinct pages of each open, added up */
    SUMMARY_SHARES,
    SUMMARY_PAYMENTS,
    SUMMARY_PAID_FEN,
    SUMMARY_REFUNDS,
    SUMMARY_REFUNDED_FEN,
    SUMMARY_TOTALS
};

/* Opens by whole seconds of dwell, and by distinct pages: bucket i goes up to bounds[i]. */
#define SUMMARY_BUCKETS 8
#define SUMMARY_NO_BOUND UINT32_MAX
extern const int64_t summary_duration_bounds[SUMMARY_BUCKETS];
extern const int64_t summary_depth_bounds[SUMMARY_BUCKETS];

enum summary_page_number {
    SUMMARY_PAGE_VIEWS,
    SUMMARY_PAGE_DWELL_MS,
    SUMMARY_PAGE_ENTRIES,
    SUMMARY_PAGE_EXITS,
    SUMMARY_PAGE_SHARES,
    SUMMARY_PAGE_NUMBERS
};

#define SUMMARY_PAID_TWICE 1u  /* of payers: that day alone */
#define SUMMARY_STATE_ADDED 1u /* of changers: the last change of the day was an addition */
#define SUMMARY_HAS_ADDED 2u   /* of changers: there was an addition */

/* The sections of a day's file, in this order. Users' numbers ascend within each list. */
enum summary_section {
    SUMMARY_SECTION_TOTALS,        /* int64_t[SUMMARY_TOTALS] */
    SUMMARY_SECTION_DURATIONS,     /* int64_t[SUMMARY_BUCKETS] */
    SUMMARY_SECTION_DEPTHS,        /* the same */
    SUMMARY_SECTION_USERS,         /* uint32_t: of all who have a row; what follows is of each */
    SUMMARY_SECTION_VISITED,       /* uint8_t: 1 = saw a page */
    SUMMARY_SECTION_USER_OPENS,    /* uint32_t */
    SUMMARY_SECTION_PLATFORMS,     /* uint8_t, 0 = unknown */
    SUMMARY_SECTION_MODELS,        /* uint32_t: a text's number, 0 = unknown */
    SUMMARY_SECTION_REGIONS,       /* uint32_t: a region's number, 0 = unknown */
    SUMMARY_SECTION_REGION_TEXTS,  /* uint32_t: province and city of each region */
    SUMMARY_SECTION_SHARERS,       /* uint32_t */
    SUMMARY_SECTION_PAYERS,        /* uint32_t */
    SUMMARY_SECTION_PAYER_FLAGS,   /* uint8_t */
    SUMMARY_SECTION_CHANGERS,      /* uint32_t: who added or removed the app */
    SUMMARY_SECTION_CHANGER_FLAGS, /* uint8_t */
    SUMMARY_SECTION_SCENES,        /* uint32_t, ascending */
    SUMMARY_SECTION_SCENE_OPENS,   /* int64_t of each scene */
    SUMMARY_SECTION_SCENE_ENDS,    /* uint32_t: where its users end */
    SUMMARY_SECTION_SCENE_USERS,   /* uint32_t */
    SUMMARY_SECTION_PAGES,         /* uint32_t: a text's number */
    SUMMARY_SECTION_PAGE_NUMBERS,  /* int64_t[SUMMARY_PAGE_NUMBERS] of each page */
    SUMMARY_SECTION_VIEWER_ENDS,   /* uint32_t, as of scenes */
    SUMMARY_SECTION_VIEWERS,       /* uint32_t */
    SUMMARY_SECTION_PSHARER_ENDS,  /* uint32_t: of who shared the page */
    SUMMARY_SECTION_PSHARERS,      /* uint32_t */
    SUMMARY_SECTION_TEXT_ENDS,     /* uint32_t: of the text that has the number; 0 is empty */
    SUMMARY_SECTION_TEXTS,
    SUMMARY_SECTIONS
};

/* A list of users' numbers, or of something else. */
struct summary_list {
    const uint32_t *at;
    size_t count;
};

struct summary_day {
    int32_t day;
    struct summary_mark mark;
    const int64_t *totals;
    const int64_t *durations;
    const int64_t *depths;
    struct summary_list users;
    const uint8_t *visited;
    const uint32_t *opens;
    const uint8_t *platforms;
    const uint32_t *models;
    const uint32_t *regions;
    struct summary_list region_texts;
    struct summary_list sharers;
    struct summary_list payers;
    const uint8_t *payer_flags;
    struct summary_list changers;
    const uint8_t *changer_flags;
    struct summary_list scenes;
    const int64_t *scene_opens;
    struct summary_list pages;
    const int64_t (*page_numbers)[SUMMARY_PAGE_NUMBERS];
    const uint32_t *ends[3]; /* of scene users, viewers, sharers of pages */
    const uint32_t *postings[3];
    struct summary_list text_ends;
    const char *texts;
    void *map;
    size_t map_bytes;
};

enum summary_posting { SUMMARY_SCENE_USERS, SUMMARY_VIEWERS, SUMMARY_PAGE_SHARERS };
struct summary_list summary_posting(const struct summary_day *day, enum summary_posting kind,
                                    size_t index);
struct mp_str summary_text(const struct summary_day *day, uint32_t number);

/* ---- Reading ---------------------------------------------------------------------------- */

struct summaries;
struct summary_app;

/* dir is made when missing; its days are read by summaries_load. */
MP_MUST_CHECK int summaries_open(const char *dir, struct summaries **out, struct mp_error *err);
void summaries_close(struct summaries *summaries);
/* Maps all days on disk; what is damaged goes. Before the first summary_begin, or on the writer's
 * thread. */
MP_MUST_CHECK int summaries_load(struct summaries *summaries, struct mp_error *err);

/* The app's days, which stay as they are until summary_end; NULL when not all of them were summed
 * up yet. For some milliseconds: the writer waits meanwhile. */
struct summary_app *summary_begin(struct summaries *summaries, const char *app);
void summary_end(struct summary_app *app);
/* In order of days. */
size_t summary_day_count(const struct summary_app *app);
const struct summary_day *summary_day_at(const struct summary_app *app, size_t index);
/* The index of the first day that is not before it. */
size_t summary_day_index(const struct summary_app *app, int32_t day);
/* All users' numbers are less. */
uint32_t summary_user_bound(const struct summary_app *app);
/* Of each user, the first day of a visit or of a payment; SUMMARY_DAY_NONE. */
enum summary_first { SUMMARY_VISIT, SUMMARY_PAYMENT, SUMMARY_FIRSTS };
const uint16_t *summary_firsts(const struct summary_app *app, enum summary_first kind);
/* Whose first one it was, on the days from to to. */
int64_t summary_first_count(const struct summary_app *app, enum summary_first kind, int32_t from,
                            int32_t to);

/* What profiles say: of users, 1 male or 2 female; of users, age in years plus 1. */
enum summary_person { SUMMARY_GENDER, SUMMARY_AGE, SUMMARY_PERSONS };
struct summary_people {
    struct summary_list users;
    const uint8_t *values;
};
struct summary_people summary_people(const struct summary_app *app, enum summary_person kind);

/* Results that were worked out of the days from to to, kept as long as none of these changes; key:
 * what was worked out. summary_recall: false when there is none of that size. Between summary_begin
 * and summary_end. */
struct summary_key {
    const char *what;
    int64_t arguments[3];
    int32_t from;
    int32_t to;
};
MP_MUST_CHECK bool summary_recall(struct summary_app *app, const struct summary_key *key,
                                  struct mp_buf *out);
void summary_keep(struct summary_app *app, const struct summary_key *key, struct mp_str result);

/* ---- Writing: one thread ------------------------------------------------------------------ */

/* The numbers of users, by their hashes; new ones are on disk when it returns. */
MP_MUST_CHECK int summary_number(struct summaries *summaries, const char *app,
                                 const uint64_t *hashes, size_t count, uint32_t *numbers,
                                 struct mp_error *err);
/* Replaces a day; sections: of SUMMARY_SECTIONS. MP_E_MEMORY when one of them has failed. */
MP_MUST_CHECK int summary_put_day(struct summaries *summaries, const char *app, int32_t day,
                                  struct summary_mark mark, const struct mp_buf *sections,
                                  struct mp_error *err);
void summary_drop_day(struct summaries *summaries, const char *app, int32_t day);
/* Replaces what is known of people: of each kind numbers (uint32_t) and values (uint8_t). */
MP_MUST_CHECK int summary_put_people(struct summaries *summaries, const char *app,
                                     struct summary_mark mark, const struct mp_buf *sections,
                                     struct mp_error *err);
struct summary_mark summary_people_mark(struct summaries *summaries, const char *app);
/* Whether that day is there with that mark. */
bool summary_is_fresh(struct summaries *summaries, const char *app, int32_t day,
                      struct summary_mark mark);
/* The day of that index, in order; false past the end. */
bool summary_has_day(struct summaries *summaries, const char *app, size_t index, int32_t *day);
/* The index-th app's id; false past the end. */
bool summary_app_name(struct summaries *summaries, size_t index, char *out, size_t size);
/* From now on reports may read the app, or not. */
void summary_set_complete(struct summaries *summaries, const char *app, bool is_complete);

#ifdef __cplusplus
}
#endif
#endif
