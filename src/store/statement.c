#include <assert.h>
#include <stdlib.h>

#include "base/embedded.h"
#include "base/zone.h"
#include "store/internal.h"

#define BINDINGS_MAX 64
#define NAME_BYTES_MAX 63
#define BLOCK_DEPTH_MAX 8
#define FLAGS_MAX 16
/* Days that both engines know: 1970-01-01 to 2105-12-31, where 18.16's calendar ends. */
#define DAY_MAX 49672

extern const struct mp_embedded store_sql_files[];

enum kind { KIND_I64, KIND_U64, KIND_F64, KIND_DAY, KIND_STR, KIND_NAME, KIND_U64S, KIND_STRS };

/* A place's type: what may be bound to it, and the SQL around the bound text. */
struct place_type {
    const char *name;
    enum kind kind;
    const char *before;
    const char *after;
    const char *when_empty; /* NULL = before and after, with nothing between */
};

static const struct place_type place_types[] = {
    {"Int64", KIND_I64, "toInt64(", ")", NULL},
    {"UInt64", KIND_U64, "toUInt64(", ")", NULL},
    {"Limit", KIND_U64, "", "", NULL}, /* 18.16 takes only digits behind LIMIT */
    {"Float64", KIND_F64, "", "", NULL},
    {"Date", KIND_DAY, "toDate('", "')", NULL},
    {"String", KIND_STR, "", "", NULL},
    {"Identifier", KIND_NAME, "`", "`", NULL},
    {"Array(UInt64)", KIND_U64S, "CAST([", "], 'Array(UInt64)')", NULL},
    {"Array(String)", KIND_STRS, "CAST([", "], 'Array(String)')", NULL},
    /* Behind IN, where 18.16 takes no arrays and neither takes (). */
    /* As text: the parser takes several times as long for thousands of numbers. */
    {"Set(UInt64)", KIND_U64S, "(SELECT toUInt64(arrayJoin(splitByChar(',', '", "'))))", "(NULL)"},
    {"Set(String)", KIND_STRS, "(", ")", "(NULL)"},
};

struct binding {
    char name[NAME_BYTES_MAX + 1];
    enum kind kind;
    size_t at; /* its text within `values` */
    size_t len;
    bool is_used;
};

struct flag {
    char name[NAME_BYTES_MAX + 1];
    bool is_set;
};

struct store_statement {
    struct store *store;
    struct mp_buf sql;
    struct mp_buf values;
    struct binding bindings[BINDINGS_MAX];
    size_t binding_count;
    struct flag flags[FLAGS_MAX];
    size_t flag_count;
    struct mp_error error; /* the first one sticks */
};

int store_statement_create(struct store *store, struct mp_str sql, struct store_statement **out,
                           struct mp_error *err) {
    struct store_statement *statement = calloc(1, sizeof(*statement));
    *out = statement;
    if (!statement) {
        return mp_fail(err, MP_E_MEMORY, "sql", "out of memory");
    }
    statement->store = store;
    mp_buf_init(&statement->sql, STORE_SQL_BYTES_MAX);
    mp_buf_init(&statement->values, STORE_SQL_BYTES_MAX);
    mp_buf_append_str(&statement->sql, sql);
    return 0;
}

int store_sql_statement(struct store *store, const char *name, struct store_statement **out,
                        struct mp_error *err) {
    const struct mp_embedded *file = mp_embedded_find(store_sql_files, name);
    assert(file);
    return store_statement_create(store, mp_str_range(file->data, file->len), out, err);
}

void store_statement_destroy(struct store_statement *statement) {
    if (statement) {
        mp_buf_deinit(&statement->sql);
        mp_buf_deinit(&statement->values);
        free(statement);
    }
}

bool store_statement_has_blocks(const struct store_statement *statement) {
    return memmem(statement->sql.ptr, statement->sql.len, "{?", 2) != NULL;
}

/* ---- Binding ---------------------------------------------------------------------------- */

static void stick(struct store_statement *statement, const char *name, const char *message) {
    if (!statement->error.code) {
        mp_fail(&statement->error, MP_E_ARGUMENT, name, "%s", message);
    }
}

static struct binding *find(struct store_statement *statement, struct mp_str name) {
    for (size_t i = 0; i < statement->binding_count; i++) {
        if (mp_str_is(name, statement->bindings[i].name)) {
            return &statement->bindings[i];
        }
    }
    return NULL;
}

/* Opens a binding whose text follows in `values`; NULL after an error. */
static struct binding *bind_begin(struct store_statement *statement, const char *name,
                                  enum kind kind) {
    size_t len = strlen(name);
    if (len == 0 || len > NAME_BYTES_MAX || statement->binding_count == BINDINGS_MAX) {
        stick(statement, name, "the statement takes no more values, or the name is too long");
        return NULL;
    }
    if (find(statement, mp_str_range(name, len))) {
        stick(statement, name, "the value is bound twice");
        return NULL;
    }
    struct binding *binding = &statement->bindings[statement->binding_count++];
    memcpy(binding->name, name, len + 1);
    binding->kind = kind;
    binding->at = statement->values.len;
    return binding;
}

static void bind_end(struct store_statement *statement, struct binding *binding) {
    binding->len = statement->values.len - binding->at;
}

void store_bind_i64(struct store_statement *statement, const char *name, int64_t value) {
    struct binding *binding = bind_begin(statement, name, KIND_I64);
    if (binding) {
        mp_buf_printf(&statement->values, "%lld", (long long)value);
        bind_end(statement, binding);
    }
}

void store_bind_u64(struct store_statement *statement, const char *name, uint64_t value) {
    struct binding *binding = bind_begin(statement, name, KIND_U64);
    if (binding) {
        mp_buf_printf(&statement->values, "%llu", (unsigned long long)value);
        bind_end(statement, binding);
    }
}

void store_bind_f64(struct store_statement *statement, const char *name, double value) {
    struct binding *binding = bind_begin(statement, name, KIND_F64);
    if (binding) {
        store_literal_f64(&statement->values, value);
        bind_end(statement, binding);
    }
}

void store_bind_day(struct store_statement *statement, const char *name, int32_t day) {
    struct binding *binding = bind_begin(statement, name, KIND_DAY);
    if (!binding) {
        return;
    }
    if (day < 0 || day > DAY_MAX) {
        stick(statement, name, "the day is before 1970 or after 2105");
        return;
    }
    char text[11];
    mp_day_format(day, text);
    mp_buf_append_text(&statement->values, text);
    bind_end(statement, binding);
}

void store_bind_str(struct store_statement *statement, const char *name, struct mp_str value) {
    struct binding *binding = bind_begin(statement, name, KIND_STR);
    if (binding) {
        store_literal_str(&statement->values, value);
        bind_end(statement, binding);
    }
}

static bool is_name_byte(char byte, bool is_first) {
    return byte == '_' || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (!is_first && byte >= '0' && byte <= '9');
}

static size_t name_length(struct mp_str text) {
    size_t len = 0;
    while (len < text.len && is_name_byte(text.ptr[len], len == 0)) {
        len++;
    }
    return len;
}

void store_bind_identifier(struct store_statement *statement, const char *name,
                           struct mp_str value) {
    struct binding *binding = bind_begin(statement, name, KIND_NAME);
    if (!binding) {
        return;
    }
    if (value.len == 0 || name_length(value) != value.len) {
        stick(statement, name, "an identifier has only letters, digits and _");
        return;
    }
    mp_buf_append_str(&statement->values, value);
    bind_end(statement, binding);
}

void store_bind_u64s(struct store_statement *statement, const char *name, const uint64_t *values,
                     size_t count) {
    struct binding *binding = bind_begin(statement, name, KIND_U64S);
    if (!binding) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        mp_buf_printf(&statement->values, i ? ",%llu" : "%llu", (unsigned long long)values[i]);
    }
    bind_end(statement, binding);
}

void store_bind_strs(struct store_statement *statement, const char *name,
                     const struct mp_str *values, size_t count) {
    struct binding *binding = bind_begin(statement, name, KIND_STRS);
    if (!binding) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (i) {
            mp_buf_append_byte(&statement->values, ',');
        }
        store_literal_str(&statement->values, values[i]);
    }
    bind_end(statement, binding);
}

static const struct flag *find_flag(const struct store_statement *statement, struct mp_str name) {
    for (size_t i = 0; i < statement->flag_count; i++) {
        if (mp_str_is(name, statement->flags[i].name)) {
            return &statement->flags[i];
        }
    }
    return NULL;
}

void store_statement_flag(struct store_statement *statement, const char *name, bool is_set) {
    struct mp_str text = mp_str_of(name);
    if (name_length(text) != text.len || text.len == 0 || text.len > NAME_BYTES_MAX ||
        statement->flag_count == FLAGS_MAX || store_capability_known(text) ||
        find_flag(statement, text)) {
        stick(statement, name, "the flag is known already, or its name will not do");
        return;
    }
    struct flag *flag = &statement->flags[statement->flag_count++];
    memcpy(flag->name, text.ptr, text.len);
    flag->is_set = is_set;
}

/* ---- Rendering -------------------------------------------------------------------------- */

struct render {
    struct store_statement *statement;
    struct mp_buf *out;
    struct mp_str rest;
    bool is_kept[BLOCK_DEPTH_MAX + 1]; /* by depth; [0] is the text outside of blocks */
    int depth;
};

static void render_value(struct render *render, const struct place_type *type,
                         const struct binding *binding) {
    if (!render->is_kept[render->depth]) {
        return;
    }
    if (binding->len == 0 && type->when_empty) {
        mp_buf_append_text(render->out, type->when_empty);
        return;
    }
    mp_buf_append_text(render->out, type->before);
    mp_buf_append(render->out, render->statement->values.ptr + binding->at, binding->len);
    mp_buf_append_text(render->out, type->after);
}

static const struct place_type *find_type(struct mp_str name) {
    for (size_t i = 0; i < sizeof(place_types) / sizeof(place_types[0]); i++) {
        if (mp_str_is(name, place_types[i].name)) {
            return &place_types[i];
        }
    }
    return NULL;
}

/* "{name:Type}" at the head of rest. */
static void render_place(struct render *render) {
    struct mp_str inside = {render->rest.ptr + 1, render->rest.len - 1};
    const char *end = memchr(inside.ptr, '}', inside.len);
    struct mp_str name = {inside.ptr, name_length(inside)};
    if (!end || name.len == 0 || name.len > NAME_BYTES_MAX || inside.ptr[name.len] != ':') {
        stick(render->statement, "sql", "{ does not begin a place {name:Type}");
        return;
    }
    char name_text[NAME_BYTES_MAX + 1] = {0};
    memcpy(name_text, name.ptr, name.len);
    const char *type_at = name.ptr + name.len + 1;
    const struct place_type *type =
        find_type(mp_str_range(type_at, type_at < end ? (size_t)(end - type_at) : 0));
    struct binding *binding = find(render->statement, name);
    if (!type) {
        stick(render->statement, name_text, "the place has an unknown type");
    } else if (!binding) {
        stick(render->statement, name_text, "no value is bound to the place");
    } else if (binding->kind != type->kind) {
        stick(render->statement, name_text, "the bound value is not of the place's type");
    } else {
        binding->is_used = true;
        render_value(render, type, binding);
    }
    render->rest.len -= (size_t)(end + 1 - render->rest.ptr);
    render->rest.ptr = end + 1;
}

static bool condition(const struct store_statement *statement, struct mp_str name, bool *holds) {
    const struct flag *flag = find_flag(statement, name);
    if (flag) {
        *holds = flag->is_set;
        return true;
    }
    *holds = store_version_can(store_server_version(statement->store), name);
    return store_capability_known(name);
}

/* "{?capability:" or "{?!flag:" and the like at the head of rest. */
static void render_block_begin(struct render *render) {
    struct mp_str head = {render->rest.ptr + 2, render->rest.len - 2};
    bool is_negated = head.len > 0 && head.ptr[0] == '!';
    if (is_negated) {
        head = mp_str_range(head.ptr + 1, head.len - 1);
    }
    struct mp_str name = {head.ptr, name_length(head)};
    bool holds;
    if (name.len == head.len || head.ptr[name.len] != ':' ||
        !condition(render->statement, name, &holds)) {
        stick(render->statement, "sql", "{? does not begin a block {?name:text}");
        return;
    }
    if (render->depth == BLOCK_DEPTH_MAX) {
        stick(render->statement, "sql", "blocks are nested too deep");
        return;
    }
    bool is_kept = render->is_kept[render->depth] && holds != is_negated;
    render->is_kept[++render->depth] = is_kept;
    render->rest.ptr = name.ptr + name.len + 1;
    render->rest.len = head.len - name.len - 1;
}

static void render_block_end(struct render *render) {
    if (render->depth == 0) {
        stick(render->statement, "sql", "} closes nothing");
        return;
    }
    render->depth--;
    render->rest.ptr++;
    render->rest.len--;
}

static void render_token(struct render *render) {
    bool is_code;
    size_t len = store_scan_token(render->rest, &is_code);
    if (len == 0) {
        stick(render->statement, "sql", "a string or comment has no end, or comments are nested");
        return;
    }
    char first = render->rest.ptr[0];
    if (is_code && first == '{') {
        bool is_block = render->rest.len > 1 && render->rest.ptr[1] == '?';
        is_block ? render_block_begin(render) : render_place(render);
    } else if (is_code && first == '}') {
        render_block_end(render);
    } else {
        if (render->is_kept[render->depth]) {
            mp_buf_append(render->out, render->rest.ptr, len);
        }
        render->rest.ptr += len;
        render->rest.len -= len;
    }
}

static void check_all_used(struct store_statement *statement) {
    for (size_t i = 0; i < statement->binding_count; i++) {
        if (!statement->bindings[i].is_used) {
            stick(statement, statement->bindings[i].name, "the statement has no such place");
        }
    }
}

int store_statement_render(struct store_statement *statement, struct mp_buf *out,
                           struct mp_error *err) {
    struct render render = {
        .statement = statement, .out = out, .rest = mp_buf_str(&statement->sql), .is_kept = {true}};
    while (render.rest.len > 0 && !statement->error.code) {
        render_token(&render);
    }
    if (!statement->error.code && render.depth > 0) {
        stick(statement, "sql", "a block is not closed");
    }
    if (!statement->error.code) {
        check_all_used(statement);
    }
    if (!statement->error.code &&
        (statement->sql.failed || statement->values.failed || out->failed)) {
        mp_fail(&statement->error, MP_E_TOO_LARGE, "sql", "the statement is over %u bytes",
                STORE_SQL_BYTES_MAX);
    }
    if (statement->error.code && err) {
        *err = statement->error;
    }
    return (int)statement->error.code;
}
