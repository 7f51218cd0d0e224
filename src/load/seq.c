#include "load/seq.h"

#include <stdlib.h>

#define COUNTERS_FIRST 1024u

void seq_deinit(struct seq *seq) {
    free(seq->counters);
    *seq = (struct seq){0};
}

void seq_clear(struct seq *seq) {
    if (seq->count > 0) {
        memset(seq->counters, 0, seq->capacity * sizeof(*seq->counters));
        seq->count = 0;
    }
}

static struct seq_counter *find(const struct seq *seq, uint64_t key) {
    size_t mask = seq->capacity - 1;
    size_t slot = (size_t)((key * 0x9e3779b97f4a7c15u) >> 20) & mask;
    while (seq->counters[slot].last != 0 && seq->counters[slot].key != key) {
        slot = (slot + 1) & mask;
    }
    return &seq->counters[slot];
}

bool seq_reserve(struct seq *seq, size_t extra) {
    size_t need = 2 * (seq->count + extra);
    if (need <= seq->capacity) {
        return true;
    }
    struct seq old = *seq;
    size_t capacity = old.capacity ? old.capacity : COUNTERS_FIRST;
    while (capacity < need) {
        capacity *= 2;
    }
    struct seq_counter *fresh = calloc(capacity, sizeof(*fresh));
    if (!fresh) {
        return false;
    }
    seq->counters = fresh;
    seq->capacity = capacity;
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.counters[i].last != 0) {
            *find(seq, old.counters[i].key) = old.counters[i];
        }
    }
    free(old.counters);
    return true;
}

uint32_t seq_next(struct seq *seq, uint64_t user_key) {
    struct seq_counter *counter = find(seq, user_key);
    seq->count += counter->last == 0;
    counter->key = user_key;
    return ++counter->last;
}
