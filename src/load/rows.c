#include "load/rows.h"

#include <assert.h>
#include <stddef.h>

/* A column that is a field of a struct: a struct mp_str, or a number as wide as the column. */
struct column {
    struct store_column to;
    size_t offset;
};

#define OF_ROW(name, type)                                                                         \
    { {#name, STORE_##type}, offsetof(struct event_row, name) }
#define OF_EVENT(name, type)                                                                       \
    { {#name, STORE_##type}, offsetof(struct mp_event, name) }
#define OF_CONTEXT(name, type)                                                                     \
    { {#name, STORE_##type}, offsetof(struct mp_context, name) }
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Types as the schema has them. A block's columns are these four lists, one behind another. */

static const struct column row_columns[] = {
    OF_ROW(day, DATE),     OF_ROW(user_hash, UINT64), OF_ROW(time_ms, INT64),
    OF_ROW(batch, UINT32), OF_ROW(seq, UINT32),       OF_ROW(user, STRING),
};

static const struct column event_columns[] = {
    OF_EVENT(name, LOWCARD),    OF_EVENT(id, STRING),           OF_EVENT(flags, UINT8),
    OF_EVENT(open_id, STRING),  OF_EVENT(open_start_ms, INT64), OF_EVENT(scene, UINT16),
    OF_EVENT(page, STRING),     OF_EVENT(query, STRING),        OF_EVENT(referrer, STRING),
    OF_EVENT(title, STRING),    OF_EVENT(dwell_ms, INT64),      OF_EVENT(element, STRING),
    OF_EVENT(order_id, STRING), OF_EVENT(amount_fen, INT64),    OF_EVENT(password_free, UINT8),
};

static const struct column context_columns[] = {
    OF_CONTEXT(app, LOWCARD),
    OF_CONTEXT(platform, UINT8),
    OF_CONTEXT(brand, LOWCARD),
    OF_CONTEXT(model, LOWCARD),
    OF_CONTEXT(os_version, LOWCARD),
    OF_CONTEXT(client_version, LOWCARD),
    OF_CONTEXT(library_version, LOWCARD),
    OF_CONTEXT(app_version, LOWCARD),
    OF_CONTEXT(sdk, LOWCARD),
    OF_CONTEXT(screen_width, UINT16),
    OF_CONTEXT(screen_height, UINT16),
    OF_CONTEXT(language, LOWCARD),
    OF_CONTEXT(network, LOWCARD),
    OF_CONTEXT(country, LOWCARD),
    OF_CONTEXT(province, LOWCARD),
    OF_CONTEXT(city, LOWCARD),
};

static const struct store_column made_columns[] = {
    {"source_group", STORE_UINT8},       {"str_names", STORE_LOWCARD, true},
    {"str_values", STORE_STRING, true},  {"num_names", STORE_LOWCARD, true},
    {"num_values", STORE_FLOAT64, true},
};

enum {
    EVENT_FIRST = COUNT_OF(row_columns),
    CONTEXT_FIRST = EVENT_FIRST + COUNT_OF(event_columns),
    SOURCE_GROUP = CONTEXT_FIRST + COUNT_OF(context_columns),
    STR_NAMES,
    STR_VALUES,
    NUM_NAMES,
    NUM_VALUES,
    COLUMN_COUNT
};

static size_t add_columns(struct store_column *out, const struct column *columns, size_t count) {
    for (size_t i = 0; i < count; i++) {
        out[i] = columns[i].to;
    }
    return count;
}

struct store_block *event_block_create(size_t bytes_max) {
    struct store_column all[COLUMN_COUNT];
    size_t count = add_columns(all, row_columns, COUNT_OF(row_columns));
    count += add_columns(all + count, event_columns, COUNT_OF(event_columns));
    count += add_columns(all + count, context_columns, COUNT_OF(context_columns));
    static_assert(SOURCE_GROUP + COUNT_OF(made_columns) == COLUMN_COUNT, "a column without a name");
    memcpy(all + count, made_columns, sizeof(made_columns));
    return store_block_create(all, COLUMN_COUNT, bytes_max);
}

static uint64_t number_of(const void *field, enum store_type type) {
    switch (type) {
    case STORE_UINT8:
        return *(const uint8_t *)field;
    case STORE_UINT16:
    case STORE_DATE:
        return *(const uint16_t *)field;
    case STORE_UINT32:
        return *(const uint32_t *)field;
    default:
        return *(const uint64_t *)field;
    }
}

static void put_fields(struct store_block *block, size_t first, const struct column *columns,
                       size_t count, const void *owner) {
    for (size_t i = 0; i < count; i++) {
        const void *field = (const char *)owner + columns[i].offset;
        if (columns[i].to.type >= STORE_STRING) {
            store_block_put_str(block, first + i, *(const struct mp_str *)field);
        } else {
            store_block_put_uint(block, first + i, number_of(field, columns[i].to.type));
        }
    }
}

static void put_props(struct store_block *block, const struct mp_event *event) {
    for (size_t i = 0; i < event->prop_count; i++) {
        const struct mp_prop *prop = &event->props[i];
        if (prop->type == MP_PROP_STRING) {
            store_block_put_str(block, STR_NAMES, prop->name);
            store_block_put_str(block, STR_VALUES, prop->text);
        } else {
            store_block_put_str(block, NUM_NAMES, prop->name);
            store_block_put_f64(block, NUM_VALUES, prop->number);
        }
    }
    for (size_t column = STR_NAMES; column <= NUM_VALUES; column++) {
        store_block_end_array(block, column);
    }
}

void event_row_put(struct store_block *block, const struct event_row *row) {
    put_fields(block, 0, row_columns, COUNT_OF(row_columns), row);
    put_fields(block, EVENT_FIRST, event_columns, COUNT_OF(event_columns), row->event);
    store_block_put_uint(block, SOURCE_GROUP, mp_scene_group(row->event->scene));
    put_props(block, row->event);
}

void event_rows_share(struct store_block *block, const struct mp_context *context, size_t rows) {
    for (size_t i = 0; i < COUNT_OF(context_columns); i++) {
        const void *field = (const char *)context + context_columns[i].offset;
        enum store_type type = context_columns[i].to.type;
        if (type >= STORE_STRING) {
            store_block_fill_str(block, CONTEXT_FIRST + i, *(const struct mp_str *)field, rows);
        } else {
            store_block_fill_uint(block, CONTEXT_FIRST + i, number_of(field, type), rows);
        }
    }
}
