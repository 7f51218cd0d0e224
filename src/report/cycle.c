#include "report/internal.h"

#include "base/zone.h"

#include <stdio.h>

int32_t cycle_start(int32_t day, enum report_cycle by) {
    switch (by) {
    case REPORT_WEEK:
        return mp_day_monday(day);
    case REPORT_MONTH:
        return mp_day_month_start(day);
    default:
        return day;
    }
}

struct cycle cycle_at(int32_t first, enum report_cycle by) {
    switch (by) {
    case REPORT_WEEK:
        return (struct cycle){first, first + 6};
    case REPORT_MONTH:
        return (struct cycle){first, mp_day_next_month(first) - 1};
    default:
        return (struct cycle){first, first};
    }
}

void cycle_name(struct cycle cycle, enum report_cycle by, char out[CYCLE_NAME_BYTES]) {
    char from[11], to[11];
    mp_day_format(cycle.from, from);
    mp_day_format(cycle.to, to);
    switch (by) {
    case REPORT_WEEK:
        snprintf(out, CYCLE_NAME_BYTES, "%s/%s", from, to);
        break;
    case REPORT_MONTH:
        snprintf(out, CYCLE_NAME_BYTES, "%.7s", from);
        break;
    default:
        snprintf(out, CYCLE_NAME_BYTES, "%s", from);
    }
}

const char *cycle_function(enum report_cycle by) {
    static const char *const functions[] = {"toDate", "toMonday", "toStartOfMonth"};
    return functions[by];
}

const char *cycle_word(enum report_cycle by) {
    static const char *const words[] = {"day", "week", "month"};
    return words[by];
}

int report_range_widen(struct report_range *range, struct mp_error *err) {
    if (range->by != REPORT_DAY && range->by != REPORT_WEEK && range->by != REPORT_MONTH) {
        return mp_fail(err, MP_E_ARGUMENT, "by", "must be day, week or month");
    }
    if (range->to < range->from) {
        return mp_fail(err, MP_E_ARGUMENT, "to", "lies before from");
    }
    /* Days are 16-bit in the engine: 1970 to 2149. */
    if (range->from < 31 || range->to > UINT16_MAX - 62) {
        return mp_fail(err, MP_E_ARGUMENT, range->from < 31 ? "from" : "to",
                       "must be a day from 1970-02-01 to 2149-04-01");
    }
    int32_t from = cycle_start(range->from, range->by);
    int32_t to = cycle_at(cycle_start(range->to, range->by), range->by).to;
    int32_t days_per_cycle = range->by == REPORT_DAY ? 1 : range->by == REPORT_WEEK ? 7 : 28;
    if ((to - from) / days_per_cycle >= REPORT_CYCLES_MAX) {
        return mp_fail(err, MP_E_ARGUMENT, "from", "the range has over %d cycles",
                       REPORT_CYCLES_MAX);
    }
    range->from = from;
    range->to = to;
    return MP_OK;
}
