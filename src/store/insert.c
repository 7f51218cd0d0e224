#include "store/internal.h"

#define INSERT_TIMEOUT_MS 120000
#define INSERT_BYTES_MAX (1u << 30)
#define COLUMNS_BYTES_MAX 4000
/* From this release on a server may gather inserts and write them later, unless told not to. */
#define VERSION_WITH_ASYNC_INSERT 211100

#define STORED_BLOCK_BYTES_MAX 65535u
#define ADLER_MODULUS 65521u
/* So many bytes may be added up before 32 bits run over (RFC 1950's reference takes the same). */
#define ADLER_RUN_BYTES 5552u

/* Adler-32, RFC 1950, section 8. */
static uint32_t adler32(struct mp_str data) {
    uint32_t low = 1;
    uint32_t high = 0;
    size_t at = 0;
    while (at < data.len) {
        size_t end = data.len - at < ADLER_RUN_BYTES ? data.len : at + ADLER_RUN_BYTES;
        for (; at < end; at++) {
            low += (uint8_t)data.ptr[at];
            high += low;
        }
        low %= ADLER_MODULUS;
        high %= ADLER_MODULUS;
    }
    return high << 16 | low;
}

/*
 * Frames the rows as a zlib stream (RFC 1950) of stored blocks (RFC 1951, 3.2.4): no compression,
 * but a last-block mark and a checksum, without which the server refuses the body. Else a body
 * whose end was lost would be inserted up to its last whole row.
 */
static void frame(struct mp_buf *out, struct mp_str rows) {
    mp_buf_append(out, "\x78\x01", 2);
    struct mp_str rest = rows;
    do {
        size_t len = rest.len < STORED_BLOCK_BYTES_MAX ? rest.len : STORED_BLOCK_BYTES_MAX;
        mp_buf_append_byte(out, len == rest.len);
        mp_buf_append_u16(out, (uint16_t)len);
        mp_buf_append_u16(out, (uint16_t)~len);
        mp_buf_append(out, rest.ptr, len);
        rest.ptr += len;
        rest.len -= len;
    } while (rest.len > 0);
    uint32_t sum = adler32(rows);
    const uint8_t bytes[4] = {(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8),
                              (uint8_t)sum};
    mp_buf_append(out, bytes, sizeof(bytes));
}

static bool is_column_list(const char *columns) {
    size_t len = strspn(columns, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "_, \n");
    return len > 0 && len <= COLUMNS_BYTES_MAX && columns[len] == '\0';
}

static void make_url(struct mp_buf *url, struct store *store, struct mp_str sql,
                     const char *query_id, uint64_t row_count) {
    mp_buf_append_text(url, "/?");
    store_url_param(url, "query_id", mp_str_of(query_id));
    store_url_param(url, "database", mp_str_of(store->database));
    store_url_param_i64(url, "wait_end_of_query", 1);
    /* All rows as one block, hence one part a partition, hence all or nothing. */
    store_url_param_i64(url, "max_insert_block_size", (int64_t)row_count);
    store_url_param_i64(url, "min_insert_block_size_rows", (int64_t)row_count);
    store_url_param_i64(url, "min_insert_block_size_bytes", 0);
    if (store_server_version(store) >= VERSION_WITH_ASYNC_INSERT) {
        store_url_param_i64(url, "async_insert", 0);
    }
    store_url_param(url, "query", sql);
}

static int check_arguments(const char *table, const char *columns, struct mp_str rows,
                           uint64_t row_count, const char *query_id, struct mp_error *err) {
    if (!is_column_list(table) || !is_column_list(columns)) {
        return mp_fail(err, MP_E_ARGUMENT, "insert", "table or columns are not identifiers");
    }
    if (!store_query_id_is_valid(query_id)) {
        return mp_fail(err, MP_E_ARGUMENT, "query_id", "has bytes other than [A-Za-z0-9_.-]");
    }
    if (row_count == 0 || row_count > INT32_MAX || rows.len == 0) {
        return mp_fail(err, MP_E_ARGUMENT, "insert", "there are no rows, or too many");
    }
    return 0;
}

static int send_rows(struct store *store, struct mp_str url, struct mp_str rows, uint64_t row_count,
                     const char *query_id, struct mp_error *err) {
    struct mp_buf framed;
    mp_buf_init(&framed, INSERT_BYTES_MAX);
    if (!store->socket_path) {
        frame(&framed, rows);
        rows = mp_buf_str(&framed);
    }
    struct store_call call = {.url_path = url,
                              .body = rows,
                              .is_insert = true,
                              .only_origin = -1,
                              .timeout_ms = INSERT_TIMEOUT_MS,
                              .query_id = query_id};
    int code = framed.failed
                   ? mp_fail(err, MP_E_TOO_LARGE, "insert", "over %u bytes", INSERT_BYTES_MAX)
                   : store_call_perform(store, &call, err);
    mp_buf_deinit(&framed);
    if (code == 0 && call.has_written_rows && call.written_rows != row_count) {
        code = mp_fail(err, MP_E_CORRUPT, "insert", "%llu rows were sent, %llu were written",
                       (unsigned long long)row_count, (unsigned long long)call.written_rows);
    }
    return code;
}

int store_insert(struct store *store, const char *table, const char *columns, struct mp_str rows,
                 uint64_t row_count, const char *query_id, struct mp_error *err) {
    int code = check_arguments(table, columns, rows, row_count, query_id, err);
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
    mp_buf_printf(&sql, "INSERT INTO %s (%s) FORMAT RowBinary", table, columns);
    make_url(&url, store, mp_buf_str(&sql), query_id, row_count);
    if (sql.failed || url.failed) {
        code = mp_fail(err, MP_E_TOO_LARGE, "insert", "the list of columns is too long");
    } else {
        code = send_rows(store, mp_buf_str(&url), rows, row_count, query_id, err);
    }
    mp_buf_deinit(&sql);
    mp_buf_deinit(&url);
    return code;
}
