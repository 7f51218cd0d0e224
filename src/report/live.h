/*
 * What real-time figures begin with: a day of an app from the store, row by row. Called by cmd/ on
 * a thread of its own; blocking.
 */
#ifndef MP_REPORT_LIVE_H
#define MP_REPORT_LIVE_H

#include "store/rows.h"

#ifdef __cplusplus
extern "C" {
#endif

struct report_live {
    struct store *store;
    const char *app;
    int32_t day;
    int64_t start_ms; /* its first moment */
    uint32_t batch;   /* events of later batches are left out */
    const struct store_options *options;
};

/* For each row. The columns are those of sql/live_views.sql, live_opens.sql, live_known.sql. page
 * NULL = all pages. Errors as store_run_rows. */
MP_MUST_CHECK int report_live_views(const struct report_live *question, const char *page,
                                    store_on_row *on_row, void *arg, struct mp_error *err);
MP_MUST_CHECK int report_live_opens(const struct report_live *question, store_on_row *on_row,
                                    void *arg, struct mp_error *err);
/* In order. users NULL = all visitors of the day. */
MP_MUST_CHECK int report_live_known(const struct report_live *question, const uint64_t *users,
                                    size_t user_count, store_on_row *on_row, void *arg,
                                    struct mp_error *err);

#ifdef __cplusplus
}
#endif
#endif
