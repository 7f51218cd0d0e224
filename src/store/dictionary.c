#include "store/dictionary.h"

#include "base/hash.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#define KEYS_FIRST 32u
/* In front of a string of less than 4 GiB. */
#define LENGTH_BYTES_MAX 5u

/* The salt keeps a client that chooses its strings from choosing their slots. */
static size_t first_slot(const struct dictionary *dictionary, uint64_t hash) {
    uint64_t mixed = (hash ^ dictionary->salt) * 0x9e3779b97f4a7c15u;
    return (size_t)(mixed >> 32) & (2 * dictionary->capacity - 1);
}

static size_t next_slot(const struct dictionary *dictionary, size_t slot) {
    return (slot + 1) & (2 * dictionary->capacity - 1);
}

static void put(struct dictionary *dictionary, uint32_t number) {
    size_t slot = first_slot(dictionary, dictionary->keys[number].hash);
    while (dictionary->slots[slot] != 0) {
        slot = next_slot(dictionary, slot);
    }
    dictionary->slots[slot] = number;
}

static bool grow(struct dictionary *dictionary, size_t capacity) {
    struct dictionary_key *keys = realloc(dictionary->keys, capacity * sizeof(*keys));
    dictionary->keys = keys ? keys : dictionary->keys;
    uint32_t *slots = keys ? calloc(2 * capacity, sizeof(*slots)) : NULL;
    if (!slots) {
        return false;
    }
    free(dictionary->slots);
    dictionary->slots = slots;
    dictionary->capacity = capacity;
    for (size_t i = 1; i < dictionary->count; i++) {
        put(dictionary, (uint32_t)i);
    }
    return true;
}

bool dictionary_init(struct dictionary *dictionary, size_t bytes_max) {
    mp_buf_init(&dictionary->bytes, bytes_max);
    return getentropy(&dictionary->salt, sizeof(dictionary->salt)) == 0;
}

void dictionary_deinit(struct dictionary *dictionary) {
    mp_buf_deinit(&dictionary->bytes);
    free(dictionary->keys);
    free(dictionary->slots);
    dictionary->keys = NULL;
    dictionary->slots = NULL;
    dictionary->count = dictionary->capacity = 0;
}

void dictionary_clear(struct dictionary *dictionary) {
    if (dictionary->count > 1) {
        memset(dictionary->slots, 0, 2 * dictionary->capacity * sizeof(*dictionary->slots));
    }
    mp_buf_clear(&dictionary->bytes);
    dictionary->count = 0;
}

bool dictionary_reserve(struct dictionary *dictionary, size_t keys, size_t bytes) {
    size_t need = dictionary->count + keys + 1;
    size_t capacity = dictionary->capacity ? dictionary->capacity : KEYS_FIRST;
    while (capacity < need) {
        capacity *= 2;
    }
    bool has_room =
        mp_buf_reserve(&dictionary->bytes, bytes + (keys + 1) * LENGTH_BYTES_MAX) != NULL;
    dictionary->bytes.failed = false;
    return has_room && (capacity == dictionary->capacity || grow(dictionary, capacity));
}

static uint32_t append(struct dictionary *dictionary, struct mp_str value, uint64_t hash) {
    struct mp_buf *bytes = &dictionary->bytes;
    size_t begin = bytes->len;
    assert(dictionary->count < dictionary->capacity);
    mp_buf_append_lstr(bytes, value);
    assert(!bytes->failed);
    dictionary->keys[dictionary->count] =
        (struct dictionary_key){hash, (uint32_t)begin, (uint32_t)(bytes->len - value.len)};
    return (uint32_t)dictionary->count++;
}

uint32_t dictionary_add(struct dictionary *dictionary, struct mp_str value) {
    if (dictionary->count == 0) {
        append(dictionary, mp_str_range("", 0), 0);
    }
    if (value.len == 0) {
        return 0;
    }
    uint64_t hash = mp_checksum(value.ptr, value.len);
    size_t slot = first_slot(dictionary, hash);
    for (; dictionary->slots[slot] != 0; slot = next_slot(dictionary, slot)) {
        uint32_t found = dictionary->slots[slot];
        if (dictionary->keys[found].hash == hash &&
            mp_str_eq(dictionary_text(dictionary, found), value)) {
            return found;
        }
    }
    dictionary->slots[slot] = (uint32_t)dictionary->count;
    return append(dictionary, value, hash);
}
