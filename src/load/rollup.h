/*
 * Private to load/: one user's events → that user's rows of user_days, one a day. Pure but for its
 * own scratch memory; what each number means stands in docs/load.md. Not thread-safe.
 */
#ifndef MP_LOAD_ROLLUP_H
#define MP_LOAD_ROLLUP_H

#include "load/opens.h"

#include "base/error.h"

/* A row of days S is right when the events of [S - BACK, S + AHEAD] were given. */
#define ROLLUP_DAYS_BACK 2
#define ROLLUP_DAYS_AHEAD 1
/* Rows of how many days one call may give. */
#define ROLLUP_DAYS_MAX 64

struct rollup_open {
    int64_t begin_ms;
    int64_t end_ms; /* of its last event so far */
    uint64_t dwell_ms;
    uint32_t page_views;
    uint32_t depth; /* distinct pages */
    uint32_t entry; /* page numbers, 0 = none seen */
    uint32_t exit;
    uint16_t scene;
};

struct rollup_page {
    uint32_t page;
    uint32_t views;
    uint32_t entries;
    uint32_t exits;
    uint32_t shares;
    uint64_t dwell_ms;
};

struct rollup_day {
    int32_t day;
    uint32_t visit_pv;
    uint64_t dwell_ms;
    uint32_t depth_sum;
    uint32_t shares;
    uint32_t adds;
    uint32_t removes;
    int8_t is_added_at_end; /* 1 added last, -1 removed last, 0 neither on this day */
    uint32_t pay_cnt;
    int64_t pay_fen;
    uint32_t refund_cnt;
    int64_t refund_fen;
    uint8_t platform;
    uint16_t scene;
    uint32_t model;
    uint32_t app_version;
    uint32_t country;
    uint32_t province;
    uint32_t city;
    const struct rollup_open *opens; /* that began on the day */
    size_t open_count;
    const struct rollup_page *pages;
    size_t page_count;
};

/* Called for each day that has an event or the beginning of an open, ascending; what day points to
 * lives until the return. Non-zero stops and is returned. */
typedef int rollup_emit(void *arg, const struct rollup_day *day);

struct rollup_input {
    const struct rollup_event *events; /* in the order (time, batch, seq) */
    size_t count;
    size_t strings; /* greater than every string's number */
    int64_t timeout_ms;
    int32_t first_day; /* of the rows wanted */
    int32_t last_day;  /* less than ROLLUP_DAYS_MAX days later */
};

struct rollup;
/* NULL when memory is out. */
struct rollup *rollup_create(void);
void rollup_destroy(struct rollup *rollup);
/* 0, what emit returned, or MP_E_MEMORY. */
MP_MUST_CHECK int rollup_user(struct rollup *rollup, const struct rollup_input *input,
                              rollup_emit *emit, void *arg);

#endif
