#include "engine/sql.h"

#include <ctype.h>
#include <strings.h>

static bool is_word_byte(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

static struct mp_str skip(struct mp_str s, size_t count) {
    return mp_str_range(s.ptr + count, s.len - count);
}

/* ClickHouse's block comments nest. */
static size_t block_comment_length(struct mp_str s, bool *is_cut) {
    size_t depth = 1, i = 2;
    while (i < s.len && depth > 0) {
        bool is_pair = i + 1 < s.len;
        if (is_pair && s.ptr[i] == '/' && s.ptr[i + 1] == '*') {
            depth++;
            i += 2;
        } else if (is_pair && s.ptr[i] == '*' && s.ptr[i + 1] == '/') {
            depth--;
            i += 2;
        } else {
            i++;
        }
    }
    *is_cut |= depth > 0;
    return i;
}

static size_t line_length(struct mp_str s) {
    const char *end = memchr(s.ptr, '\n', s.len);
    return end ? (size_t)(end - s.ptr) : s.len;
}

/* Bytes of the blank or comment at the beginning of s; 0 when neither. */
static size_t blank_length(struct mp_str s, bool *is_cut) {
    if (isspace((unsigned char)s.ptr[0])) {
        return 1;
    }
    if (s.len < 2) {
        return 0;
    }
    if (memcmp(s.ptr, "--", 2) == 0 || memcmp(s.ptr, "# ", 2) == 0 || memcmp(s.ptr, "#!", 2) == 0) {
        return line_length(s);
    }
    return memcmp(s.ptr, "/*", 2) == 0 ? block_comment_length(s, is_cut) : 0;
}

/* A doubled quote inside reads as two tokens side by side, which covers the same bytes. */
static size_t quoted_length(struct mp_str s, bool *is_cut) {
    size_t i = 1;
    while (i < s.len && s.ptr[i] != s.ptr[0]) {
        i += s.ptr[i] == '\\' ? 2 : 1;
    }
    *is_cut |= i >= s.len;
    return i < s.len ? i + 1 : s.len;
}

struct sql_token sql_next(struct mp_str *left) {
    struct sql_token token = {.kind = SQL_END};
    size_t step;
    while (left->len > 0 && (step = blank_length(*left, &token.is_cut)) > 0) {
        *left = skip(*left, step);
    }
    token.text = mp_str_range(left->ptr, 0);
    if (left->len == 0) {
        return token;
    }
    char first = left->ptr[0];
    if (first == '\'' || first == '"' || first == '`') {
        token.kind = first == '\'' ? SQL_STRING : SQL_NAME;
        token.text.len = quoted_length(*left, &token.is_cut);
    } else if (is_word_byte(first)) {
        token.kind = SQL_WORD;
        while (token.text.len < left->len && is_word_byte(left->ptr[token.text.len])) {
            token.text.len++;
        }
    } else {
        token.kind = SQL_MARK;
        token.text.len = 1;
    }
    *left = skip(*left, token.text.len);
    return token;
}

bool sql_is(struct sql_token token, const char *word) {
    return token.kind == SQL_WORD && token.text.len == strlen(word) &&
           strncasecmp(token.text.ptr, word, token.text.len) == 0;
}

bool sql_is_mark(struct sql_token token, char mark) {
    return token.kind == SQL_MARK && token.text.ptr[0] == mark;
}

/* Rows begin behind FORMAT's name and the blanks up to one line end, as ClickHouse has it. */
static struct mp_str rows_after(struct mp_str left) {
    while (left.len > 0 && (left.ptr[0] == ' ' || left.ptr[0] == '\t' || left.ptr[0] == '\r')) {
        left = skip(left, 1);
    }
    return left.len > 0 && left.ptr[0] == '\n' ? skip(left, 1) : left;
}

/* At FORMAT or VALUES of an INSERT: the statement ends here and rows follow. A name that the text
 * may have cut in two is not taken. */
static bool take_rows(struct mp_str text, struct sql_token at, struct mp_str left,
                      struct sql_shape *out) {
    if (sql_is(at, "FORMAT")) {
        struct sql_token name = sql_next(&left);
        if (name.kind != SQL_WORD) {
            return false;
        }
        out->format = name.text;
        out->rows = rows_after(left);
    } else if (sql_is(at, "VALUES")) {
        out->format = MP_STR("Values");
        out->rows = left;
    } else {
        return false;
    }
    out->is_insert = true;
    out->head = mp_str_trim(mp_str_range(text.ptr, (size_t)(at.text.ptr - text.ptr)));
    return true;
}

/* Past INSERT INTO [TABLE] [FUNCTION] name[.name]: a table may be called format or values. */
static void skip_target(struct mp_str *left) {
    struct mp_str ahead = *left;
    struct sql_token token = sql_next(&ahead);
    while (sql_is(token, "INTO") || sql_is(token, "TABLE") || sql_is(token, "FUNCTION")) {
        *left = ahead;
        token = sql_next(&ahead);
    }
    *left = ahead;
    token = sql_next(&ahead);
    if (sql_is_mark(token, '.')) {
        sql_next(&ahead);
        *left = ahead;
    }
}

static int depth_change(struct sql_token token) {
    if (sql_is_mark(token, '(') || sql_is_mark(token, '[') || sql_is_mark(token, '{')) {
        return 1;
    }
    return sql_is_mark(token, ')') || sql_is_mark(token, ']') || sql_is_mark(token, '}') ? -1 : 0;
}

static void look_at_insert(struct mp_str text, struct mp_str left, struct sql_shape *out) {
    int depth = 0;
    skip_target(&left);
    for (struct sql_token before = {0}, token = sql_next(&left); token.kind != SQL_END;
         before = token, token = sql_next(&left)) {
        depth += depth_change(token);
        if (depth > 0) {
            continue;
        }
        if (sql_is(token, "SELECT") || sql_is(token, "WITH")) {
            return; /* what follows FORMAT there are no rows of the request */
        }
        if (sql_is(before, "FROM") && sql_is(token, "INFILE")) {
            out->touches_files = true;
            return;
        }
        if (take_rows(text, token, left, out)) {
            return;
        }
    }
}

static void look_at_rest(struct mp_str left, struct sql_shape *out) {
    int depth = 0;
    for (struct sql_token before = {0}, token = sql_next(&left); token.kind != SQL_END;
         before = token, token = sql_next(&left)) {
        depth += depth_change(token);
        if (depth > 0) {
            continue;
        }
        out->touches_files |= sql_is(before, "INTO") && sql_is(token, "OUTFILE");
        if (sql_is(before, "FORMAT") && token.kind == SQL_WORD) {
            out->format = token.text;
        }
    }
}

void sql_look(struct mp_str text, struct sql_shape *out) {
    struct mp_str left = text;
    struct sql_token first = sql_next(&left);
    *out = (struct sql_shape){0};
    out->is_select = sql_is(first, "SELECT") || sql_is(first, "WITH") || sql_is(first, "FROM") ||
                     sql_is_mark(first, '(');
    if (sql_is(first, "INSERT")) {
        look_at_insert(text, left, out);
    } else {
        look_at_rest(text, out);
    }
}

bool sql_is_kill(struct mp_str text, struct mp_str *id, struct mp_str *rest) {
    static const char *const words[] = {"KILL", "QUERY", "WHERE", "query_id"};
    struct mp_str left = text;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!sql_is(sql_next(&left), words[i])) {
            return false;
        }
    }
    struct sql_token equals = sql_next(&left), literal = sql_next(&left);
    if (!sql_is_mark(equals, '=') || literal.kind != SQL_STRING || literal.is_cut) {
        return false;
    }
    *id = literal.text;
    *rest = left;
    struct sql_token token = sql_next(&left);
    if (sql_is(token, "SYNC") || sql_is(token, "ASYNC") || sql_is(token, "TEST")) {
        token = sql_next(&left);
    }
    if (sql_is(token, "FORMAT")) {
        sql_next(&left);
        token = sql_next(&left);
    }
    rest->len = (size_t)(token.text.ptr - rest->ptr);
    if (sql_is_mark(token, ';')) {
        token = sql_next(&left);
    }
    return token.kind == SQL_END;
}
