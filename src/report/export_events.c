/* Events as a table: sql/export_events.sql, a few days at a time. */
#include "report/table.h"

#include "base/embedded.h"
#include "base/event.h"
#include "base/grow.h"
#include "base/json_write.h"
#include "store/rows.h"

#include <assert.h>
#include <stdlib.h>

extern const struct mp_embedded report_sql_files[];

/* An event's properties as JSON; see base/event.h for what one may have. */
#define PROPS_BYTES_MAX (8u << 20)
#define ASK_TIMEOUT_MS (24LL * 3600 * 1000)
#define CONTEXT_PLATFORM "context.platform"
#define PROGRESS_EVENTS 4096
/* Days are asked for together up to this: one by one, quiet days would cost as much as busy ones.
 */
#define EVENTS_AT_ONCE 200000

/* The order of sql/export_events.sql, with `props` at the end. */
static const struct table_column columns[] = {
    {"id", TABLE_TEXT},
    {"name", TABLE_TEXT},
    {"time", TABLE_MOMENT},
    {"day", TABLE_DAY},
    {"user", TABLE_TEXT},
    {"open_id", TABLE_TEXT},
    {"open_start", TABLE_MOMENT},
    {"page", TABLE_TEXT},
    {"query", TABLE_TEXT},
    {"referrer", TABLE_TEXT},
    {"title", TABLE_TEXT},
    {"dwell_ms", TABLE_I64},
    {"scene", TABLE_I64},
    {"source_group", TABLE_I64},
    {"element", TABLE_TEXT},
    {"order_id", TABLE_TEXT},
    {"amount_fen", TABLE_I64},
    {"password_free", TABLE_BOOL},
    {"app_version", TABLE_TEXT},
    {"sdk", TABLE_TEXT},
    {"platform", TABLE_TEXT},
    {"brand", TABLE_TEXT},
    {"model", TABLE_TEXT},
    {"os_version", TABLE_TEXT},
    {"client_version", TABLE_TEXT},
    {"library_version", TABLE_TEXT},
    {"screen_width", TABLE_I64},
    {"screen_height", TABLE_I64},
    {"language", TABLE_TEXT},
    {"network", TABLE_TEXT},
    {"country", TABLE_TEXT},
    {"province", TABLE_TEXT},
    {"city", TABLE_TEXT},
    {"flags", TABLE_I64},
    {"props", TABLE_JSON},
};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))
static const char answer_columns[] = "ssqwssqssssqwbssqbssbsssssww"
                                     "sssssbSSSQ";

struct day {
    int32_t day;
    uint64_t events;
};

struct exporting {
    const struct report_export *export;
    struct table *table;
    struct mp_buf props;
    struct mp_prop list[2 * MP_EVENT_PROPS_MAX];
    size_t prop_count;
    struct day *days;
    size_t day_count;
    size_t day_capacity;
    uint64_t total;
    uint64_t done;
    struct mp_error err; /* of a row */
};

/* ---- One event ---------------------------------------------------------------------------- */

static void put_text(struct exporting *exporting, struct mp_str text) {
    if (text.len > 0) {
        table_put_str(exporting->table, text);
    } else {
        table_put_null(exporting->table);
    }
}

static void put_number(struct exporting *exporting, int64_t value, bool is_known) {
    if (is_known) {
        table_put_i64(exporting->table, value);
    } else {
        table_put_null(exporting->table);
    }
}

static void put_texts(struct exporting *exporting, const struct mp_str *texts, size_t count) {
    for (size_t i = 0; i < count; i++) {
        put_text(exporting, texts[i]);
    }
}

/* A row as read; texts in the order of their columns. */
struct event_row {
    struct mp_str id, name, user, open_id;
    int64_t time_ms, open_start_ms, dwell_ms, amount_fen;
    int32_t day;
    struct mp_str page_texts[4]; /* page, query, referrer, title */
    uint16_t scene, width, height;
    uint8_t source_group, password_free, platform, flags;
    struct mp_str element, order_id, app_version, sdk;
    struct mp_str device_texts[5]; /* brand … library_version */
    struct mp_str place_texts[5];  /* language … city */
};

static void read_texts(struct mp_reader *reader, struct mp_str *texts, size_t count) {
    for (size_t i = 0; i < count; i++) {
        texts[i] = mp_read_lstr(reader);
    }
}

static struct event_row read_event(struct mp_reader *reader) {
    struct event_row row;
    row.id = mp_read_lstr(reader);
    row.name = mp_read_lstr(reader);
    row.time_ms = (int64_t)mp_read_u64(reader);
    row.day = mp_read_u16(reader);
    row.user = mp_read_lstr(reader);
    row.open_id = mp_read_lstr(reader);
    row.open_start_ms = (int64_t)mp_read_u64(reader);
    read_texts(reader, row.page_texts, 4);
    row.dwell_ms = (int64_t)mp_read_u64(reader);
    row.scene = mp_read_u16(reader);
    row.source_group = mp_read_byte(reader);
    row.element = mp_read_lstr(reader);
    row.order_id = mp_read_lstr(reader);
    row.amount_fen = (int64_t)mp_read_u64(reader);
    row.password_free = mp_read_byte(reader);
    row.app_version = mp_read_lstr(reader);
    row.sdk = mp_read_lstr(reader);
    row.platform = mp_read_byte(reader);
    read_texts(reader, row.device_texts, 5);
    row.width = mp_read_u16(reader);
    row.height = mp_read_u16(reader);
    read_texts(reader, row.place_texts, 5);
    row.flags = mp_read_byte(reader);
    return row;
}

static void read_names(struct exporting *exporting, struct mp_reader *reader,
                       enum mp_prop_type type, size_t *first, size_t *count) {
    *count = (size_t)mp_read_varint(reader);
    *first = exporting->prop_count;
    for (size_t i = 0; i < *count; i++) {
        struct mp_str name = mp_read_lstr(reader);
        if (*first + i < sizeof(exporting->list) / sizeof(exporting->list[0])) {
            exporting->list[*first + i] = (struct mp_prop){.name = name, .type = type};
            exporting->prop_count++;
        }
    }
}

static void read_props(struct exporting *exporting, struct mp_reader *reader) {
    size_t first, count;
    exporting->prop_count = 0;
    read_names(exporting, reader, MP_PROP_STRING, &first, &count);
    count = (size_t)mp_read_varint(reader);
    for (size_t i = 0; i < count; i++) {
        struct mp_str text = mp_read_lstr(reader);
        if (first + i < exporting->prop_count) {
            exporting->list[first + i].text = text;
        }
    }
    read_names(exporting, reader, MP_PROP_NUMBER, &first, &count);
    count = (size_t)mp_read_varint(reader);
    for (size_t i = 0; i < count; i++) {
        double number = mp_read_f64(reader);
        if (first + i < exporting->prop_count) {
            exporting->list[first + i].number = number;
        }
    }
}

static void put_props(struct exporting *exporting) {
    struct mp_json_writer json;
    if (exporting->prop_count == 0) {
        table_put_null(exporting->table);
        return;
    }
    mp_buf_clear(&exporting->props);
    mp_jw_init(&json, &exporting->props);
    mp_jw_object_begin(&json);
    for (size_t i = 0; i < exporting->prop_count; i++) {
        const struct mp_prop *prop = &exporting->list[i];
        mp_jw_key_str(&json, prop->name);
        if (prop->type == MP_PROP_STRING) {
            mp_jw_str(&json, prop->text);
        } else {
            mp_jw_f64(&json, prop->number);
        }
    }
    mp_jw_object_end(&json);
    table_put_str(exporting->table, mp_buf_str(&exporting->props));
}

/* "other" only where nothing tells which. */
static struct mp_str platform_of(const struct exporting *exporting, uint8_t platform) {
    for (size_t i = 0; i < exporting->prop_count && platform == MP_PLATFORM_OTHER; i++) {
        const struct mp_prop *prop = &exporting->list[i];
        if (mp_str_is(prop->name, CONTEXT_PLATFORM) && prop->type == MP_PROP_STRING) {
            return prop->text;
        }
    }
    return platform == MP_PLATFORM_IOS       ? MP_STR("ios")
           : platform == MP_PLATFORM_ANDROID ? MP_STR("android")
           : platform == MP_PLATFORM_OTHER   ? MP_STR("other")
                                             : MP_STR("");
}

static int on_event(void *arg, struct mp_reader *reader) {
    struct exporting *exporting = arg;
    struct event_row row = read_event(reader);
    bool has_money = row.order_id.len > 0 || row.amount_fen != 0;
    read_props(exporting, reader);
    put_text(exporting, row.id);
    put_text(exporting, row.name);
    put_number(exporting, row.time_ms, true);
    put_number(exporting, row.day, true);
    put_text(exporting, row.user);
    put_text(exporting, row.open_id);
    put_number(exporting, row.open_start_ms, row.open_id.len > 0);
    put_texts(exporting, row.page_texts, 4);
    put_number(exporting, row.dwell_ms, row.dwell_ms >= 0);
    put_number(exporting, row.scene, row.scene > 0);
    put_number(exporting, row.source_group, row.source_group > 0);
    put_text(exporting, row.element);
    put_text(exporting, row.order_id);
    put_number(exporting, row.amount_fen, has_money);
    put_number(exporting, row.password_free, true);
    put_text(exporting, row.app_version);
    put_text(exporting, row.sdk);
    put_text(exporting, platform_of(exporting, row.platform));
    put_texts(exporting, row.device_texts, 5);
    put_number(exporting, row.width, row.width > 0);
    put_number(exporting, row.height, row.height > 0);
    put_texts(exporting, row.place_texts, 5);
    put_number(exporting, row.flags, true);
    put_props(exporting);
    int code = table_end_row(exporting->table, &exporting->err);
    const struct report_export *export = exporting->export;
    if (++exporting->done % PROGRESS_EVENTS == 0 && export->on_progress) {
        export->on_progress(export->arg, exporting->done, exporting->total);
    }
    return code;
}

/* ---- Days --------------------------------------------------------------------------------- */

static int on_day(void *arg, struct mp_reader *reader) {
    struct exporting *exporting = arg;
    if (!mp_grow(&exporting->days, &exporting->day_capacity, exporting->day_count + 1,
                 sizeof(*exporting->days))) {
        return mp_fail(&exporting->err, MP_E_MEMORY, "", "no memory for days");
    }
    struct day *day = &exporting->days[exporting->day_count++];
    day->day = mp_read_u16(reader);
    day->events = mp_read_u64(reader);
    exporting->total += day->events;
    return MP_OK;
}

static int ask(struct exporting *exporting, const char *name, int32_t from, int32_t to,
               const char *answer, store_on_row *on_row, struct mp_error *err) {
    const struct report_export *export = exporting->export;
    const struct mp_embedded *file = mp_embedded_find(report_sql_files, name);
    struct store_options options = export->options ? *export->options : (struct store_options){0};
    struct store_statement *statement;
    assert(file);
    options.is_read_only = true;
    options.timeout_ms = options.timeout_ms > 0 ? options.timeout_ms : ASK_TIMEOUT_MS;
    int code =
        store_statement_create(export->store, mp_str_range(file->data, file->len), &statement, err);
    if (code != MP_OK) {
        return code;
    }
    store_bind_str(statement, "app", mp_str_of(export->app->id));
    store_bind_day(statement, "from", from);
    store_bind_day(statement, "to", to);
    exporting->err.code = MP_OK;
    code = store_run_rows(export->store, statement, &options, answer, on_row, exporting, err);
    store_statement_destroy(statement);
    if (code != MP_OK && exporting->err.code != MP_OK && err) {
        *err = exporting->err;
    }
    return code;
}

/* Behind the days that are asked for together with the first; at least that one. */
static size_t days_together(const struct exporting *exporting, size_t first) {
    uint64_t events = exporting->days[first].events;
    size_t next = first + 1;
    while (next < exporting->day_count && events + exporting->days[next].events <= EVENTS_AT_ONCE) {
        events += exporting->days[next++].events;
    }
    return next;
}

int report_export_events(const struct report_export *export, uint64_t *events,
                         struct mp_error *err) {
    struct exporting *exporting = calloc(1, sizeof(*exporting));
    if (!exporting) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for an export");
    }
    exporting->export = export;
    mp_buf_init(&exporting->props, PROPS_BYTES_MAX);
    int code = table_create(export->format, columns, COLUMN_COUNT, export->app->zone,
                            export->on_bytes, export->arg, &exporting->table, err);
    code = code ? code : ask(exporting, "event_days", export->from, export->to, "wq", on_day, err);
    for (size_t i = 0; i < exporting->day_count && code == MP_OK;) {
        size_t next = days_together(exporting, i);
        code = ask(exporting, "export_events", exporting->days[i].day,
                   exporting->days[next - 1].day, answer_columns, on_event, err);
        i = next;
    }
    code = code ? code : table_finish(exporting->table, err);
    *events = exporting->done;
    table_destroy(exporting->table);
    mp_buf_deinit(&exporting->props);
    free(exporting->days);
    free(exporting);
    return code;
}
