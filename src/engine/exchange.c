/* One HTTP request of the engine: its statement, its settings, its rows in or out. */
#include "engine/internal.h"

#include "base/clock.h"

#include <ctype.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define EXCEPTION_BYTES_MAX 8192
#define DEADLINE_GRACE_MS 500 /* the engine's own max_execution_time speaks first */

struct exchange {
    struct door *door;
    struct http_request *request;
    struct pool *pool; /* the one link came from */
    struct link *link;
    struct watched watched;
    bool is_watched;
    bool is_spoiled;
    char settings[ENGINE_SETTINGS_MAX][64]; /* names to take back */
    size_t setting_count;
    struct mp_buf text;      /* the statement when it comes in the body */
    struct mp_buf statement; /* as given to chDB: with the watcher's comment */
    struct sql_shape shape;
    struct chdb_insert_stream *insert;
    struct chdb_result *stream;
    struct chdb_result *chunk;
    size_t chunk_at;
    struct mp_buf exception;
};

static struct exchange *exchange_of(struct http_request *request) {
    return *(struct exchange **)http_scratch(request);
}

static struct exchange *exchange_begin(struct http_request *request, struct door *door) {
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    if (exchange) {
        exchange->door = door;
        exchange->request = request;
        mp_buf_init(&exchange->text, ENGINE_QUERY_BYTES_MAX);
        mp_buf_init(&exchange->statement, ENGINE_QUERY_BYTES_MAX + 64);
        mp_buf_init(&exchange->exception, EXCEPTION_BYTES_MAX);
        *(struct exchange **)http_scratch(request) = exchange;
    }
    return exchange;
}

/* Fills the exception in the engine's own form. */
static bool fail(struct exchange *exchange, int code, const char *text) {
    mp_buf_printf(&exchange->exception, "Code: %d. DB::Exception: %s", code, text);
    return false;
}

static struct mp_str credential(struct http_request *request, const char *header,
                                const char *parameter) {
    struct mp_str value = http_header(request, header);
    return value.ptr ? value : http_query(request, parameter);
}

static bool same_secret(struct mp_str given, const char *wanted) {
    struct mp_str secret = mp_str_of(wanted);
    return given.len == secret.len && sodium_memcmp(given.ptr, secret.ptr, secret.len) == 0;
}

/* "Basic base64(user:password)" or ClickHouse's own headers and parameters. */
static bool is_allowed(struct exchange *exchange) {
    const struct engine_config *config = &exchange->door->engine->config;
    struct mp_str user = credential(exchange->request, "X-ClickHouse-User", "user");
    struct mp_str password = credential(exchange->request, "X-ClickHouse-Key", "password");
    struct mp_str basic = http_header(exchange->request, "Authorization");
    char plain[512];
    size_t len = 0;
    if (exchange->door->is_open_to_all) {
        return true;
    }
    if (basic.len > 6 && strncasecmp(basic.ptr, "Basic ", 6) == 0 &&
        sodium_base642bin((unsigned char *)plain, sizeof(plain), basic.ptr + 6, basic.len - 6, NULL,
                          &len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0) {
        password = mp_str_range(plain, len);
        user = mp_str_cut(&password, ':');
    }
    return config->tcp_user && config->tcp_password && user.ptr && password.ptr &&
           same_secret(user, config->tcp_user) && same_secret(password, config->tcp_password);
}

static bool is_reserved(struct mp_str name) {
    static const char *const names[] = {
        "query",      "database",    "default_format", "query_id",          "user",
        "password",   "readonly",    "session_id",     "wait_end_of_query", "compress",
        "decompress", "buffer_size", "quota_key"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (mp_str_is(name, names[i])) {
            return true;
        }
    }
    return false;
}

static bool is_name(struct mp_str name) {
    for (size_t i = 0; i < name.len; i++) {
        if (!isalnum((unsigned char)name.ptr[i]) && name.ptr[i] != '_') {
            return false;
        }
    }
    return name.len > 0 && name.len < 64;
}

static void quote(struct mp_buf *out, struct mp_str value) {
    mp_buf_append_byte(out, '\'');
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '\'' || value.ptr[i] == '\\') {
            mp_buf_append_byte(out, '\\');
        }
        mp_buf_append_byte(out, (uint8_t)value.ptr[i]);
    }
    mp_buf_append_byte(out, '\'');
}

static bool apply_setting(struct exchange *exchange, struct mp_str name, struct mp_str value) {
    struct mp_buf sql;
    if (!is_name(name)) {
        return fail(exchange, 115, "a setting's name is malformed");
    }
    if (exchange->setting_count == ENGINE_SETTINGS_MAX) {
        return fail(exchange, 115, "too many settings");
    }
    mp_buf_init(&sql, 4096);
    mp_buf_printf(&sql, "SET %.*s = ", MP_STR_ARG(name));
    quote(&sql, value);
    bool is_done = !sql.failed && link_exec(&exchange->door->engine->chdb, exchange->link,
                                            mp_buf_str(&sql), &exchange->exception);
    mp_buf_deinit(&sql);
    if (is_done) {
        snprintf(exchange->settings[exchange->setting_count++], sizeof(exchange->settings[0]),
                 "%.*s", MP_STR_ARG(name));
    }
    return is_done;
}

/* A reader's link is readonly for good and takes no setting; its time limit is the watcher's. */
static bool apply_settings(struct exchange *exchange, bool is_reader) {
    struct mp_str name, value;
    for (size_t i = 0; http_query_at(exchange->request, i, &name, &value); i++) {
        if (!is_reserved(name) && !is_reader && !apply_setting(exchange, name, value)) {
            return false;
        }
    }
    struct mp_str database = http_query(exchange->request, "database");
    if (database.len == 0) {
        database = MP_STR("default");
    }
    if (!is_name(database)) {
        return fail(exchange, 81, "the database's name is malformed");
    }
    char sql[96];
    snprintf(sql, sizeof(sql), "USE %.*s", MP_STR_ARG(database));
    return link_exec(&exchange->door->engine->chdb, exchange->link, mp_str_of(sql),
                     &exchange->exception);
}

static void give_back(struct exchange *exchange) {
    if (!exchange->link) {
        return;
    }
    for (size_t i = 0; i < exchange->setting_count; i++) {
        char sql[96];
        snprintf(sql, sizeof(sql), "SET %s = DEFAULT", exchange->settings[i]);
        exchange->is_spoiled |=
            !link_exec(&exchange->door->engine->chdb, exchange->link, mp_str_of(sql), NULL);
    }
    if (exchange->setting_count > 0) {
        exchange->is_spoiled |= !pool_restore(exchange->pool, exchange->link);
    }
    pool_give(exchange->pool, exchange->link, exchange->is_spoiled);
    exchange->link = NULL;
    exchange->setting_count = 0;
}

static bool wants_reading_only(struct exchange *exchange) {
    struct mp_str readonly = http_query(exchange->request, "readonly");
    return !exchange->door->is_open_to_all || mp_str_is(http_method(exchange->request), "GET") ||
           (readonly.len > 0 && !mp_str_is(readonly, "0"));
}

static int64_t deadline_ms(struct exchange *exchange) {
    uint64_t seconds = 0;
    struct mp_str given = http_query(exchange->request, "max_execution_time");
    if (!mp_str_to_u64(given, &seconds) || seconds == 0 || seconds > 86400) {
        return 0;
    }
    return mp_mono_ms() + (int64_t)seconds * 1000 + DEADLINE_GRACE_MS;
}

/* Takes a connection and readies it. */
static bool connect(struct exchange *exchange) {
    struct engine *engine = exchange->door->engine;
    bool is_reader = wants_reading_only(exchange);
    if (!is_allowed(exchange)) {
        return fail(exchange, 516, "user or password is wrong");
    }
    if (http_header(exchange->request, "Content-Encoding").len > 0) {
        return fail(exchange, 48, "compressed bodies are not supported by the embedded engine");
    }
    exchange->pool = is_reader ? engine->readers : engine->writers;
    exchange->link = pool_take(exchange->pool);
    exchange->watched = (struct watched){.request = exchange->request,
                                         .id = atomic_fetch_add(&engine->next_id, 1) + 1,
                                         .deadline_ms = deadline_ms(exchange)};
    return apply_settings(exchange, is_reader);
}

static void watch_begin(struct exchange *exchange) {
    watch_add(exchange->door->engine->watch, &exchange->watched);
    exchange->is_watched = true;
}

static void watch_end(struct exchange *exchange) {
    if (exchange->is_watched) {
        watch_remove(exchange->door->engine->watch, &exchange->watched);
        exchange->is_watched = false;
    }
}

static bool insert_begin(struct exchange *exchange) {
    const struct chdb *chdb = &exchange->door->engine->chdb;
    const struct sql_shape *shape = &exchange->shape;
    if (wants_reading_only(exchange)) {
        return fail(exchange, 164, "Cannot insert in readonly mode");
    }
    exchange->insert =
        chdb->stream_insert_n(*exchange->link->connection, shape->insert.ptr, shape->insert.len,
                              shape->format.ptr, shape->format.len);
    const char *error = chdb->stream_insert_error(exchange->insert);
    if (error) {
        mp_buf_append_text(&exchange->exception, error);
        chdb->destroy_insert_stream(exchange->insert);
        exchange->insert = NULL;
        return false;
    }
    return true;
}

static bool insert_append(struct exchange *exchange, struct mp_str data) {
    const struct chdb *chdb = &exchange->door->engine->chdb;
    if (data.len == 0 || chdb->stream_append(exchange->insert, data.ptr, data.len) == 0) {
        return true;
    }
    const char *error = chdb->stream_insert_error(exchange->insert);
    mp_buf_append_text(&exchange->exception, error ? error : "Code: 27. DB::Exception: bad rows");
    return false;
}

bool exchange_on_body(struct http_request *request, void *arg, struct mp_str data) {
    struct exchange *exchange = exchange_of(request);
    if (!exchange) {
        exchange = exchange_begin(request, arg);
        struct mp_str query = http_query(request, "query");
        if (!exchange || !connect(exchange)) {
            return false;
        }
        sql_look(query, &exchange->shape);
        if (exchange->shape.is_insert &&
            (!insert_begin(exchange) || !insert_append(exchange, exchange->shape.data))) {
            return false;
        }
        if (!exchange->insert && query.len > 0) {
            mp_buf_append_str(&exchange->text, query);
            mp_buf_append_byte(&exchange->text, '\n');
        }
    }
    if (exchange->insert) {
        return insert_append(exchange, data);
    }
    mp_buf_append_str(&exchange->text, data);
    return !exchange->text.failed ||
           fail(exchange, 62, "the statement is over the engine's limit of 64 MiB");
}

static void reply_exception(struct exchange *exchange) {
    char code[16];
    struct mp_buf *text = &exchange->exception;
    if (exchange->watched.is_over) {
        mp_buf_clear(text);
        fail(exchange, 159, "Timeout exceeded");
    }
    mp_buf_append_byte(text, '\0');
    int number = text->failed ? 1001 : exception_code(text->ptr);
    snprintf(code, sizeof(code), "%d", number);
    http_reply_header(exchange->request, "X-ClickHouse-Exception-Code", code);
    text->len -= text->failed ? 0 : 1;
    mp_buf_append_byte(text, '\n');
    http_reply(exchange->request, exception_status(number), "text/plain; charset=UTF-8",
               mp_buf_str(text));
}

static const char *content_type(struct mp_str format) {
    static const struct {
        const char *name;
        const char *type;
    } types[] = {
        {"JSON", "application/json; charset=UTF-8"},
        {"JSONCompact", "application/json; charset=UTF-8"},
        {"JSONEachRow", "application/x-ndjson; charset=UTF-8"},
        {"CSV", "text/csv; charset=UTF-8"},
        {"CSVWithNames", "text/csv; charset=UTF-8; header=present"},
        {"RowBinary", "application/octet-stream"},
        {"Native", "application/octet-stream"},
        {"Parquet", "application/octet-stream"},
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (mp_str_is(format, types[i].name)) {
            return types[i].type;
        }
    }
    return "text/tab-separated-values; charset=UTF-8";
}

/* chDB's next piece of the answer into chunk: 1, 0 = end, -1 = exception. */
static int fetch(struct exchange *exchange) {
    const struct chdb *chdb = &exchange->door->engine->chdb;
    if (exchange->chunk) {
        chdb->destroy_query_result(exchange->chunk);
    }
    exchange->chunk = chdb->stream_fetch_result(*exchange->link->connection, exchange->stream);
    exchange->chunk_at = 0;
    const char *error = exchange->chunk ? chdb->result_error(exchange->chunk)
                                        : "Code: 1001. DB::Exception: no answer";
    if (error) {
        mp_buf_append_text(&exchange->exception, error);
        return -1;
    }
    return chdb->result_length(exchange->chunk) > 0;
}

static long next_bytes(void *arg, void *buf, size_t max) {
    struct exchange *exchange = arg;
    const struct chdb *chdb = &exchange->door->engine->chdb;
    size_t len = chdb->result_length(exchange->chunk);
    if (exchange->chunk_at == len) {
        int got = fetch(exchange);
        if (got <= 0) {
            return got;
        }
        len = chdb->result_length(exchange->chunk);
    }
    size_t part = len - exchange->chunk_at < max ? len - exchange->chunk_at : max;
    memcpy(buf, chdb->result_buffer(exchange->chunk) + exchange->chunk_at, part);
    exchange->chunk_at += part;
    return (long)part;
}

static void mark(struct exchange *exchange, struct mp_str text) {
    mp_buf_append_str(&exchange->statement, mp_str_trim(text));
    struct mp_buf *statement = &exchange->statement;
    while (statement->len > 0 && statement->ptr[statement->len - 1] == ';') {
        statement->len--;
    }
    mp_buf_printf(statement, "\n/* request %" PRIu64 " */", exchange->watched.id);
}

static void select_begin(struct exchange *exchange) {
    const struct chdb *chdb = &exchange->door->engine->chdb;
    struct mp_str format = exchange->shape.format;
    if (format.len == 0) {
        format = http_query(exchange->request, "default_format");
    }
    if (format.len == 0) {
        format = MP_STR("TabSeparated");
    }
    char name[64];
    snprintf(name, sizeof(name), "%.*s", MP_STR_ARG(format));
    watch_begin(exchange);
    exchange->stream = chdb->stream_query_n(*exchange->link->connection, exchange->statement.ptr,
                                            exchange->statement.len, name, strlen(name));
    const char *error = chdb->result_error(exchange->stream);
    if (error) {
        mp_buf_append_text(&exchange->exception, error);
        reply_exception(exchange);
        return;
    }
    /* The first piece before the status line, so that most errors get a status of their own. */
    int got = fetch(exchange);
    if (got < 0) {
        reply_exception(exchange);
        return;
    }
    http_reply_header(exchange->request, "X-ClickHouse-Format", name);
    if (got == 0) {
        http_reply(exchange->request, 200, content_type(format), MP_STR(""));
        return;
    }
    http_reply_stream(exchange->request, 200, content_type(format), next_bytes, exchange);
}

static void reply_done(struct exchange *exchange, struct chdb_result *result) {
    const struct chdb *chdb = &exchange->door->engine->chdb;
    const char *error = result ? chdb->result_error(result) : "Code: 1001. DB::Exception: lost";
    char summary[96];
    if (error) {
        mp_buf_append_text(&exchange->exception, error);
        reply_exception(exchange);
        return;
    }
    snprintf(summary, sizeof(summary), "{\"written_rows\":\"%" PRIu64 "\"}",
             chdb->result_rows_written(result));
    http_reply_header(exchange->request, "X-ClickHouse-Summary", summary);
    http_reply(exchange->request, 200, "text/plain; charset=UTF-8",
               mp_str_range(chdb->result_buffer(result), chdb->result_length(result)));
}

static void insert_finish(struct exchange *exchange) {
    const struct chdb *chdb = &exchange->door->engine->chdb;
    struct chdb_result *result = chdb->stream_done(exchange->insert);
    reply_done(exchange, result);
    if (result) {
        chdb->destroy_query_result(result);
    }
    chdb->destroy_insert_stream(exchange->insert);
    exchange->insert = NULL;
}

static void run_other(struct exchange *exchange) {
    const struct chdb *chdb = &exchange->door->engine->chdb;
    watch_begin(exchange);
    struct chdb_result *result =
        chdb->query_n(*exchange->link->connection, exchange->statement.ptr, exchange->statement.len,
                      "TabSeparated", sizeof("TabSeparated") - 1);
    reply_done(exchange, result);
    if (result) {
        chdb->destroy_query_result(result);
    }
}

static void run_text(struct exchange *exchange) {
    struct mp_str text = mp_buf_str(&exchange->text);
    sql_look(text, &exchange->shape);
    if (exchange->shape.touches_files) {
        fail(exchange, 164, "INTO OUTFILE and FROM INFILE belong to the client");
        reply_exception(exchange);
        return;
    }
    if (exchange->shape.is_insert) {
        if (insert_begin(exchange) && insert_append(exchange, exchange->shape.data)) {
            insert_finish(exchange);
        } else {
            reply_exception(exchange);
        }
        return;
    }
    mark(exchange, text);
    if (exchange->shape.only_reads) {
        select_begin(exchange);
    } else {
        run_other(exchange);
    }
}

void exchange_handle(struct http_request *request, void *arg) {
    struct exchange *exchange = exchange_of(request);
    if (!exchange) { /* there was no body */
        exchange = exchange_begin(request, arg);
        if (!exchange) {
            http_reply(request, 500, "text/plain", MP_STR("out of memory\n"));
            return;
        }
        mp_buf_append_str(&exchange->text, http_query(request, "query"));
        if (!connect(exchange)) {
            reply_exception(exchange);
            return;
        }
    }
    struct mp_str query_id = http_query(request, "query_id");
    if (query_id.len > 0 && query_id.len < 128) {
        char text[128];
        snprintf(text, sizeof(text), "%.*s", MP_STR_ARG(query_id));
        http_reply_header(request, "X-ClickHouse-Query-Id", text);
    }
    if (exchange->exception.len > 0) {
        reply_exception(exchange);
    } else if (exchange->insert) {
        insert_finish(exchange);
    } else {
        run_text(exchange);
    }
}

void exchange_closed(struct http_request *request, void *arg) {
    struct exchange *exchange = exchange_of(request);
    (void)arg;
    if (!exchange) {
        return;
    }
    const struct chdb *chdb = &exchange->door->engine->chdb;
    watch_end(exchange);
    if (exchange->insert) {
        /* The body ended early: nothing of it may stay. */
        chdb->stream_cancel_insert(exchange->insert);
        chdb->destroy_insert_stream(exchange->insert);
    }
    if (exchange->chunk) {
        chdb->destroy_query_result(exchange->chunk);
    }
    if (exchange->stream) {
        chdb->stream_cancel_query(*exchange->link->connection, exchange->stream);
        chdb->destroy_query_result(exchange->stream);
    }
    give_back(exchange);
    mp_buf_deinit(&exchange->text);
    mp_buf_deinit(&exchange->statement);
    mp_buf_deinit(&exchange->exception);
    free(exchange);
}
