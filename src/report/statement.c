#include "report/internal.h"

#include "base/embedded.h"

extern const struct mp_embedded report_sql_files[];

int report_statement(const struct report_context *context, const char *name,
                     struct store_statement **out, struct mp_error *err) {
    const struct mp_embedded *file = mp_embedded_find(report_sql_files, name);
    if (!file) {
        return mp_fail(err, MP_E_NOT_FOUND, name, "no such question is compiled in");
    }
    return store_statement_create(context->store, mp_str_range(file->data, file->len), out, err);
}
