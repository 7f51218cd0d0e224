/* `minipulse sql`: asks the engine by hand. Read-only unless told otherwise. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SQL_BYTES_MAX (16u << 20)
#define QUERY_TIMEOUT_MS 3600000
#define FORMAT_BYTES_MAX 40

struct session {
    struct store *store;
    const char *format;
    bool may_write;
};

static bool is_blank_or_semicolon(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ';';
}

static struct mp_str last_word(struct mp_str *sql) {
    while (sql->len > 0 && is_blank_or_semicolon(sql->ptr[sql->len - 1])) {
        sql->len--;
    }
    size_t end = sql->len;
    while (sql->len > 0 && !is_blank_or_semicolon(sql->ptr[sql->len - 1])) {
        sql->len--;
    }
    return mp_str_range(sql->ptr + sql->len, end - sql->len);
}

/* Whether the statement's last words are FORMAT Name. */
static bool names_format(struct mp_str sql) {
    (void)last_word(&sql);
    struct mp_str keyword = last_word(&sql);
    return keyword.len == 6 && strncasecmp(keyword.ptr, "FORMAT", 6) == 0;
}

static bool gives_rows(struct mp_str sql) {
    static const char *const verbs[] = {"SELECT", "WITH",    "SHOW",  "DESCRIBE",
                                        "DESC",   "EXPLAIN", "EXISTS"};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        size_t len = strlen(verbs[i]);
        if (sql.len > len && strncasecmp(sql.ptr, verbs[i], len) == 0) {
            return true;
        }
    }
    return sql.len > 0 && sql.ptr[0] == '(';
}

static int print_piece(void *arg, struct mp_str data) {
    (void)arg;
    return fwrite(data.ptr, 1, data.len, stdout) == data.len ? 0 : 1;
}

static int ask(const struct session *session, struct mp_str sql, struct mp_error *err) {
    struct mp_buf text;
    struct store_options options = {.timeout_ms = QUERY_TIMEOUT_MS,
                                    .is_read_only = !session->may_write};
    while (sql.len > 0 && is_blank_or_semicolon(sql.ptr[sql.len - 1])) {
        sql.len--;
    }
    sql = mp_str_trim(sql);
    if (sql.len == 0) {
        return MP_OK;
    }
    mp_buf_init(&text, SQL_BYTES_MAX + FORMAT_BYTES_MAX);
    mp_buf_append_str(&text, sql);
    if (gives_rows(sql) && !names_format(sql)) {
        mp_buf_printf(&text, "\nFORMAT %s", session->format);
    }
    int code =
        text.failed
            ? mp_fail(err, MP_E_TOO_LARGE, "sql", "the statement is over %u bytes", SQL_BYTES_MAX)
            : store_run_text(session->store, mp_buf_str(&text), &options, print_piece, NULL, err);
    mp_buf_deinit(&text);
    fflush(stdout);
    return code;
}

/* Statements from standard input, each ended by a ';' at a line's end or by the input's end. On a
 * terminal with a prompt, and an error does not end the session. */
static int ask_each(const struct session *session, struct mp_error *err) {
    bool is_terminal = isatty(STDIN_FILENO) != 0;
    struct mp_buf sql;
    char *line = NULL;
    size_t capacity = 0;
    int code = MP_OK;
    mp_buf_init(&sql, SQL_BYTES_MAX);
    while (code == MP_OK) {
        if (is_terminal) {
            fputs(sql.len > 0 ? "        -> " : "minipulse> ", stderr);
        }
        ssize_t len = getline(&line, &capacity, stdin);
        if (len > 0) {
            mp_buf_append(&sql, line, (size_t)len);
        }
        struct mp_str trimmed = mp_str_trim(mp_buf_str(&sql));
        bool is_whole = len < 0 || (trimmed.len > 0 && trimmed.ptr[trimmed.len - 1] == ';');
        if (sql.failed) {
            code = mp_fail(err, MP_E_TOO_LARGE, "sql", "the statement is over %u bytes",
                           SQL_BYTES_MAX);
        } else if (is_whole) {
            code = ask(session, trimmed, err);
            mp_buf_clear(&sql);
        }
        if (code != MP_OK && is_terminal) {
            cmd_error(err);
            code = MP_OK;
        }
        if (len < 0) {
            break;
        }
    }
    free(line);
    mp_buf_deinit(&sql);
    return code;
}

static int run(struct cmd_call *call) {
    struct mp_error err = {0};
    const char *format = cmd_flag(call, "format");
    bool to_terminal = isatty(STDOUT_FILENO) != 0;
    struct session session = {.format = format        ? format
                                        : to_terminal ? "PrettyCompact"
                                                      : "TabSeparated",
                              .may_write = cmd_flag(call, "write") != NULL};
    int code = cmd_store_open(&call->config, 1, &session.store, &err);
    if (code == MP_OK) {
        code = call->positional_count > 0 ? ask(&session, mp_str_of(call->positionals[0]), &err)
                                          : ask_each(&session, &err);
    }
    store_close(session.store);
    return code == MP_OK ? CMD_DONE : cmd_error(&err);
}

const struct cmd cmd_sql = {
    .name = "sql",
    .arguments = "[STATEMENT]",
    .summary = "ask the engine in SQL",
    .details = "Runs one statement, or those on standard input (each ended by ';'), on the engine\n"
               "of the running `minipulse serve`, or on store_url. docs/sql.md tells the tables.\n"
               "Nothing can be changed unless --write is given.",
    .flags = {{.name = "format",
               .value_name = "NAME",
               .doc = "ClickHouse's format of the answer; else PrettyCompact on a terminal, "
                      "TabSeparated elsewhere."},
              {.name = "write", .doc = "Let statements change things."}},
    .positionals_max = 1,
    .run = run,
};
