#include "engine/internal.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ARGUMENTS_MAX 12

struct pool {
    struct pool_config config;
    pthread_mutex_t mutex;
    pthread_cond_t freed;
    struct link *free;
    int open_count;
};

bool link_exec(const struct chdb *chdb, struct link *link, struct mp_str sql,
               struct mp_buf *exception) {
    static const char format[] = "TabSeparated";
    struct chdb_result *result =
        chdb->query_n(*link->connection, sql.ptr, sql.len, format, sizeof(format) - 1);
    const char *error = result ? chdb->result_error(result) : "the engine gave no answer";
    if (error && exception) {
        mp_buf_append_text(exception, error);
    }
    bool is_done = !error;
    if (result) {
        chdb->destroy_query_result(result);
    }
    return is_done;
}

/* One part an INSERT; limits; and for readers, what cannot be undone: readonly = 1. */
static bool prepare(const struct pool_config *config, struct link *link, struct mp_buf *exception) {
    char sql[512];
    uint64_t query_memory = config->memory_bytes / 4 * 3;
    snprintf(sql, sizeof(sql),
             "SET max_execution_time = %" PRId64 ", max_memory_usage = %" PRIu64
             ", max_insert_threads = 1, input_format_parallel_parsing = 0%s",
             (config->query_timeout_ms + 999) / 1000, query_memory,
             config->is_read_only ? ", allow_introspection_functions = 0" : "");
    if (!link_exec(config->chdb, link, mp_str_of(sql), exception)) {
        return false;
    }
    if (config->threads > 0) {
        snprintf(sql, sizeof(sql), "SET max_threads = %d", config->threads);
        if (!link_exec(config->chdb, link, mp_str_of(sql), exception)) {
            return false;
        }
    }
    return !config->is_read_only ||
           link_exec(config->chdb, link, MP_STR("SET readonly = 1"), exception);
}

static struct link *link_open(const struct pool_config *config, struct mp_error *err) {
    char path[4096], memory[64];
    snprintf(path, sizeof(path), "--path=%s", config->data_dir);
    snprintf(memory, sizeof(memory), "--max_server_memory_usage=%" PRIu64, config->memory_bytes);
    /* Caches that a few small rollups do not need would be most of the idle memory. */
    char *arguments[ARGUMENTS_MAX] = {"minipulse",
                                      path,
                                      memory,
                                      "--mark_cache_size=67108864",
                                      "--uncompressed_cache_size=0",
                                      "--background_pool_size=2",
                                      "--background_schedule_pool_size=2",
                                      "--background_common_pool_size=2",
                                      "--logger.level=none"};
    struct link *link = calloc(1, sizeof(*link));
    struct mp_buf exception;
    mp_buf_init(&exception, 4096);
    if (link) {
        link->connection = config->chdb->connect(9, arguments);
    }
    if (!link || !link->connection || !*link->connection) {
        free(link);
        mp_fail(err, MP_E_UNAVAILABLE, config->data_dir, "chDB does not open the database");
        return NULL;
    }
    if (!prepare(config, link, &exception)) {
        mp_fail(err, MP_E_ENGINE, config->data_dir, "cannot set a connection up: %.*s",
                MP_STR_ARG(mp_buf_str(&exception)));
        config->chdb->close_conn(link->connection);
        free(link);
        link = NULL;
    }
    mp_buf_deinit(&exception);
    return link;
}

bool pool_restore(struct pool *pool, struct link *link) {
    return prepare(&pool->config, link, NULL);
}

int pool_open(const struct pool_config *config, struct pool **out, struct mp_error *err) {
    struct pool *pool = calloc(1, sizeof(*pool));
    *out = NULL;
    if (!pool) {
        return mp_fail(err, MP_E_MEMORY, "engine_connections", "no memory");
    }
    pool->config = *config;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->freed, NULL);
    for (int i = 0; i < config->count; i++) {
        struct link *link = link_open(config, err);
        if (!link) {
            pool_close(pool);
            return err->code;
        }
        pool->open_count++;
        link->next = pool->free;
        pool->free = link;
    }
    *out = pool;
    return MP_OK;
}

struct link *pool_take(struct pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    while (!pool->free) {
        pthread_cond_wait(&pool->freed, &pool->mutex);
    }
    struct link *link = pool->free;
    pool->free = link->next;
    pthread_mutex_unlock(&pool->mutex);
    return link;
}

void pool_give(struct pool *pool, struct link *link, bool is_spoiled) {
    struct mp_error err;
    struct link *fresh = is_spoiled ? link_open(&pool->config, &err) : NULL;
    if (fresh) {
        pool->config.chdb->close_conn(link->connection);
        free(link);
        link = fresh;
    } else if (is_spoiled) {
        mp_log(MP_LOG_ERROR, "engine", "a connection is not replaced", "reason=\"%s\"",
               err.message);
    }
    pthread_mutex_lock(&pool->mutex);
    link->next = pool->free;
    pool->free = link;
    pthread_cond_signal(&pool->freed);
    pthread_mutex_unlock(&pool->mutex);
}

void pool_close(struct pool *pool) {
    if (!pool) {
        return;
    }
    for (; pool->open_count > 0; pool->open_count--) {
        struct link *link = pool_take(pool);
        pool->config.chdb->close_conn(link->connection);
        free(link);
    }
    pthread_mutex_destroy(&pool->mutex);
    pthread_cond_destroy(&pool->freed);
    free(pool);
}
