/* One setting: from its text to its field, and its other names. */
#include "base/config_table.h"
#include "base/zone.h"

#include <stdio.h>

#define VALUE_BYTES_MAX 4096
#define SHOWN_BYTES_MAX 120 /* of a wrong value, in an error */

static void *field_of(struct mp_config *config, const struct mp_setting *setting) {
    return (char *)config + setting->offset;
}

/* "setting X (place): reason" */
static int refuse(struct mp_error *err, const struct mp_setting *setting, const char *place,
                  const char *reason) {
    return mp_fail(err, MP_E_ARGUMENT, setting->name, "%s (%s): %s", setting->name, place, reason);
}

static int refuse_value(struct mp_error *err, const struct mp_setting *setting, const char *place,
                        struct mp_str value, const char *must) {
    char reason[400];
    struct mp_str shown = mp_str_clip(value, SHOWN_BYTES_MAX);
    if (setting->is_secret) {
        snprintf(reason, sizeof(reason), "must be %s", must);
    } else {
        snprintf(reason, sizeof(reason), "must be %s, not \"%.*s\"", must, MP_STR_ARG(shown));
    }
    return refuse(err, setting, place, reason);
}

/* Digits, with K, M or G behind for bytes. */
static bool parse_number(const struct mp_setting *setting, struct mp_str text, int64_t *out) {
    int64_t unit = 1;
    if (setting->type == MP_SETTING_BYTES && text.len > 0) {
        char suffix = text.ptr[text.len - 1];
        unit = suffix == 'K' || suffix == 'k'   ? INT64_C(1) << 10
               : suffix == 'M' || suffix == 'm' ? INT64_C(1) << 20
               : suffix == 'G' || suffix == 'g' ? INT64_C(1) << 30
                                                : 1;
        text.len -= unit > 1;
    }
    return mp_str_to_i64(text, out) && !__builtin_mul_overflow(*out, unit, out);
}

static int apply_number(struct mp_config *config, const struct mp_setting *setting,
                        struct mp_str value, const char *place, struct mp_error *err) {
    int64_t number;
    if (!parse_number(setting, value, &number) || number < setting->min || number > setting->max) {
        char must[160];
        snprintf(must, sizeof(must), "a whole number from %lld to %lld%s", (long long)setting->min,
                 (long long)setting->max,
                 setting->type == MP_SETTING_BYTES ? " (suffixes K, M, G)" : "");
        return refuse_value(err, setting, place, value, must);
    }
    *(int64_t *)field_of(config, setting) = number;
    return MP_OK;
}

static int apply_choice(struct mp_config *config, const struct mp_setting *setting,
                        struct mp_str value, const char *place, struct mp_error *err) {
    struct mp_str left = mp_str_of(setting->choices);
    for (int64_t index = 0; left.ptr; index++) {
        if (mp_str_eq(mp_str_cut(&left, '|'), value)) {
            *(int64_t *)field_of(config, setting) = index;
            return MP_OK;
        }
    }
    return refuse_value(err, setting, place, value, setting->choices);
}

static bool is_identifier(struct mp_str text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && (i == 0 || c < '0' || c > '9')) {
            return false;
        }
    }
    return text.len > 0;
}

static int check_rule(const struct mp_setting *setting, struct mp_str value, const char *place,
                      struct mp_error *err) {
    if (setting->rule == MP_RULE_FILLED && value.len == 0) {
        return refuse(err, setting, place, "must not be empty");
    }
    if (setting->rule == MP_RULE_IDENTIFIER && !is_identifier(value)) {
        return refuse_value(err, setting, place, value,
                            "letters, digits and '_', beginning with no digit");
    }
    if (setting->rule == MP_RULE_ZONE) {
        struct mp_zone *zone;
        struct mp_error reason;
        if (mp_zone_open(value, &zone, &reason) != MP_OK) {
            return refuse(err, setting, place, reason.message);
        }
        mp_zone_close(zone);
    }
    return MP_OK;
}

static int apply_text(struct mp_config *config, const struct mp_setting *setting,
                      struct mp_str value, const char *place, struct mp_error *err) {
    if (value.len > VALUE_BYTES_MAX || !mp_str_is_utf8(value) ||
        memchr(value.ptr, '\n', value.len)) {
        return refuse(err, setting, place, "must be one line of UTF-8 of at most 4096 bytes");
    }
    int code = check_rule(setting, value, place, err);
    if (code != MP_OK) {
        return code;
    }
    char *copy = mp_arena_alloc(&config->texts, value.len + 1);
    if (!copy) {
        return mp_fail(err, MP_E_MEMORY, setting->name, "no memory for the configuration");
    }
    memcpy(copy, value.ptr, value.len);
    copy[value.len] = '\0';
    *(const char **)field_of(config, setting) = copy;
    return MP_OK;
}

int mp_setting_apply(struct mp_config *config, const struct mp_setting *setting,
                     struct mp_str value, const char *place, struct mp_error *err) {
    switch (setting->type) {
    case MP_SETTING_NUMBER:
    case MP_SETTING_BYTES:
        return apply_number(config, setting, value, place, err);
    case MP_SETTING_CHOICE:
        return apply_choice(config, setting, value, place, err);
    default:
        return apply_text(config, setting, value, place, err);
    }
}

void mp_setting_flag(const struct mp_setting *setting, char out[MP_SETTING_NAME_MAX]) {
    snprintf(out, MP_SETTING_NAME_MAX, "--%s", setting->name);
    for (char *at = out; *at; at++) {
        *at = *at == '_' ? '-' : *at;
    }
}

void mp_setting_variable(const struct mp_setting *setting, char out[MP_SETTING_NAME_MAX]) {
    snprintf(out, MP_SETTING_NAME_MAX, "MINIPULSE_%s", setting->name);
    for (char *at = out; *at; at++) {
        *at = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
    }
}

size_t mp_name_distance(struct mp_str a, struct mp_str b) {
    size_t row[MP_SETTING_NAME_MAX + 1]; /* distances of a's prefix to each prefix of b */
    a = mp_str_range(a.ptr, a.len < MP_SETTING_NAME_MAX ? a.len : MP_SETTING_NAME_MAX);
    b = mp_str_range(b.ptr, b.len < MP_SETTING_NAME_MAX ? b.len : MP_SETTING_NAME_MAX);
    for (size_t j = 0; j <= b.len; j++) {
        row[j] = j;
    }
    for (size_t i = 0; i < a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b.len; j++) {
            size_t replaced = diagonal + (a.ptr[i] != b.ptr[j]);
            size_t edited = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            diagonal = row[j + 1];
            row[j + 1] = replaced < edited ? replaced : edited;
        }
    }
    return row[b.len];
}
