/* Time zones from TZif files, RFC 8536: the 64-bit block of version 2+, and its footer. */
#include "base/zone.h"

#include "base/clock.h"
#include "base/zone_bytes.h"
#include "base/zone_rule.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZONE_DIR "/usr/share/zoneinfo/"
#define ZONE_NAME_MAX 64
#define ZONE_FILE_MAX (256 * 1024)
#define ZONE_TRANSITIONS_MAX 8192
#define TZIF_HEADER_BYTES 44
#define OFFSET_S_MAX (26 * 3600) /* RFC 8536, 3.2 */
/* 100 million days around 1970, as ECMAScript has it: day numbers stay within 32 bits. */
#define TIME_MS_MAX (100000000LL * MP_MS_PER_DAY)

struct mp_zone {
    char name[ZONE_NAME_MAX + 1];
    size_t count;
    int64_t *at_s;     /* transitions, ascending, UTC seconds */
    int32_t *offset_s; /* from the transition of the same index on */
    int32_t first_offset_s;
    bool has_rule;
    struct mp_zone_rule rule; /* after the last transition */
};

static uint32_t be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p) {
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

struct tzif_counts {
    uint32_t isut, isstd, leap, time, type, chars;
};

static bool read_counts(const uint8_t *p, size_t left, struct tzif_counts *counts) {
    if (left < TZIF_HEADER_BYTES || memcmp(p, "TZif", 4) != 0 || p[4] < '2') {
        return false;
    }
    *counts = (struct tzif_counts){be32(p + 20), be32(p + 24), be32(p + 28),
                                   be32(p + 32), be32(p + 36), be32(p + 40)};
    return counts->time <= ZONE_TRANSITIONS_MAX && counts->type >= 1 && counts->type <= 256 &&
           counts->leap <= 1024 && counts->chars <= 4096 && counts->isut <= 256 &&
           counts->isstd <= 256;
}

static size_t block_bytes(const struct tzif_counts *counts, size_t time_bytes) {
    return counts->time * (time_bytes + 1) + counts->type * 6 + counts->chars +
           counts->leap * (time_bytes + 4) + counts->isstd + counts->isut;
}

static bool offset_is_valid(int32_t offset_s) {
    return offset_s >= -OFFSET_S_MAX && offset_s <= OFFSET_S_MAX;
}

static int read_block(struct mp_zone *zone, const uint8_t *p, const struct tzif_counts *counts) {
    const uint8_t *indexes = p + (size_t)counts->time * 8;
    const uint8_t *types = indexes + counts->time;
    zone->at_s = calloc(counts->time + 1, sizeof(*zone->at_s));
    zone->offset_s = calloc(counts->time + 1, sizeof(*zone->offset_s));
    if (!zone->at_s || !zone->offset_s) {
        return MP_E_MEMORY;
    }
    zone->count = counts->time;
    zone->first_offset_s = (int32_t)be32(types);
    for (size_t i = 0; i < counts->time; i++) {
        zone->at_s[i] = be64(p + 8 * i);
        if (indexes[i] >= counts->type || (i > 0 && zone->at_s[i] <= zone->at_s[i - 1])) {
            return MP_E_CORRUPT;
        }
        zone->offset_s[i] = (int32_t)be32(types + 6 * (size_t)indexes[i]);
        if (!offset_is_valid(zone->offset_s[i])) {
            return MP_E_CORRUPT;
        }
    }
    return offset_is_valid(zone->first_offset_s) ? MP_OK : MP_E_CORRUPT;
}

static int parse(struct mp_zone *zone, const uint8_t *data, size_t len) {
    struct tzif_counts counts;
    if (!read_counts(data, len, &counts)) {
        return MP_E_CORRUPT;
    }
    size_t skip = TZIF_HEADER_BYTES + block_bytes(&counts, 4);
    if (skip > len || !read_counts(data + skip, len - skip, &counts)) {
        return MP_E_CORRUPT;
    }
    size_t start = skip + TZIF_HEADER_BYTES;
    size_t body = block_bytes(&counts, 8);
    if (body > len - start) {
        return MP_E_CORRUPT;
    }
    int code = read_block(zone, data + start, &counts);
    if (code != MP_OK) {
        return code;
    }
    struct mp_str footer = mp_str_range((const char *)data + start + body, len - start - body);
    footer = mp_str_trim(footer);
    zone->has_rule = footer.len > 0;
    return !zone->has_rule || mp_zone_rule_parse(footer, &zone->rule) ? MP_OK : MP_E_CORRUPT;
}

static bool name_is_safe(struct mp_str name) {
    if (name.len == 0 || name.len > ZONE_NAME_MAX || name.ptr[0] == '/') {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool is_sign = c == '_' || c == '+' || c == '/' || c == '-';
        if (!is_letter && !is_sign && !(c >= '0' && c <= '9')) {
            return false; /* '.' is out, and with it ".." */
        }
    }
    return true;
}

/* Reads the whole file into a fresh buffer; errno and false on failure. */
static bool read_file(const char *path, uint8_t **data, size_t *len) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_read = false;
    *data = NULL;
    if (fd < 0) {
        return false;
    }
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= ZONE_FILE_MAX) {
        *data = malloc((size_t)info.st_size + 1);
        ssize_t got = *data ? read(fd, *data, (size_t)info.st_size) : -1;
        is_read = got == info.st_size;
        *len = is_read ? (size_t)got : 0;
    } else {
        errno = EINVAL;
    }
    close(fd);
    return is_read;
}

int mp_zone_from_bytes(struct mp_str name, const uint8_t *data, size_t len, struct mp_zone **out) {
    *out = NULL;
    struct mp_zone *zone = calloc(1, sizeof(*zone));
    int code = zone ? parse(zone, data, len) : MP_E_MEMORY;
    if (code != MP_OK) {
        mp_zone_close(zone);
        return code;
    }
    memcpy(zone->name, name.ptr, name.len);
    *out = zone;
    return MP_OK;
}

int mp_zone_open(struct mp_str name, struct mp_zone **out, struct mp_error *err) {
    char path[sizeof(ZONE_DIR) + ZONE_NAME_MAX];
    uint8_t *data = NULL;
    size_t len = 0;
    *out = NULL;
    if (!name_is_safe(name)) {
        return mp_fail(err, MP_E_ARGUMENT, "zone", "not the name of a time zone");
    }
    snprintf(path, sizeof(path), ZONE_DIR "%.*s", MP_STR_ARG(name));
    if (!read_file(path, &data, &len)) {
        free(data);
        return mp_fail(err, MP_E_NOT_FOUND, "zone", "no time zone \"%.*s\" on this machine (%s)",
                       MP_STR_ARG(name), "package tzdata");
    }
    int code = mp_zone_from_bytes(name, data, len, out);
    free(data);
    return code == MP_OK ? MP_OK : mp_fail(err, (enum mp_code)code, "zone", "cannot read %s", path);
}

void mp_zone_close(struct mp_zone *zone) {
    if (zone) {
        free(zone->at_s);
        free(zone->offset_s);
        free(zone);
    }
}

const char *mp_zone_name(const struct mp_zone *zone) {
    return zone->name;
}

static int64_t floor_div(int64_t value, int64_t by) {
    return value / by - (value % by < 0);
}

static int64_t clamp(int64_t utc_ms) {
    return utc_ms > TIME_MS_MAX ? TIME_MS_MAX : utc_ms < -TIME_MS_MAX ? -TIME_MS_MAX : utc_ms;
}

int32_t mp_zone_offset_s(const struct mp_zone *zone, int64_t utc_ms) {
    int64_t now_s = floor_div(clamp(utc_ms), 1000);
    if (zone->has_rule && (zone->count == 0 || now_s >= zone->at_s[zone->count - 1])) {
        return mp_zone_rule_offset_s(&zone->rule, now_s);
    }
    size_t low = 0, high = zone->count; /* the first transition after now_s */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (zone->at_s[middle] <= now_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? zone->first_offset_s : zone->offset_s[low - 1];
}

int32_t mp_zone_day(const struct mp_zone *zone, int64_t utc_ms) {
    utc_ms = clamp(utc_ms);
    return (int32_t)floor_div(utc_ms + 1000LL * mp_zone_offset_s(zone, utc_ms), MP_MS_PER_DAY);
}

int64_t mp_zone_day_start_ms(const struct mp_zone *zone, int32_t day) {
    int64_t low = (int64_t)day * MP_MS_PER_DAY - 2 * MP_MS_PER_DAY;
    int64_t high = (int64_t)day * MP_MS_PER_DAY + 2 * MP_MS_PER_DAY;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (mp_zone_day(zone, middle) >= day) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    /* Where the clock was put back just after midnight, the day begins, breaks off and begins
     * again, and bisection may have found the second beginning. */
    int64_t midnight_ms =
        day * MP_MS_PER_DAY - 1000LL * mp_zone_offset_s(zone, low - MP_MS_PER_DAY / 2);
    return midnight_ms < low && mp_zone_day(zone, midnight_ms) == day ? midnight_ms : low;
}

int64_t mp_zone_utc_ms(const struct mp_zone *zone, int64_t local_ms) {
    /* No zone changes its clocks twice within two days. */
    int32_t before_s = mp_zone_offset_s(zone, local_ms - MP_MS_PER_DAY);
    int32_t after_s = mp_zone_offset_s(zone, local_ms + MP_MS_PER_DAY);
    int64_t first_ms = local_ms - 1000LL * before_s;
    int64_t second_ms = local_ms - 1000LL * after_s;
    bool is_before = mp_zone_offset_s(zone, first_ms) == before_s;
    bool is_after = mp_zone_offset_s(zone, second_ms) == after_s;
    if (is_before && is_after) {
        return first_ms < second_ms ? first_ms : second_ms;
    }
    return is_after ? second_ms : first_ms;
}
