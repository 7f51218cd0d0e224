/* Private to collect/: address → country, province, city. Immutable after open; any thread. */
#ifndef MP_COLLECT_REGION_H
#define MP_COLLECT_REGION_H

#include "base/error.h"
#include "collect/address.h"

/* Chinese names as Weixin shows them (中国, 广东, 深圳); empty where nothing is known. */
struct region {
    struct mp_str country;
    struct mp_str province;
    struct mp_str city;
};

struct region_base;
/* mmdb_file, which may be NULL or empty, is asked before the bundled table. MP_E_ARGUMENT when it
 * cannot be read, MP_E_CORRUPT, MP_E_MEMORY. */
MP_MUST_CHECK int region_open(const char *mmdb_file, struct region_base **out,
                              struct mp_error *err);
void region_close(struct region_base *base);
/* The strings live as long as the base. */
struct region region_find(const struct region_base *base, const struct address *address);

#endif
