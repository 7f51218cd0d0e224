#include "store/internal.h"

#include "base/embedded.h"
#include "base/hash.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct mp_embedded store_schema_files[];

#define MIGRATIONS_MAX 4096
#define APPLIED_BYTES_MAX (1u << 20)

static const char applied_table[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations (number UInt32, name String, checksum UInt64,"
    " applied DateTime) ENGINE = MergeTree PARTITION BY tuple() ORDER BY number";

/* Cuts the next statement off at a ';' outside strings and comments. */
static struct mp_str next_statement(struct mp_str *text) {
    size_t i = 0;
    while (i < text->len && text->ptr[i] != ';') {
        const char *at = text->ptr + i;
        size_t left = text->len - i;
        if (*at == '\'') {
            const char *end = memchr(at + 1, '\'', left - 1);
            i += end ? (size_t)(end - at) + 1 : left;
        } else if (left >= 2 && memcmp(at, "--", 2) == 0) {
            const char *end = memchr(at, '\n', left);
            i += end ? (size_t)(end - at) + 1 : left;
        } else {
            i++;
        }
    }
    struct mp_str statement = mp_str_range(text->ptr, i);
    size_t step = i < text->len ? i + 1 : i;
    *text = mp_str_range(text->ptr + step, text->len - step);
    return mp_str_trim(statement);
}

/* True when nothing but comments is left. */
static bool is_blank(struct mp_str statement) {
    while (statement.len > 0) {
        struct mp_str line = mp_str_trim(mp_str_cut(&statement, '\n'));
        if (line.len > 0 && !mp_str_starts_with(line, MP_STR("--"))) {
            return false;
        }
    }
    return true;
}

static int apply(struct store *store, const struct mp_embedded *file, struct mp_error *err) {
    struct mp_str text = mp_str_range(file->data, file->len);
    while (text.len > 0) {
        struct mp_str sql = next_statement(&text);
        struct store_statement *statement;
        if (is_blank(sql)) {
            continue;
        }
        int code = store_statement_create(store, sql, &statement, err);
        if (code == MP_OK) {
            code = store_run(store, statement, NULL, NULL, NULL, err);
            store_statement_destroy(statement);
        }
        if (code != MP_OK) {
            return mp_error_wrap(err, "migration %s", file->name);
        }
    }
    char record[512];
    snprintf(record, sizeof(record),
             "INSERT INTO schema_migrations SELECT %lu, '%s', toUInt64(%" PRIu64 "), now()",
             strtoul(file->name, NULL, 10), file->name, mp_checksum(file->data, file->len));
    mp_log(MP_LOG_INFO, "store", "migration applied", "name=%s", file->name);
    return store_exec(store, record, err);
}

/* The embedded migration of that number, or NULL. */
static const struct mp_embedded *by_number(uint64_t number) {
    for (const struct mp_embedded *file = store_schema_files; file->name; file++) {
        if (strtoul(file->name, NULL, 10) == number) {
            return file;
        }
    }
    return NULL;
}

/* Compares what the database has had with what this binary knows. is_applied by index of file. */
static int check_applied(struct mp_str answer, bool *is_applied, struct mp_error *err) {
    while (answer.len > 0) {
        struct mp_str line = mp_str_cut(&answer, '\n');
        struct mp_str rest = line;
        uint64_t number = 0, checksum = 0;
        if (line.len == 0) {
            continue;
        }
        if (!mp_str_to_u64(mp_str_cut(&rest, '\t'), &number) || !mp_str_to_u64(rest, &checksum)) {
            return mp_fail(err, MP_E_CORRUPT, "schema_migrations", "cannot be read");
        }
        const struct mp_embedded *file = by_number(number);
        if (!file) {
            return mp_fail(err, MP_E_CORRUPT, "schema_migrations",
                           "the database had migration %" PRIu64
                           ", which this minipulse does not know: run the newer one",
                           number);
        }
        if (checksum != mp_checksum(file->data, file->len)) {
            return mp_fail(err, MP_E_CORRUPT, "schema_migrations",
                           "migration %s is not the one that was applied", file->name);
        }
        is_applied[file - store_schema_files] = true;
    }
    return MP_OK;
}

int store_migrate(struct store *store, struct mp_error *err) {
    static const struct mp_str question =
        MP_STR("SELECT DISTINCT number, checksum FROM schema_migrations ORDER BY number"
               " FORMAT TabSeparated");
    bool is_applied[MIGRATIONS_MAX] = {false};
    char create[160];
    struct mp_buf answer;
    int code = version_learn(store, err);
    snprintf(create, sizeof(create), "CREATE DATABASE IF NOT EXISTS %s", store->database);
    if (code == MP_OK) {
        code = store_ask(store, mp_str_of(create), true, -1, NULL, err);
    }
    if (code == MP_OK) {
        code = store_exec(store, applied_table, err);
    }
    mp_buf_init(&answer, APPLIED_BYTES_MAX);
    if (code == MP_OK) {
        code = store_ask(store, question, false, -1, &answer, err);
    }
    if (code == MP_OK) {
        code = check_applied(mp_buf_str(&answer), is_applied, err);
    }
    for (size_t i = 0; code == MP_OK && store_schema_files[i].name && i < MIGRATIONS_MAX; i++) {
        if (!is_applied[i]) {
            code = apply(store, &store_schema_files[i], err);
        }
    }
    mp_buf_deinit(&answer);
    return code;
}
