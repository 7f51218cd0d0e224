#include "engine/internal.h"

#include <ctype.h>
#include <strings.h>

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_OTHER };

struct token {
    enum token_kind kind;
    struct mp_str text;
};

static bool is_word_byte(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

/* Bytes of the comment or blank at the beginning of s; 0 when neither. */
static size_t blank_length(struct mp_str s) {
    if (isspace((unsigned char)s.ptr[0])) {
        return 1;
    }
    if (s.len >= 2 && memcmp(s.ptr, "--", 2) == 0) {
        const char *end = memchr(s.ptr, '\n', s.len);
        return end ? (size_t)(end - s.ptr) : s.len;
    }
    if (s.len >= 2 && memcmp(s.ptr, "/*", 2) == 0) {
        const char *end = memmem(s.ptr + 2, s.len - 2, "*/", 2);
        return end ? (size_t)(end - s.ptr) + 2 : s.len;
    }
    return 0;
}

static size_t quoted_length(struct mp_str s) {
    size_t i = 1;
    while (i < s.len && s.ptr[i] != s.ptr[0]) {
        i += s.ptr[i] == '\\' && i + 1 < s.len ? 2 : 1;
    }
    return i < s.len ? i + 1 : s.len;
}

static struct token next_token(struct mp_str *left) {
    size_t step;
    while (left->len > 0 && (step = blank_length(*left)) > 0) {
        *left = mp_str_range(left->ptr + step, left->len - step);
    }
    if (left->len == 0) {
        return (struct token){TOKEN_END, mp_str_range(left->ptr, 0)};
    }
    char first = left->ptr[0];
    struct token token = {TOKEN_OTHER, mp_str_range(left->ptr, 1)};
    if (first == '\'' || first == '"' || first == '`') {
        token.text.len = quoted_length(*left);
    } else if (is_word_byte(first)) {
        token.kind = TOKEN_WORD;
        while (token.text.len < left->len && is_word_byte(left->ptr[token.text.len])) {
            token.text.len++;
        }
    }
    *left = mp_str_range(left->ptr + token.text.len, left->len - token.text.len);
    return token;
}

static bool is(struct token token, const char *word) {
    return token.kind == TOKEN_WORD && token.text.len == strlen(word) &&
           strncasecmp(token.text.ptr, word, token.text.len) == 0;
}

static bool begins_reading(struct token first) {
    static const char *const words[] = {"SELECT", "WITH",    "SHOW",   "DESCRIBE",
                                        "DESC",   "EXPLAIN", "EXISTS", "CHECK"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (is(first, words[i])) {
            return true;
        }
    }
    return first.kind == TOKEN_OTHER && first.text.ptr[0] == '(';
}

/* Rows begin behind FORMAT's name and the blanks up to one line end, as ClickHouse has it. */
static struct mp_str rows_after(struct mp_str left) {
    while (left.len > 0 && (left.ptr[0] == ' ' || left.ptr[0] == '\t' || left.ptr[0] == '\r')) {
        left = mp_str_range(left.ptr + 1, left.len - 1);
    }
    if (left.len > 0 && left.ptr[0] == '\n') {
        left = mp_str_range(left.ptr + 1, left.len - 1);
    }
    return left;
}

/* At FORMAT or VALUES of an INSERT: the statement ends here and rows follow. */
static bool take_insert(struct mp_str text, struct token at, struct mp_str left,
                        struct sql_shape *out) {
    if (is(at, "FORMAT")) {
        struct token name = next_token(&left);
        if (name.kind != TOKEN_WORD) {
            return false;
        }
        out->format = name.text;
        out->data = rows_after(left);
    } else if (is(at, "VALUES")) {
        out->format = MP_STR("Values");
        out->data = left;
    } else {
        return false;
    }
    out->is_insert = true;
    out->insert = mp_str_trim(mp_str_range(text.ptr, (size_t)(at.text.ptr - text.ptr)));
    return true;
}

void sql_look(struct mp_str text, struct sql_shape *out) {
    struct mp_str left = text;
    struct token token = next_token(&left);
    *out = (struct sql_shape){0};
    bool may_insert = is(token, "INSERT");
    out->only_reads = begins_reading(token);
    while (token.kind != TOKEN_END) {
        if (may_insert && take_insert(text, token, left, out)) {
            return;
        }
        if (is(token, "SELECT")) {
            may_insert = false; /* INSERT … SELECT carries no rows */
        }
        struct token before = token;
        token = next_token(&left);
        if ((is(before, "INTO") && is(token, "OUTFILE")) ||
            (is(before, "FROM") && is(token, "INFILE"))) {
            out->touches_files = true;
        }
        if (is(before, "FORMAT") && token.kind == TOKEN_WORD) {
            out->format = token.text;
        }
    }
}
