/*
 * Private to load/: strings to small numbers, for one user's events at a time. Equal strings get
 * equal numbers, counted from 1 in the order of arrival; 0 is the empty string. Not thread-safe.
 */
#ifndef MP_LOAD_INTERN_H
#define MP_LOAD_INTERN_H

#include "base/arena.h"

struct intern {
    struct mp_arena arena;
    struct mp_str *strings; /* by number; strings[0] is empty */
    uint64_t *hashes;       /* by number */
    uint32_t *slots;        /* open addressing: number, 0 = free */
    uint64_t salt;
    size_t count;    /* numbers given, 0 counts */
    size_t capacity; /* of strings; slots are twice as many */
};

/* 0 or MP_E_MEMORY. Then intern_deinit frees. */
MP_MUST_CHECK int intern_init(struct intern *intern);
void intern_deinit(struct intern *intern);
/* Forgets all strings, keeps the memory. */
void intern_reset(struct intern *intern);
/* Copies s. False when memory is out. */
MP_MUST_CHECK bool intern_add(struct intern *intern, struct mp_str s, uint32_t *number);
static inline struct mp_str intern_str(const struct intern *intern, uint32_t number) {
    return intern->strings[number];
}

#endif
