/*
 * One .sql file a question; this room binds its parameters, runs it and shapes the rows. Called by
 * api/ and cmd/ on worker threads; blocking. Knows nothing of HTTP.
 */
#ifndef MP_REPORT_REPORT_H
#define MP_REPORT_REPORT_H

#include "base/apps.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/store.h"

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

/* Widens a range to whole cycles. MP_E_ARGUMENT (field "from", "to" or "by") when to < from or
 * there are more than REPORT_CYCLES_MAX cycles. */
MP_MUST_CHECK int report_range_widen(struct report_range *range, struct mp_error *err);

struct report_context {
    struct store *store;
    const struct mp_app *app;
    int64_t now_ms;
    int64_t complete_until_ms; /* figures of days that ended before it do not change any more */
    const struct store_options *options;
};

/*
 * trend: for each cycle of the range, in order and without gaps: visit_total, visit_uv_new,
 * session_cnt, visit_pv, visit_uv (counts), stay_time_uv, stay_time_session (seconds), visit_depth
 * (pages); ratios null where undefined. Appends the whole JSON document or CSV text to out.
 */
MP_MUST_CHECK int report_trend(const struct report_context *context,
                               const struct report_range *range, enum report_format format,
                               struct mp_buf *out, struct mp_error *err);

#ifdef __cplusplus
}
#endif
#endif
