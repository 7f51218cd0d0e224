#include <stdio.h>

#include "base/zone.h"
#include "report/internal.h"

/* The calendar that both engines share ends with 2105-12-31. */
#define DAY_MAX 49672

const char *report_cycle_name(enum report_cycle by) {
    static const char *const names[] = {
        [REPORT_DAY] = "day", [REPORT_WEEK] = "week", [REPORT_MONTH] = "month"};
    return names[by];
}

int32_t report_cycle_start(enum report_cycle by, int32_t day) {
    switch (by) {
    case REPORT_WEEK:
        return mp_day_monday(day);
    case REPORT_MONTH:
        return mp_day_month_start(day);
    default:
        return day;
    }
}

int32_t report_cycle_end(enum report_cycle by, int32_t day) {
    switch (by) {
    case REPORT_WEEK:
        return mp_day_monday(day) + 6;
    case REPORT_MONTH:
        return mp_day_next_month(day) - 1;
    default:
        return day;
    }
}

static int32_t months_since_zero(int32_t day) {
    struct mp_date date = mp_date_from_day(day);
    return date.year * 12 + date.month;
}

size_t report_cycle_index(const struct report_range *range, int32_t day) {
    switch (range->by) {
    case REPORT_WEEK:
        return (size_t)(day - range->from) / 7;
    case REPORT_MONTH:
        return (size_t)(months_since_zero(day) - months_since_zero(range->from));
    default:
        return (size_t)(day - range->from);
    }
}

size_t report_cycle_count(const struct report_range *range) {
    return report_cycle_index(range, range->to) + 1;
}

size_t report_cycles_begun(const struct report_range *range, int32_t today) {
    if (today < range->from) {
        return 0;
    }
    bool is_past = today > range->to;
    return is_past ? report_cycle_count(range) : report_cycle_index(range, today) + 1;
}

int64_t report_cycle_number(enum report_cycle by, int32_t day) {
    switch (by) {
    case REPORT_WEEK:
        return (day + 3) / 7; /* day 0 was a Thursday */
    case REPORT_MONTH:
        return months_since_zero(day);
    default:
        return day;
    }
}

int32_t report_cycle_end_after(enum report_cycle by, int32_t day, uint32_t later) {
    int32_t end = report_cycle_end(by, day);
    for (uint32_t i = 0; i < later && end < DAY_MAX; i++) {
        end = report_cycle_end(by, end + 1);
    }
    return end < DAY_MAX ? end : DAY_MAX;
}

int32_t report_today(const struct report_question *question) {
    return mp_zone_day(question->app->zone, question->now_ms);
}

void report_cycle_label(enum report_cycle by, int32_t start, char out[REPORT_LABEL_BYTES]) {
    char first[11];
    char last[11];
    mp_day_format(start, first);
    mp_day_format(report_cycle_end(by, start), last);
    switch (by) {
    case REPORT_WEEK:
        snprintf(out, REPORT_LABEL_BYTES, "%s/%s", first, last);
        break;
    case REPORT_MONTH:
        snprintf(out, REPORT_LABEL_BYTES, "%.7s", first);
        break;
    default:
        snprintf(out, REPORT_LABEL_BYTES, "%s", first);
    }
}

int report_range_widen(struct report_range *range, struct mp_error *err) {
    if (range->by != REPORT_DAY && range->by != REPORT_WEEK && range->by != REPORT_MONTH) {
        return mp_fail(err, MP_E_ARGUMENT, "by", "is not day, week or month");
    }
    if (range->from < 0 || range->from > DAY_MAX) {
        return mp_fail(err, MP_E_ARGUMENT, "from", "is before 1970 or after 2105");
    }
    if (range->to < 0 || range->to > DAY_MAX) {
        return mp_fail(err, MP_E_ARGUMENT, "to", "is before 1970 or after 2105");
    }
    if (range->to < range->from) {
        return mp_fail(err, MP_E_ARGUMENT, "to", "is before \"from\"");
    }
    struct report_range wide = {.from = report_cycle_start(range->by, range->from),
                                .to = report_cycle_end(range->by, range->to),
                                .by = range->by};
    if (wide.from < 0) {
        return mp_fail(err, MP_E_ARGUMENT, "from", "its week begins before 1970");
    }
    if (wide.to > DAY_MAX) {
        return mp_fail(err, MP_E_ARGUMENT, "to", "its week ends after 2105");
    }
    if (report_cycle_count(&wide) > REPORT_CYCLES_MAX) {
        return mp_fail(err, MP_E_ARGUMENT, "from", "the range has more than %d cycles",
                       REPORT_CYCLES_MAX);
    }
    *range = wide;
    return 0;
}
