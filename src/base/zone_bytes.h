/* Private to base/: a zone from a TZif file's bytes, which nobody vouches for. For zone.c and
 * tests. */
#ifndef MP_BASE_ZONE_BYTES_H
#define MP_BASE_ZONE_BYTES_H

#include "base/zone.h"

/* 0, MP_E_CORRUPT or MP_E_MEMORY. name: at most 64 bytes, as mp_zone_open checked it. */
MP_MUST_CHECK int mp_zone_from_bytes(struct mp_str name, const uint8_t *data, size_t len,
                                     struct mp_zone **out);

#endif
