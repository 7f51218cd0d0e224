/* The bundled table (see scripts/make-region-table.mjs) for IPv4; any .mmdb, if given, first. */
#include "collect/region.h"

#include <arpa/inet.h>
#include <maxminddb.h>
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

#define ADDRESS_TEXT_MAX 64

struct region_base {
    struct region *regions;
    uint32_t region_count;
    const uint8_t *starts;  /* u32 LE each */
    const uint8_t *indexes; /* u16 LE each */
    uint32_t range_count;
    bool has_mmdb;
    MMDB_s mmdb;
};

static uint32_t get32(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static int open_table(struct region_base *base, struct mp_error *err) {
    const char *at = mp_region_table;
    const char *end = mp_region_table_end;
    if (end - at < 12 || memcmp(at, "MPR1", 4) != 0) {
        return mp_fail(err, MP_E_CORRUPT, "region", "the bundled region table is broken");
    }
    base->region_count = get32((const uint8_t *)at + 4);
    base->range_count = get32((const uint8_t *)at + 8);
    base->regions = calloc(base->region_count, sizeof(*base->regions));
    if (!base->regions) {
        return mp_fail(err, MP_E_MEMORY, "region", "no memory");
    }
    at += 12;
    for (uint32_t i = 0; i < base->region_count; i++) {
        struct mp_str text = mp_str_of(at);
        at += text.len + 1;
        base->regions[i].country = mp_str_cut(&text, '\t');
        base->regions[i].province = mp_str_cut(&text, '\t');
        base->regions[i].city = text;
    }
    at += (4 - ((at - mp_region_table) & 3)) & 3;
    base->starts = (const uint8_t *)at;
    base->indexes = base->starts + 4 * (size_t)base->range_count;
    if (base->indexes + 2 * (size_t)base->range_count != (const uint8_t *)end) {
        return mp_fail(err, MP_E_CORRUPT, "region", "the bundled region table is broken");
    }
    return MP_OK;
}

int region_open(const char *mmdb_file, struct region_base **out, struct mp_error *err) {
    struct region_base *base = calloc(1, sizeof(*base));
    *out = NULL;
    int code = base ? open_table(base, err) : mp_fail(err, MP_E_MEMORY, "region", "no memory");
    if (code == MP_OK && mmdb_file && mmdb_file[0]) {
        int status = MMDB_open(mmdb_file, MMDB_MODE_MMAP, &base->mmdb);
        base->has_mmdb = status == MMDB_SUCCESS;
        if (!base->has_mmdb) {
            code = mp_fail(err, MP_E_ARGUMENT, "mmdb_file", "%s: %s", mmdb_file,
                           MMDB_strerror(status));
        }
    }
    if (code != MP_OK) {
        region_close(base);
        return code;
    }
    *out = base;
    return MP_OK;
}

void region_close(struct region_base *base) {
    if (base) {
        if (base->has_mmdb) {
            MMDB_close(&base->mmdb);
        }
        free(base->regions);
        free(base);
    }
}

static struct region find_v4(const struct region_base *base, uint32_t address) {
    uint32_t low = 0, high = base->range_count; /* the last start <= address */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (get32(base->starts + 4 * (size_t)middle) <= address) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const uint8_t *index = base->indexes + 2 * (size_t)low;
    uint32_t region = (uint32_t)index[0] | (uint32_t)index[1] << 8;
    return region < base->region_count ? base->regions[region] : (struct region){0};
}

/* The Chinese name at path, else the English one. */
static struct mp_str mmdb_name(MMDB_entry_s *entry, const char *const *path) {
    MMDB_entry_data_s data;
    const char *full[6] = {0};
    size_t depth = 0;
    while (path[depth]) {
        full[depth] = path[depth];
        depth++;
    }
    full[depth] = "names";
    static const char *const languages[] = {"zh-CN", "en"};
    for (size_t i = 0; i < 2; i++) {
        full[depth + 1] = languages[i];
        if (MMDB_aget_value(entry, &data, full) == MMDB_SUCCESS && data.has_data &&
            data.type == MMDB_DATA_TYPE_UTF8_STRING) {
            return mp_str_range(data.utf8_string, data.data_size);
        }
    }
    return mp_str_range("", 0);
}

static bool find_mmdb(const struct region_base *base, const char *text, struct region *out) {
    static const char *const country[] = {"country", NULL};
    static const char *const province[] = {"subdivisions", "0", NULL};
    static const char *const city[] = {"city", NULL};
    int gai = 0, status = 0;
    MMDB_lookup_result_s found = MMDB_lookup_string(&base->mmdb, text, &gai, &status);
    if (gai != 0 || status != MMDB_SUCCESS || !found.found_entry) {
        return false;
    }
    out->country = mmdb_name(&found.entry, country);
    out->province = mmdb_name(&found.entry, province);
    out->city = mmdb_name(&found.entry, city);
    return out->country.len > 0;
}

struct region region_find(const struct region_base *base, struct mp_str address) {
    char text[ADDRESS_TEXT_MAX];
    struct in_addr v4;
    struct region out = {{"", 0}, {"", 0}, {"", 0}};
    if (address.len == 0 || address.len >= sizeof(text)) {
        return out;
    }
    memcpy(text, address.ptr, address.len);
    text[address.len] = '\0';
    const char *plain = strncmp(text, "::ffff:", 7) == 0 ? text + 7 : text;
    if (base->has_mmdb && find_mmdb(base, plain, &out)) {
        return out;
    }
    return inet_pton(AF_INET, plain, &v4) == 1 ? find_v4(base, ntohl(v4.s_addr)) : out;
}
