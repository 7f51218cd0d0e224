#include "engine/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define WATCH_EVERY_MS 50

struct watch {
    struct pool *pool;
    const struct chdb *chdb;
    pthread_t thread;
    pthread_mutex_t mutex;
    struct watched *entries;
    atomic_bool is_stopping;
};

/* chDB has no call that ends a query from another thread; KILL QUERY does, and the number in the
 * query's own text finds it. */
static void kill_query(struct watch *watch, uint64_t id) {
    char sql[160];
    struct mp_buf exception;
    mp_buf_init(&exception, 1024);
    snprintf(sql, sizeof(sql),
             "KILL QUERY WHERE endsWith(query, '/* request %" PRIu64 " */') ASYNC", id);
    struct link *link = pool_take(watch->pool);
    if (!link_exec(watch->chdb, link, mp_str_of(sql), &exception)) {
        mp_log(MP_LOG_WARN, "engine", "a query is not killed", "reason=\"%.*s\"",
               MP_STR_ARG(mp_buf_str(&exception)));
    }
    pool_give(watch->pool, link, false);
    mp_buf_deinit(&exception);
}

static uint64_t find_dead(struct watch *watch) {
    int64_t now_ms = mp_mono_ms();
    uint64_t id = 0;
    pthread_mutex_lock(&watch->mutex);
    for (struct watched *entry = watch->entries; entry && id == 0; entry = entry->next) {
        bool is_late = entry->deadline_ms > 0 && now_ms > entry->deadline_ms;
        if (!entry->is_over && (is_late || http_client_gone(entry->request))) {
            entry->is_over = true;
            id = entry->id;
        }
    }
    pthread_mutex_unlock(&watch->mutex);
    return id;
}

static void *watch_main(void *arg) {
    struct watch *watch = arg;
    while (!atomic_load(&watch->is_stopping)) {
        uint64_t id = find_dead(watch);
        if (id != 0) {
            kill_query(watch, id);
        } else {
            mp_sleep_ms(WATCH_EVERY_MS);
        }
    }
    return NULL;
}

int watch_start(struct pool *pool, const struct chdb *chdb, struct watch **out,
                struct mp_error *err) {
    struct watch *watch = calloc(1, sizeof(*watch));
    *out = NULL;
    if (!watch) {
        return mp_fail(err, MP_E_MEMORY, "engine", "no memory");
    }
    watch->pool = pool;
    watch->chdb = chdb;
    pthread_mutex_init(&watch->mutex, NULL);
    int failed = pthread_create(&watch->thread, NULL, watch_main, watch);
    if (failed) {
        free(watch);
        return mp_fail_sys(err, failed, "engine", "cannot start a thread");
    }
    *out = watch;
    return MP_OK;
}

void watch_add(struct watch *watch, struct watched *entry) {
    pthread_mutex_lock(&watch->mutex);
    entry->next = watch->entries;
    watch->entries = entry;
    pthread_mutex_unlock(&watch->mutex);
}

void watch_remove(struct watch *watch, struct watched *entry) {
    pthread_mutex_lock(&watch->mutex);
    struct watched **at = &watch->entries;
    while (*at && *at != entry) {
        at = &(*at)->next;
    }
    if (*at) {
        *at = entry->next;
    }
    pthread_mutex_unlock(&watch->mutex);
}

void watch_stop(struct watch *watch) {
    if (!watch) {
        return;
    }
    atomic_store(&watch->is_stopping, true);
    pthread_join(watch->thread, NULL);
    pthread_mutex_destroy(&watch->mutex);
    free(watch);
}
