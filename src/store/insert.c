#include "store/body.h"
#include "store/internal.h"

#define INSERT_TIMEOUT_MS 120000
#define INSERT_BYTES_MAX (1u << 30)
/* From this release on a server may gather inserts and write them later, unless told not to. */
#define VERSION_WITH_ASYNC_INSERT 211100

static bool is_identifier(const char *name) {
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return len > 0 && name[len] == '\0';
}

static void make_url(struct mp_buf *url, struct store *store, struct mp_str sql,
                     const char *query_id, uint64_t row_count) {
    mp_buf_append_text(url, "/?");
    store_url_param(url, "query_id", mp_str_of(query_id));
    store_url_param(url, "database", mp_str_of(store->database));
    store_url_param_i64(url, "wait_end_of_query", 1);
    /* The one block stays one, hence one part a partition, hence all or nothing. */
    store_url_param_i64(url, "max_insert_block_size", (int64_t)row_count);
    store_url_param_i64(url, "min_insert_block_size_rows", (int64_t)row_count);
    store_url_param_i64(url, "min_insert_block_size_bytes", 0);
    if (store_server_version(store) >= VERSION_WITH_ASYNC_INSERT) {
        store_url_param_i64(url, "async_insert", 0);
    }
    store_url_param(url, "query", sql);
}

static int check_arguments(const char *table, const char *query_id, uint64_t row_count,
                           struct mp_error *err) {
    if (!is_identifier(table)) {
        return mp_fail(err, MP_E_ARGUMENT, "insert", "the table is not an identifier");
    }
    if (!store_query_id_is_valid(query_id)) {
        return mp_fail(err, MP_E_ARGUMENT, "query_id", "has bytes other than [A-Za-z0-9_.-]");
    }
    if (row_count == 0 || row_count > INT32_MAX) {
        return mp_fail(err, MP_E_ARGUMENT, "insert", "there are no rows, or too many");
    }
    return 0;
}

static int send_rows(struct store *store, struct mp_str url, const struct store_block *block,
                     const char *query_id, struct mp_error *err) {
    struct store_body body;
    /* Over TCP a body whose end was lost must not be taken for the whole: see docs/sql.md. */
    store_body_init(&body, block, store_can(store, "lowcard"), !store->socket_path);
    if (store_body_length(&body) > INSERT_BYTES_MAX) {
        return mp_fail(err, MP_E_TOO_LARGE, "insert", "over %u bytes", INSERT_BYTES_MAX);
    }
    struct store_call call = {.url_path = url,
                              .rows = &body,
                              .only_origin = -1,
                              .timeout_ms = INSERT_TIMEOUT_MS,
                              .query_id = query_id};
    uint64_t row_count = store_block_rows(block);
    int code = store_call_perform(store, &call, err);
    if (code == 0 && call.has_written_rows && call.written_rows != row_count) {
        code = mp_fail(err, MP_E_CORRUPT, "insert", "%llu rows were sent, %llu were written",
                       (unsigned long long)row_count, (unsigned long long)call.written_rows);
    }
    return code;
}

int store_insert(struct store *store, const char *table, const struct store_block *block,
                 const char *query_id, struct mp_error *err) {
    uint64_t row_count = store_block_rows(block);
    int code = check_arguments(table, query_id, row_count, err);
    if (code == 0) {
        code = store_contact(store, err);
    }
    if (code) {
        return code;
    }
    struct mp_buf sql;
    struct mp_buf url;
    mp_buf_init(&sql, STORE_URL_BYTES_MAX);
    mp_buf_init(&url, STORE_URL_BYTES_MAX);
    mp_buf_printf(&sql, "INSERT INTO %s (", table);
    store_block_names(block, &sql);
    mp_buf_append_text(&sql, ") FORMAT Native");
    make_url(&url, store, mp_buf_str(&sql), query_id, row_count);
    if (sql.failed || url.failed) {
        code = mp_fail(err, MP_E_TOO_LARGE, "insert", "the list of columns is too long");
    } else {
        code = send_rows(store, mp_buf_str(&url), block, query_id, err);
    }
    mp_buf_deinit(&sql);
    mp_buf_deinit(&url);
    return code;
}
