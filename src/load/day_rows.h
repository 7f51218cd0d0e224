/*
 * Private to load/: rows of user_days and users, in blocks. The lists of columns stand beside the
 * functions that put them. Pure.
 */
#ifndef MP_LOAD_DAY_ROWS_H
#define MP_LOAD_DAY_ROWS_H

#include "load/intern.h"
#include "load/rollup.h"

#include "store/block.h"

enum user_kind { USER_VISITED = 1, USER_PAID = 2 };

struct day_row_owner {
    struct mp_str app;
    uint64_t user_hash;
    uint64_t version;
    const struct intern *strings; /* of the numbers in the day */
};

/* Empty. NULL when memory is out. */
struct store_block *user_day_block_create(size_t bytes_max);
struct store_block *user_block_create(size_t bytes_max);
/* Both add a row, or nothing: 0, MP_E_MEMORY, or MP_E_TOO_LARGE when the block has bytes_max. */
MP_MUST_CHECK int user_day_put(struct store_block *block, const struct day_row_owner *owner,
                               const struct rollup_day *day);
MP_MUST_CHECK int user_put(struct store_block *block, const struct day_row_owner *owner,
                           enum user_kind kind, int32_t first_day, struct mp_str user);

#endif
