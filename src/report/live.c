#include "report/live.h"

#include "report/internal.h"

#include "base/embedded.h"

#include <assert.h>

extern const struct mp_embedded report_sql_files[];

static int statement_of(const struct report_live *question, const char *name,
                        struct store_statement **out, struct mp_error *err) {
    const struct mp_embedded *file = mp_embedded_find(report_sql_files, name);
    assert(file);
    int code =
        store_statement_create(question->store, mp_str_range(file->data, file->len), out, err);
    if (code == MP_OK) {
        store_bind_str(*out, "app", mp_str_of(question->app));
        store_bind_day(*out, "day", question->day);
    }
    return code;
}

static int run(const struct report_live *question, struct store_statement *statement,
               const char *columns, store_on_row *on_row, void *arg, struct mp_error *err) {
    int code =
        store_run_rows(question->store, statement, question->options, columns, on_row, arg, err);
    store_statement_destroy(statement);
    return code;
}

int report_live_views(const struct report_live *question, const char *page, store_on_row *on_row,
                      void *arg, struct mp_error *err) {
    struct store_statement *statement;
    int code = statement_of(question, "live_views", &statement, err);
    if (code != MP_OK) {
        return code;
    }
    store_bind_i64(statement, "start_ms", question->start_ms);
    store_bind_u64(statement, "batch", question->batch);
    store_statement_flag(statement, "by_page", page != NULL);
    store_bind_str(statement, "page", mp_str_of(page ? page : ""));
    return run(question, statement, "qdd", on_row, arg, err);
}

int report_live_opens(const struct report_live *question, store_on_row *on_row, void *arg,
                      struct mp_error *err) {
    struct store_statement *statement;
    int code = statement_of(question, "live_opens", &statement, err);
    if (code != MP_OK) {
        return code;
    }
    store_bind_day(statement, "before", question->day > 0 ? question->day - 1 : 0);
    return run(question, statement, "qQQS", on_row, arg, err);
}

int report_live_known(const struct report_live *question, const uint64_t *users, size_t user_count,
                      store_on_row *on_row, void *arg, struct mp_error *err) {
    struct store_statement *statement;
    int code = statement_of(question, "live_known", &statement, err);
    if (code != MP_OK) {
        return code;
    }
    store_statement_flag(statement, "of_day", users == NULL);
    store_bind_u64s(statement, "users", users, users ? user_count : 0);
    store_bind_u64(statement, "batch", question->batch);
    return run(question, statement, "q", on_row, arg, err);
}
