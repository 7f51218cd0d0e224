#include "collect/region_table.h"

#include <stdlib.h>

/* The table's bytes, placed by the assembler; the path comes from CMake. */
__asm__(".section .rodata\n"
        ".balign 8\n"
        ".global mp_region_table\n"
        "mp_region_table:\n"
        ".incbin \"" MP_REGION_TABLE "\"\n"
        ".global mp_region_table_end\n"
        "mp_region_table_end:\n"
        ".byte 0\n"
        ".previous\n");
extern const char mp_region_table[], mp_region_table_end[];

#define HEAD_BYTES 20u
#define BLOCKS 65536u
#define REGIONS_MAX 65536u
#define RANGES_MAX (1u << 24)

static uint32_t get16(const uint8_t *array, uint32_t index) {
    const uint8_t *at = array + 2 * (size_t)index;
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get32(const uint8_t *array, uint32_t index) {
    const uint8_t *at = array + 4 * (size_t)index;
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Fills regions from the names; false when the names end before the last region. */
static bool read_names(struct region_table *table, struct mp_str names) {
    for (uint32_t i = 0; i < table->region_count; i++) {
        if (!names.ptr || !memchr(names.ptr, '\0', names.len)) {
            return false;
        }
        struct mp_str text = mp_str_cut(&names, '\0');
        table->regions[i].country = mp_str_cut(&text, '\t');
        table->regions[i].province = mp_str_cut(&text, '\t');
        table->regions[i].city = text;
    }
    return true;
}

/* Where the arrays lie; false when they do not fill the bytes exactly. */
static bool read_layout(struct region_table *table, struct mp_str bytes, struct mp_str *names) {
    const uint8_t *head = (const uint8_t *)bytes.ptr;
    if (bytes.len < HEAD_BYTES || memcmp(head, "MPR2", 4) != 0) {
        return false;
    }
    table->region_count = get32(head, 1);
    table->v4_count = get32(head, 3);
    table->v6_count = get32(head, 4);
    size_t name_bytes = get32(head, 2);
    if (table->region_count == 0 || table->region_count > REGIONS_MAX || table->v4_count == 0 ||
        table->v4_count > RANGES_MAX || table->v6_count == 0 || table->v6_count > RANGES_MAX ||
        name_bytes > bytes.len) {
        return false;
    }
    size_t v4 = table->v4_count, v6 = table->v6_count;
    *names = mp_str_range(bytes.ptr + HEAD_BYTES, name_bytes);
    table->v4_blocks = head + HEAD_BYTES + name_bytes;
    table->v4_lows = table->v4_blocks + 4 * ((size_t)BLOCKS + 1);
    table->v4_regions = table->v4_lows + 2 * v4;
    table->v6_highs = table->v4_regions + 2 * v4;
    table->v6_lows = table->v6_highs + 4 * v6;
    table->v6_regions = table->v6_lows + 2 * v6;
    return table->v6_regions + 2 * v6 == head + bytes.len;
}

/* What the searches below lean on. */
static bool is_ordered(const struct region_table *table) {
    uint32_t before = get32(table->v4_blocks, 0);
    for (uint32_t i = 1; i <= BLOCKS; i++) {
        uint32_t next = get32(table->v4_blocks, i);
        if (next < before) {
            return false;
        }
        before = next;
    }
    return get32(table->v4_blocks, 0) == 0 && get32(table->v4_blocks, 1) > 0 &&
           get16(table->v4_lows, 0) == 0 && before == table->v4_count &&
           get32(table->v6_highs, 0) == 0 && get16(table->v6_lows, 0) == 0;
}

int region_table_read(struct region_table *out, struct mp_str bytes, struct mp_error *err) {
    struct mp_str names;
    *out = (struct region_table){0};
    if (!read_layout(out, bytes, &names) || !is_ordered(out)) {
        return mp_fail(err, MP_E_CORRUPT, "region", "the region table is broken");
    }
    out->regions = calloc(out->region_count, sizeof(*out->regions));
    if (!out->regions) {
        return mp_fail(err, MP_E_MEMORY, "region", "no memory for the region table");
    }
    if (!read_names(out, names)) {
        region_table_deinit(out);
        return mp_fail(err, MP_E_CORRUPT, "region", "the region table's names are broken");
    }
    return MP_OK;
}

int region_table_open(struct region_table *out, struct mp_error *err) {
    size_t len = (size_t)(mp_region_table_end - mp_region_table);
    return region_table_read(out, mp_str_range(mp_region_table, len), err);
}

void region_table_deinit(struct region_table *table) {
    free(table->regions);
    table->regions = NULL;
}

static struct region region_at(const struct region_table *table, uint32_t index) {
    return table->regions[index < table->region_count ? index : 0];
}

/* The last range that begins at or before the address, looked for within the address's block; when
 * none of the block does, it is the one before the block. */
static struct region find_v4(const struct region_table *table, uint32_t address) {
    uint32_t block = address >> 16, low = address & 0xffff;
    uint32_t from = get32(table->v4_blocks, block), to = get32(table->v4_blocks, block + 1);
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (get16(table->v4_lows, middle) <= low) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return region_at(table, get16(table->v4_regions, from - 1));
}

static struct region find_v6(const struct region_table *table, const uint8_t bytes[16]) {
    uint32_t high = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
                    (uint32_t)bytes[3];
    uint32_t low = (uint32_t)bytes[4] << 8 | (uint32_t)bytes[5];
    uint32_t from = 0, to = table->v6_count; /* the first range begins at 0 */
    while (to - from > 1) {
        uint32_t middle = from + (to - from) / 2;
        uint32_t start = get32(table->v6_highs, middle);
        if (start < high || (start == high && get16(table->v6_lows, middle) <= low)) {
            from = middle;
        } else {
            to = middle;
        }
    }
    return region_at(table, get16(table->v6_regions, from));
}

struct region region_table_find(const struct region_table *table, const struct address *address) {
    return address_is_v4(address) ? find_v4(table, address_v4(address))
                                  : find_v6(table, address->bytes);
}
