#include "load/ask.h"

#include "base/clock.h"
#include "base/embedded.h"

#include <assert.h>

extern const struct mp_embedded load_sql_files[];

/* Reading back what was loaded may take a while on a busy engine. */
#define ASK_TIMEOUT_MS (10 * 60 * 1000LL)
#define POLL_MS_MIN 20
#define POLL_MS_MAX 1000

int load_statement(struct store *store, const char *name, struct store_statement **out,
                   struct mp_error *err) {
    const struct mp_embedded *file = mp_embedded_find(load_sql_files, name);
    assert(file);
    return store_statement_create(store, mp_str_range(file->data, file->len), out, err);
}

int load_run(struct store *store, struct store_statement *statement, struct mp_error *err) {
    struct store_options options = {.timeout_ms = ASK_TIMEOUT_MS};
    int code = store_run(store, statement, &options, NULL, NULL, err);
    store_statement_destroy(statement);
    return code;
}

int load_ask(struct store *store, struct store_statement *statement, const char *columns,
             store_on_row *on_row, void *arg, struct mp_error *err) {
    struct store_options options = {.timeout_ms = ASK_TIMEOUT_MS, .is_read_only = true};
    int code = store_run_rows(store, statement, &options, columns, on_row, arg, err);
    store_statement_destroy(statement);
    return code;
}

static int take_count(void *arg, struct mp_reader *row) {
    *(uint64_t *)arg = mp_read_u64(row);
    return 0;
}

int load_ask_count(struct store *store, struct store_statement *statement, uint64_t *count,
                   struct mp_error *err) {
    *count = 0;
    return load_ask(store, statement, "q", take_count, count, err);
}

int load_wait_mutations(struct store *store, const char *table, bool (*is_cancelled)(void *arg),
                        void *arg, struct mp_error *err) {
    int64_t until_ms = mp_mono_ms() + MUTATION_WAIT_MS_MAX;
    for (int64_t pause_ms = POLL_MS_MIN;; mp_sleep_ms(pause_ms)) {
        struct store_statement *statement;
        uint64_t running = 0;
        int code = load_statement(store, "running_mutations", &statement, err);
        if (code == MP_OK) {
            store_bind_str(statement, "table", mp_str_of(table));
            code = load_ask_count(store, statement, &running, err);
        }
        if (code != MP_OK || running == 0) {
            return code;
        }
        if (is_cancelled && is_cancelled(arg)) {
            return mp_fail(err, MP_E_CANCELLED, table, "stopping while a mutation runs");
        }
        if (mp_mono_ms() > until_ms) {
            return mp_fail(err, MP_E_TIMEOUT, table, "a mutation does not end");
        }
        pause_ms = 2 * pause_ms < POLL_MS_MAX ? 2 * pause_ms : POLL_MS_MAX;
    }
}
