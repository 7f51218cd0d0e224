/* Who asks, with which settings. */
#include "engine/internal.h"

#include <ctype.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <strings.h>

#define SETTINGS_BYTES_MAX (64u * 1024)
#define SETTINGS_MAX 128
#define BASIC_BYTES_MAX 512
#define DATABASE_DEFAULT "default"

static bool same_secret(struct mp_str given, const char *wanted) {
    struct mp_str secret = mp_str_of(wanted);
    return given.len == secret.len && sodium_memcmp(given.ptr, secret.ptr, secret.len) == 0;
}

static struct mp_str credential(struct http_request *request, const char *header,
                                const char *parameter) {
    struct mp_str value = http_header(request, header);
    return value.ptr ? value : http_query(request, parameter);
}

/* ClickHouse's own headers and parameters, or "Basic base64(user:password)". */
bool session_is_allowed(struct exchange *exchange) {
    const struct engine_config *config = &exchange->engine->config;
    struct mp_str user = credential(exchange->request, "X-ClickHouse-User", "user");
    struct mp_str password = credential(exchange->request, "X-ClickHouse-Key", "password");
    struct mp_str basic = http_header(exchange->request, "Authorization");
    char plain[BASIC_BYTES_MAX];
    size_t len = 0;
    if (!exchange->door->is_for_readers) {
        return true;
    }
    if (basic.len > 6 && strncasecmp(basic.ptr, "Basic ", 6) == 0 &&
        sodium_base642bin((unsigned char *)plain, sizeof(plain), basic.ptr + 6, basic.len - 6, NULL,
                          &len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0) {
        password = mp_str_range(plain, len);
        user = mp_str_cut(&password, ':');
    }
    if (user.ptr && password.ptr && same_secret(user, config->tcp_user) &&
        same_secret(password, config->tcp_password)) {
        return true;
    }
    http_reply_header(exchange->request, "WWW-Authenticate", "Basic realm=\"minipulse\"");
    return exception_set(&exchange->exception, EXCEPTION_AUTHENTICATION,
                         "Authentication failed: user or password is wrong");
}

/* Parameters of the URL that are no settings of the engine. */
static bool is_ours(struct mp_str name) {
    static const char *const names[] = {"query",       "database",      "default_format",
                                        "query_id",    "user",          "password",
                                        "quota_key",   "session_id",    "session_timeout",
                                        "buffer_size", "session_check", "wait_end_of_query",
                                        "role",        "close_session", "stacktrace",
                                        "readonly",    "log_comment",   "max_execution_time"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (mp_str_is(name, names[i])) {
            return true;
        }
    }
    return false;
}

/* What would make the bytes on the wire others than those we send. */
static bool is_impossible(struct mp_str name, struct mp_str value) {
    bool is_wire = mp_str_is(name, "compress") || mp_str_is(name, "decompress") ||
                   mp_str_is(name, "client_protocol_version");
    return is_wire && value.len > 0 && !mp_str_is(value, "0");
}

static bool is_name(struct mp_str name) {
    for (size_t i = 0; i < name.len; i++) {
        if (!isalnum((unsigned char)name.ptr[i]) && name.ptr[i] != '_') {
            return false;
        }
    }
    return name.len > 0 && name.len <= ENGINE_NAME_MAX * 2;
}

static bool wants_reading_only(const struct exchange *exchange) {
    return exchange->door->is_for_readers || !mp_str_is(http_method(exchange->request), "POST");
}

static void append_setting(struct mp_buf *sql, const char *name, struct mp_str value) {
    mp_buf_printf(sql, "%s%s = ", sql->len > 0 ? ", " : "SET ", name);
    literal_append(sql, value);
}

static bool add_setting(struct exchange *exchange, struct mp_buf *sql, struct mp_str name,
                        struct mp_str value) {
    char text[ENGINE_NAME_MAX * 2 + 1];
    bool is_parameter = mp_str_starts_with(name, MP_STR("param_"));
    if (is_impossible(name, value)) {
        return exception_set(&exchange->exception, EXCEPTION_NOT_IMPLEMENTED,
                             "compress, decompress and client_protocol_version are not supported "
                             "by the embedded engine");
    }
    if (mp_str_is(name, "compress") || mp_str_is(name, "decompress") ||
        mp_str_is(name, "client_protocol_version")) {
        return true; /* as much as not given */
    }
    if (!is_name(name)) {
        return exception_set(&exchange->exception, EXCEPTION_UNKNOWN_SETTING,
                             "Unknown setting: its name is malformed");
    }
    if (exchange->door->is_for_readers && !is_parameter && !reader_may_set(name)) {
        return exception_set(&exchange->exception, EXCEPTION_READONLY,
                             "Cannot modify this setting in readonly mode");
    }
    snprintf(text, sizeof(text), "%.*s", MP_STR_ARG(name));
    append_setting(sql, text, value);
    return true;
}

/* Nobody at the TCP door gets more time than the configuration gives. */
static void add_time_limit(struct exchange *exchange, struct mp_buf *sql) {
    struct mp_str given = http_query(exchange->request, "max_execution_time");
    int64_t limit_s = (exchange->engine->config.query_timeout_ms + 999) / 1000;
    uint64_t seconds = 0;
    bool is_whole = mp_str_to_u64(given, &seconds);
    bool is_within = is_whole && seconds > 0 && seconds <= (uint64_t)limit_s;
    if (given.ptr && (!exchange->door->is_for_readers || is_within)) {
        append_setting(sql, "max_execution_time", given);
    }
}

/* One SET of all, readonly last, for it forbids the rest. */
static bool collect_settings(struct exchange *exchange, struct mp_buf *sql) {
    struct mp_str name, value;
    struct mp_str readonly = http_query(exchange->request, "readonly");
    for (size_t i = 0; http_query_at(exchange->request, i, &name, &value); i++) {
        if (i == SETTINGS_MAX) {
            return exception_set(&exchange->exception, EXCEPTION_UNKNOWN_SETTING,
                                 "Too many parameters in the URL");
        }
        if (!is_ours(name) && !add_setting(exchange, sql, name, value)) {
            return false;
        }
    }
    add_time_limit(exchange, sql);
    append_setting(sql, "log_comment", mp_str_of(exchange->watched.query_id));
    if (exchange->door->is_for_readers) {
        append_setting(sql, "allow_introspection_functions", MP_STR("0"));
        append_setting(sql, "readonly", MP_STR("1"));
    } else if (readonly.len > 0 && !mp_str_is(readonly, "0")) {
        append_setting(sql, "readonly", readonly);
    } else if (wants_reading_only(exchange)) {
        append_setting(sql, "readonly", MP_STR("2"));
    }
    return !sql->failed || exception_set(&exchange->exception, EXCEPTION_UNKNOWN_SETTING,
                                         "The settings in the URL are too long");
}

static bool use_database(struct exchange *exchange) {
    struct mp_str name = credential(exchange->request, "X-ClickHouse-Database", "database");
    bool is_reader = exchange->door->is_for_readers;
    char sql[ENGINE_NAME_MAX * 2 + 16];
    if (name.len == 0) {
        name = mp_str_of(is_reader ? exchange->engine->config.tcp_database : DATABASE_DEFAULT);
    }
    if (!is_name(name) || (is_reader && !reader_may_use(name))) {
        return exception_set(&exchange->exception, EXCEPTION_UNKNOWN_DATABASE,
                             is_reader ? "Name a database that is open to readers"
                                       : "The database's name is malformed");
    }
    if (mp_str_is(name, DATABASE_DEFAULT)) {
        return true;
    }
    snprintf(sql, sizeof(sql), "USE `%.*s`", MP_STR_ARG(name));
    return connection_run(exchange->chdb, exchange->connection, mp_str_of(sql), NULL,
                          &exchange->exception);
}

static bool take_query_id(struct exchange *exchange) {
    struct mp_str given = http_query(exchange->request, "query_id");
    uint8_t random[16];
    char *id = exchange->watched.query_id;
    if (given.len == 0) {
        randombytes_buf(random, sizeof(random));
        sodium_bin2hex(id, ENGINE_QUERY_ID_MAX, random, sizeof(random));
    } else if (given.len >= ENGINE_QUERY_ID_MAX || memchr(given.ptr, '\0', given.len)) {
        return exception_set(&exchange->exception, EXCEPTION_SYNTAX, "query_id is too long");
    } else {
        memcpy(id, given.ptr, given.len);
        id[given.len] = '\0';
    }
    http_reply_header(exchange->request, "X-ClickHouse-Query-Id", id);
    return true;
}

static bool connect(struct exchange *exchange) {
    struct mp_buf sql;
    exchange->connection = connection_new(exchange->engine->connections, exchange->shape.is_insert);
    if (!exchange->connection) {
        return exception_set(&exchange->exception, EXCEPTION_MEMORY, "chDB gives no connection");
    }
    mp_buf_init(&sql, SETTINGS_BYTES_MAX);
    bool is_done = collect_settings(exchange, &sql) && use_database(exchange) &&
                   connection_run(exchange->chdb, exchange->connection, mp_buf_str(&sql), NULL,
                                  &exchange->exception);
    mp_buf_deinit(&sql);
    return is_done;
}

bool session_open(struct exchange *exchange) {
    if (!take_query_id(exchange)) {
        return false;
    }
    exchange->has_entered = gate_enter(exchange->door->gate, exchange->request);
    if (!exchange->has_entered) {
        return exception_set(&exchange->exception, EXCEPTION_CANCELLED, "The client has left");
    }
    exchange->watched.request = exchange->request;
    exchange->is_watched = watch_add(exchange->engine->watch, &exchange->watched);
    if (!exchange->is_watched) {
        return exception_set(&exchange->exception, EXCEPTION_ID_IS_RUNNING,
                             "Query with the same query_id is already running");
    }
    return connect(exchange);
}
