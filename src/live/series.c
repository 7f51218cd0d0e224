#include "live/series.h"

#define MINUTE_MS 60000

static const uint32_t minutes_of[LIVE_STEPS] = {
    [LIVE_1_MINUTE] = 1,    [LIVE_5_MINUTES] = 5,   [LIVE_10_MINUTES] = 10,
    [LIVE_30_MINUTES] = 30, [LIVE_60_MINUTES] = 60, [LIVE_DAY] = LIVE_MINUTES_MAX};

uint32_t live_step_minutes(enum live_step step) {
    return minutes_of[step];
}

bool live_step_of(uint64_t minutes, enum live_step *out) {
    for (int step = 0; step < LIVE_DAY; step++) {
        if (minutes_of[step] == minutes) {
            *out = (enum live_step)step;
            return true;
        }
    }
    return false;
}

size_t live_step_first(enum live_step step) {
    size_t first = 0;
    for (int shorter = 0; shorter < (int)step; shorter++) {
        first += LIVE_MINUTES_MAX / minutes_of[shorter];
    }
    return first;
}

size_t live_step_count(const struct live_series *series, enum live_step step) {
    int64_t step_ms = (int64_t)minutes_of[step] * MINUTE_MS;
    int64_t count = (series->end_ms - series->start_ms + step_ms - 1) / step_ms;
    int64_t most = LIVE_MINUTES_MAX / minutes_of[step];
    return (size_t)(count < most ? count : most);
}
