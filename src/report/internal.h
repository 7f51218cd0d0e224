/* Private to report/. */
#ifndef MP_REPORT_INTERNAL_H
#define MP_REPORT_INTERNAL_H

#include "report/report.h"

/* One cycle of a range: its first and last day. */
struct cycle {
    int32_t from;
    int32_t to;
};

/* The cycle that begins on first. */
struct cycle cycle_at(int32_t first, enum report_cycle by);
/* The first day of the cycle that holds day. */
int32_t cycle_start(int32_t day, enum report_cycle by);
/* "2026-11-23", "2026-11-16/2026-11-22" or "2026-11". */
#define CYCLE_NAME_BYTES 24
void cycle_name(struct cycle cycle, enum report_cycle by, char out[CYCLE_NAME_BYTES]);
/* ClickHouse's function that gives a day's cycle start. */
const char *cycle_function(enum report_cycle by);
const char *cycle_word(enum report_cycle by);

/* A statement from the embedded file of that name. */
MP_MUST_CHECK int report_statement(const struct report_context *context, const char *name,
                                   struct store_statement **out, struct mp_error *err);

#endif
