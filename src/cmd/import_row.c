/* A row's values, sorted to the fields and properties that they become. */
#include "cmd/import_shaper.h"

#include "base/event.h"

#include <stdio.h>

static bool add_loose(struct import_shaper *shaper, struct mp_str name, struct import_value value,
                      bool is_text) {
    if (shaper->loose_count == sizeof(shaper->loose) / sizeof(shaper->loose[0])) {
        return import_refuse(shaper, "", "has more than %d members", MP_CSV_CELLS_MAX);
    }
    shaper->loose[shaper->loose_count++] = (struct import_loose){name, value, is_text};
    return true;
}

static bool place_value(struct import_shaper *shaper, struct mp_str column,
                        const struct import_targets *targets, struct import_value value) {
    const struct import_map *map = shaper->map;
    if (value.kind == IMPORT_NO_VALUE || (targets->is_loose && map->ignores_unmapped)) {
        return true;
    }
    for (int field = 0; targets->fields >> field; field++) {
        if (targets->fields >> field & 1 && shaper->fields[field].kind == IMPORT_NO_VALUE) {
            shaper->fields[field] = value;
        }
    }
    for (int i = 0; i < IMPORT_PAIRS_MAX && targets->props >> i; i++) {
        if (targets->props >> i & 1 &&
            !add_loose(shaper, map->props[i].name, value, targets->is_text)) {
            return false;
        }
    }
    return !targets->is_loose || add_loose(shaper, column, value, targets->is_text);
}

static bool place_defaults(struct import_shaper *shaper) {
    const struct import_map *map = shaper->map;
    for (int field = 0; field < IMPORT_FIELD_COUNT; field++) {
        if (shaper->fields[field].kind == IMPORT_NO_VALUE && map->defaults[field].ptr) {
            shaper->fields[field] =
                (struct import_value){.kind = IMPORT_TEXT_VALUE, .text = map->defaults[field]};
        }
    }
    for (size_t i = 0; i < map->default_prop_count; i++) {
        struct import_value value = {.kind = IMPORT_TEXT_VALUE,
                                     .text = map->default_props[i].source};
        if (!add_loose(shaper, map->default_props[i].name, value, false)) {
            return false;
        }
    }
    return true;
}

static void begin_row(struct import_shaper *shaper, struct import_fault *fault) {
    shaper->fault = fault;
    shaper->loose_count = 0;
    mp_arena_reset(&shaper->names);
    memset(shaper->fields, 0, sizeof(shaper->fields));
}

/* ---- Rows --------------------------------------------------------------------------------- */

bool import_shape_cells(struct import_shaper *shaper, const struct mp_csv *cells, int64_t now_ms,
                        struct import_shaped *out, struct import_fault *fault) {
    begin_row(shaper, fault);
    if (cells->count != shaper->column_count) {
        return import_refuse(shaper, "", "has %zu cells, the header has %zu", cells->count,
                             shaper->column_count);
    }
    for (size_t i = 0; i < cells->count; i++) {
        struct mp_str cell = mp_csv_cell(cells, i);
        struct import_value value = {.kind = cell.len > 0 ? IMPORT_TEXT_VALUE : IMPORT_NO_VALUE,
                                     .text = cell};
        if (!place_value(shaper, shaper->columns[i], &shaper->targets[i], value)) {
            return false;
        }
    }
    return place_defaults(shaper) && import_shape(shaper, now_ms, out);
}

static bool place_member(struct import_shaper *shaper, struct mp_str name, struct mp_json json) {
    struct import_targets targets = import_map_find(shaper->map, name);
    struct import_value value = {.kind = IMPORT_JSON_VALUE, .json = json};
    struct mp_str text;
    if (mp_json_type(json) == MP_JSON_NULL || (mp_json_str(json, &text) && text.len == 0)) {
        value.kind = IMPORT_NO_VALUE;
    }
    return place_value(shaper, name, &targets, value);
}

/* A member of "open" or "context" that is no field: the property "context.NAME". */
static bool place_foreign(struct import_shaper *shaper, struct mp_str within, struct mp_str name,
                          struct mp_json item) {
    size_t len = within.len + 1 + name.len;
    char *text = mp_arena_alloc(&shaper->names, len);
    if (!text) {
        return import_refuse(shaper, "", "takes more memory than there is");
    }
    memcpy(text, within.ptr, within.len);
    text[within.len] = '.';
    memcpy(text + within.len + 1, name.ptr, name.len);
    return place_member(shaper, mp_str_range(text, len), item);
}

/* The members of "open" and "context" of our own format, as if they stood in the row. */
static bool place_members_of(struct import_shaper *shaper, struct mp_str within,
                             enum import_place place, struct mp_json object) {
    struct mp_json_iter iter = mp_json_iter(object);
    struct mp_json item;
    struct mp_str name;
    while (mp_json_next(&iter, &name, &item)) {
        int field = 0;
        while (field < IMPORT_FIELD_COUNT && (import_fields[field].place != place ||
                                              !mp_str_is(name, import_fields[field].member))) {
            field++;
        }
        if (field == IMPORT_FIELD_COUNT) {
            if (!place_foreign(shaper, within, name, item)) {
                return false;
            }
        } else if (mp_json_type(item) != MP_JSON_NULL) {
            shaper->fields[field] = (struct import_value){.kind = IMPORT_JSON_VALUE, .json = item};
        }
    }
    return true;
}

/* "a.b.c" by way of the objects a and b. */
static bool find_by_path(struct mp_json object, struct mp_str path, struct mp_json *out) {
    struct mp_str name = mp_str_cut(&path, '.');
    while (mp_json_get(object, name, out)) {
        if (!path.ptr) {
            return mp_json_type(*out) != MP_JSON_NULL;
        }
        object = *out;
        name = mp_str_cut(&path, '.');
    }
    return false;
}

/* Columns that --map names with dots and the row has not by that very name. */
static bool place_by_paths(struct import_shaper *shaper, struct mp_json root) {
    const struct import_map *map = shaper->map;
    struct mp_json found;
    for (int field = 0; field < IMPORT_FIELD_COUNT; field++) {
        if (shaper->fields[field].kind == IMPORT_NO_VALUE && map->columns[field].ptr &&
            find_by_path(root, map->columns[field], &found)) {
            shaper->fields[field] = (struct import_value){.kind = IMPORT_JSON_VALUE, .json = found};
        }
    }
    for (size_t i = 0; i < map->prop_count; i++) {
        struct import_value value = {.kind = IMPORT_JSON_VALUE};
        if (memchr(map->props[i].source.ptr, '.', map->props[i].source.len) &&
            find_by_path(root, map->props[i].source, &value.json) &&
            !add_loose(shaper, map->props[i].name, value, false)) {
            return false;
        }
    }
    return true;
}

bool import_shape_json(struct import_shaper *shaper, struct mp_str line, int64_t now_ms,
                       struct import_shaped *out, struct import_fault *fault) {
    struct mp_error err = {0};
    struct mp_json root, item;
    struct mp_str name;
    begin_row(shaper, fault);
    if (mp_json_parse(shaper->parser, line, &root, &err) != MP_OK) {
        return import_refuse(shaper, "", "is no JSON: %s", err.message);
    }
    if (mp_json_type(root) != MP_JSON_OBJECT) {
        return import_refuse(shaper, "", "must be a JSON object");
    }
    struct mp_json_iter iter = mp_json_iter(root);
    while (mp_json_next(&iter, &name, &item)) {
        bool is_object = mp_json_type(item) == MP_JSON_OBJECT;
        enum import_place place = !is_object                   ? IMPORT_TO_NOTHING
                                  : mp_str_is(name, "open")    ? IMPORT_TO_OPEN
                                  : mp_str_is(name, "context") ? IMPORT_TO_CONTEXT
                                                               : IMPORT_TO_NOTHING;
        if (place == IMPORT_TO_NOTHING ? !place_member(shaper, name, item)
                                       : !place_members_of(shaper, name, place, item)) {
            return false;
        }
    }
    return place_by_paths(shaper, root) && place_defaults(shaper) &&
           import_shape(shaper, now_ms, out);
}
