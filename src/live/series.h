/* The figures of one day of an app, of all pages or one, in steps of each length. */
#ifndef MP_LIVE_SERIES_H
#define MP_LIVE_SERIES_H

#include "base/str.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct live_counts {
    uint32_t opens;
    uint32_t views;
    uint32_t visitors;
    uint32_t new_visitors;
};

/* Steps are counted from the day's first moment, so a day of 25 hours has 25 hours. */
enum live_step {
    LIVE_1_MINUTE,
    LIVE_5_MINUTES,
    LIVE_10_MINUTES,
    LIVE_30_MINUTES,
    LIVE_60_MINUTES,
    LIVE_DAY,
    LIVE_STEPS
};
#define LIVE_MINUTES_MAX 1500u /* of the longest day, 25 hours */
#define LIVE_ROWS_MAX (1500u + 300u + 150u + 50u + 25u + 1u)

struct live_series {
    int32_t day;
    int64_t start_ms;
    int64_t end_ms;
    struct live_counts
        rows[LIVE_ROWS_MAX]; /* the steps of each length, one length after the other */
};

/* Of one step, in minutes; LIVE_DAY has them all. */
uint32_t live_step_minutes(enum live_step step);
/* False unless it is 1, 5, 10, 30 or 60. */
bool live_step_of(uint64_t minutes, enum live_step *out);
/* The first row of that length in live_series.rows, and how many the day has. */
size_t live_step_first(enum live_step step);
size_t live_step_count(const struct live_series *series, enum live_step step);

#ifdef __cplusplus
}
#endif
#endif
