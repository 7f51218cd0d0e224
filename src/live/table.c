#include "live/table.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 64u
/* Grows when three of four slots are taken. */
#define FULL_PARTS 3u
#define OF_PARTS 4u

void live_table_init(struct live_table *table, size_t entry_bytes, struct live_budget *budget) {
    *table = (struct live_table){.entry_bytes = entry_bytes, .budget = budget};
}

static void give_back(struct live_table *table) {
    atomic_fetch_sub(&table->budget->bytes, table->capacity * table->entry_bytes);
    free(table->slots);
    table->slots = NULL;
    table->capacity = 0;
}

void live_table_deinit(struct live_table *table) {
    give_back(table);
    table->count = 0;
}

static uint64_t key_at(const struct live_table *table, size_t slot) {
    uint64_t key;
    memcpy(&key, table->slots + slot * table->entry_bytes, sizeof(key));
    return key;
}

/* 0 marks a free slot: that key shares its entry with 1. */
static uint64_t real(uint64_t key) {
    return key ? key : 1;
}

/* The slot of that key, or the free one where it would be. */
static size_t slot_of(const struct live_table *table, uint64_t key) {
    size_t slot = live_mix(key) & (table->capacity - 1);
    for (uint64_t there = key_at(table, slot); there != 0 && there != key;
         there = key_at(table, slot)) {
        slot = (slot + 1) & (table->capacity - 1);
    }
    return slot;
}

static bool grow(struct live_table *table) {
    struct live_table grown = *table;
    grown.capacity = table->capacity ? 2 * table->capacity : CAPACITY_FIRST;
    uint64_t bytes = grown.capacity * grown.entry_bytes;
    uint64_t before = atomic_fetch_add(&table->budget->bytes, bytes);
    grown.slots = before + bytes > table->budget->bytes_max
                      ? NULL
                      : calloc(grown.capacity, grown.entry_bytes);
    if (!grown.slots) {
        atomic_fetch_sub(&table->budget->bytes, bytes);
        return false;
    }
    for (size_t i = 0; i < table->capacity; i++) {
        uint64_t key = key_at(table, i);
        if (key != 0) {
            memcpy(grown.slots + slot_of(&grown, key) * grown.entry_bytes,
                   table->slots + i * table->entry_bytes, grown.entry_bytes);
        }
    }
    give_back(table);
    *table = grown;
    return true;
}

void *live_table_find(const struct live_table *table, uint64_t key) {
    if (table->capacity == 0) {
        return NULL;
    }
    size_t slot = slot_of(table, real(key));
    return key_at(table, slot) == 0 ? NULL : table->slots + slot * table->entry_bytes;
}

void *live_table_put(struct live_table *table, uint64_t key, bool *is_new) {
    uint8_t *entry = live_table_find(table, key);
    *is_new = !entry;
    if (entry) {
        return entry;
    }
    if (table->count + 1 > table->capacity / OF_PARTS * FULL_PARTS && !grow(table)) {
        return NULL;
    }
    key = real(key);
    entry = table->slots + slot_of(table, key) * table->entry_bytes;
    memcpy(entry, &key, sizeof(key));
    table->count++;
    return entry;
}

void *live_table_next(const struct live_table *table, size_t *at) {
    while (*at < table->capacity) {
        size_t slot = (*at)++;
        if (key_at(table, slot) != 0) {
            return table->slots + slot * table->entry_bytes;
        }
    }
    return NULL;
}
