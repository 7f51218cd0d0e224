#include "engine/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

#define WATCH_EVERY_MS 50
#define KILLS_A_ROUND_MAX 64

struct watch {
    struct connections *connections;
    const struct chdb *chdb;
    pthread_t thread;
    pthread_mutex_t mutex;
    struct watched *entries;
    atomic_bool is_stopping;
    atomic_llong all_from_ms; /* monotonic; from then on everything is ended; 0 = never */
};

void watch_append_kill(struct mp_buf *sql, struct mp_str literal, struct mp_str rest) {
    mp_buf_append_text(sql, "KILL QUERY WHERE Settings['log_comment'] = ");
    mp_buf_append_str(sql, literal);
    mp_buf_append_byte(sql, ' ');
    mp_buf_append_str(sql, rest);
}

static void kill_query(struct watch *watch, struct chdb_connection *connection,
                       const char *query_id) {
    struct mp_buf literal, sql, exception;
    mp_buf_init(&literal, 4 * ENGINE_QUERY_ID_MAX);
    mp_buf_init(&sql, 1024);
    mp_buf_init(&exception, ENGINE_EXCEPTION_BYTES_MAX);
    literal_append(&literal, mp_str_of(query_id));
    watch_append_kill(&sql, mp_buf_str(&literal), MP_STR("ASYNC"));
    if (!connection_run(watch->chdb, connection, mp_buf_str(&sql), NULL, &exception)) {
        mp_log(MP_LOG_WARN, "engine", "a query is not killed", "reason=\"%.*s\"",
               MP_STR_ARG(mp_buf_str(&exception)));
    }
    mp_buf_deinit(&literal);
    mp_buf_deinit(&sql);
    mp_buf_deinit(&exception);
}

/* The ids of what shall end: reads whose client has left; everything, once the engine's own end has
 * waited long enough. A write goes on without its client, as in ClickHouse. */
static int find_deserted(struct watch *watch, char (*ids)[ENGINE_QUERY_ID_MAX]) {
    int count = 0;
    int64_t all_from_ms = atomic_load(&watch->all_from_ms);
    bool is_last_call = all_from_ms > 0 && mp_mono_ms() >= all_from_ms;
    pthread_mutex_lock(&watch->mutex);
    for (struct watched *entry = watch->entries; entry && count < KILLS_A_ROUND_MAX;
         entry = entry->next) {
        if (is_last_call || (atomic_load(&entry->only_reads) && http_client_gone(entry->request))) {
            atomic_store(&entry->is_killed, true);
            memcpy(ids[count++], entry->query_id, ENGINE_QUERY_ID_MAX);
        }
    }
    pthread_mutex_unlock(&watch->mutex);
    return count;
}

/* chDB has no call that ends a query from another thread; KILL QUERY does. Said again each round
 * while the query is there: the first may come before chDB knows of the query. */
static void *watch_main(void *arg) {
    static char ids[KILLS_A_ROUND_MAX][ENGINE_QUERY_ID_MAX];
    struct watch *watch = arg;
    while (!atomic_load(&watch->is_stopping)) {
        int count = find_deserted(watch, ids);
        struct chdb_connection *connection =
            count > 0 ? connection_new(watch->connections, false) : NULL;
        for (int i = 0; connection && i < count; i++) {
            kill_query(watch, connection, ids[i]);
        }
        connection_free(watch->connections, connection);
        mp_sleep_ms(WATCH_EVERY_MS);
    }
    return NULL;
}

int watch_start(struct connections *connections, const struct chdb *chdb, struct watch **out,
                struct mp_error *err) {
    struct watch *watch = calloc(1, sizeof(*watch));
    *out = NULL;
    if (!watch) {
        return mp_fail(err, MP_E_MEMORY, "engine", "no memory");
    }
    watch->connections = connections;
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

bool watch_add(struct watch *watch, struct watched *entry) {
    pthread_mutex_lock(&watch->mutex);
    struct watched *same = watch->entries;
    while (same && strcmp(same->query_id, entry->query_id) != 0) {
        same = same->next;
    }
    if (!same) {
        entry->next = watch->entries;
        watch->entries = entry;
    }
    pthread_mutex_unlock(&watch->mutex);
    return !same;
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

void watch_mark_killed(struct watch *watch, struct mp_str query_id) {
    pthread_mutex_lock(&watch->mutex);
    for (struct watched *entry = watch->entries; entry; entry = entry->next) {
        if (mp_str_is(query_id, entry->query_id)) {
            atomic_store(&entry->is_killed, true);
        }
    }
    pthread_mutex_unlock(&watch->mutex);
}

void watch_end_all(struct watch *watch, int64_t grace_ms) {
    atomic_store(&watch->all_from_ms, mp_mono_ms() + grace_ms);
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
