/*
 * The literal binder and the statement it fills. The input's first part (up to a NUL) is SQL text
 * of ours gone wrong, the rest a hostile value. Checks that a string literal ends just where it
 * ends, that what is read back from it (by ClickHouse's rules) is the value, and that rendering any
 * text is refused or ends, with the value in one piece.
 */
#include <stdlib.h>

#include "store/internal.h"

static int hex_digit(char c) {
    return c <= '9' ? c - '0' : c - 'A' + 10;
}

/* Reads a literal back as ClickHouse does; aborts on bytes that end it early. */
static void check_literal(struct mp_str literal, struct mp_str value) {
    size_t at = 1;
    if (literal.len < 2 || literal.ptr[0] != '\'' || literal.ptr[literal.len - 1] != '\'') {
        abort();
    }
    for (size_t i = 0; i < value.len; i++) {
        if (at >= literal.len - 1 || literal.ptr[at] == '\'') {
            abort();
        }
        char byte = literal.ptr[at++];
        if (byte == '\\') {
            byte = literal.ptr[at++];
            if (byte == 'x') {
                byte = (char)(hex_digit(literal.ptr[at]) << 4 | hex_digit(literal.ptr[at + 1]));
                at += 2;
            }
        }
        if (byte != value.ptr[i]) {
            abort();
        }
    }
    bool is_code;
    if (at != literal.len - 1 || store_scan_token(literal, &is_code) != literal.len || is_code) {
        abort();
    }
}

static struct store *open_store(void) {
    const struct store_config config = {.url = "http://127.0.0.1:1", .database = "minipulse"};
    struct store *store;
    if (store_open(&config, &store, NULL) != 0) {
        abort();
    }
    atomic_store(&store->version, 181600);
    return store;
}

static void check_statement(struct store *store, struct mp_str sql, struct mp_str value,
                            struct mp_str literal) {
    struct store_statement *statement;
    struct mp_buf out;
    if (store_statement_create(store, sql, &statement, NULL) != 0) {
        abort();
    }
    mp_buf_init(&out, STORE_SQL_BYTES_MAX);
    store_bind_str(statement, "a", value);
    /* A block may be dropped, with the literal or with all there is. */
    bool has_blocks = memmem(sql.ptr, sql.len, "{?", 2) != NULL;
    if (store_statement_render(statement, &out, NULL) == 0 && !has_blocks &&
        (out.len == 0 || !memmem(out.ptr, out.len, literal.ptr, literal.len))) {
        abort();
    }
    mp_buf_deinit(&out);
    store_statement_destroy(statement);
}

static void check_splitting(struct mp_str sql) {
    struct mp_str rest = sql;
    bool is_whole = true;
    while (rest.len > 0 && is_whole) {
        size_t before = rest.len;
        store_next_statement(&rest, &is_whole);
        if (is_whole && rest.len >= before) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct store *store;
    if (!store) {
        store = open_store();
    }
    struct mp_str sql = {(const char *)data, size};
    struct mp_str value = {(const char *)data, 0};
    const char *border = size ? memchr(sql.ptr, 0, size) : NULL;
    if (border) {
        sql.len = (size_t)(border - sql.ptr);
        value = mp_str_range(border + 1, size - sql.len - 1);
    }
    struct mp_buf literal;
    mp_buf_init(&literal, 8 * size + 16);
    store_literal_str(&literal, value);
    check_literal(mp_buf_str(&literal), value);
    check_statement(store, sql, value, mp_buf_str(&literal));
    check_splitting(sql);
    struct mp_error err;
    store_engine_error(&err, 500, 0, value);
    store_version_parse(value);
    mp_buf_deinit(&literal);
    return 0;
}
