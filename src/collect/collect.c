#include "collect/internal.h"

#include <stdlib.h>

#define ARENA_BLOCK_BYTES (256u * 1024)
#define ARENA_BYTES_MAX (16u << 20)
#define GZIP_WINDOW (15 + 16) /* zlib: 16 more means gzip only */

int collect_open(const struct collect_config *config, struct collect **out, struct mp_error *err) {
    struct collect *collect = calloc(1, sizeof(*collect));
    *out = NULL;
    if (!collect) {
        return mp_fail(err, MP_E_MEMORY, "collect", "no memory");
    }
    collect->apps = config->apps;
    collect->late_ms = config->late_ms;
    int code = proxies_parse(config->trusted_proxies ? config->trusted_proxies : "",
                             &collect->proxies, err);
    if (code == MP_OK) {
        code = region_open(config->mmdb_file, &collect->regions, err);
    }
    if (code != MP_OK) {
        collect_close(collect);
        return code;
    }
    *out = collect;
    return MP_OK;
}

void collect_close(struct collect *collect) {
    if (collect) {
        region_close(collect->regions);
        free(collect);
    }
}

struct collect_worker *collect_worker_create(struct collect *collect) {
    struct collect_worker *worker = calloc(1, sizeof(*worker));
    if (!worker) {
        return NULL;
    }
    worker->collect = collect;
    mp_arena_init(&worker->arena, ARENA_BLOCK_BYTES, ARENA_BYTES_MAX);
    mp_buf_init(&worker->plain, COLLECT_BODY_PLAIN_BYTES_MAX + 1);
    mp_buf_init(&worker->plain2, COLLECT_BODY_PLAIN_BYTES_MAX + 1);
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
        mp_buf_deinit(&worker->plain);
        mp_buf_deinit(&worker->plain2);
        mp_buf_deinit(&worker->scratch);
        free(worker);
    }
}

void emit(struct batch *batch, struct mp_event *event) {
    if (!batch->has_head) {
        batch->context.app = mp_str_of(batch->app->id);
        batch->context.received_ms = batch->input->received_ms;
        enrich_region(batch);
        mp_record_begin(batch->out, &batch->context);
        batch->has_head = true;
    }
    mp_record_add(batch->out, event);
    batch->result->accepted++;
}
