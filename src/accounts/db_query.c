/* Statements by the name of their file: prepared once a connection, values bound by name. */
#include "accounts/internal.h"

#include "base/embedded.h"

#include <assert.h>

extern const struct mp_embedded accounts_sql_files[];

struct db_query db_begin(struct link *link, const char *name) {
    const struct mp_embedded *file = mp_embedded_find(accounts_sql_files, name);
    size_t index = file ? (size_t)(file - accounts_sql_files) : STATEMENTS_MAX;
    assert(index < STATEMENTS_MAX);
    struct db_query query = {.link = link};
    if (link->error.code != MP_OK) {
        return query;
    }
    sqlite3_stmt **statement = &link->statements[index];
    if (!*statement &&
        sqlite3_prepare_v3(link->db, file->data, (int)file->len, SQLITE_PREPARE_PERSISTENT,
                           statement, NULL) != SQLITE_OK) {
        link_fail(link);
    }
    query.statement = *statement;
    return query;
}

/* The number of a parameter. A name that the file lacks is a mistake of ours. */
static int place(const struct db_query *query, const char *parameter) {
    int index = sqlite3_bind_parameter_index(query->statement, parameter);
    assert(index > 0);
    return index;
}

static void check(struct db_query *query, int result) {
    if (result != SQLITE_OK) {
        link_fail(query->link);
    }
}

void db_i64(struct db_query *query, const char *parameter, int64_t value) {
    if (query->statement) {
        check(query, sqlite3_bind_int64(query->statement, place(query, parameter), value));
    }
}

void db_str(struct db_query *query, const char *parameter, struct mp_str value) {
    if (query->statement) {
        check(query, sqlite3_bind_text(query->statement, place(query, parameter),
                                       value.ptr ? value.ptr : "", (int)value.len, SQLITE_STATIC));
    }
}

void db_blob(struct db_query *query, const char *parameter, const void *data, size_t len) {
    if (query->statement) {
        check(query, sqlite3_bind_blob(query->statement, place(query, parameter), data, (int)len,
                                       SQLITE_STATIC));
    }
}

bool db_row(struct db_query *query) {
    if (!query->statement || query->link->error.code != MP_OK) {
        return false;
    }
    int result = sqlite3_step(query->statement);
    if (result != SQLITE_ROW && result != SQLITE_DONE) {
        link_fail(query->link);
    }
    return result == SQLITE_ROW;
}

int64_t db_column_i64(const struct db_query *query, int column) {
    return sqlite3_column_int64(query->statement, column);
}

const char *db_column_text(const struct db_query *query, int column) {
    const unsigned char *text = sqlite3_column_text(query->statement, column);
    return text ? (const char *)text : "";
}

bool db_column_blob(const struct db_query *query, int column, void *out, size_t len) {
    const void *blob = sqlite3_column_blob(query->statement, column);
    bool is_whole = blob && (size_t)sqlite3_column_bytes(query->statement, column) == len;
    if (is_whole) {
        memcpy(out, blob, len);
    }
    return is_whole;
}

int db_end(struct db_query *query) {
    if (!query->statement) {
        return 0;
    }
    int changed = sqlite3_changes(query->link->db);
    sqlite3_reset(query->statement); /* its result is the last step's, which was looked at */
    sqlite3_clear_bindings(query->statement);
    query->statement = NULL;
    return changed;
}

int db_run(struct db_query *query) {
    bool is_row = db_row(query);
    assert(!is_row);
    return db_end(query);
}
