#include "base/clock.h"
#include "store/internal.h"
#include "store/rows.h"

#define SETTLE_TIMEOUT_MS 30000
#define SETTLE_STEP_MS 100
/*
 * A request may lie in a server's sockets, read but not yet listed (a server that stood still and
 * goes on). Its body was let go only after the server had answered 100 Continue, so it is listed
 * within moments: a second look after this time sees it.
 */
#define SETTLE_SECOND_LOOK_MS 500

static int on_count(void *arg, struct mp_reader *row) {
    *(uint64_t *)arg = mp_read_u64(row);
    return 0;
}

/* How many statements with that id run on that host. */
static int count_running(struct store *store, const char *query_id, int origin, uint64_t *count,
                         struct mp_error *err) {
    /* The embedded engine cannot name its statements. Its only inserts are the loader's. */
    const char *question = store->socket_path ? "running_inserts" : "running";
    struct store_statement *statement;
    struct store_rows rows;
    store_rows_init(&rows, "q", on_count, count);
    *count = UINT64_MAX;
    int code = store_sql_statement(store, question, &statement, err);
    if (code == 0) {
        const struct store_options options = {.timeout_ms = SETTLE_TIMEOUT_MS,
                                              .is_read_only = true};
        const struct store_target target = {.only_origin = origin, .is_without_database = true};
        if (!store->socket_path) {
            store_bind_str(statement, "query_id", mp_str_of(query_id));
        }
        code = store_run_at(store, statement, &options, &target, store_rows_on_data, &rows, err);
    }
    store_rows_deinit(&rows);
    store_statement_destroy(statement);
    if (code == 0 && *count == UINT64_MAX) {
        code = mp_fail(err, MP_E_CORRUPT, "settle", "the engine's answer has no row");
    }
    return code;
}

static int kill_on(struct store *store, const char *query_id, int origin, struct mp_error *err) {
    struct store_statement *statement;
    int code = store_sql_statement(store, "kill", &statement, err);
    if (code == 0) {
        const struct store_options options = {.timeout_ms = STORE_KILL_TIMEOUT_MS};
        const struct store_target target = {.only_origin = origin, .is_without_database = true};
        store_bind_str(statement, "query_id", mp_str_of(query_id));
        code = store_run_at(store, statement, &options, &target, NULL, NULL, err);
    }
    store_statement_destroy(statement);
    return code;
}

static int settle_host(struct store *store, const char *query_id, int origin, int64_t deadline_ms,
                       struct mp_error *err) {
    for (;;) {
        uint64_t count;
        int code = count_running(store, query_id, origin, &count, err);
        if (code || count == 0) {
            return code;
        }
        code = kill_on(store, query_id, origin, err);
        if (code) {
            return code;
        }
        if (mp_mono_ms() >= deadline_ms) {
            return mp_fail(err, MP_E_TIMEOUT, "settle", "%s: statement %s does not end",
                           store->origins[origin], query_id);
        }
        mp_sleep_ms(SETTLE_STEP_MS);
    }
}

int store_settle(struct store *store, const char *query_id, struct mp_error *err) {
    int64_t deadline_ms = mp_mono_ms() + SETTLE_TIMEOUT_MS;
    for (int look = 0; look < 2; look++) {
        for (int origin = 0; origin < store->origin_count; origin++) {
            int code = settle_host(store, query_id, origin, deadline_ms, err);
            if (code) {
                return code;
            }
        }
        if (look == 0) {
            mp_sleep_ms(SETTLE_SECOND_LOOK_MS);
        }
    }
    return 0;
}
