/* What the tests of live/ share: events and records of them. */
#ifndef MP_TESTS_LIVE_HELPERS_H
#define MP_TESTS_LIVE_HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "live/live.h"
#include "live/table.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS 60000LL
#define HOUR_MS (60 * MINUTE_MS)
#define TIMEOUT_MS (30 * MINUTE_MS)

/* The last value wins: NAME(.page = "a"). */
struct told {
    const char *user;
    const char *name;
    const char *page;
    const char *open_id;
    const char *id;
    int64_t time_ms;
    int64_t open_start_ms;
    int64_t dwell_ms;
};

__attribute__((unused)) static struct mp_event event_of(const struct told *told) {
    const char *id = told->id ? told->id : "";
    return (struct mp_event){.identity = mp_hash128(id, strlen(id)),
                             .user = mp_str_of(told->user ? told->user : "ann"),
                             .id = mp_str_of(id),
                             .name = mp_str_of(told->name ? told->name : MP_EVENT_PAGE_VIEW),
                             .time_ms = told->time_ms,
                             .open_id = mp_str_of(told->open_id ? told->open_id : ""),
                             .open_start_ms = told->open_start_ms,
                             .page = mp_str_of(told->page ? told->page : "pages/a"),
                             .dwell_ms = told->dwell_ms ? told->dwell_ms : -1};
}

__attribute__((unused)) static uint64_t user(const char *name) {
    return mp_hash_user(mp_str_of(name));
}

/* Opens, views, visitors, new visitors of one row. */
__attribute__((unused)) static void expect_row(const struct live_series *series,
                                               enum live_step step, size_t index,
                                               const uint32_t expected[4]) {
    const struct live_counts *row = &series->rows[live_step_first(step) + index];
    const uint32_t told[4] = {row->opens, row->views, row->visitors, row->new_visitors};
    for (int i = 0; i < 4; i++) {
        if (told[i] != expected[i]) {
            fail_msg("step %u row %zu is %u %u %u %u, not %u %u %u %u", live_step_minutes(step),
                     index, told[0], told[1], told[2], told[3], expected[0], expected[1],
                     expected[2], expected[3]);
        }
    }
}
#define EXPECT(series, step, index, ...)                                                           \
    expect_row(series, step, index, (const uint32_t[4]){__VA_ARGS__})

#endif
