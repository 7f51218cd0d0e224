/* Any .mmdb file, if given, first; else the bundled table. Both are brought to the same names. */
#include "collect/region.h"

#include "collect/region_table.h"

#include <arpa/inet.h>
#include <maxminddb.h>
#include <stdlib.h>

#define MMDB_PATH_MAX 6

struct region_base {
    struct region_table table;
    bool has_mmdb;
    MMDB_s mmdb;
};

static int open_mmdb(struct region_base *base, const char *file, struct mp_error *err) {
    int status = MMDB_open(file, MMDB_MODE_MMAP, &base->mmdb);
    if (status != MMDB_SUCCESS) {
        return mp_fail(err, MP_E_ARGUMENT, "mmdb_file", "%s: %s", file, MMDB_strerror(status));
    }
    base->has_mmdb = true;
    return MP_OK;
}

int region_open(const char *mmdb_file, struct region_base **out, struct mp_error *err) {
    struct region_base *base = calloc(1, sizeof(*base));
    *out = NULL;
    if (!base) {
        return mp_fail(err, MP_E_MEMORY, "region", "no memory for the region table");
    }
    int code = region_table_open(&base->table, err);
    if (code == MP_OK && mmdb_file && mmdb_file[0]) {
        code = open_mmdb(base, mmdb_file, err);
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
        region_table_deinit(&base->table);
        free(base);
    }
}

static struct mp_str mmdb_text(MMDB_entry_s *entry, const char *const *path) {
    MMDB_entry_data_s data;
    bool is_text = MMDB_aget_value(entry, &data, path) == MMDB_SUCCESS && data.has_data &&
                   data.type == MMDB_DATA_TYPE_UTF8_STRING;
    struct mp_str text = is_text ? mp_str_range(data.utf8_string, data.data_size) : MP_STR("");
    return mp_str_is_utf8(text) ? text : MP_STR("");
}

/* The Chinese name of what is at path, else the English one. */
static struct mp_str mmdb_name(MMDB_entry_s *entry, const char *const *path) {
    const char *full[MMDB_PATH_MAX] = {0};
    size_t depth = 0;
    while (path[depth]) {
        full[depth] = path[depth];
        depth++;
    }
    full[depth] = "names";
    full[depth + 1] = "zh-CN";
    struct mp_str name = mmdb_text(entry, full);
    if (name.len == 0) {
        full[depth + 1] = "en";
        name = mmdb_text(entry, full);
    }
    return name;
}

static struct mp_str without_ending(struct mp_str name, const char *const *endings) {
    for (size_t i = 0; endings[i]; i++) {
        struct mp_str ending = mp_str_of(endings[i]);
        if (name.len > ending.len &&
            memcmp(name.ptr + name.len - ending.len, ending.ptr, ending.len) == 0) {
            return mp_str_range(name.ptr, name.len - ending.len);
        }
    }
    return name;
}

/* As the bundled table has them: 广东 for 广东省, and 香港 as a province. */
static void shorten(struct region *region, struct mp_str country_code) {
    static const char *const province_endings[] = {
        "壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "特别行政区", "省", "市", NULL};
    static const char *const city_endings[] = {"市", NULL};
    static const struct {
        const char *code;
        struct mp_str province;
    } provinces[] = {{"HK", MP_STR("香港")}, {"MO", MP_STR("澳门")}, {"TW", MP_STR("台湾")}};
    for (size_t i = 0; i < sizeof(provinces) / sizeof(provinces[0]); i++) {
        if (mp_str_is(country_code, provinces[i].code)) {
            region->country = MP_STR("中国");
            region->province = provinces[i].province;
        }
    }
    if (mp_str_is(country_code, "CN")) {
        region->country = MP_STR("中国");
        region->province = without_ending(region->province, province_endings);
    }
    region->city = without_ending(region->city, city_endings);
}

static MMDB_lookup_result_s look_up(const MMDB_s *mmdb, const struct address *address,
                                    int *status) {
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_addr = {.s_addr = htonl(address_v4(address))}};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    memcpy(&v6.sin6_addr, address->bytes, sizeof(address->bytes));
    const struct sockaddr *any =
        address_is_v4(address) ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6;
    return MMDB_lookup_sockaddr(mmdb, any, status);
}

static bool find_mmdb(const struct region_base *base, const struct address *address,
                      struct region *out) {
    static const char *const country[] = {"country", NULL};
    static const char *const country_code[] = {"country", "iso_code", NULL};
    static const char *const province[] = {"subdivisions", "0", NULL};
    static const char *const city[] = {"city", NULL};
    int status = MMDB_SUCCESS;
    MMDB_lookup_result_s found = look_up(&base->mmdb, address, &status);
    if (status != MMDB_SUCCESS || !found.found_entry) {
        return false;
    }
    out->country = mmdb_name(&found.entry, country);
    out->province = mmdb_name(&found.entry, province);
    out->city = mmdb_name(&found.entry, city);
    shorten(out, mmdb_text(&found.entry, country_code));
    return out->country.len > 0;
}

struct region region_find(const struct region_base *base, const struct address *address) {
    struct region region;
    if (base->has_mmdb && find_mmdb(base, address, &region)) {
        return region;
    }
    return region_table_find(&base->table, address);
}
