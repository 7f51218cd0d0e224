#include <stdio.h>
#include <stdlib.h>

#include "base/embedded.h"
#include "base/hash.h"
#include "base/log.h"
#include "store/internal.h"
#include "store/rows.h"

#define MIGRATIONS_MAX 1000
/* ALTERs of a large table take their time. */
#define MIGRATION_TIMEOUT_MS (10 * 60 * 1000)

extern const struct mp_embedded store_schema_files[];

struct migration {
    uint32_t number; /* the file's name begins with it */
    const struct mp_embedded *file;
    uint64_t checksum;
    bool is_applied;
};

struct migrations {
    struct migration list[MIGRATIONS_MAX];
    size_t count;
    struct mp_error error; /* of reading what was applied */
};

/* ---- Statements of a file --------------------------------------------------------------- */

struct mp_str store_next_statement(struct mp_str *sql, bool *is_whole) {
    const char *start = sql->ptr;
    bool has_code = false;
    *is_whole = true;
    while (sql->len > 0) {
        bool is_code;
        size_t len = store_scan_token(*sql, &is_code);
        if (len == 0) {
            *is_whole = false;
            return mp_str_range(start, 0);
        }
        char first = sql->ptr[0];
        sql->ptr += len;
        sql->len -= len;
        if (is_code && first == ';') {
            if (has_code) {
                return mp_str_range(start, (size_t)(sql->ptr - start) - 1);
            }
            start = sql->ptr;
        } else if (is_code) {
            has_code |= first != ' ' && first != '\n' && first != '\t' && first != '\r';
        } else {
            has_code |= first != '-' && first != '/';
        }
    }
    return mp_str_range(start, has_code ? (size_t)(sql->ptr - start) : 0);
}

static int run_file(struct store *store, const struct mp_embedded *file, struct mp_error *err) {
    struct mp_str rest = {file->data, file->len};
    const struct store_options options = {.timeout_ms = MIGRATION_TIMEOUT_MS};
    for (;;) {
        bool is_whole;
        struct mp_str sql = store_next_statement(&rest, &is_whole);
        if (!is_whole) {
            return mp_fail(err, MP_E_ARGUMENT, file->name, "a string or comment has no end");
        }
        if (sql.len == 0) {
            return 0;
        }
        struct store_statement *statement;
        int code = store_statement_create(store, sql, &statement, err);
        if (code == 0) {
            code = store_run(store, statement, &options, NULL, NULL, err);
        }
        store_statement_destroy(statement);
        if (code) {
            mp_error_wrap(err, "migration %s", file->name);
            return code;
        }
    }
}

/* ---- Which to apply --------------------------------------------------------------------- */

static int list_files(struct migrations *migrations, struct mp_error *err) {
    for (const struct mp_embedded *file = store_schema_files; file->name; file++) {
        uint64_t number;
        struct mp_str name = mp_str_of(file->name);
        if (name.len < 5 || !mp_str_to_u64(mp_str_range(name.ptr, 4), &number)) {
            return mp_fail(err, MP_E_ARGUMENT, file->name, "the name is not NNNN_name");
        }
        if (migrations->count == MIGRATIONS_MAX || number != migrations->count) {
            return mp_fail(err, MP_E_ARGUMENT, file->name, "migrations are not numbered in a row");
        }
        migrations->list[migrations->count++] =
            (struct migration){.number = (uint32_t)number,
                               .file = file,
                               .checksum = mp_checksum(file->data, file->len),
                               .is_applied = number == 0};
    }
    return 0;
}

static int on_applied(void *arg, struct mp_reader *row) {
    struct migrations *migrations = arg;
    uint32_t number = mp_read_u32(row);
    struct mp_str name = mp_read_lstr(row);
    uint64_t checksum = mp_read_u64(row);
    if (number >= migrations->count) {
        return mp_fail(&migrations->error, MP_E_ARGUMENT, "schema",
                       "the database has migration %u (%.*s), which this program does not know: "
                       "it was written by a newer one",
                       number, MP_STR_ARG(mp_str_clip(name, 64)));
    }
    struct migration *migration = &migrations->list[number];
    if (migration->checksum != checksum) {
        return mp_fail(&migrations->error, MP_E_ARGUMENT, "schema",
                       "migration %s is not the one that the database has had",
                       migration->file->name);
    }
    migration->is_applied = true;
    return 0;
}

static int read_applied(struct store *store, struct migrations *migrations, struct mp_error *err) {
    struct store_statement *statement;
    int code = store_sql_statement(store, "applied_migrations", &statement, err);
    if (code == 0) {
        code = store_run_rows(store, statement, NULL, "dsq", on_applied, migrations, err);
    }
    store_statement_destroy(statement);
    if (code && migrations->error.code && err) {
        *err = migrations->error;
    }
    return code;
}

/* ---- Applying --------------------------------------------------------------------------- */

static int create_database(struct store *store, struct mp_error *err) {
    struct store_statement *statement;
    int code = store_sql_statement(store, "create_database", &statement, err);
    if (code == 0) {
        const struct store_target target = {.only_origin = -1, .is_without_database = true};
        store_bind_identifier(statement, "database", mp_str_of(store->database));
        code = store_run_at(store, statement, NULL, &target, NULL, NULL, err);
    }
    store_statement_destroy(statement);
    return code;
}

static int record(struct store *store, const struct migration *migration, struct mp_error *err) {
    struct store_statement *statement;
    int code = store_sql_statement(store, "record_migration", &statement, err);
    if (code == 0) {
        store_bind_u64(statement, "number", migration->number);
        store_bind_str(statement, "name", mp_str_of(migration->file->name));
        store_bind_u64(statement, "checksum", migration->checksum);
        code = store_run(store, statement, NULL, NULL, NULL, err);
    }
    store_statement_destroy(statement);
    return code;
}

static int apply_missing(struct store *store, const struct migrations *migrations,
                         struct mp_error *err) {
    for (size_t i = 0; i < migrations->count; i++) {
        const struct migration *migration = &migrations->list[i];
        if (migration->is_applied) {
            continue;
        }
        int code = run_file(store, migration->file, err);
        if (code == 0) {
            code = record(store, migration, err);
        }
        if (code) {
            return code;
        }
        mp_log(MP_LOG_INFO, "store", "migration applied", "name=%s", migration->file->name);
    }
    return 0;
}

int store_migrate(struct store *store, struct mp_error *err) {
    struct migrations *migrations = calloc(1, sizeof(*migrations));
    if (!migrations) {
        return mp_fail(err, MP_E_MEMORY, "store", "out of memory");
    }
    int code = list_files(migrations, err);
    if (code == 0) {
        code = store_contact(store, err);
    }
    if (code == 0) {
        code = create_database(store, err);
    }
    if (code == 0) {
        code = run_file(store, migrations->list[0].file, err);
    }
    if (code == 0) {
        code = read_applied(store, migrations, err);
    }
    if (code == 0) {
        code = apply_missing(store, migrations, err);
    }
    free(migrations);
    return code;
}
