/* The figures of cycles out of the days' summaries. Those of a cycle depend on no later day, so
 * that they are kept until a day up to its end changes. */
#include "report/summed.h"

#include <stdlib.h>

/* Walks over the cycles in order; what it knows of users stands where it is. */
struct walk {
    struct summary_app *app;
    enum report_cycle by;
    struct user_bits visitors; /* of the cycle at hand */
    struct user_bits before;   /* of the cycle before before_start */
    int32_t before_start;      /* INT32_MIN = of none */
    struct user_bits once;     /* empty between cycles, both */
    struct user_bits twice;
    struct user_bits has_added;
    uint8_t *is_added; /* of each user, up to the end of the cycle before state_start */
    int32_t state_start;
};

static void walk_deinit(struct walk *walk) {
    user_bits_deinit(&walk->visitors);
    user_bits_deinit(&walk->before);
    user_bits_deinit(&walk->once);
    user_bits_deinit(&walk->twice);
    user_bits_deinit(&walk->has_added);
    free(walk->is_added);
}

static bool walk_init(struct walk *walk, struct summary_app *app, enum report_cycle by) {
    uint32_t bound = summary_user_bound(app);
    *walk = (struct walk){.app = app, .by = by, .before_start = INT32_MIN};
    walk->is_added = calloc((size_t)bound + 1, 1);
    return walk->is_added && user_bits_init(&walk->visitors, bound) &&
           user_bits_init(&walk->before, bound) && user_bits_init(&walk->once, bound) &&
           user_bits_init(&walk->twice, bound) && user_bits_init(&walk->has_added, bound);
}

/* The days from from to to. */
struct span {
    const struct summary_app *app;
    size_t begin;
    size_t end;
};

static struct span span_of(const struct summary_app *app, int32_t from, int32_t to) {
    return (struct span){app, summary_day_index(app, from), summary_day_index(app, to + 1)};
}

/* ---- Visitors --------------------------------------------------------------------------- */

static void count_visitors(struct walk *walk, int32_t start, int32_t end, int64_t *figures) {
    if (walk->before_start != start) {
        user_bits_clear(&walk->before);
        if (start > 0) {
            user_bits_add_visitors(&walk->before, walk->app,
                                   report_cycle_start(walk->by, start - 1), start - 1);
        }
    }
    user_bits_clear(&walk->visitors);
    user_bits_add_visitors(&walk->visitors, walk->app, start, end);
    figures[FIGURE_VISITORS] = user_bits_count(&walk->visitors);
    figures[FIGURE_RETAINED] = user_bits_count_both(&walk->visitors, &walk->before);
    figures[FIGURE_FIRST_VISITS] = summary_first_count(walk->app, SUMMARY_VISIT, start, end);
    figures[FIGURE_FRESH] = figures[FIGURE_FIRST_VISITS];
    figures[FIGURE_FIRST_PAYMENTS] = summary_first_count(walk->app, SUMMARY_PAYMENT, start, end);
    struct user_bits former = walk->before;
    walk->before = walk->visitors;
    walk->visitors = former;
    walk->before_start = end + 1;
}

static void count_sharers(struct walk *walk, struct span span, int64_t *figures) {
    for (size_t i = span.begin; i < span.end; i++) {
        figures[FIGURE_SHARERS] +=
            user_bits_add_list(&walk->once, summary_day_at(span.app, i)->sharers);
    }
    for (size_t i = span.begin; i < span.end; i++) {
        user_bits_clear_list(&walk->once, summary_day_at(span.app, i)->sharers);
    }
}

/* ---- Payers ----------------------------------------------------------------------------- */

static void count_payers(struct walk *walk, struct span span, int32_t start, int64_t *figures) {
    const uint16_t *firsts = summary_firsts(walk->app, SUMMARY_PAYMENT);
    for (size_t i = span.begin; i < span.end; i++) {
        const struct summary_day *day = summary_day_at(span.app, i);
        for (size_t k = 0; k < day->payers.count; k++) {
            uint32_t user = day->payers.at[k];
            bool is_new = user_bits_add(&walk->once, user);
            figures[FIGURE_PAYERS] += is_new;
            /* Each is counted as soon as it is known that they paid before, or twice. */
            bool is_repeat = !is_new || day->payer_flags[k] & SUMMARY_PAID_TWICE ||
                             (int32_t)firsts[user] < start;
            figures[FIGURE_PAYERS_REPEAT] += is_repeat && user_bits_add(&walk->twice, user);
        }
    }
    for (size_t i = span.begin; i < span.end; i++) {
        user_bits_clear_list(&walk->once, summary_day_at(span.app, i)->payers);
        user_bits_clear_list(&walk->twice, summary_day_at(span.app, i)->payers);
    }
}

/* ---- Additions -------------------------------------------------------------------------- */

/* Takes a day's changes over into is_added. */
static void change(struct walk *walk, const struct summary_day *day) {
    for (size_t k = 0; k < day->changers.count; k++) {
        walk->is_added[day->changers.at[k]] = day->changer_flags[k] & SUMMARY_STATE_ADDED;
    }
}

/* Who had it at the end of the cycle before: is_added of all days before start. */
static void reach(struct walk *walk, int32_t start) {
    struct span span = span_of(walk->app, walk->state_start, start - 1);
    for (size_t i = span.begin; i < span.end; i++) {
        change(walk, summary_day_at(span.app, i));
    }
    walk->state_start = start;
}

/* Each who changed, once: state before and after. The last day of the user in the cycle tells the
 * state after, so that days go backwards. */
static void count_changes(struct walk *walk, int32_t start, int32_t end, int64_t *figures) {
    reach(walk, start);
    struct span span = span_of(walk->app, start, end);
    for (size_t i = span.begin; i < span.end; i++) {
        const struct summary_day *day = summary_day_at(span.app, i);
        for (size_t k = 0; k < day->changers.count; k++) {
            if (day->changer_flags[k] & SUMMARY_HAS_ADDED) {
                user_bits_add(&walk->has_added, day->changers.at[k]);
            }
        }
    }
    for (size_t i = span.end; i > span.begin; i--) {
        const struct summary_day *day = summary_day_at(span.app, i - 1);
        for (size_t k = 0; k < day->changers.count; k++) {
            uint32_t user = day->changers.at[k];
            if (user_bits_add(&walk->once, user)) {
                bool had = walk->is_added[user];
                bool has = day->changer_flags[k] & SUMMARY_STATE_ADDED;
                figures[FIGURE_ADDED_NET] += has - had;
                figures[FIGURE_REMOVED] += !has && (had || user_bits_has(&walk->has_added, user));
            }
        }
    }
    for (size_t i = span.begin; i < span.end; i++) {
        user_bits_clear_list(&walk->once, summary_day_at(span.app, i)->changers);
        user_bits_clear_list(&walk->has_added, summary_day_at(span.app, i)->changers);
    }
}

/* ---- Cycles ----------------------------------------------------------------------------- */

_Static_assert((int)FIGURE_REFUNDED_FEN - (int)FIGURE_OPENS ==
                   (int)SUMMARY_REFUNDED_FEN - (int)SUMMARY_OPENS,
               "the same figures in the same order");

static void add_totals(struct span span, int64_t *figures) {
    for (size_t i = span.begin; i < span.end; i++) {
        for (size_t k = 0; k < SUMMARY_TOTALS; k++) {
            figures[FIGURE_OPENS + k] += summary_day_at(span.app, i)->totals[k];
        }
    }
}

static void count_cycle(struct walk *walk, int32_t start, int32_t end, int64_t *figures) {
    struct span span = span_of(walk->app, start, end);
    add_totals(span, figures);
    count_visitors(walk, start, end, figures);
    count_sharers(walk, span, figures);
    count_payers(walk, span, start, figures);
    count_changes(walk, start, end, figures);
}

/* What was before the first cycle. */
static void count_before(struct walk *walk, int32_t start, int64_t *figures) {
    struct span span = span_of(walk->app, 0, start - 1);
    figures[FIGURE_FIRST_VISITS] = summary_first_count(walk->app, SUMMARY_VISIT, 0, start - 1);
    for (size_t i = span.begin; i < span.end; i++) {
        figures[FIGURE_PAID_FEN_BEFORE] += summary_day_at(span.app, i)->totals[SUMMARY_PAID_FEN];
    }
    reach(walk, start);
    for (uint32_t user = 0; user < summary_user_bound(walk->app); user++) {
        figures[FIGURE_ADDED_NET] += walk->is_added[user];
    }
}

static bool recall(struct summary_app *app, const struct summary_key *key,
                   int64_t figures[FIGURE_COUNT]) {
    struct mp_buf bytes;
    mp_buf_init(&bytes, FIGURE_COUNT * sizeof(int64_t));
    bool is_there = summary_recall(app, key, &bytes) && bytes.len == FIGURE_COUNT * sizeof(int64_t);
    if (is_there) {
        memcpy(figures, bytes.ptr, bytes.len);
    }
    mp_buf_deinit(&bytes);
    return is_there;
}

static void keep(struct summary_app *app, const struct summary_key *key,
                 const int64_t figures[FIGURE_COUNT]) {
    summary_keep(app, key, mp_str_range((const char *)figures, FIGURE_COUNT * sizeof(int64_t)));
}

/* The walk, made when it is first needed; NULL when memory is out. */
static struct walk *need_walk(struct walk *walk, struct summary_app *app, enum report_cycle by) {
    return walk->app || walk_init(walk, app, by) ? walk : NULL;
}

int summed_figures(struct figures *figures, struct summary_app *app, struct mp_error *err) {
    const struct report_range *range = &figures->range;
    struct walk walk = {0};
    bool is_done = true;
    struct summary_key before = {.what = "before", .from = 0, .to = range->from - 1};
    if (range->from > 0 && !recall(app, &before, figures->before)) {
        is_done = need_walk(&walk, app, range->by) != NULL;
        if (is_done) {
            count_before(&walk, range->from, figures->before);
            keep(app, &before, figures->before);
        }
    }
    int32_t start = range->from;
    for (size_t i = 0; is_done && i < figures->cycle_count; i++) {
        int32_t end = report_cycle_end(range->by, start);
        struct summary_key key = {
            .what = "cycle", .arguments = {range->by, start}, .from = 0, .to = end};
        if (!recall(app, &key, figures->cycles[i])) {
            is_done = need_walk(&walk, app, range->by) != NULL;
            if (is_done) {
                count_cycle(&walk, start, end, figures->cycles[i]);
                keep(app, &key, figures->cycles[i]);
            }
        }
        start = end + 1;
    }
    walk_deinit(&walk);
    return is_done ? MP_OK : mp_fail(err, MP_E_MEMORY, "", "no memory for a report");
}
