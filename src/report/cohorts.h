/* Private to report/: of the users of each cycle, how many came back. */
#ifndef MP_REPORT_COHORTS_H
#define MP_REPORT_COHORTS_H

#include "report/internal.h"

#define COHORTS_OFFSETS_MAX 9

/* How many cycles later. */
struct cohorts_offsets {
    const uint64_t *values;
    size_t count;
};

struct cohorts {
    struct report_question question; /* its range widened */
    struct cohorts_offsets offsets;
    size_t cycle_count;
    int64_t (*users)[COHORTS_OFFSETS_MAX + 1]; /* by cycle: the cohort, then by offset */
};

/* cohorts_deinit frees, also after an error. */
MP_MUST_CHECK int cohorts_ask(struct cohorts *cohorts, const struct report_question *question,
                              struct mp_error *err);
void cohorts_deinit(struct cohorts *cohorts);

#endif
