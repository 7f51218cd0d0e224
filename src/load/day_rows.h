/*
 * Private to load/: rows of user_days and users as RowBinary. The column lists stand beside the
 * functions that write in their order. Pure.
 */
#ifndef MP_LOAD_DAY_ROWS_H
#define MP_LOAD_DAY_ROWS_H

#include "load/intern.h"
#include "load/rollup.h"

#include "base/buf.h"

extern const char user_day_columns[];
extern const char user_columns[];

enum user_kind { USER_VISITED = 1, USER_PAID = 2 };

struct day_row_owner {
    struct mp_str app;
    uint64_t user_hash;
    uint64_t version;
    const struct intern *strings; /* of the numbers in the day */
};
void user_day_append(struct mp_buf *out, const struct day_row_owner *owner,
                     const struct rollup_day *day);
void user_append(struct mp_buf *out, const struct day_row_owner *owner, enum user_kind kind,
                 int32_t first_day, struct mp_str user);

#endif
