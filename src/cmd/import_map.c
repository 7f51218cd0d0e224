#include "cmd/import_map.h"

#include <stdio.h>

#define TEXTS_BYTES_MAX (1u << 20)
#define PROP_PREFIX "props."

_Static_assert(IMPORT_FIELD_COUNT <= 64 && IMPORT_PAIRS_MAX <= 64, "targets are bits");

/* The next part up to an unescaped separator, which is cut off with it; "\," is a comma, as any
 * byte behind a backslash is itself. */
static struct mp_str take_part(struct import_map *map, const char **text, const char *separators) {
    size_t len = 0;
    char *out = mp_arena_alloc(&map->texts, strlen(*text) + 1);
    while (out && **text && !strchr(separators, **text)) {
        *text += **text == '\\' && (*text)[1];
        out[len++] = *(*text)++;
    }
    return mp_str_trim(mp_str_range(out, len));
}

static int take_pair(struct import_map *map, const char *flag, const char **text,
                     struct mp_str *left, struct mp_str *right, struct mp_error *err) {
    *left = take_part(map, text, "=,");
    bool has_both = **text == '=';
    *text += has_both;
    *right = take_part(map, text, ",");
    *text += **text == ',';
    if (!left->ptr || !right->ptr) {
        return mp_fail(err, MP_E_MEMORY, flag, "--%s is too long", flag);
    }
    return has_both && left->len > 0 && right->len > 0
               ? MP_OK
               : mp_fail(err, MP_E_ARGUMENT, flag, "--%s: \"%.*s\" is not a pair FIELD=…", flag,
                         MP_STR_ARG(*left));
}

/* Puts a pair of --map or --defaults where it belongs. */
static int take_target(struct mp_str *by_field, struct import_prop *props, size_t *prop_count,
                       const char *flag, struct mp_str name, struct mp_str source,
                       struct mp_error *err) {
    struct mp_str prefix = MP_STR(PROP_PREFIX);
    if (mp_str_starts_with(name, prefix) && name.len > prefix.len) {
        if (*prop_count == IMPORT_PAIRS_MAX) {
            return mp_fail(err, MP_E_ARGUMENT, flag, "--%s: more than %d properties", flag,
                           IMPORT_PAIRS_MAX);
        }
        props[(*prop_count)++] = (struct import_prop){
            mp_str_range(name.ptr + prefix.len, name.len - prefix.len), source};
        return MP_OK;
    }
    enum import_field field = import_field_find(name);
    if (field == IMPORT_FIELD_COUNT) {
        return mp_fail(err, MP_E_ARGUMENT, flag,
                       "--%s: there is no field %.*s; docs/import.md lists them", flag,
                       MP_STR_ARG(name));
    }
    if (by_field[field].ptr) {
        return mp_fail(err, MP_E_ARGUMENT, flag, "--%s: %.*s is given twice", flag,
                       MP_STR_ARG(name));
    }
    by_field[field] = source;
    return MP_OK;
}

static int parse_pairs(struct import_map *map, const char *flag, const char *text,
                       struct mp_str *by_field, struct import_prop *props, size_t *prop_count,
                       struct mp_error *err) {
    int code = MP_OK;
    while (text && *text && code == MP_OK) {
        struct mp_str name, source;
        code = take_pair(map, flag, &text, &name, &source, err);
        code = code ? code : take_target(by_field, props, prop_count, flag, name, source, err);
    }
    return code;
}

static int parse_texts(struct import_map *map, const char *text, struct mp_error *err) {
    while (text && *text) {
        if (map->text_only_count == IMPORT_PAIRS_MAX) {
            return mp_fail(err, MP_E_ARGUMENT, "text", "--text: more than %d columns",
                           IMPORT_PAIRS_MAX);
        }
        struct mp_str column = take_part(map, &text, ",");
        text += *text == ',';
        if (!column.ptr) {
            return mp_fail(err, MP_E_MEMORY, "text", "--text is too long");
        }
        map->texts_only[map->text_only_count++] = column;
    }
    return MP_OK;
}

static bool is_mapped(const struct import_map *map, struct mp_str column) {
    for (int field = 0; field < IMPORT_FIELD_COUNT; field++) {
        if (map->columns[field].ptr && mp_str_eq(map->columns[field], column)) {
            return true;
        }
    }
    for (size_t i = 0; i < map->prop_count; i++) {
        if (mp_str_eq(map->props[i].source, column)) {
            return true;
        }
    }
    return false;
}

int import_map_parse(struct import_map *map, const struct import_map_flags *flags,
                     struct mp_error *err) {
    *map = (struct import_map){.ignores_unmapped = flags->ignores_unmapped};
    mp_arena_init(&map->texts, 4096, TEXTS_BYTES_MAX);
    int code = parse_pairs(map, "map", flags->map, map->columns, map->props, &map->prop_count, err);
    code = code ? code
                : parse_pairs(map, "defaults", flags->defaults, map->defaults, map->default_props,
                              &map->default_prop_count, err);
    code = code ? code : parse_texts(map, flags->text, err);
    for (int field = 0; field < IMPORT_FIELD_COUNT; field++) {
        map->has_own_column[field] =
            !map->columns[field].ptr && !is_mapped(map, mp_str_of(import_fields[field].name));
    }
    if (code == MP_OK && map->defaults[IMPORT_ID].ptr) {
        code = mp_fail(err, MP_E_ARGUMENT, "defaults", "--defaults: all events cannot have one id");
    }
    return code;
}

void import_map_deinit(struct import_map *map) {
    mp_arena_deinit(&map->texts);
}

struct import_targets import_map_find(const struct import_map *map, struct mp_str column) {
    struct import_targets targets = {0};
    for (int field = 0; field < IMPORT_FIELD_COUNT; field++) {
        bool is_it = map->columns[field].ptr ? mp_str_eq(map->columns[field], column)
                                             : map->has_own_column[field] &&
                                                   mp_str_is(column, import_fields[field].name);
        targets.fields |= (uint64_t)is_it << field;
    }
    for (size_t i = 0; i < map->prop_count; i++) {
        targets.props |= (uint64_t)mp_str_eq(map->props[i].source, column) << i;
    }
    for (size_t i = 0; i < map->text_only_count; i++) {
        targets.is_text = targets.is_text || mp_str_eq(map->texts_only[i], column);
    }
    targets.is_loose = targets.fields == 0 && targets.props == 0;
    return targets;
}

static int check_column(const char *flag, struct mp_str wanted, const struct mp_str *columns,
                        size_t count, struct mp_error *err) {
    for (size_t i = 0; i < count; i++) {
        if (mp_str_eq(columns[i], wanted)) {
            return MP_OK;
        }
    }
    return mp_fail(err, MP_E_ARGUMENT, flag, "--%s: the file has no column \"%.*s\"", flag,
                   MP_STR_ARG(mp_str_clip(wanted, 100)));
}

int import_map_check_columns(const struct import_map *map, const struct mp_str *columns,
                             size_t count, struct mp_error *err) {
    int code = MP_OK;
    for (int field = 0; field < IMPORT_FIELD_COUNT && code == MP_OK; field++) {
        if (map->columns[field].ptr) {
            code = check_column("map", map->columns[field], columns, count, err);
        }
    }
    for (size_t i = 0; i < map->prop_count && code == MP_OK; i++) {
        code = check_column("map", map->props[i].source, columns, count, err);
    }
    for (size_t i = 0; i < map->text_only_count && code == MP_OK; i++) {
        code = check_column("text", map->texts_only[i], columns, count, err);
    }
    return code;
}
