/* The connections to the database, what their failures mean, and transactions. */
#include "accounts/internal.h"

#include "base/embedded.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Another process's change takes milliseconds; who holds the lock longer hangs. */
#define LOCK_WAIT_MS 5000

extern const struct mp_embedded accounts_sql_files[];

/* SQLite makes files with the mode that umask leaves, and its -wal and -shm with that of the
 * database: so it is made here. One that is there is not opened: closing it would give up the locks
 * that this process has on it (POSIX). */
static int make_file(const char *path, struct mp_error *err) {
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
        return MP_OK;
    }
    return errno == EEXIST ? MP_OK : mp_fail_sys(err, errno, ACCOUNTS_FILE, "cannot make it");
}

static enum mp_code code_of(int result) {
    switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return MP_E_FULL;
    case SQLITE_NOMEM:
        return MP_E_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
        return MP_E_CORRUPT;
    default:
        return MP_E_IO;
    }
}

int link_fail(struct link *link) {
    if (link->error.code == MP_OK) {
        int result = sqlite3_errcode(link->db);
        mp_fail(&link->error, code_of(result), ACCOUNTS_FILE, "%s",
                (result & 0xff) == SQLITE_BUSY ? "another process keeps the accounts locked"
                                               : sqlite3_errmsg(link->db));
    }
    return link->error.code;
}

int link_run_file(struct link *link, const struct mp_embedded *file) {
    if (link->error.code == MP_OK &&
        sqlite3_exec(link->db, file->data, NULL, NULL, NULL) != SQLITE_OK) {
        link_fail(link);
    }
    return link->error.code;
}

static int run_named(struct link *link, const char *name) {
    const struct mp_embedded *file = mp_embedded_find(accounts_sql_files, name);
    assert(file);
    return link_run_file(link, file);
}

int link_open(struct link *link, const char *path, struct mp_error *err) {
    int code = make_file(path, err);
    if (code != MP_OK) {
        return code;
    }
    if (sqlite3_open_v2(path, &link->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        return link->db ? mp_fail(err, code_of(sqlite3_errcode(link->db)), ACCOUNTS_FILE, "%s",
                                  sqlite3_errmsg(link->db))
                        : mp_fail(err, MP_E_MEMORY, ACCOUNTS_FILE, "no memory for the database");
    }
    sqlite3_busy_timeout(link->db, LOCK_WAIT_MS);
    sqlite3_db_config(link->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(link->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(link->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    if (run_named(link, "settings") != MP_OK && err) {
        *err = link->error;
    }
    return link->error.code;
}

void link_close(struct link *link) {
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        sqlite3_finalize(link->statements[i]);
    }
    sqlite3_close(link->db);
    link->db = NULL;
}

static int finish(struct link *link, struct mp_error *err) {
    int code = link->error.code;
    if (code != MP_OK && err) {
        *err = link->error;
    }
    pthread_mutex_unlock(&link->mutex);
    return code;
}

static struct link *begin(struct link *link) {
    pthread_mutex_lock(&link->mutex);
    link->error = (struct mp_error){0};
    return link;
}

struct link *read_begin(struct accounts *accounts) {
    return begin(&accounts->reader);
}

int read_end(struct link *link, struct mp_error *err) {
    return finish(link, err);
}

int write_begin(struct accounts *accounts, struct link **out, struct mp_error *err) {
    struct link *link = begin(&accounts->writer);
    *out = link;
    return run_named(link, "begin") == MP_OK ? MP_OK : finish(link, err);
}

int write_end(struct link *link, int code, struct mp_error *err) {
    if (code == MP_OK && link->error.code == MP_OK) {
        run_named(link, "commit");
    }
    /* After some failures (a full disk) SQLite has rolled back by itself. */
    if (!sqlite3_get_autocommit(link->db)) {
        struct mp_error first = link->error;
        link->error = (struct mp_error){0};
        run_named(link, "rollback");
        link->error = first;
    }
    if (code != MP_OK) {
        pthread_mutex_unlock(&link->mutex);
        return code;
    }
    return finish(link, err);
}
