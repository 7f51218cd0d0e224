/* Retention out of the days' summaries: for each cycle of visits, how many of its visitors belong
 * to the cohorts so many cycles before. That depends on no later day. */
#include "report/summed.h"

#include <stdlib.h>

/* Sets of the visitors of the last cycles: that of a cycle stands at its number modulo RING. */
#define RING 32
#define OFFSETS_MAX 16

struct visits {
    struct summary_app *app;
    const struct summed_cohorts *asked;
    struct user_bits ring[RING];
    int32_t starts[RING]; /* whose visitors it has; -1 = nobody's */
};

/* The visitors of a cycle of the calendar, begun so; NULL when memory is out. */
static const struct user_bits *visitors_of(struct visits *visits, int32_t start) {
    enum report_cycle by = visits->asked->range.by;
    size_t slot = (size_t)report_cycle_number(by, start) % RING;
    struct user_bits *bits = &visits->ring[slot];
    if (visits->starts[slot] == start) {
        return bits;
    }
    if (!bits->words && !user_bits_init(bits, summary_user_bound(visits->app))) {
        return NULL;
    }
    user_bits_clear(bits);
    user_bits_add_visitors(bits, visits->app, start, report_cycle_end(by, start));
    visits->starts[slot] = start;
    return bits;
}

/* The first day of the cycle so many before; -1 when that is before the calendar. */
static int32_t cycles_before(enum report_cycle by, int32_t start, uint64_t count) {
    for (; count > 0 && start >= 0; count--) {
        start = start > 0 ? report_cycle_start(by, start - 1) : -1;
    }
    return start;
}

/* Of the visitors of a cycle, those whose first visit was so many cycles before: all offsets in one
 * walk. counts[0] = those of offset 0. */
static bool count_new(struct visits *visits, int32_t start, int64_t *counts) {
    enum report_cycle by = visits->asked->range.by;
    const uint16_t *firsts = summary_firsts(visits->app, SUMMARY_VISIT);
    const struct user_bits *bits = visitors_of(visits, start);
    int32_t from[OFFSETS_MAX + 1], to[OFFSETS_MAX + 1];
    size_t count = visits->asked->offset_count + 1;
    if (!bits) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        from[i] = cycles_before(by, start, i == 0 ? 0 : visits->asked->offsets[i - 1]);
        to[i] = from[i] < 0 ? -1 : report_cycle_end(by, from[i]);
    }
    for (size_t word = 0; word < bits->word_count; word++) {
        for (uint64_t left = bits->words[word]; left != 0; left &= left - 1) {
            int32_t first = firsts[word * 64 + (size_t)__builtin_ctzll(left)];
            for (size_t i = 0; i < count && first <= to[i]; i++) {
                counts[i] += first >= from[i];
            }
        }
    }
    return true;
}

static bool count_active(struct visits *visits, int32_t start, int64_t *counts) {
    enum report_cycle by = visits->asked->range.by;
    const struct user_bits *bits = visitors_of(visits, start);
    if (!bits) {
        return false;
    }
    counts[0] = user_bits_count(bits);
    for (size_t i = 0; i < visits->asked->offset_count; i++) {
        int32_t cohort = cycles_before(by, start, visits->asked->offsets[i]);
        const struct user_bits *members = cohort >= 0 ? visitors_of(visits, cohort) : NULL;
        if (cohort >= 0 && !members) {
            return false;
        }
        counts[i + 1] = members ? user_bits_count_both(bits, members) : 0;
    }
    return true;
}

/* The counts of one cycle of visits, as they were worked out before, or now. */
static bool counts_of(struct visits *visits, int32_t start, int64_t counts[OFFSETS_MAX + 1]) {
    const struct summed_cohorts *asked = visits->asked;
    size_t size = (asked->offset_count + 1) * sizeof(*counts);
    struct summary_key key = {.what = "retention",
                              .arguments = {asked->range.by, asked->cohort, start},
                              .from = 0,
                              .to = report_cycle_end(asked->range.by, start)};
    struct mp_buf bytes;
    mp_buf_init(&bytes, size);
    memset(counts, 0, size);
    bool is_done = summary_recall(visits->app, &key, &bytes) && bytes.len == size;
    if (is_done) {
        memcpy(counts, bytes.ptr, size);
    } else {
        is_done = asked->cohort == REPORT_NEW_USERS ? count_new(visits, start, counts)
                                                    : count_active(visits, start, counts);
        if (is_done) {
            summary_keep(visits->app, &key, mp_str_range((const char *)counts, size));
        }
    }
    mp_buf_deinit(&bytes);
    return is_done;
}

/* The last day that has a summary; -1 = none has. */
static int32_t last_day(const struct summary_app *app) {
    size_t count = summary_day_count(app);
    return count > 0 ? summary_day_at(app, count - 1)->day : -1;
}

static bool count_all(struct visits *visits) {
    const struct summed_cohorts *asked = visits->asked;
    const struct report_range *range = &asked->range;
    int64_t counts[OFFSETS_MAX + 1];
    uint64_t farthest = asked->offset_count > 0 ? asked->offsets[asked->offset_count - 1] : 0;
    int32_t last = last_day(visits->app);
    int32_t start = range->from;
    for (size_t i = 0; start <= last && i < asked->cycle_count + farthest; i++) {
        if (!counts_of(visits, start, counts)) {
            return false;
        }
        if (i < asked->cycle_count) {
            asked->users[i * asked->stride] = counts[0];
        }
        for (size_t k = 0; k < asked->offset_count; k++) {
            size_t cohort = i - (size_t)asked->offsets[k]; /* wraps where there is none */
            if (cohort < asked->cycle_count) {
                asked->users[cohort * asked->stride + k + 1] = counts[k + 1];
            }
        }
        start = report_cycle_end(range->by, start) + 1;
    }
    return true;
}

int summed_retention(struct summary_app *app, const struct summed_cohorts *cohorts,
                     struct mp_error *err) {
    struct visits visits = {.app = app, .asked = cohorts};
    for (size_t i = 0; i < RING; i++) {
        visits.starts[i] = -1;
    }
    bool is_done = count_all(&visits);
    for (size_t i = 0; i < RING; i++) {
        user_bits_deinit(&visits.ring[i]);
    }
    return is_done ? MP_OK : mp_fail(err, MP_E_MEMORY, "", "no memory for a report");
}
