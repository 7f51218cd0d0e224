#include "load/profiles.h"

#include "load/ask.h"

int profiles_take(struct store *store, const struct profiles_range *range, struct mp_error *err) {
    struct store_statement *statement;
    int code = load_statement(store, "insert_profiles", &statement, err);
    if (code != MP_OK) {
        return code;
    }
    store_statement_flag(statement, "of_app", range->app != NULL);
    store_bind_str(statement, "app", mp_str_of(range->app ? range->app : ""));
    store_bind_u64(statement, "after", range->after);
    store_bind_u64(statement, "up_to", range->up_to);
    store_bind_day(statement, "from", range->first_day);
    store_bind_day(statement, "to", range->last_day);
    return load_run(store, statement, err);
}
