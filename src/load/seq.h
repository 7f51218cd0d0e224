/* Private to load/: counts the events of each user within a batch, from 1. Not thread-safe. */
#ifndef MP_LOAD_SEQ_H
#define MP_LOAD_SEQ_H

#include "base/str.h"

struct seq_counter {
    uint64_t key;
    uint32_t last; /* 0 = free */
};

struct seq {
    struct seq_counter *counters; /* open addressing, a power of two */
    size_t count;
    size_t capacity;
};

void seq_deinit(struct seq *seq);
void seq_clear(struct seq *seq);
/* Makes room for extra more users. False when memory is out. */
MP_MUST_CHECK bool seq_reserve(struct seq *seq, size_t extra);
/* The next number of that user; room was made before. Two users whose keys are equal share their
 * numbers, which harms nothing: all that counts is that they grow. */
uint32_t seq_next(struct seq *seq, uint64_t user_key);

#endif
