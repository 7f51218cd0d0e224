/*
 * One .sql file a question; this room binds its parameters, runs it and shapes the rows. Called by
 * api/ and cmd/ on worker threads; blocking; thread-safe. Knows nothing of HTTP. What each number
 * means stands in docs/indicators.md, the shape of each answer in docs/api.md.
 */
#ifndef MP_REPORT_REPORT_H
#define MP_REPORT_REPORT_H

#include "base/apps.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/store.h"
#include "summary/summary.h"

#ifdef __cplusplus
extern "C" {
#endif

enum report_cycle { REPORT_DAY, REPORT_WEEK, REPORT_MONTH };
enum report_format { REPORT_JSON, REPORT_CSV };

#define REPORT_CYCLES_MAX 3700 /* about ten years of days */

struct report_range {
    int32_t from; /* first day, inclusive */
    int32_t to;   /* last day, inclusive */
    enum report_cycle by;
};

/* Widens a range to whole cycles. MP_E_ARGUMENT (field "from", "to" or "by") when to < from, there
 * are more than REPORT_CYCLES_MAX cycles, or a day is outside 1970 to 2105. */
MP_MUST_CHECK int report_range_widen(struct report_range *range, struct mp_error *err);

/* ---- What is asked ---------------------------------------------------------------------- */

#define REPORT_VALUES_MAX 64
enum report_visitor { REPORT_ALL_VISITORS, REPORT_NEW_VISITORS, REPORT_RETURNING_VISITORS };

/* Which user's days count: docs/indicators.md, "Filters and profiles". A count of 0 asks for all.
 * 0 and "" ask for what is unknown. */
struct report_filters {
    uint64_t source_groups[REPORT_VALUES_MAX]; /* keys as mp_scene_group gives them */
    size_t source_group_count;
    uint64_t platforms[REPORT_VALUES_MAX]; /* enum mp_platform */
    size_t platform_count;
    struct mp_str provinces[REPORT_VALUES_MAX];
    size_t province_count;
    struct mp_str app_versions[REPORT_VALUES_MAX];
    size_t app_version_count;
    enum report_visitor visitor;
};

enum report_cohort { REPORT_NEW_USERS, REPORT_ACTIVE_USERS };

enum report_page_sort {
    REPORT_SORT_VIEWS,
    REPORT_SORT_USERS,
    REPORT_SORT_STAYTIME,
    REPORT_SORT_ENTRIES,
    REPORT_SORT_EXITS,
    REPORT_SORT_EXIT_RATE,
    REPORT_SORT_SHARES,
    REPORT_SORT_SHARERS,
    REPORT_SORT_PAGE,
};

struct report_question {
    struct store *store;
    const struct mp_app *app;
    int64_t now_ms;
    int64_t complete_until_ms; /* figures of days that ended before it do not change any more; 0 =
                                  not known, written as null */
    const struct store_options *options; /* may be NULL; reports are always read-only */
    /* Answers what has no filters, where all days are summed up: without the store, and as far as
     * the summaries are. NULL: the store is asked. */
    struct summaries *summaries;
    struct report_range range;
    struct report_filters filters;
    enum report_format format;
    bool is_flat; /* JSON rows have cells only, those of CSV */

    struct report_range compare; /* trend: a second range, by the same cycle */
    bool has_compare;
    enum report_cohort cohort;  /* retention */
    int32_t ready_day;          /* datacube's retention: the last day whose figures it may tell */
    enum report_page_sort sort; /* pages: this and what follows */
    bool is_ascending;
    struct mp_str search; /* part of a path, in any case; empty = all */
    uint64_t limit;       /* pages; overview: of its lists of pages */
    uint64_t offset;
};

/* ---- Reports ---------------------------------------------------------------------------- */

/*
 * Each appends a whole document to out: an object in JSON, in CSV the rows alone, their keys as the
 * first line. Every object begins with app, zone, now, complete_until, from and to. Errors: those
 * of store_run_rows and report_range_widen, MP_E_ARGUMENT for what the report cannot do,
 * MP_E_TOO_LARGE when out is full.
 */
typedef int report_fn(const struct report_question *question, struct mp_buf *out,
                      struct mp_error *err);

/* All indicators but those of pages, for each cycle of the range that has begun, in order and
 * without gaps; the range is widened first. */
report_fn report_trend;
/* The figures of range.to beside those of the day before, a week and a month ago; the pages entered
 * and viewed most in the range. JSON only. */
report_fn report_overview;
/* Opens and users by source group and scene. */
report_fn report_source;
/* Users by number of opens; opens by dwell; opens by distinct pages. */
report_fn report_frequency;
report_fn report_duration;
report_fn report_depth;
/* Of the cohort of each cycle, who came back N cycles later. */
report_fn report_retention;
/* The eight indicators of each page. */
report_fn report_pages;
/* New and active users of the range by province, city, gender, platform, model and age band. */
report_fn report_profile;

/* A report by its name in addresses; NULL = there is none. */
struct report_named {
    const char *name;
    report_fn *run;
    bool has_rows; /* a list "rows", and CSV */
};
const struct report_named *report_find(const char *name);

/*
 * The same figures in the shapes of Weixin's server API (docs/datacube.md): JSON only, without what
 * the other objects begin with, and without filters. The range is one whole cycle; of portraits, up
 * to thirty days.
 */
report_fn report_datacube_summary, report_datacube_visits, report_datacube_retention;
report_fn report_datacube_distribution, report_datacube_pages, report_datacube_portrait;

/* The catalogue: every indicator, dimension and key, with names and definitions. Needs no store. */
void report_catalogue(struct mp_buf *out);
/* The same as the page docs/catalogue.md. */
void report_catalogue_markdown(struct mp_buf *out);

#ifdef __cplusplus
}
#endif
#endif
