#include "load/rows.h"

#include <assert.h>
#include <stddef.h>

enum column_kind { STRING, U8, U16, BOOL, I64 };
/* Whose field a column is. */
enum column_owner { CONTEXT, EVENT };

struct column {
    const char *name;
    enum column_owner owner;
    enum column_kind kind;
    size_t offset;
};

#define OF_EVENT(name, kind)                                                                       \
    { #name, EVENT, kind, offsetof(struct mp_event, name) }
#define OF_CONTEXT(name, kind)                                                                     \
    { #name, CONTEXT, kind, offsetof(struct mp_context, name) }

/* Columns that are written by hand, at the beginning and end of a row. */
static const char head_columns[] =
    "app, day, user_hash, time_ms, batch, seq, name, user, id, source_group";
static const char tail_columns[] = "str_names, str_values, num_names, num_values";

static const struct column columns[] = {
    OF_EVENT(flags, U8),
    OF_EVENT(open_id, STRING),
    OF_EVENT(open_start_ms, I64),
    OF_EVENT(scene, U16),
    OF_EVENT(page, STRING),
    OF_EVENT(query, STRING),
    OF_EVENT(referrer, STRING),
    OF_EVENT(title, STRING),
    OF_EVENT(dwell_ms, I64),
    OF_EVENT(element, STRING),
    OF_EVENT(order_id, STRING),
    OF_EVENT(amount_fen, I64),
    OF_EVENT(password_free, BOOL),
    OF_CONTEXT(platform, U8),
    OF_CONTEXT(brand, STRING),
    OF_CONTEXT(model, STRING),
    OF_CONTEXT(os_version, STRING),
    OF_CONTEXT(client_version, STRING),
    OF_CONTEXT(library_version, STRING),
    OF_CONTEXT(app_version, STRING),
    OF_CONTEXT(sdk, STRING),
    OF_CONTEXT(screen_width, U16),
    OF_CONTEXT(screen_height, U16),
    OF_CONTEXT(language, STRING),
    OF_CONTEXT(network, STRING),
    OF_CONTEXT(country, STRING),
    OF_CONTEXT(province, STRING),
    OF_CONTEXT(city, STRING),
};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

/* At most this for what is not a string's bytes: fixed columns, lengths, counts of arrays. */
#define ROW_FIXED_BYTES 512u
#define PROP_FIXED_BYTES 16u

void event_columns(char out[EVENT_COLUMNS_BYTES]) {
    struct mp_buf buf = {.ptr = out, .capacity = EVENT_COLUMNS_BYTES, .max = EVENT_COLUMNS_BYTES};
    mp_buf_append_text(&buf, head_columns);
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        mp_buf_append_text(&buf, ", ");
        mp_buf_append_text(&buf, columns[i].name);
    }
    mp_buf_append_text(&buf, ", ");
    mp_buf_append_text(&buf, tail_columns);
    mp_buf_append_byte(&buf, '\0');
    assert(!buf.failed);
}

/* ---- Bytes, written where room was made before -------------------------------------------- */

static char *put_fixed(char *at, uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        *at++ = (char)(value >> (8 * i));
    }
    return at;
}

static char *put_varint(char *at, uint64_t value) {
    while (value >= 0x80) {
        *at++ = (char)(value | 0x80);
        value >>= 7;
    }
    *at++ = (char)value;
    return at;
}

static char *put_str(char *at, struct mp_str s) {
    at = put_varint(at, s.len);
    if (s.len > 0) {
        memcpy(at, s.ptr, s.len);
    }
    return at + s.len;
}

static char *put_column(char *at, const struct column *column, const struct event_row *row) {
    const char *owner =
        column->owner == EVENT ? (const char *)row->event : (const char *)row->context;
    const void *field = owner + column->offset;
    switch (column->kind) {
    case STRING:
        return put_str(at, *(const struct mp_str *)field);
    case U8:
        return put_fixed(at, *(const uint8_t *)field, 1);
    case BOOL:
        return put_fixed(at, *(const bool *)field, 1);
    case U16:
        return put_fixed(at, *(const uint16_t *)field, 2);
    case I64:
        return put_fixed(at, (uint64_t) * (const int64_t *)field, 8);
    }
    return at;
}

static size_t count_strings(const struct mp_event *event) {
    size_t count = 0;
    for (size_t i = 0; i < event->prop_count; i++) {
        count += event->props[i].type == MP_PROP_STRING;
    }
    return count;
}

/* The names, or the values, of the properties of one type, as an array. */
static char *put_names(char *at, const struct mp_event *event, enum mp_prop_type type,
                       size_t count) {
    at = put_varint(at, count);
    for (size_t i = 0; i < event->prop_count; i++) {
        if (event->props[i].type == type) {
            at = put_str(at, event->props[i].name);
        }
    }
    return at;
}

static char *put_props(char *at, const struct mp_event *event) {
    size_t strings = count_strings(event);
    size_t numbers = event->prop_count - strings;
    at = put_names(at, event, MP_PROP_STRING, strings);
    at = put_varint(at, strings);
    for (size_t i = 0; i < event->prop_count; i++) {
        if (event->props[i].type == MP_PROP_STRING) {
            at = put_str(at, event->props[i].text);
        }
    }
    at = put_names(at, event, MP_PROP_NUMBER, numbers);
    at = put_varint(at, numbers);
    for (size_t i = 0; i < event->prop_count; i++) {
        if (event->props[i].type == MP_PROP_NUMBER) {
            uint64_t bits;
            memcpy(&bits, &event->props[i].number, sizeof(bits));
            at = put_fixed(at, bits, sizeof(bits));
        }
    }
    return at;
}

size_t event_row_bytes_max(const struct mp_context *context, const struct mp_event *event) {
    size_t size = ROW_FIXED_BYTES + context->app.len + context->user.len + event->user.len +
                  event->name.len + event->id.len + event->prop_count * PROP_FIXED_BYTES;
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (columns[i].kind == STRING) {
            const char *owner =
                columns[i].owner == EVENT ? (const char *)event : (const char *)context;
            size += ((const struct mp_str *)(owner + columns[i].offset))->len;
        }
    }
    for (size_t i = 0; i < event->prop_count; i++) {
        size += event->props[i].name.len + event->props[i].text.len;
    }
    return size;
}

void event_row_append(struct mp_buf *out, const struct event_row *row) {
    const struct mp_event *event = row->event;
    char *at = mp_buf_reserve(out, event_row_bytes_max(row->context, event));
    if (!at) {
        return;
    }
    at = put_str(at, row->context->app);
    at = put_fixed(at, (uint64_t)row->day, 2);
    at = put_fixed(at, row->user_hash, 8);
    at = put_fixed(at, (uint64_t)row->time_ms, 8);
    at = put_fixed(at, row->batch, 4);
    at = put_fixed(at, row->seq, 4);
    at = put_str(at, event->name);
    at = put_str(at, row->user);
    at = put_str(at, event->id);
    at = put_fixed(at, mp_scene_group(event->scene), 1);
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        at = put_column(at, &columns[i], row);
    }
    at = put_props(at, event);
    out->len = (size_t)(at - out->ptr);
}
