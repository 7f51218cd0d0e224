/* Private to collect/: address → country, province, city. Immutable after open; any thread. */
#ifndef MP_COLLECT_REGION_H
#define MP_COLLECT_REGION_H

#include "base/error.h"

struct region {
    struct mp_str country;
    struct mp_str province;
    struct mp_str city;
};

struct region_base;
/* mmdb_file may be NULL or empty. */
MP_MUST_CHECK int region_open(const char *mmdb_file, struct region_base **out,
                              struct mp_error *err);
void region_close(struct region_base *base);
/* Empty strings where nothing is known. Strings live as long as the base. */
struct region region_find(const struct region_base *base, struct mp_str address);

#endif
