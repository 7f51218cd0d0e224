/*
 * store/ and report/ as tests in Python ask them: a JSON object a line on standard input, the
 * outcome as a JSON object a line on standard output. Bytes travel as hex.
 *
 *   {"do":"open","url":…,"user":…,"password":…,"database":…,"connections":2,"ca_file":…}
 *   {"do":"run","sql":hex,"bind":[[name,type,value],…],"read_only":bool,"timeout_ms":…,
 *    "cancel_after_ms":…,"query_id":…}     → "data": hex of the answer
 *   {"do":"insert","table":…,"columns":"name Type, …","rows":hex of RowBinary,"count":…,
 *    "query_id":…}
 *   {"do":"settle","query_id":…}, {"do":"migrate"}, {"do":"ping"}, {"do":"version"}
 *   {"do":"summaries","dir":…}              sums up all that has changed; "data": how many days
 *   {"do":"report","summed":bool,"name":…,"app":…,"zone":…,"from":day,"to":day,"by":0,
 *    "csv":bool,"now_ms":…,
 *    "source_group":[…],"platform":[…],"province":[…],"app_version":[…],"visitor":…, …}
 *
 * Each answer has "code" (mp_code_name), "engine_code", "field", "message".
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/json_write.h"
#include "load/summarise.h"
#include "report/report.h"
#include "store/store.h"

#define LINE_BYTES_MAX (256u << 20)
#define LIST_MAX 100000

static struct store *store;
static struct summaries *summaries;
static struct mp_arena arena; /* of the request under way */

static char *take(size_t bytes) {
    char *memory = mp_arena_alloc(&arena, bytes);
    if (!memory) {
        abort();
    }
    return memory;
}

static char *copy(struct mp_str text) {
    char *memory = take(text.len + 1);
    memcpy(memory, text.ptr, text.len);
    memory[text.len] = '\0';
    return memory;
}

static struct mp_str text_of(struct mp_json object, const char *name) {
    struct mp_json value;
    struct mp_str text = {NULL, 0};
    if (mp_json_get(object, mp_str_of(name), &value) && !mp_json_str(value, &text)) {
        text = mp_str_range(NULL, 0);
    }
    return text;
}

/* NULL when there is none. */
static char *copy_of(struct mp_json object, const char *name) {
    struct mp_str text = text_of(object, name);
    return text.ptr ? copy(text) : NULL;
}

static int64_t number_of(struct mp_json object, const char *name) {
    struct mp_json value;
    int64_t number = 0;
    if (mp_json_get(object, mp_str_of(name), &value) && !mp_json_i64(value, &number)) {
        number = 0;
    }
    return number;
}

static bool flag_of(struct mp_json object, const char *name) {
    struct mp_json value;
    bool flag = false;
    return mp_json_get(object, mp_str_of(name), &value) && mp_json_bool(value, &flag) && flag;
}

static int nibble(char digit) {
    return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

static struct mp_str from_hex(struct mp_str hex) {
    char *bytes = take(hex.len / 2 + 1);
    for (size_t i = 0; i < hex.len / 2; i++) {
        bytes[i] = (char)(nibble(hex.ptr[2 * i]) << 4 | nibble(hex.ptr[2 * i + 1]));
    }
    return mp_str_range(bytes, hex.len / 2);
}

static void bind_list(struct store_statement *statement, const char *name, bool is_text,
                      struct mp_json list) {
    static uint64_t numbers[LIST_MAX];
    static struct mp_str texts[LIST_MAX];
    size_t count = 0;
    struct mp_json item;
    struct mp_str text;
    for (struct mp_json_iter it = mp_json_iter(list);
         count < LIST_MAX && mp_json_next(&it, NULL, &item); count++) {
        if (!mp_json_str(item, &text)) {
            abort();
        }
        if (is_text) {
            texts[count] = from_hex(text);
        } else if (!mp_str_to_u64(text, &numbers[count])) {
            abort();
        }
    }
    if (is_text) {
        store_bind_strs(statement, name, texts, count);
    } else {
        store_bind_u64s(statement, name, numbers, count);
    }
}

/* Numbers come as decimal text, doubles and strings as hex. */
static void bind(struct store_statement *statement, struct mp_json triple) {
    struct mp_json_iter it = mp_json_iter(triple);
    struct mp_json part[3];
    struct mp_str name, type, value = {NULL, 0};
    for (int i = 0; i < 3; i++) {
        if (!mp_json_next(&it, NULL, &part[i])) {
            abort();
        }
    }
    if (!mp_json_str(part[0], &name) || !mp_json_str(part[1], &type)) {
        abort();
    }
    bool is_list = !mp_json_str(part[2], &value);
    char *name_text = copy(name);
    int64_t i64 = 0;
    uint64_t u64 = 0;
    if (is_list) {
        bind_list(statement, name_text, mp_str_is(type, "strs"), part[2]);
    } else if (mp_str_is(type, "str")) {
        store_bind_str(statement, name_text, from_hex(value));
    } else if (mp_str_is(type, "identifier")) {
        store_bind_identifier(statement, name_text, from_hex(value));
    } else if (mp_str_is(type, "f64")) {
        struct mp_reader reader;
        struct mp_str bytes = from_hex(value);
        mp_reader_init(&reader, bytes.ptr, bytes.len);
        store_bind_f64(statement, name_text, mp_read_f64(&reader));
    } else if (mp_str_is(type, "i64") && mp_str_to_i64(value, &i64)) {
        store_bind_i64(statement, name_text, i64);
    } else if (mp_str_is(type, "u64") && mp_str_to_u64(value, &u64)) {
        store_bind_u64(statement, name_text, u64);
    } else if (mp_str_is(type, "day") && mp_str_to_i64(value, &i64)) {
        store_bind_day(statement, name_text, (int32_t)i64);
    } else {
        abort();
    }
}

static bool is_time_up(void *arg) {
    return mp_mono_ms() >= *(int64_t *)arg;
}

static int run(struct mp_json request, struct mp_buf *answer, struct mp_error *err) {
    int64_t cancel_after_ms = number_of(request, "cancel_after_ms");
    int64_t deadline_ms = mp_mono_ms() + cancel_after_ms;
    struct store_options options = {.timeout_ms = number_of(request, "timeout_ms"),
                                    .is_read_only = flag_of(request, "read_only"),
                                    .query_id = copy_of(request, "query_id"),
                                    .is_cancelled = cancel_after_ms ? is_time_up : NULL,
                                    .is_cancelled_arg = &deadline_ms};
    struct store_statement *statement;
    struct mp_json list, triple;
    int code = store_statement_create(store, from_hex(text_of(request, "sql")), &statement, err);
    if (code) {
        return code;
    }
    if (mp_json_get(request, MP_STR("bind"), &list)) {
        for (struct mp_json_iter it = mp_json_iter(list); mp_json_next(&it, NULL, &triple);) {
            bind(statement, triple);
        }
    }
    code = store_run_into(store, statement, &options, answer, err);
    store_statement_destroy(statement);
    return code;
}

/* Numbers of a list into out; the count. */
static size_t numbers_of(struct mp_json object, const char *name, uint64_t *out) {
    struct mp_json list, item;
    int64_t number;
    size_t count = 0;
    if (!mp_json_get(object, mp_str_of(name), &list)) {
        return 0;
    }
    struct mp_json_iter each = mp_json_iter(list);
    while (count < REPORT_VALUES_MAX && mp_json_next(&each, NULL, &item)) {
        out[count++] = mp_json_i64(item, &number) ? (uint64_t)number : 0;
    }
    return count;
}

static size_t texts_of(struct mp_json object, const char *name, struct mp_str *out) {
    struct mp_json list, item;
    size_t count = 0;
    if (!mp_json_get(object, mp_str_of(name), &list)) {
        return 0;
    }
    struct mp_json_iter each = mp_json_iter(list);
    while (count < REPORT_VALUES_MAX && mp_json_next(&each, NULL, &item)) {
        if (mp_json_str(item, &out[count])) {
            count++;
        }
    }
    return count;
}

static void filters_of(struct mp_json request, struct report_filters *filters) {
    filters->source_group_count = numbers_of(request, "source_group", filters->source_groups);
    filters->platform_count = numbers_of(request, "platform", filters->platforms);
    filters->province_count = texts_of(request, "province", filters->provinces);
    filters->app_version_count = texts_of(request, "app_version", filters->app_versions);
    struct mp_str visitor = text_of(request, "visitor");
    filters->visitor = mp_str_is(visitor, "new")         ? REPORT_NEW_VISITORS
                       : mp_str_is(visitor, "returning") ? REPORT_RETURNING_VISITORS
                                                         : REPORT_ALL_VISITORS;
}

static int report(struct mp_json request, struct mp_buf *answer, struct mp_error *err) {
    struct mp_app app = {0};
    snprintf(app.id, sizeof(app.id), "%.*s", MP_STR_ARG(text_of(request, "app")));
    int code = mp_zone_open(text_of(request, "zone"), &app.zone, err);
    if (code) {
        return code;
    }
    struct report_question question = {
        .store = store,
        .summaries = flag_of(request, "summed") ? summaries : NULL,
        .app = &app,
        .now_ms = number_of(request, "now_ms"),
        .complete_until_ms = number_of(request, "until_ms"),
        .range = {(int32_t)number_of(request, "from"), (int32_t)number_of(request, "to"),
                  (enum report_cycle)number_of(request, "by")},
        .format = flag_of(request, "csv") ? REPORT_CSV : REPORT_JSON,
        .compare = {(int32_t)number_of(request, "compare_from"),
                    (int32_t)number_of(request, "compare_to"), REPORT_DAY},
        .has_compare = number_of(request, "compare_to") != 0,
        .cohort = flag_of(request, "active") ? REPORT_ACTIVE_USERS : REPORT_NEW_USERS,
        .sort = (enum report_page_sort)number_of(request, "sort"),
        .is_ascending = flag_of(request, "ascending"),
        .search = text_of(request, "search"),
        .limit = (uint64_t)number_of(request, "limit"),
        .offset = (uint64_t)number_of(request, "offset")};
    filters_of(request, &question.filters);
    const char *name = copy_of(request, "name");
    const struct report_named *named = report_find(name ? name : "");
    code = named ? named->run(&question, answer, err) : MP_E_NOT_FOUND;
    mp_zone_close(app.zone);
    return code;
}

/* Opens them first, or again when "again" says so. */
static int sum_up(struct mp_json request, struct mp_buf *answer, struct mp_error *err) {
    uint64_t days = 0;
    if (flag_of(request, "again")) {
        summaries_close(summaries);
        summaries = NULL;
    }
    int code = summaries ? MP_OK : summaries_open(copy_of(request, "dir"), &summaries, err);
    code = code == MP_OK ? summaries_load(summaries, err) : code;
    code = code == MP_OK ? load_summarise_all(store, summaries, &days, err) : code;
    mp_buf_printf(answer, "%llu", (unsigned long long)days);
    return code;
}

static int open_store(struct mp_json request, struct mp_error *err) {
    const struct store_config config = {.url = copy_of(request, "url"),
                                        .user = copy_of(request, "user"),
                                        .password = copy_of(request, "password"),
                                        .database = copy_of(request, "database"),
                                        .ca_file = copy_of(request, "ca_file"),
                                        .connections_max = (int)number_of(request, "connections"),
                                        .connect_timeout_ms =
                                            (int)number_of(request, "connect_timeout_ms")};
    store_close(store);
    store = NULL;
    return store_open(&config, &store, err);
}

/* ---- Inserts ---------------------------------------------------------------------------- */

/* "name Type, name Type, …", types as the schema writes them for servers that have "lowcard". */
static size_t parse_columns(struct mp_str list, struct store_column *columns) {
    static const char *const types[] = {
        [STORE_UINT8] = "UInt8",     [STORE_INT8] = "Int8",
        [STORE_UINT16] = "UInt16",   [STORE_UINT32] = "UInt32",
        [STORE_UINT64] = "UInt64",   [STORE_INT64] = "Int64",
        [STORE_FLOAT64] = "Float64", [STORE_DATE] = "Date",
        [STORE_STRING] = "String",   [STORE_LOWCARD] = "LowCardinality(String)"};
    size_t count = 0;
    while (list.len > 0) {
        struct mp_str type = mp_str_trim(mp_str_cut(&list, ','));
        struct store_column *column = &columns[count++];
        column->name = copy(mp_str_cut(&type, ' '));
        column->is_array = mp_str_starts_with(type, MP_STR("Array("));
        if (column->is_array) {
            type = mp_str_range(type.ptr + strlen("Array("), type.len - strlen("Array()"));
        }
        size_t i = 0;
        while (i < sizeof(types) / sizeof(types[0]) && !mp_str_is(type, types[i])) {
            i++;
        }
        column->type = (enum store_type)i;
    }
    return count;
}

static uint64_t read_number(struct mp_reader *reader, enum store_type type) {
    switch (type) {
    case STORE_UINT8:
    case STORE_INT8:
        return mp_read_byte(reader);
    case STORE_UINT16:
    case STORE_DATE:
        return mp_read_u16(reader);
    case STORE_UINT32:
        return mp_read_u32(reader);
    default:
        return mp_read_u64(reader);
    }
}

static void put_value(struct store_block *block, size_t column, enum store_type type,
                      struct mp_reader *reader) {
    if (type >= STORE_STRING) {
        store_block_put_str(block, column, mp_read_lstr(reader));
    } else {
        store_block_put_uint(block, column, read_number(reader, type));
    }
}

/* Rows come as RowBinary. */
static void put_row(struct store_block *block, const struct store_column *columns, size_t count,
                    struct mp_reader *reader) {
    for (size_t i = 0; i < count; i++) {
        uint64_t elements = columns[i].is_array ? mp_read_varint(reader) : 1;
        for (; elements > 0; elements--) {
            put_value(block, i, columns[i].type, reader);
        }
        if (columns[i].is_array) {
            store_block_end_array(block, i);
        }
    }
}

static int insert(struct mp_json request, struct mp_error *err) {
    struct store_column columns[STORE_BLOCK_COLUMNS_MAX];
    size_t count = parse_columns(text_of(request, "columns"), columns);
    struct mp_str rows = from_hex(text_of(request, "rows"));
    struct mp_reader reader;
    struct store_block *block = store_block_create(columns, count, STORE_BLOCK_BYTES_MAX);
    mp_reader_init(&reader, rows.ptr, rows.len);
    /* There are no more elements than bytes. */
    struct store_room room = {(size_t)number_of(request, "count"), rows.len, rows.len};
    if (!block || store_block_reserve(block, &room) != MP_OK) {
        abort();
    }
    for (size_t i = 0; i < room.rows; i++) {
        put_row(block, columns, count, &reader);
    }
    if (reader.failed) {
        abort();
    }
    int code =
        store_insert(store, copy_of(request, "table"), block, copy_of(request, "query_id"), err);
    store_block_destroy(block);
    return code;
}

static int perform(struct mp_json request, struct mp_buf *answer, struct mp_error *err) {
    struct mp_str what = text_of(request, "do");
    if (mp_str_is(what, "open")) {
        return open_store(request, err);
    }
    if (!store) {
        return mp_fail(err, MP_E_CLOSED, "do", "open comes first");
    }
    if (mp_str_is(what, "run")) {
        return run(request, answer, err);
    }
    if (mp_str_is(what, "insert")) {
        return insert(request, err);
    }
    if (mp_str_is(what, "settle")) {
        return store_settle(store, copy_of(request, "query_id"), err);
    }
    if (mp_str_is(what, "migrate")) {
        return store_migrate(store, err);
    }
    if (mp_str_is(what, "ping")) {
        return store_ping(store, err);
    }
    if (mp_str_is(what, "version")) {
        mp_buf_printf(answer, "%d", store_server_version(store));
        return 0;
    }
    if (mp_str_is(what, "summaries")) {
        return sum_up(request, answer, err);
    }
    if (mp_str_is(what, "report")) {
        return report(request, answer, err);
    }
    return mp_fail(err, MP_E_ARGUMENT, "do", "is unknown");
}

static void reply(int code, const struct mp_error *err, const struct mp_buf *answer) {
    struct mp_buf line;
    struct mp_json_writer writer;
    mp_buf_init(&line, 2 * LINE_BYTES_MAX);
    mp_jw_init(&writer, &line);
    mp_jw_object_begin(&writer);
    mp_jw_key(&writer, "code");
    mp_jw_text(&writer, mp_code_name((enum mp_code)code));
    mp_jw_key(&writer, "engine_code");
    mp_jw_i64(&writer, err->engine_code);
    mp_jw_key(&writer, "field");
    mp_jw_text(&writer, err->field);
    mp_jw_key(&writer, "message");
    mp_jw_text(&writer, err->message);
    mp_jw_key(&writer, "data");
    mp_buf_append_byte(&line, '"');
    for (size_t i = 0; i < answer->len; i++) {
        static const char digits[] = "0123456789abcdef";
        mp_buf_append_byte(&line, (uint8_t)digits[(uint8_t)answer->ptr[i] >> 4]);
        mp_buf_append_byte(&line, (uint8_t)digits[(uint8_t)answer->ptr[i] & 15]);
    }
    mp_buf_append_text(&line, "\"}\n");
    fwrite(line.ptr, 1, line.len, stdout);
    fflush(stdout);
    mp_buf_deinit(&line);
}

int main(void) {
    struct mp_json_parser *parser = mp_json_parser_create(LINE_BYTES_MAX, 16);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t len;
    mp_arena_init(&arena, 1u << 20, LINE_BYTES_MAX);
    while (parser && (len = getline(&line, &capacity, stdin)) > 0) {
        struct mp_json request;
        struct mp_error err = {0};
        struct mp_buf answer;
        mp_buf_init(&answer, LINE_BYTES_MAX / 2);
        int code = mp_json_parse(parser, mp_str_range(line, (size_t)len), &request, &err);
        if (code == 0) {
            code = perform(request, &answer, &err);
        }
        reply(code, &err, &answer);
        mp_buf_deinit(&answer);
        mp_arena_reset(&arena);
    }
    free(line);
    mp_arena_deinit(&arena);
    summaries_close(summaries);
    store_close(store);
    mp_json_parser_destroy(parser);
    return 0;
}
