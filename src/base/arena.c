#include "base/arena.h"

#include <stdlib.h>

#define ARENA_ALIGN 16u

struct mp_arena_block {
    struct mp_arena_block *next;
    size_t capacity;
    size_t used;
    _Alignas(ARENA_ALIGN) char data[];
};

void mp_arena_init(struct mp_arena *arena, size_t block_bytes, size_t max_bytes) {
    *arena = (struct mp_arena){.block_bytes = block_bytes, .max_bytes = max_bytes};
}

void mp_arena_reset(struct mp_arena *arena) {
    for (struct mp_arena_block *block = arena->first; block; block = block->next) {
        block->used = 0;
    }
    arena->current = arena->first;
}

void mp_arena_deinit(struct mp_arena *arena) {
    struct mp_arena_block *block = arena->first;
    while (block) {
        struct mp_arena_block *next = block->next;
        free(block);
        block = next;
    }
    mp_arena_init(arena, arena->block_bytes, arena->max_bytes);
}

/* A block with room for bytes: one kept from before a reset, or a new one behind the current. */
static struct mp_arena_block *arena_room(struct mp_arena *arena, size_t bytes) {
    struct mp_arena_block *block = arena->current;
    while (block && block->capacity - block->used < bytes) {
        block = block->next;
    }
    if (block) {
        return arena->current = block;
    }
    size_t capacity = bytes > arena->block_bytes ? bytes : arena->block_bytes;
    if (capacity > arena->max_bytes - arena->total_bytes) {
        return NULL;
    }
    block = malloc(sizeof(*block) + capacity);
    if (!block) {
        return NULL;
    }
    *block = (struct mp_arena_block){.capacity = capacity};
    struct mp_arena_block **tail = &arena->first;
    while (*tail) {
        tail = &(*tail)->next;
    }
    *tail = block;
    arena->total_bytes += capacity;
    return arena->current = block;
}

void *mp_arena_alloc(struct mp_arena *arena, size_t bytes) {
    if (bytes > arena->max_bytes) {
        return NULL;
    }
    size_t rounded = (bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    struct mp_arena_block *block = arena_room(arena, rounded);
    if (!block) {
        return NULL;
    }
    void *at = block->data + block->used;
    block->used += rounded;
    return at;
}

void *mp_arena_zalloc(struct mp_arena *arena, size_t bytes) {
    void *at = mp_arena_alloc(arena, bytes);
    return at ? memset(at, 0, bytes) : NULL;
}

struct mp_str mp_arena_str(struct mp_arena *arena, struct mp_str s) {
    if (s.len == 0) {
        return mp_str_range("", 0);
    }
    char *copy = mp_arena_alloc(arena, s.len);
    return copy ? mp_str_range(memcpy(copy, s.ptr, s.len), s.len) : mp_str_range(NULL, 0);
}
