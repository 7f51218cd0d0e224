/*
 * Private to live/: a hash table of equal-sized entries that draws its memory from a budget shared
 * by all. One thread at a time.
 */
#ifndef MP_LIVE_TABLE_H
#define MP_LIVE_TABLE_H

#include "base/error.h"

#include <stdatomic.h>

/* What all tables of the room may take together. */
struct live_budget {
    uint64_t bytes_max;
    atomic_uint_fast64_t bytes;
};

struct live_table {
    uint8_t *slots;
    size_t entry_bytes; /* the first 8 of an entry are its key; 0 marks a free slot */
    size_t count;
    size_t capacity; /* a power of two; 0 = nothing yet */
    struct live_budget *budget;
};

void live_table_init(struct live_table *table, size_t entry_bytes, struct live_budget *budget);
void live_table_deinit(struct live_table *table);
/* An entry's address holds until the next put. NULL when there is none. */
void *live_table_find(const struct live_table *table, uint64_t key);
/* The entry of that key, made (all zero but the key) when it is missing. NULL when the budget or
 * memory is used up. */
void *live_table_put(struct live_table *table, uint64_t key, bool *is_new);
/* Goes over all entries: *at begins as 0; NULL at the end. */
void *live_table_next(const struct live_table *table, size_t *at);

/* Spreads a number over all 64 bits (the finalizer of SplitMix64). */
static inline uint64_t live_mix(uint64_t x) {
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

#endif
