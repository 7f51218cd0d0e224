#include "base/clock.h"
#include "store/internal.h"

#define SETTLE_TIMEOUT_MS 30000
#define SETTLE_STEP_MS 100
/*
 * A request may lie in a server's sockets, read but not yet listed (a server that stood still and
 * goes on). Its body was let go only after the server had answered 100 Continue, so it is listed
 * within moments: a second look after this time sees it.
 */
#define SETTLE_SECOND_LOOK_MS 500
/* QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING */
#define CODE_ID_IS_RUNNING 216

/* Runs one of our statements on one host only. */
static int ask_host(struct store *store, struct store_statement *statement, const char *query_id,
                    int origin, struct mp_error *err) {
    const struct store_options options = {
        .timeout_ms = SETTLE_TIMEOUT_MS, .query_id = query_id, .is_read_only = query_id != NULL};
    const struct store_target target = {.only_origin = origin, .is_without_database = true};
    return store_run_at(store, statement, &options, &target, NULL, NULL, err);
}

/*
 * Two statements of one id cannot run at once, on any version: a question under the id in doubt is
 * answered only when nothing else has it.
 */
static int look(struct store *store, const char *query_id, int origin, bool *is_running,
                struct mp_error *err) {
    struct store_statement *statement;
    struct mp_error refusal = {0};
    int code = store_sql_statement(store, "settled", &statement, &refusal);
    if (code == 0) {
        code = ask_host(store, statement, query_id, origin, &refusal);
    }
    store_statement_destroy(statement);
    *is_running = code != 0 && refusal.engine_code == CODE_ID_IS_RUNNING;
    if (code && !*is_running && err) {
        *err = refusal;
    }
    return *is_running ? 0 : code;
}

static int kill_on(struct store *store, const char *query_id, int origin, struct mp_error *err) {
    struct store_statement *statement;
    int code = store_sql_statement(store, "kill", &statement, err);
    if (code == 0) {
        store_bind_str(statement, "query_id", mp_str_of(query_id));
        code = ask_host(store, statement, NULL, origin, err);
    }
    store_statement_destroy(statement);
    return code;
}

static int settle_host(struct store *store, const char *query_id, int origin, int64_t deadline_ms,
                       struct mp_error *err) {
    for (;;) {
        bool is_running;
        int code = look(store, query_id, origin, &is_running, err);
        if (code || !is_running) {
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
    for (int pass = 0; pass < 2; pass++) {
        for (int origin = 0; origin < store->origin_count; origin++) {
            int code = settle_host(store, query_id, origin, deadline_ms, err);
            if (code) {
                return code;
            }
        }
        if (pass == 0) {
            mp_sleep_ms(SETTLE_SECOND_LOOK_MS);
        }
    }
    return 0;
}
