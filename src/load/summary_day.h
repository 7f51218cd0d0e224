/* Private to load/: reads a day of user_days and sums it up for summary/. One thread. */
#ifndef MP_LOAD_SUMMARY_DAY_H
#define MP_LOAD_SUMMARY_DAY_H

#include "store/store.h"
#include "summary/summary.h"

struct summary_source {
    struct store *store;
    struct summaries *summaries;
    bool (*is_cancelled)(void *arg); /* NULL = never */
    void *is_cancelled_arg;
};

/* mark: what user_days had of the day before it was read. Errors as store_run and
 * summary_put_day. */
MP_MUST_CHECK int summary_day_make(const struct summary_source *source, const char *app,
                                   int32_t day, struct summary_mark mark, struct mp_error *err);
/* The same for what profiles say of users. */
MP_MUST_CHECK int summary_people_make(const struct summary_source *source, const char *app,
                                      struct summary_mark mark, struct mp_error *err);
/* Runs a statement that only reads and destroys it. */
MP_MUST_CHECK int summary_ask(const struct summary_source *source,
                              struct store_statement *statement, const char *columns,
                              int (*on_row)(void *arg, struct mp_reader *row), void *arg,
                              struct mp_error *err);

#endif
