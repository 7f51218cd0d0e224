#include "store/internal.h"

/* 'string', "name" or `name`: a backslash takes the next byte with it. */
static size_t scan_quoted(struct mp_str sql) {
    for (size_t i = 1; i < sql.len; i++) {
        if (sql.ptr[i] == '\\') {
            i++;
        } else if (sql.ptr[i] == sql.ptr[0]) {
            return i + 1;
        }
    }
    return 0;
}

static size_t scan_line_comment(struct mp_str sql) {
    const char *end = memchr(sql.ptr, '\n', sql.len);
    return end ? (size_t)(end - sql.ptr) + 1 : sql.len;
}

/* Newer servers nest these comments and older ones do not, so one within another has no end here.
 */
static size_t scan_block_comment(struct mp_str sql) {
    for (size_t i = 2; i + 1 < sql.len; i++) {
        if (sql.ptr[i] == '/' && sql.ptr[i + 1] == '*') {
            return 0;
        }
        if (sql.ptr[i] == '*' && sql.ptr[i + 1] == '/') {
            return i + 2;
        }
    }
    return 0;
}

size_t store_scan_token(struct mp_str sql, bool *is_code) {
    *is_code = false;
    if (sql.len == 0) {
        return 0;
    }
    char first = sql.ptr[0];
    char second = sql.len > 1 ? sql.ptr[1] : '\0';
    if (first == '\'' || first == '"' || first == '`') {
        return scan_quoted(sql);
    }
    if (first == '-' && second == '-') {
        return scan_line_comment(sql);
    }
    if (first == '/' && second == '*') {
        return scan_block_comment(sql);
    }
    *is_code = true;
    return 1;
}
