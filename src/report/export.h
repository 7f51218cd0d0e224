/*
 * Tables out of the store as files: events with all that is known of them, and the rows of reports.
 * Called by `minipulse export`; blocking, in constant memory. CSV is RFC 4180 with a header line
 * and CR LF; NDJSON an object a line, without what is unknown; Parquet has typed columns, all
 * optional, in zstd.
 */
#ifndef MP_REPORT_EXPORT_H
#define MP_REPORT_EXPORT_H

#include "report/report.h"

#ifdef __cplusplus
extern "C" {
#endif

enum report_file { REPORT_FILE_CSV, REPORT_FILE_NDJSON, REPORT_FILE_PARQUET };

/* Gets the file piece by piece. Non-zero stops: MP_E_CANCELLED. */
typedef int report_on_bytes(void *arg, struct mp_str bytes);

struct report_export {
    struct store *store;
    const struct mp_app *app;
    int32_t from; /* days of the app's zone, both inclusive; 1970 to 2105 */
    int32_t to;
    enum report_file format;
    const struct store_options *options; /* may be NULL; always read-only */
    report_on_bytes *on_bytes;
    /* Told now and then how many events are out, of about how many; NULL = nobody asks. */
    void (*on_progress)(void *arg, uint64_t done, uint64_t total);
    void *arg; /* of both */
};

/*
 * Events by day, and within it by user and time; an import of the file gives the same events. Times
 * of CSV and NDJSON are ISO 8601 by the app's clock; properties are one column, `props`, a JSON
 * object (in Parquet and CSV its text). docs/import.md lists the columns. *events counts them.
 * Errors: those of store_run_rows; MP_E_CANCELLED when on_bytes said so.
 */
MP_MUST_CHECK int report_export_events(const struct report_export *what, uint64_t *events,
                                       struct mp_error *err);

/* The "rows" of a report's JSON answer, as NDJSON or Parquet. A column's type is the one that all
 * its values have. MP_E_CORRUPT when it is no such answer. */
MP_MUST_CHECK int report_export_rows(struct mp_str answer, enum report_file format,
                                     report_on_bytes *on_bytes, void *arg, struct mp_error *err);

#ifdef __cplusplus
}
#endif
#endif
