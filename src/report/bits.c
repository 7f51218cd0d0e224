#include "report/summed.h"

#include <stdlib.h>

struct summary_app *summed_begin(const struct report_question *question) {
    return report_is_filtered(&question->filters)
               ? NULL
               : summary_begin(question->summaries, question->app->id);
}

bool user_bits_init(struct user_bits *bits, uint32_t bound) {
    bits->word_count = bound / 64 + 1;
    bits->words = calloc(bits->word_count, sizeof(*bits->words));
    return bits->words != NULL;
}

void user_bits_deinit(struct user_bits *bits) {
    free(bits->words);
    *bits = (struct user_bits){0};
}

void user_bits_clear(struct user_bits *bits) {
    memset(bits->words, 0, bits->word_count * sizeof(*bits->words));
}

int64_t user_bits_count(const struct user_bits *bits) {
    int64_t count = 0;
    for (size_t i = 0; i < bits->word_count; i++) {
        count += __builtin_popcountll(bits->words[i]);
    }
    return count;
}

int64_t user_bits_count_both(const struct user_bits *a, const struct user_bits *b) {
    int64_t count = 0;
    for (size_t i = 0; i < a->word_count; i++) {
        count += __builtin_popcountll(a->words[i] & b->words[i]);
    }
    return count;
}

void user_bits_add_visitors(struct user_bits *bits, const struct summary_app *app, int32_t from,
                            int32_t to) {
    for (size_t i = summary_day_index(app, from); i < summary_day_count(app); i++) {
        const struct summary_day *day = summary_day_at(app, i);
        if (day->day > to) {
            break;
        }
        for (size_t k = 0; k < day->users.count; k++) {
            uint32_t user = day->users.at[k];
            bits->words[user / 64] |= (uint64_t)day->visited[k] << (user % 64);
        }
    }
}

int64_t user_bits_add_list(struct user_bits *bits, struct summary_list list) {
    int64_t added = 0;
    for (size_t i = 0; i < list.count; i++) {
        added += user_bits_add(bits, list.at[i]);
    }
    return added;
}

void user_bits_clear_list(struct user_bits *bits, struct summary_list list) {
    for (size_t i = 0; i < list.count; i++) {
        bits->words[list.at[i] / 64] = 0;
    }
}
