/* SQL text with places {name:Type} and blocks {?capability:…}, {?!capability:…}. */
#include "store/internal.h"
#include "store/literal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define BINDINGS_MAX 64
#define NAME_MAX_BYTES 48
#define STATEMENT_BYTES_MAX (16u << 20)

struct binding {
    char name[NAME_MAX_BYTES];
    const char *type;
    struct mp_buf literal;
    bool is_used;
};

struct store_statement {
    struct store *store;
    char *sql;
    size_t len;
    struct binding bindings[BINDINGS_MAX];
    size_t count;
    struct mp_error error; /* the first one, sticky */
};

int store_statement_create(struct store *store, struct mp_str sql, struct store_statement **out,
                           struct mp_error *err) {
    struct store_statement *statement = calloc(1, sizeof(*statement));
    *out = NULL;
    if (!statement || !(statement->sql = strndup(sql.ptr, sql.len))) {
        free(statement);
        return mp_fail(err, MP_E_MEMORY, "", "no memory for a statement");
    }
    statement->store = store;
    statement->len = sql.len;
    *out = statement;
    return MP_OK;
}

void store_statement_destroy(struct store_statement *statement) {
    if (!statement) {
        return;
    }
    for (size_t i = 0; i < statement->count; i++) {
        mp_buf_deinit(&statement->bindings[i].literal);
    }
    free(statement->sql);
    free(statement);
}

/* A fresh binding to write the literal into, or NULL with the sticky error set. */
static struct mp_buf *add_binding(struct store_statement *statement, const char *name,
                                  const char *type) {
    struct mp_error *error = &statement->error;
    if (error->code != MP_OK) {
        return NULL;
    }
    if (statement->count == BINDINGS_MAX || strlen(name) >= NAME_MAX_BYTES) {
        mp_fail(error, MP_E_ARGUMENT, name, "too many or too long names bound");
        return NULL;
    }
    for (size_t i = 0; i < statement->count; i++) {
        if (strcmp(statement->bindings[i].name, name) == 0) {
            mp_fail(error, MP_E_ARGUMENT, name, "bound twice");
            return NULL;
        }
    }
    struct binding *binding = &statement->bindings[statement->count++];
    snprintf(binding->name, sizeof(binding->name), "%s", name);
    binding->type = type;
    mp_buf_init(&binding->literal, STATEMENT_BYTES_MAX);
    return &binding->literal;
}

void store_bind_i64(struct store_statement *statement, const char *name, int64_t value) {
    struct mp_buf *out = add_binding(statement, name, "Int64");
    if (out) {
        /* As text: the smallest Int64 has no literal of its own. */
        mp_buf_printf(out, "toInt64('%lld')", (long long)value);
    }
}

void store_bind_u64(struct store_statement *statement, const char *name, uint64_t value) {
    struct mp_buf *out = add_binding(statement, name, "UInt64");
    if (out) {
        mp_buf_printf(out, "toUInt64(%llu)", (unsigned long long)value);
    }
}

void store_bind_f64(struct store_statement *statement, const char *name, double value) {
    struct mp_buf *out = add_binding(statement, name, "Float64");
    if (out) {
        store_literal_f64(out, value);
    }
}

void store_bind_day(struct store_statement *statement, const char *name, int32_t day) {
    struct mp_buf *out = add_binding(statement, name, "Date");
    if (out) {
        literal_day(out, day);
    }
}

void store_bind_str(struct store_statement *statement, const char *name, struct mp_str value) {
    struct mp_buf *out = add_binding(statement, name, "String");
    if (out) {
        store_literal_str(out, value);
    }
}

void store_bind_u64s(struct store_statement *statement, const char *name, const uint64_t *values,
                     size_t count) {
    struct mp_buf *out = add_binding(statement, name, "Array(UInt64)");
    if (out) {
        literal_u64s(out, values, count);
    }
}

void store_bind_strs(struct store_statement *statement, const char *name,
                     const struct mp_str *values, size_t count) {
    struct mp_buf *out = add_binding(statement, name, "Array(String)");
    if (out) {
        literal_strs(out, values, count);
    }
}

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

void store_bind_identifier(struct store_statement *statement, const char *name,
                           struct mp_str value) {
    struct mp_buf *out = add_binding(statement, name, "Identifier");
    bool is_plain = value.len > 0 && value.len < 128 && !isdigit((unsigned char)value.ptr[0]);
    for (size_t i = 0; i < value.len; i++) {
        is_plain = is_plain && is_word(value.ptr[i]);
    }
    if (out && !is_plain) {
        mp_fail(&statement->error, MP_E_ARGUMENT, name, "is not a plain identifier");
    } else if (out) {
        mp_buf_append_str(out, value);
    }
}

/* Bytes of the quoted string, quoted identifier or comment that begins at s; 0 when none does. */
static size_t opaque_length(struct mp_str s) {
    char quote = s.ptr[0];
    if (quote == '\'' || quote == '"' || quote == '`') {
        size_t i = 1;
        while (i < s.len && s.ptr[i] != quote) {
            i += s.ptr[i] == '\\' ? 2 : 1;
        }
        return i < s.len ? i + 1 : s.len;
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

/* {?capability:text} or {?!capability:text}: appends text when it applies. */
static void expand_block(struct store_statement *statement, struct mp_str inside,
                         struct mp_buf *out) {
    bool is_negated = inside.len > 0 && inside.ptr[0] == '!';
    if (is_negated) {
        inside = mp_str_range(inside.ptr + 1, inside.len - 1);
    }
    char capability[NAME_MAX_BYTES];
    struct mp_str name = mp_str_cut(&inside, ':');
    snprintf(capability, sizeof(capability), "%.*s", MP_STR_ARG(name));
    if (store_can(statement->store, capability) != is_negated) {
        mp_buf_append_str(out, inside);
    }
}

static void expand_place(struct store_statement *statement, struct mp_str inside,
                         struct mp_buf *out) {
    struct mp_str type = inside;
    struct mp_str name = mp_str_cut(&type, ':');
    for (size_t i = 0; i < statement->count; i++) {
        struct binding *binding = &statement->bindings[i];
        if (!mp_str_is(name, binding->name)) {
            continue;
        }
        if (!mp_str_is(type, binding->type)) {
            mp_fail(&statement->error, MP_E_ARGUMENT, binding->name, "is %.*s, bound as %s",
                    MP_STR_ARG(type), binding->type);
        }
        binding->is_used = true;
        mp_buf_append_str(out, mp_buf_str(&binding->literal));
        return;
    }
    mp_fail(&statement->error, MP_E_ARGUMENT, "", "place \"%.*s\" is not bound", MP_STR_ARG(name));
}

static void expand(struct store_statement *statement, struct mp_buf *out) {
    struct mp_str left = mp_str_range(statement->sql, statement->len);
    while (left.len > 0 && statement->error.code == MP_OK) {
        size_t step = opaque_length(left);
        if (step > 0) {
            mp_buf_append(out, left.ptr, step);
        } else if (left.ptr[0] == '{') {
            const char *close = memchr(left.ptr, '}', left.len);
            if (!close) {
                mp_fail(&statement->error, MP_E_ARGUMENT, "", "a place is not closed");
                return;
            }
            struct mp_str inside = mp_str_range(left.ptr + 1, (size_t)(close - left.ptr) - 1);
            step = inside.len + 2;
            if (inside.len > 0 && inside.ptr[0] == '?') {
                expand_block(statement, mp_str_range(inside.ptr + 1, inside.len - 1), out);
            } else {
                expand_place(statement, inside, out);
            }
        } else {
            step = 1;
            mp_buf_append_byte(out, (uint8_t)left.ptr[0]);
        }
        left = mp_str_range(left.ptr + step, left.len - step);
    }
}

int statement_text(struct store_statement *statement, struct mp_buf *out, struct mp_error *err) {
    /* Which blocks hold depends on the server: ask it first. */
    if (memmem(statement->sql, statement->len, "{?", 2)) {
        int code = version_learn(statement->store, err);
        if (code != MP_OK) {
            return code;
        }
    }
    for (size_t i = 0; i < statement->count; i++) {
        statement->bindings[i].is_used = false;
    }
    expand(statement, out);
    for (size_t i = 0; i < statement->count && statement->error.code == MP_OK; i++) {
        if (!statement->bindings[i].is_used) {
            mp_fail(&statement->error, MP_E_ARGUMENT, statement->bindings[i].name,
                    "is bound, but the statement has no such place");
        }
        if (statement->bindings[i].literal.failed) {
            mp_fail(&statement->error, MP_E_TOO_LARGE, statement->bindings[i].name,
                    "is over %u bytes", STATEMENT_BYTES_MAX);
        }
    }
    if (statement->error.code == MP_OK && out->failed) {
        mp_fail(&statement->error, MP_E_TOO_LARGE, "", "statement over %zu bytes", out->max);
    }
    if (statement->error.code != MP_OK && err) {
        *err = statement->error;
    }
    return (int)statement->error.code;
}
