#include "store/internal.h"

#include "base/clock.h"

#include <stdio.h>

/* One INSERT, one block, one part: the engine cuts neither by rows nor by bytes. */
#define ONE_BLOCK_SETTINGS                                                                         \
    "&max_insert_block_size=10000000&min_insert_block_size_rows=10000000"                          \
    "&min_insert_block_size_bytes=4000000000"
#define INSERT_TIMEOUT_MS 120000
#define SETTLE_TRIES_MAX 600
#define SETTLE_WAIT_MS 100
#define INSERT_SQL_MAX 4096

int store_insert(struct store *store, const char *table, const char *columns, struct mp_str rows,
                 uint64_t row_count, const char *query_id, struct mp_error *err) {
    char sql[INSERT_SQL_MAX];
    int len = snprintf(sql, sizeof(sql), "INSERT INTO %s (%s) FORMAT RowBinary", table, columns);
    if (len < 0 || (size_t)len >= sizeof(sql)) {
        return mp_fail(err, MP_E_TOO_LARGE, table, "too many columns to insert");
    }
    struct call call = {.query = sql,
                        .body = rows,
                        .query_id = query_id,
                        .timeout_ms = INSERT_TIMEOUT_MS,
                        .settings = ONE_BLOCK_SETTINGS,
                        .only_host = -1};
    int code = store_call(store, &call, err);
    if (code == MP_OK && call.written_rows >= 0 && (uint64_t)call.written_rows != row_count) {
        return mp_fail(err, MP_E_UNAVAILABLE, table, "%lld rows written of %llu sent",
                       (long long)call.written_rows, (unsigned long long)row_count);
    }
    return code;
}

static int running(struct store *store, const char *query_id, int host, bool *is_running,
                   struct mp_error *err) {
    char sql[512];
    struct mp_buf answer;
    /* chDB does not let its client name a query; there any INSERT of ours counts. The asker
     * itself does not begin with INSERT. */
    snprintf(sql, sizeof(sql),
             "SELECT count() FROM system.processes WHERE query_id = '%s'%s FORMAT TabSeparated",
             query_id, store->is_unix ? " OR startsWith(query, 'INSERT')" : "");
    mp_buf_init(&answer, 256);
    int code = store_ask(store, mp_str_of(sql), true, host, &answer, err);
    *is_running = code == MP_OK && !mp_str_is(mp_str_trim(mp_buf_str(&answer)), "0");
    mp_buf_deinit(&answer);
    return code;
}

int store_settle(struct store *store, const char *query_id, struct mp_error *err) {
    char kill[192];
    snprintf(kill, sizeof(kill), "KILL QUERY WHERE query_id = '%s' ASYNC", query_id);
    for (int host = 0; host < store->host_count; host++) {
        bool is_running = false;
        int code = running(store, query_id, host, &is_running, err);
        for (int i = 0; code == MP_OK && is_running && i < SETTLE_TRIES_MAX; i++) {
            if (i == 0) {
                code = store_ask(store, mp_str_of(kill), true, host, NULL, err);
            }
            mp_sleep_ms(SETTLE_WAIT_MS);
            if (code == MP_OK) {
                code = running(store, query_id, host, &is_running, err);
            }
        }
        if (code == MP_OK && is_running) {
            code = mp_fail(err, MP_E_TIMEOUT, "store", "query %s does not end", query_id);
        }
        if (code != MP_OK) {
            return code;
        }
    }
    return MP_OK;
}
