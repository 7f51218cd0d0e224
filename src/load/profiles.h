/* Private to load/: what users' profiles say, kept in the table profiles. */
#ifndef MP_LOAD_PROFILES_H
#define MP_LOAD_PROFILES_H

#include "store/store.h"

struct profiles_range {
    const char *app; /* NULL = all */
    uint32_t after;  /* batches, after < batch <= up_to */
    uint32_t up_to;
    int32_t first_day; /* of their events, inclusive */
    int32_t last_day;
};
/* Takes over what the $profile events of these batches say. Repeating is harmless. Errors as
 * store_run. */
MP_MUST_CHECK int profiles_take(struct store *store, const struct profiles_range *range,
                                struct mp_error *err);

#endif
