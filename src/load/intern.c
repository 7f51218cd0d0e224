#include "load/intern.h"

#include "base/error.h"
#include "base/hash.h"

#include <stdlib.h>
#include <unistd.h>

#define INTERN_FIRST 256u
#define INTERN_BLOCK_BYTES (64u << 10)
/* All strings of one user in one window of days; far above what a person makes. */
#define INTERN_BYTES_MAX (256u << 20)

static bool allocate(struct intern *intern, size_t capacity) {
    struct mp_str *strings = realloc(intern->strings, capacity * sizeof(*strings));
    intern->strings = strings ? strings : intern->strings;
    uint64_t *hashes = realloc(intern->hashes, capacity * sizeof(*hashes));
    intern->hashes = hashes ? hashes : intern->hashes;
    uint32_t *slots = strings && hashes ? calloc(2 * capacity, sizeof(*slots)) : NULL;
    if (!slots) {
        return false;
    }
    free(intern->slots);
    intern->slots = slots;
    intern->capacity = capacity;
    return true;
}

int intern_init(struct intern *intern) {
    *intern = (struct intern){0};
    mp_arena_init(&intern->arena, INTERN_BLOCK_BYTES, INTERN_BYTES_MAX);
    if (getentropy(&intern->salt, sizeof(intern->salt)) != 0 || !allocate(intern, INTERN_FIRST)) {
        intern_deinit(intern);
        return MP_E_MEMORY;
    }
    intern->strings[0] = mp_str_range("", 0);
    intern->count = 1;
    return MP_OK;
}

void intern_deinit(struct intern *intern) {
    mp_arena_deinit(&intern->arena);
    free(intern->strings);
    free(intern->hashes);
    free(intern->slots);
    *intern = (struct intern){0};
}

/* The salt keeps a client that chooses its strings from choosing their slots. */
static size_t first_slot(const struct intern *intern, uint64_t hash) {
    uint64_t mixed = (hash ^ intern->salt) * 0x9e3779b97f4a7c15u;
    return (size_t)(mixed >> 32) & (2 * intern->capacity - 1);
}

static size_t next_slot(const struct intern *intern, size_t slot) {
    return (slot + 1) & (2 * intern->capacity - 1);
}

void intern_reset(struct intern *intern) {
    /* Only the slots in use are cleared: most users have a handful of strings. Backwards, so that
     * what a string's probes stepped over is still there when it's looked for. */
    for (size_t i = intern->count - 1; i > 0; i--) {
        size_t slot = first_slot(intern, intern->hashes[i]);
        while (intern->slots[slot] != i) {
            slot = next_slot(intern, slot);
        }
        intern->slots[slot] = 0;
    }
    intern->count = 1;
    mp_arena_reset(&intern->arena);
}

static void put(struct intern *intern, uint32_t number) {
    size_t slot = first_slot(intern, intern->hashes[number]);
    while (intern->slots[slot] != 0) {
        slot = next_slot(intern, slot);
    }
    intern->slots[slot] = number;
}

static bool grow(struct intern *intern) {
    if (!allocate(intern, 2 * intern->capacity)) {
        return false;
    }
    for (size_t i = 1; i < intern->count; i++) {
        put(intern, (uint32_t)i);
    }
    return true;
}

bool intern_add(struct intern *intern, struct mp_str s, uint32_t *number) {
    *number = 0;
    if (s.len == 0) {
        return true;
    }
    uint64_t hash = mp_checksum(s.ptr, s.len);
    size_t slot = first_slot(intern, hash);
    for (; intern->slots[slot] != 0; slot = next_slot(intern, slot)) {
        uint32_t found = intern->slots[slot];
        if (intern->hashes[found] == hash && mp_str_eq(intern->strings[found], s)) {
            *number = found;
            return true;
        }
    }
    struct mp_str copy = mp_arena_str(&intern->arena, s);
    if (!copy.ptr || (intern->count == intern->capacity && !grow(intern))) {
        return false;
    }
    *number = (uint32_t)intern->count++;
    intern->strings[*number] = copy;
    intern->hashes[*number] = hash;
    put(intern, *number);
    return true;
}
