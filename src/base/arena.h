/*
 * Memory by lifetime: one arena a request or batch, freed as a whole. Not thread-safe.
 * Reset keeps the blocks, so that after warm-up a request allocates nothing on the heap.
 */
#ifndef MP_BASE_ARENA_H
#define MP_BASE_ARENA_H

#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mp_arena_block;
struct mp_arena {
    struct mp_arena_block *first;
    struct mp_arena_block *current;
    size_t block_bytes;
    size_t max_bytes; /* of all blocks together */
    size_t total_bytes;
};

void mp_arena_init(struct mp_arena *arena, size_t block_bytes, size_t max_bytes);
/* Forgets everything allocated, keeps the blocks. */
void mp_arena_reset(struct mp_arena *arena);
void mp_arena_deinit(struct mp_arena *arena);
/* 16-byte aligned, uninitialised; NULL when max_bytes is reached or memory is out. */
MP_MUST_CHECK void *mp_arena_alloc(struct mp_arena *arena, size_t bytes);
MP_MUST_CHECK void *mp_arena_zalloc(struct mp_arena *arena, size_t bytes);
/* A copy that lives as long as the arena; ptr NULL on failure (and for an empty s: ptr "", len 0).
 */
MP_MUST_CHECK struct mp_str mp_arena_str(struct mp_arena *arena, struct mp_str s);

#ifdef __cplusplus
}
#endif
#endif
