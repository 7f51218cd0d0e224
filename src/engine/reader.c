/*
 * What may be asked at the TCP door. readonly = 1 stops writing and setting, and most functions
 * that reach outside; it does not stop file(), which reads any file, nor the database `default`,
 * where chDB takes a table's name for the path of a file. So there is a list here, and a text that
 * could be read in two ways is refused.
 */
#include "engine/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#define NAMES_BYTES_MAX (256u * 1024)
#define NAMES_MAX 1024
#define TOKENS_MAX 200000

struct reader_rules {
    struct mp_buf names; /* of table functions that reach outside, a line each */
    struct mp_str functions[NAMES_MAX];
    size_t function_count;
};

static bool is_one_of(struct mp_str name, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (name.len == strlen(names[i]) && strncasecmp(name.ptr, names[i], name.len) == 0) {
            return true;
        }
    }
    return false;
}
#define IS_ONE_OF(name, names) is_one_of(name, names, sizeof(names) / sizeof((names)[0]))

/* Table functions that make rows out of nothing or out of a query in the same text. */
static bool is_harmless_table_function(struct mp_str name) {
    static const char *const names[] = {"numbers", "numbers_mt",     "zeros",           "zeros_mt",
                                        "primes",  "generateSeries", "generate_series", "values",
                                        "view",    "null",           "generateRandom",  "format"};
    return IS_ONE_OF(name, names);
}

/* Names that stand for a reach outside wherever they stand: a function's name may be an argument
 * (arrayMap(file, …)). `default` is the database whose tables are files. */
static bool is_banned(struct mp_str name) {
    static const char *const names[] = {"default",
                                        "file",
                                        "catboostEvaluate",
                                        "aiClassify",
                                        "aiGenerate",
                                        "aiEmbed",
                                        "aiExtract",
                                        "aiTranslate",
                                        "joinGet",
                                        "joinGetOrNull",
                                        "logTrace",
                                        "hasColumnInTable",
                                        "Identifier",
                                        "APPLY",
                                        "OUTFILE",
                                        "INFILE",
                                        "getClientHTTPHeader"};
    return IS_ONE_OF(name, names);
}

static bool is_open_system_table(struct mp_str name) {
    static const char *const names[] = {"one",
                                        "numbers",
                                        "numbers_mt",
                                        "zeros",
                                        "zeros_mt",
                                        "databases",
                                        "tables",
                                        "columns",
                                        "functions",
                                        "formats",
                                        "keywords",
                                        "table_functions",
                                        "settings",
                                        "table_engines",
                                        "data_type_families",
                                        "time_zones",
                                        "build_options",
                                        "aggregate_function_combinators",
                                        "collations",
                                        "parts",
                                        "parts_columns",
                                        "dictionaries",
                                        "data_skipping_indices",
                                        "merge_tree_settings"};
    return IS_ONE_OF(name, names);
}

static bool begins_well(struct sql_token first, struct sql_token second) {
    static const char *const firsts[] = {"SELECT",   "WITH", "FROM",  "EXPLAIN",
                                         "DESCRIBE", "DESC", "EXISTS"};
    static const char *const shows[] = {"TABLES", "DATABASES", "CREATE", "COLUMNS",
                                        "FIELDS", "FULL",      "TABLE",  "FUNCTIONS",
                                        "INDEX",  "INDEXES",   "KEYS",   "ENGINES"};
    if (sql_is_mark(first, '(')) {
        return true;
    }
    if (sql_is(first, "SHOW")) {
        return second.kind == SQL_WORD && IS_ONE_OF(second.text, shows);
    }
    return first.kind == SQL_WORD && IS_ONE_OF(first.text, firsts);
}

int reader_rules_open(const struct chdb *chdb, struct connections *connections,
                      struct reader_rules **out, struct mp_error *err) {
    struct reader_rules *rules = calloc(1, sizeof(*rules));
    struct mp_buf exception;
    *out = rules;
    if (!rules) {
        return mp_fail(err, MP_E_MEMORY, "engine", "no memory");
    }
    mp_buf_init(&rules->names, NAMES_BYTES_MAX);
    mp_buf_init(&exception, ENGINE_EXCEPTION_BYTES_MAX);
    struct chdb_connection *connection = connection_new(connections, false);
    bool is_done = connection && connection_run(chdb, connection,
                                                MP_STR("SELECT name FROM system.table_functions"),
                                                &rules->names, &exception);
    connection_free(connections, connection);
    struct mp_str left = mp_buf_str(&rules->names);
    while (is_done && left.len > 0) {
        struct mp_str name = mp_str_cut(&left, '\n');
        is_done = rules->function_count < NAMES_MAX;
        if (is_done && name.len > 0 && !is_harmless_table_function(name)) {
            rules->functions[rules->function_count++] = name;
        }
    }
    mp_buf_deinit(&exception);
    if (!is_done || rules->function_count == 0) {
        return mp_fail(err, MP_E_ENGINE, "engine_listen", "the engine does not list its functions");
    }
    return MP_OK;
}

void reader_rules_close(struct reader_rules *rules) {
    if (rules) {
        mp_buf_deinit(&rules->names);
        free(rules);
    }
}

static bool is_table_function(const struct reader_rules *rules, struct mp_str name) {
    for (size_t i = 0; i < rules->function_count; i++) {
        struct mp_str known = rules->functions[i];
        if (known.len == name.len && strncasecmp(known.ptr, name.ptr, name.len) == 0) {
            return true;
        }
    }
    return false;
}

/* A number with letters that no number has could be a number and a name to another reader. */
static bool is_odd_number(struct mp_str word) {
    if (!isdigit((unsigned char)word.ptr[0])) {
        return false;
    }
    for (size_t i = 0; i < word.len; i++) {
        char c = word.ptr[i];
        if (!isxdigit((unsigned char)c) && !strchr("xXpP_", c)) {
            return true;
        }
    }
    return false;
}

/* Why the token could be read in another way than ours; NULL when it cannot. */
static const char *ambiguity(struct sql_token token) {
    if (token.is_cut) {
        return "a quote or comment is not closed";
    }
    unsigned char byte = token.text.len > 0 ? (unsigned char)token.text.ptr[0] : ' ';
    if (token.kind == SQL_MARK && (byte >= 0x7f || byte < 0x20)) {
        return "only ASCII may stand outside quotes";
    }
    if (token.kind == SQL_MARK && (byte == '$' || byte == '#' || byte == '\\')) {
        return "$, # and \\ may stand only in quotes";
    }
    if (token.kind == SQL_NAME && memchr(token.text.ptr, '\\', token.text.len)) {
        return "a quoted name may have no escapes";
    }
    if (token.kind == SQL_WORD && is_odd_number(token.text)) {
        return "a number is malformed";
    }
    return NULL;
}

/* The name of a word or quoted name; empty for other tokens. */
static struct mp_str name_of(struct sql_token token) {
    if (token.kind == SQL_NAME && token.text.len >= 2) {
        return mp_str_range(token.text.ptr + 1, token.text.len - 2);
    }
    return token.kind == SQL_WORD ? token.text : mp_str_range("", 0);
}

/* What is wrong with token, given the two that follow; NULL when nothing is. */
static const char *fault(const struct reader_rules *rules, struct sql_token token,
                         struct sql_token next, struct sql_token after) {
    struct mp_str name = name_of(token);
    const char *reason = ambiguity(token);
    if (reason || name.len == 0) {
        return reason;
    }
    if (is_banned(name)) {
        return "this name is not for readers";
    }
    if (sql_is_mark(next, '(') && is_table_function(rules, name)) {
        return "this table function is not for readers";
    }
    if (mp_str_is(name, "system") && sql_is_mark(next, '.') &&
        !is_open_system_table(name_of(after))) {
        return "this system table is not for readers";
    }
    return NULL;
}

bool reader_may_ask(const struct reader_rules *rules, struct mp_str text,
                    struct mp_buf *exception) {
    struct mp_str left = text;
    struct sql_token token = sql_next(&left), next = sql_next(&left), after = sql_next(&left);
    if (!begins_well(token, next)) {
        return exception_set(
            exception, EXCEPTION_READONLY,
            "Only reading is allowed here: SELECT, SHOW, DESCRIBE, EXPLAIN, EXISTS");
    }
    for (size_t i = 0; token.kind != SQL_END || token.is_cut; i++) {
        const char *reason = i < TOKENS_MAX ? fault(rules, token, next, after) : "it is too long";
        if (reason) {
            exception_set(exception, EXCEPTION_READONLY, "Not allowed here: ");
            mp_buf_printf(exception, "%s, at '%.*s'", reason,
                          MP_STR_ARG(mp_str_clip(token.text, ENGINE_NAME_MAX)));
            return false;
        }
        token = next;
        next = after;
        after = sql_next(&left);
    }
    return true;
}

bool reader_may_set(struct mp_str setting) {
    /* Not by prefix: some format settings name files. */
    static const char *const names[] = {"max_execution_time",
                                        "max_result_rows",
                                        "max_result_bytes",
                                        "max_rows_to_read",
                                        "max_block_size",
                                        "result_overflow_mode",
                                        "read_overflow_mode",
                                        "timeout_overflow_mode",
                                        "extremes",
                                        "join_use_nulls",
                                        "session_timezone",
                                        "date_time_output_format",
                                        "output_format_json_quote_64bit_integers",
                                        "output_format_json_quote_denormals",
                                        "output_format_write_statistics",
                                        "enable_http_compression",
                                        "send_progress_in_http_headers",
                                        "http_write_exception_in_output_format",
                                        "add_http_cors_header"};
    return IS_ONE_OF(setting, names);
}

bool reader_may_use(struct mp_str database) {
    return database.len > 0 && !mp_str_is(database, "default") && !mp_str_is(database, "system");
}
