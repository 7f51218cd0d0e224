#include "collect/internal.h"

#include <stdlib.h>

#define ARENA_BLOCK_BYTES (64u * 1024)
/* Names and values of MP_EVENT_PROPS_MAX properties, twice over. */
#define ARENA_BYTES_MAX (4u << 20)
#define GZIP_WINDOW (15 + 16) /* zlib: 16 more means gzip only */

struct collect_worker *collect_worker_create(struct collect *collect) {
    struct collect_worker *worker = calloc(1, sizeof(*worker));
    if (!worker) {
        return NULL;
    }
    worker->collect = collect;
    mp_arena_init(&worker->arena, ARENA_BLOCK_BYTES, ARENA_BYTES_MAX);
    mp_arena_init(&worker->event_arena, ARENA_BLOCK_BYTES, ARENA_BYTES_MAX);
    /* One byte more than allowed tells "over the limit" from "just at it". */
    mp_buf_init(&worker->unzipped, COLLECT_BODY_PLAIN_BYTES_MAX + 1);
    mp_buf_init(&worker->unescaped, COLLECT_BODY_PLAIN_BYTES_MAX);
    mp_buf_init(&worker->scratch, COLLECT_BODY_PLAIN_BYTES_MAX);
    worker->parser = mp_json_parser_create(COLLECT_BODY_PLAIN_BYTES_MAX, COLLECT_DEPTH_MAX);
    if (!worker->parser || inflateInit2(&worker->inflate, GZIP_WINDOW) != Z_OK) {
        collect_worker_destroy(worker);
        return NULL;
    }
    return worker;
}

void collect_worker_destroy(struct collect_worker *worker) {
    if (worker) {
        inflateEnd(&worker->inflate);
        mp_json_parser_destroy(worker->parser);
        mp_arena_deinit(&worker->arena);
        mp_arena_deinit(&worker->event_arena);
        mp_buf_deinit(&worker->unzipped);
        mp_buf_deinit(&worker->unescaped);
        mp_buf_deinit(&worker->scratch);
        free(worker);
    }
}
