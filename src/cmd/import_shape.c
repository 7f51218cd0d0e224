#include "cmd/import_shaper.h"

#include "base/event.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/moment.h"
#include "cmd/import_source.h"
#include "collect/collect.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* A row's text may grow sixfold when it is escaped. */
#define SHAPED_BYTES_MAX (8u * IMPORT_ROW_BYTES_MAX)
/* What stands in a row will stand deeper in the upload: body, events, event, props. */
#define DEPTH_MAX (COLLECT_DEPTH_MAX - 3)
/* So many digits every double keeps. */
#define PLAIN_DIGITS_MAX 15

struct import_shaper *import_shaper_create(const struct import_map *map,
                                           const struct mp_zone *zone) {
    struct import_shaper *shaper = calloc(1, sizeof(*shaper));
    if (!shaper) {
        return NULL;
    }
    shaper->map = map;
    shaper->zone = zone;
    mp_arena_init(&shaper->names, 4096, SHAPED_BYTES_MAX);
    shaper->parser = mp_json_parser_create(IMPORT_ROW_BYTES_MAX, DEPTH_MAX);
    shaper->props_parser = mp_json_parser_create(IMPORT_ROW_BYTES_MAX, DEPTH_MAX);
    struct mp_buf *const bufs[] = {&shaper->event, &shaper->body, &shaper->context, &shaper->shared,
                                   &shaper->scratch};
    for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++) {
        mp_buf_init(bufs[i], SHAPED_BYTES_MAX);
    }
    if (!shaper->parser || !shaper->props_parser) {
        import_shaper_destroy(shaper);
        return NULL;
    }
    return shaper;
}

void import_shaper_destroy(struct import_shaper *shaper) {
    if (shaper) {
        mp_json_parser_destroy(shaper->parser);
        mp_json_parser_destroy(shaper->props_parser);
        mp_arena_deinit(&shaper->names);
        mp_buf_deinit(&shaper->event);
        mp_buf_deinit(&shaper->body);
        mp_buf_deinit(&shaper->context);
        mp_buf_deinit(&shaper->shared);
        mp_buf_deinit(&shaper->scratch);
        free(shaper);
    }
}

void import_shaper_columns(struct import_shaper *shaper, const struct mp_str *columns,
                           size_t count) {
    shaper->columns = columns;
    shaper->column_count = count;
    for (size_t i = 0; i < count; i++) {
        shaper->targets[i] = import_map_find(shaper->map, columns[i]);
    }
}

bool import_refuse(struct import_shaper *shaper, const char *field, const char *format, ...) {
    va_list args;
    snprintf(shaper->fault->field, sizeof(shaper->fault->field), "%s", field);
    va_start(args, format);
    vsnprintf(shaper->fault->reason, sizeof(shaper->fault->reason), format, args);
    va_end(args);
    return false;
}

/* ---- Writing values ----------------------------------------------------------------------- */

/* "-12.5": digits, perhaps a sign and a fraction; no exponent, no needless zero in front. */
static bool is_plain_number(struct mp_str text) {
    size_t at = text.len > 0 && text.ptr[0] == '-';
    size_t first = at, digits = 0, point = text.len;
    for (; at < text.len; at++) {
        if (text.ptr[at] >= '0' && text.ptr[at] <= '9') {
            digits++;
        } else if (text.ptr[at] == '.' && point == text.len) {
            point = at;
        } else {
            return false;
        }
    }
    bool has_needless_zero = text.len > first + 1 && text.ptr[first] == '0' && point != first + 1;
    return digits > 0 && digits <= PLAIN_DIGITS_MAX && point != first && point + 1 != text.len &&
           !has_needless_zero;
}

static void write_json(struct import_shaper *shaper, struct mp_json_writer *out,
                       struct mp_json json) {
    mp_buf_clear(&shaper->scratch);
    mp_json_dump(json, &shaper->scratch);
    mp_jw_raw(out, mp_buf_str(&shaper->scratch));
}

/* A value as text, where it has one: a string's, a number's digits. False for lists and objects. */
static bool text_of(struct import_shaper *shaper, const struct import_value *value,
                    struct mp_str *out) {
    enum mp_json_type type =
        value->kind == IMPORT_JSON_VALUE ? mp_json_type(value->json) : MP_JSON_STRING;
    if (value->kind == IMPORT_TEXT_VALUE) {
        *out = value->text;
        return true;
    }
    if (type == MP_JSON_STRING) {
        return mp_json_str(value->json, out);
    }
    mp_buf_clear(&shaper->scratch);
    mp_json_dump(value->json, &shaper->scratch);
    *out = mp_buf_str(&shaper->scratch);
    return type != MP_JSON_ARRAY && type != MP_JSON_OBJECT;
}

static void write_bool(struct mp_json_writer *out, struct mp_str text) {
    static const char *const yes[] = {"true", "1", "TRUE", "True"};
    static const char *const no[] = {"false", "0", "FALSE", "False"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (mp_str_is(text, yes[i]) || mp_str_is(text, no[i])) {
            mp_jw_bool(out, mp_str_is(text, yes[i]));
            return;
        }
    }
    mp_jw_str(out, text); /* which collect/ refuses in its own words */
}

static void write_number(struct mp_json_writer *out, struct mp_str text) {
    int64_t number;
    text = mp_str_trim(text);
    if (mp_str_to_i64(text, &number)) {
        mp_jw_i64(out, number);
    } else if (is_plain_number(text)) {
        mp_jw_raw(out, text);
    } else {
        mp_jw_str(out, text);
    }
}

static bool read_moment(struct import_shaper *shaper, enum import_field field, int64_t *ms) {
    const char *name = import_fields[field].name;
    struct mp_str text;
    if (!text_of(shaper, &shaper->fields[field], &text) ||
        !mp_moment_parse(text, shaper->zone, ms)) {
        return import_refuse(shaper, name,
                             "is neither a number of seconds or milliseconds nor an ISO 8601 time");
    }
    return true;
}

/* The object of props, without its braces; a cell of CSV holds it as text. */
static bool write_props(struct import_shaper *shaper, struct mp_json_writer *out) {
    const struct import_value *value = &shaper->fields[IMPORT_PROPS];
    struct mp_json object = value->json, item;
    struct mp_error err = {0};
    struct mp_str name;
    if (value->kind == IMPORT_NO_VALUE) {
        return true;
    }
    if (value->kind == IMPORT_TEXT_VALUE &&
        mp_json_parse(shaper->props_parser, value->text, &object, &err) != MP_OK) {
        return import_refuse(shaper, "props", "is no JSON: %s", err.message);
    }
    if (mp_json_type(object) != MP_JSON_OBJECT) {
        return import_refuse(shaper, "props", "must be a JSON object");
    }
    struct mp_json_iter iter = mp_json_iter(object);
    while (mp_json_next(&iter, &name, &item)) {
        mp_jw_key_str(out, name);
        write_json(shaper, out, item);
    }
    return true;
}

static void write_loose(struct import_shaper *shaper, struct mp_json_writer *out) {
    for (size_t i = 0; i < shaper->loose_count; i++) {
        const struct import_loose *loose = &shaper->loose[i];
        mp_jw_key_str(out, loose->name);
        if (loose->value.kind == IMPORT_JSON_VALUE) {
            write_json(shaper, out, loose->value.json);
        } else if (!loose->is_text && is_plain_number(loose->value.text)) {
            mp_jw_raw(out, loose->value.text);
        } else {
            mp_jw_str(out, loose->value.text);
        }
    }
}

/* A member of the event, the open or the context, if the row has it. */
static bool write_field(struct import_shaper *shaper, struct mp_json_writer *out,
                        enum import_field field) {
    const struct import_field_rule *rule = &import_fields[field];
    const struct import_value *value = &shaper->fields[field];
    struct mp_str text;
    int64_t ms;
    if (value->kind == IMPORT_NO_VALUE) {
        return true;
    }
    if (rule->kind == IMPORT_MOMENT) {
        if (!read_moment(shaper, field, &ms)) {
            return false;
        }
        mp_jw_key(out, rule->member);
        mp_jw_i64(out, ms);
        return true;
    }
    if (!text_of(shaper, value, &text)) {
        return import_refuse(shaper, rule->name, "must not be a list or an object");
    }
    mp_jw_key(out, rule->member);
    if (rule->kind == IMPORT_BOOL) {
        write_bool(out, text);
    } else if (rule->kind == IMPORT_NUMBER) {
        write_number(out, text);
    } else {
        mp_jw_str(out, text);
    }
    return true;
}

static bool write_place(struct import_shaper *shaper, struct mp_json_writer *out,
                        enum import_place place) {
    for (int field = 0; field < IMPORT_FIELD_COUNT; field++) {
        if (import_fields[field].place == place && import_fields[field].kind != IMPORT_OBJECT &&
            field != IMPORT_ID && !write_field(shaper, out, (enum import_field)field)) {
            return false;
        }
    }
    return true;
}

/* ---- The event and what it shares ---------------------------------------------------------- */

static bool short_text(struct import_shaper *shaper, enum import_field field, struct mp_str *out) {
    *out = MP_STR("");
    if (shaper->fields[field].kind == IMPORT_NO_VALUE) {
        return true;
    }
    if (!text_of(shaper, &shaper->fields[field], out) || out->len > COLLECT_CONTEXT_STR_MAX) {
        return import_refuse(shaper, import_fields[field].name,
                             "must be a text of at most %d bytes", COLLECT_CONTEXT_STR_MAX);
    }
    return true;
}

static bool write_shared(struct import_shaper *shaper) {
    static const enum import_field texts[] = {IMPORT_IP, IMPORT_USER_AGENT, IMPORT_COUNTRY,
                                              IMPORT_PROVINCE, IMPORT_CITY};
    struct mp_json_writer context;
    struct mp_str text;
    if (!short_text(shaper, IMPORT_PLATFORM, &text)) {
        return false;
    }
    /* As a platform's name "other" would be kept as a property too; an export means none. */
    bool is_other = mp_str_is(text, "other");
    if (is_other) {
        shaper->fields[IMPORT_PLATFORM].kind = IMPORT_NO_VALUE;
    }
    mp_buf_clear(&shaper->context);
    mp_jw_init(&context, &shaper->context);
    mp_jw_object_begin(&context);
    if (!write_place(shaper, &context, IMPORT_TO_CONTEXT)) {
        return false;
    }
    mp_jw_object_end(&context);
    mp_buf_clear(&shaper->shared);
    mp_buf_append_lstr(&shaper->shared, mp_buf_str(&shaper->context));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!short_text(shaper, texts[i], &text)) {
            return false;
        }
        mp_buf_append_lstr(&shaper->shared, text);
    }
    mp_buf_append_byte(&shaper->shared, is_other);
    return !shaper->shared.failed || import_refuse(shaper, "", "takes more memory than there is");
}

bool import_shared_read(struct mp_str bytes, struct import_shared *out) {
    struct mp_reader reader;
    struct mp_str *const texts[] = {&out->context, &out->ip,       &out->user_agent,
                                    &out->country, &out->province, &out->city};
    mp_reader_init(&reader, bytes.ptr, bytes.len);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        *texts[i] = mp_read_lstr(&reader);
    }
    out->is_other_platform = mp_read_byte(&reader) != 0;
    return !reader.failed;
}

/* All members but the id. */
static bool write_body(struct import_shaper *shaper) {
    struct mp_json_writer out;
    bool has_open = shaper->fields[IMPORT_OPEN_ID].kind != IMPORT_NO_VALUE ||
                    shaper->fields[IMPORT_OPEN_START].kind != IMPORT_NO_VALUE;
    mp_buf_clear(&shaper->body);
    mp_jw_init(&out, &shaper->body);
    mp_jw_object_begin(&out);
    if (!write_place(shaper, &out, IMPORT_TO_EVENT)) {
        return false;
    }
    if (has_open) {
        mp_jw_key(&out, "open");
        mp_jw_object_begin(&out);
        if (!write_place(shaper, &out, IMPORT_TO_OPEN)) {
            return false;
        }
        mp_jw_object_end(&out);
    }
    mp_jw_key(&out, "props");
    mp_jw_object_begin(&out);
    /* Of equal names the first holds: the row's own go before defaults. */
    if (!write_props(shaper, &out)) {
        return false;
    }
    write_loose(shaper, &out);
    mp_jw_object_end(&out);
    mp_jw_object_end(&out);
    return true;
}

/* The id as given; else made of all that the event is, so that the same row has the same id. */
static bool write_event(struct import_shaper *shaper) {
    struct mp_str body = mp_buf_str(&shaper->body);
    struct mp_json_writer out;
    struct mp_str id;
    char made[40];
    if (shaper->fields[IMPORT_ID].kind == IMPORT_NO_VALUE) {
        mp_buf_clear(&shaper->scratch);
        mp_buf_append_lstr(&shaper->scratch, body);
        mp_buf_append_str(&shaper->scratch, mp_buf_str(&shaper->shared));
        struct mp_hash128 hash = mp_hash128(shaper->scratch.ptr, shaper->scratch.len);
        snprintf(made, sizeof(made), "row-%016" PRIx64 "%016" PRIx64, hash.hi, hash.lo);
        id = mp_str_of(made);
    } else if (!text_of(shaper, &shaper->fields[IMPORT_ID], &id)) {
        return import_refuse(shaper, "id", "must not be a list or an object");
    }
    mp_buf_clear(&shaper->event);
    mp_jw_init(&out, &shaper->event);
    mp_jw_object_begin(&out);
    mp_jw_key(&out, "id");
    mp_jw_str(&out, id);
    mp_buf_append_byte(&shaper->event, ',');
    mp_buf_append(&shaper->event, body.ptr + 1, body.len - 1);
    return (!shaper->event.failed && !shaper->body.failed && !shaper->scratch.failed) ||
           import_refuse(shaper, "", "is longer than an event may be");
}

static bool take_flags(struct import_shaper *shaper, uint8_t *out) {
    struct mp_str text;
    int64_t flags = 0;
    if (shaper->fields[IMPORT_FLAGS].kind != IMPORT_NO_VALUE &&
        (!text_of(shaper, &shaper->fields[IMPORT_FLAGS], &text) || !mp_str_to_i64(text, &flags) ||
         flags < 0 || flags > UINT8_MAX)) {
        return import_refuse(shaper, "flags", "must be a whole number from 0 to %d", UINT8_MAX);
    }
    *out = (uint8_t)flags;
    return true;
}

/* What the uploads of an import never have in common, so that every row must say it. */
static bool check_required(struct import_shaper *shaper, int64_t now_ms) {
    int64_t ms;
    if (shaper->fields[IMPORT_USER].kind == IMPORT_NO_VALUE) {
        return import_refuse(shaper, "user", "is missing");
    }
    if (shaper->fields[IMPORT_TIME].kind == IMPORT_NO_VALUE) {
        return import_refuse(shaper, "time", "is missing");
    }
    if (!read_moment(shaper, IMPORT_TIME, &ms)) {
        return false;
    }
    return ms <= now_ms + COLLECT_FUTURE_MS ||
           import_refuse(shaper, "time", "is more than %lld minutes ahead of now",
                         COLLECT_FUTURE_MS / 60000);
}

bool import_shape(struct import_shaper *shaper, int64_t now_ms, struct import_shaped *out) {
    if (!check_required(shaper, now_ms) || !take_flags(shaper, &out->flags) ||
        !write_shared(shaper)) {
        return false;
    }
    if (!write_body(shaper) || !write_event(shaper)) {
        return false;
    }
    out->event = mp_buf_str(&shaper->event);
    out->shared = mp_buf_str(&shaper->shared);
    return true;
}
