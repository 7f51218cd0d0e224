/*
 * Private to report/: the same figures as by SQL, out of summary/, for questions without filters.
 * Each has the shape of what the store's rows give. No store; CPU only.
 */
#ifndef MP_REPORT_SUMMED_H
#define MP_REPORT_SUMMED_H

#include "report/figures.h"
#include "report/pages.h"
#include "summary/summary.h"

/* The app's summaries where they can answer this question, else NULL. summary_end gives back. */
struct summary_app *summed_begin(const struct report_question *question);

/* ---- bits.c: sets of users as bits --------------------------------------------------------- */

struct user_bits {
    uint64_t *words;
    size_t word_count;
};
/* Empty, for numbers below bound. false when memory is out. */
MP_MUST_CHECK bool user_bits_init(struct user_bits *bits, uint32_t bound);
void user_bits_deinit(struct user_bits *bits);
void user_bits_clear(struct user_bits *bits);
static inline bool user_bits_has(const struct user_bits *bits, uint32_t user) {
    return bits->words[user / 64] >> (user % 64) & 1;
}
/* True when the user was not in it. */
static inline bool user_bits_add(struct user_bits *bits, uint32_t user) {
    uint64_t bit = (uint64_t)1 << (user % 64);
    uint64_t *word = &bits->words[user / 64];
    bool is_new = !(*word & bit);
    *word |= bit;
    return is_new;
}
static inline void user_bits_remove(struct user_bits *bits, uint32_t user) {
    bits->words[user / 64] &= ~((uint64_t)1 << (user % 64));
}
int64_t user_bits_count(const struct user_bits *bits);
/* Of those in both. */
int64_t user_bits_count_both(const struct user_bits *a, const struct user_bits *b);
/* Adds who visited on the days from to to. */
void user_bits_add_visitors(struct user_bits *bits, const struct summary_app *app, int32_t from,
                            int32_t to);

/* Adds the users of a list, and counts those that are new. */
int64_t user_bits_add_list(struct user_bits *bits, struct summary_list list);
/* Empties a set in which there are lists alone, all of which are to go. */
void user_bits_clear_list(struct user_bits *bits, struct summary_list list);

/* ---- The reports: MP_E_MEMORY is the only error --------------------------------------------- */

/* figures->cycles and before, as far as the store gives them. */
MP_MUST_CHECK int summed_figures(struct figures *figures, struct summary_app *app,
                                 struct mp_error *err);

/* Rows of keys and numbers, as sql/source.sql, frequency.sql and opens.sql give them. */
typedef bool summed_on_row(void *arg, const int64_t keys[3], int64_t opens, int64_t users);
MP_MUST_CHECK int summed_source(struct summary_app *app, const struct report_range *range,
                                summed_on_row *on_row, void *arg, struct mp_error *err);
MP_MUST_CHECK int summed_frequency(struct summary_app *app, const struct report_range *range,
                                   summed_on_row *on_row, void *arg, struct mp_error *err);
MP_MUST_CHECK int summed_opens(struct summary_app *app, const struct report_range *range,
                               summed_on_row *on_row, void *arg, struct mp_error *err);

/* Users of the cohort of a cycle who visited so many cycles later: offsets ascend, users has a row
 * a cycle of the range, of which it counts the first, as retention.c has them. */
struct summed_cohorts {
    struct report_range range; /* whole cycles */
    enum report_cohort cohort;
    const uint64_t *offsets;
    size_t offset_count;
    size_t cycle_count;
    int64_t *users; /* [cycle_count][1 + stride - 1]: the cohort, then by offset */
    size_t stride;
};
MP_MUST_CHECK int summed_retention(struct summary_app *app, const struct summed_cohorts *cohorts,
                                   struct mp_error *err);

/* False when the store must search. */
bool summed_can_search(struct mp_str search);
MP_MUST_CHECK int summed_pages(struct summary_app *app, const struct report_question *question,
                               struct pages *pages, struct mp_error *err);

typedef bool summed_on_value(void *arg, size_t dimension, struct mp_str value, int64_t new_users,
                             int64_t active_users);
MP_MUST_CHECK int summed_profile(struct summary_app *app, const struct report_range *range,
                                 summed_on_value *on_value, void *arg, struct mp_error *err);

#endif
