/*
 * Private to store/: the different strings of a column, numbered from 0 in the order of arrival;
 * 0 is the empty string, as in LowCardinality(String). Room is made first. Not thread-safe.
 */
#ifndef MP_STORE_DICTIONARY_H
#define MP_STORE_DICTIONARY_H

#include "base/buf.h"

struct dictionary_key {
    uint64_t hash;
    uint32_t begin; /* of the length, in bytes */
    uint32_t text;  /* of what follows it, up to the next key */
};

struct dictionary {
    struct mp_buf bytes; /* keys as Native writes strings: varint length, then the bytes */
    struct dictionary_key *keys;
    size_t count;
    size_t capacity; /* of keys; slots are twice as many, a power of two */
    uint32_t *slots; /* open addressing: number, 0 = free */
    uint64_t salt;
};

/* The caller's storage is all 0. False when memory is out. Then dictionary_deinit frees. */
MP_MUST_CHECK bool dictionary_init(struct dictionary *dictionary, size_t bytes_max);
void dictionary_deinit(struct dictionary *dictionary);
/* Forgets all keys, keeps the memory. */
void dictionary_clear(struct dictionary *dictionary);
/* Room for so many more keys of so many bytes together. */
MP_MUST_CHECK bool dictionary_reserve(struct dictionary *dictionary, size_t keys, size_t bytes);
/* The string's number; it is copied when it is new. There must be room. */
uint32_t dictionary_add(struct dictionary *dictionary, struct mp_str value);

/* A key without its length, and with it. Borrowed until the next call that is not const. */
static inline struct mp_str dictionary_text(const struct dictionary *dictionary, uint32_t number) {
    const struct dictionary_key *key = &dictionary->keys[number];
    size_t end = number + 1 < dictionary->count ? key[1].begin : dictionary->bytes.len;
    return mp_str_range(dictionary->bytes.ptr + key->text, end - key->text);
}
static inline struct mp_str dictionary_written(const struct dictionary *dictionary,
                                               uint32_t number) {
    const struct dictionary_key *key = &dictionary->keys[number];
    size_t end = number + 1 < dictionary->count ? key[1].begin : dictionary->bytes.len;
    return mp_str_range(dictionary->bytes.ptr + key->begin, end - key->begin);
}

#endif
