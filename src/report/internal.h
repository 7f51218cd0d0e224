/* Private to report/: cycles and CSV. Pure. */
#ifndef MP_REPORT_INTERNAL_H
#define MP_REPORT_INTERNAL_H

#include "report/report.h"

/* "day", "week", "month". */
const char *report_cycle_name(enum report_cycle by);
/* How many cycles a widened range has. */
size_t report_cycle_count(const struct report_range *range);
/* Which cycle of a widened range has that day; the day must not be before range->from. */
size_t report_cycle_index(const struct report_range *range, int32_t day);
/* First and last day of the cycle that has that day. */
int32_t report_cycle_start(enum report_cycle by, int32_t day);
int32_t report_cycle_end(enum report_cycle by, int32_t day);
#define REPORT_LABEL_BYTES 24
/* "2026-11-23", "2026-11-16/2026-11-22" or "2026-11". */
void report_cycle_label(enum report_cycle by, int32_t start, char out[REPORT_LABEL_BYTES]);

/* A cell of RFC 4180, quoted where needed. Text that a spreadsheet would take for a formula gets a
 * leading apostrophe. */
void report_csv_text(struct mp_buf *out, struct mp_str text);

#endif
