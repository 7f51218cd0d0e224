/* Brings the schema up to date: the files of schema/ in order, each once. */
#include "accounts/internal.h"

#include "base/clock.h"
#include "base/embedded.h"
#include "base/hash.h"

extern const struct mp_embedded accounts_schema_files[];

/* What was applied must be the first files, unchanged. *count: how many. */
static int check_applied(struct link *link, int64_t *count, struct mp_error *err) {
    struct db_query query = db_begin(link, "applied_migrations");
    int code = MP_OK;
    *count = 0;
    while (code == MP_OK && db_row(&query)) {
        const struct mp_embedded *file = &accounts_schema_files[++*count];
        if (!file->name) {
            code = mp_fail(err, MP_E_CORRUPT, ACCOUNTS_FILE,
                           "it has migration %s, which this program does not know: it was written "
                           "by a newer one",
                           db_column_text(&query, 1));
        } else if (db_column_i64(&query, 0) != *count ||
                   (uint64_t)db_column_i64(&query, 2) != mp_checksum(file->data, file->len)) {
            code = mp_fail(err, MP_E_CORRUPT, ACCOUNTS_FILE,
                           "its migration %s is not the one of this program", file->name);
        }
    }
    db_end(&query);
    return code;
}

static void apply(struct link *link, int64_t number) {
    const struct mp_embedded *file = &accounts_schema_files[number];
    link_run_file(link, file);
    struct db_query query = db_begin(link, "record_migration");
    db_i64(&query, ":number", number);
    db_str(&query, ":name", mp_str_of(file->name));
    db_i64(&query, ":checksum", (int64_t)mp_checksum(file->data, file->len));
    db_i64(&query, ":now", mp_now_ms());
    db_run(&query);
}

/* In one transaction: of two programs that start at once, the second finds all done. */
int database_migrate(struct accounts *accounts, struct mp_error *err) {
    struct link *link;
    int64_t count = 0;
    int code = write_begin(accounts, &link, err);
    if (code != MP_OK) {
        return code;
    }
    link_run_file(link, &accounts_schema_files[0]);
    code = check_applied(link, &count, err);
    while (code == MP_OK && link->error.code == MP_OK && accounts_schema_files[count + 1].name) {
        apply(link, ++count);
    }
    return write_end(link, code, err);
}
