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

/* Widens a range to whole cycles. MP_E_ARGUMENT (field "from", "to" or "by") when to < from, there
 * are more than REPORT_CYCLES_MAX cycles, or a day is outside 1970 to 2105. */
MP_MUST_CHECK int report_range_widen(struct report_range *range, struct mp_error *err);

struct report_context {
    struct store *store;
    const struct mp_app *app;
    int64_t now_ms;
    int64_t complete_until_ms; /* figures of days that ended before it do not change any more; 0 =
                                  not known, written as null */
    const struct store_options *options; /* may be NULL; reports are always read-only */
};

/*
 * trend: for each cycle of the range, in order and without gaps: visit_total, visit_uv_new,
 * session_cnt, visit_pv, visit_uv (counts), stay_time_uv, stay_time_session (seconds), visit_depth
 * (pages); ratios null (CSV: empty) where undefined. Cycles that begin after today are left out.
 * The range is widened first. Appends the whole document to out:
 *
 *     {"app":"shop","by":"week","from":"2026-11-16","to":"2026-11-29","zone":"Asia/Shanghai",
 *      "now":"2026-11-24T01:02:03.004Z","complete_until":"2026-11-21T01:02:03.004Z","rows":[
 *       {"cycle":"2026-11-16/2026-11-22","from":"2026-11-16","to":"2026-11-22",
 *        "is_running":false,"visit_total":12,…,"visit_depth":2.5},…]}
 *
 * "cycle" of a day is "2026-11-23", of a month "2026-11". CSV has the rows only, their keys as its
 * first line. Errors: those of store_run_rows and report_range_widen, MP_E_TOO_LARGE when out is
 * full.
 */
MP_MUST_CHECK int report_trend(const struct report_context *context,
                               const struct report_range *range, enum report_format format,
                               struct mp_buf *out, struct mp_error *err);

#ifdef __cplusplus
}
#endif
#endif
