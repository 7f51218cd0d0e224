/* Private to store/ and its tests: writes values as SQL literals. Pure; any thread. */
#ifndef MP_STORE_LITERAL_H
#define MP_STORE_LITERAL_H

#include "store/store.h"

/* toDate('2026-11-24'). */
void literal_day(struct mp_buf *out, int32_t day);
/* Typed even when empty. */
void literal_u64s(struct mp_buf *out, const uint64_t *values, size_t count);
void literal_strs(struct mp_buf *out, const struct mp_str *values, size_t count);

#endif
