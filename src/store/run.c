#include <stdio.h>
#include <sys/random.h>

#include "store/internal.h"

/* The parser's bounds are the client's business here: a list of users may be long. Both are known
 * to all versions. */
#define AST_ELEMENTS_MAX 4000000

/* getrandom cannot fail for so few bytes once the system is up. */
void store_query_id_make(char out[STORE_QUERY_ID_BYTES]) {
    unsigned char bytes[(STORE_QUERY_ID_BYTES - 1) / 2] = {0};
    while (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
}

bool store_query_id_is_valid(const char *query_id) {
    size_t len = strspn(query_id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "_.-");
    return len > 0 && len <= STORE_QUERY_ID_MAX && query_id[len] == '\0';
}

static void make_url(struct mp_buf *url, const struct store *store, const char *query_id,
                     int64_t timeout_ms, bool is_read_only, bool is_without_database) {
    mp_buf_append_text(url, "/?");
    store_url_param(url, "query_id", mp_str_of(query_id));
    if (!is_without_database) {
        store_url_param(url, "database", mp_str_of(store->database));
    }
    /* The answer begins only when the query has succeeded, so that an error is always a status. */
    store_url_param_i64(url, "wait_end_of_query", 1);
    store_url_param_i64(url, "max_query_size", STORE_SQL_BYTES_MAX);
    store_url_param_i64(url, "max_ast_elements", AST_ELEMENTS_MAX);
    store_url_param_i64(url, "max_expanded_ast_elements", AST_ELEMENTS_MAX);
    store_url_param_i64(url, "max_execution_time", (timeout_ms + 999) / 1000);
    if (is_read_only) {
        store_url_param_i64(url, "readonly", 2);
    }
}

/* Sends the rendered SQL. */
static int send_sql(struct store *store, struct mp_str sql, const struct store_options *options,
                    const struct store_target *target, store_on_data *on_data, void *arg,
                    struct mp_error *err) {
    char made_id[STORE_QUERY_ID_BYTES];
    const char *query_id = options->query_id;
    if (!query_id) {
        store_query_id_make(made_id);
        query_id = made_id;
    } else if (!store_query_id_is_valid(query_id)) {
        return mp_fail(err, MP_E_ARGUMENT, "query_id", "has bytes other than [A-Za-z0-9_.-]");
    }
    int64_t timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : STORE_TIMEOUT_MS_DEFAULT;
    struct mp_buf url;
    mp_buf_init(&url, STORE_URL_BYTES_MAX);
    make_url(&url, store, query_id, timeout_ms, options->is_read_only, target->is_without_database);
    struct store_call call = {.url_path = mp_buf_str(&url),
                              .body = sql,
                              .is_repeatable = options->is_read_only,
                              .only_origin = target->only_origin,
                              .timeout_ms = timeout_ms,
                              .query_id = query_id,
                              .options = options,
                              .on_data = on_data,
                              .arg = arg};
    int code = url.failed ? mp_fail(err, MP_E_MEMORY, "store", "out of memory")
                          : store_call_perform(store, &call, err);
    mp_buf_deinit(&url);
    return code;
}

int store_run_at(struct store *store, struct store_statement *statement,
                 const struct store_options *options, const struct store_target *target,
                 store_on_data *on_data, void *arg, struct mp_error *err) {
    static const struct store_options defaults;
    int code = store_statement_has_blocks(statement) ? store_contact(store, err) : 0;
    if (code) {
        return code;
    }
    struct mp_buf sql;
    mp_buf_init(&sql, STORE_SQL_BYTES_MAX);
    code = store_statement_render(statement, &sql, err);
    if (code == 0) {
        code = send_sql(store, mp_buf_str(&sql), options ? options : &defaults, target, on_data,
                        arg, err);
    }
    mp_buf_deinit(&sql);
    return code;
}

int store_run(struct store *store, struct store_statement *statement,
              const struct store_options *options, store_on_data *on_data, void *arg,
              struct mp_error *err) {
    const struct store_target target = {.only_origin = -1};
    return store_run_at(store, statement, options, &target, on_data, arg, err);
}

int store_run_text(struct store *store, struct mp_str sql, const struct store_options *options,
                   store_on_data *on_data, void *arg, struct mp_error *err) {
    const struct store_target target = {.only_origin = -1};
    return send_sql(store, sql, options, &target, on_data, arg, err);
}

static int append(void *arg, struct mp_str data) {
    struct mp_buf *out = arg;
    mp_buf_append_str(out, data);
    return out->failed;
}

int store_run_into(struct store *store, struct store_statement *statement,
                   const struct store_options *options, struct mp_buf *out, struct mp_error *err) {
    int code = store_run(store, statement, options, append, out, err);
    if (code && out->failed) {
        return mp_fail(err, MP_E_TOO_LARGE, "store", "the answer is over %zu bytes", out->max);
    }
    return code;
}

int store_exec(struct store *store, const char *sql, struct mp_error *err) {
    struct store_statement *statement;
    int code = store_statement_create(store, mp_str_of(sql), &statement, err);
    if (code == 0) {
        code = store_run(store, statement, NULL, NULL, NULL, err);
    }
    store_statement_destroy(statement);
    return code;
}
