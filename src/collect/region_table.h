/* Private to collect/: the region table in the binary, as scripts/make-region-table.mjs made it:
 * the format stands there. */
#ifndef MP_COLLECT_REGION_TABLE_H
#define MP_COLLECT_REGION_TABLE_H

#include "collect/region.h"

struct region_table {
    struct region *regions; /* the only part on the heap */
    uint32_t region_count;
    uint32_t v4_count;
    uint32_t v6_count;
    const uint8_t *v4_blocks; /* u32 */
    const uint8_t *v4_lows;   /* u16 */
    const uint8_t *v4_regions;
    const uint8_t *v6_highs; /* u32 */
    const uint8_t *v6_lows;  /* u16 */
    const uint8_t *v6_regions;
};

/* The bundled table. MP_E_MEMORY, MP_E_CORRUPT. */
MP_MUST_CHECK int region_table_open(struct region_table *out, struct mp_error *err);
/* Any bytes; they must outlive the table. */
MP_MUST_CHECK int region_table_read(struct region_table *out, struct mp_str bytes,
                                    struct mp_error *err);
void region_table_deinit(struct region_table *table);
struct region region_table_find(const struct region_table *table, const struct address *address);

#endif
