/* The audit log. */
#include "accounts/internal.h"

#include "base/clock.h"

/* Kept: years of what people do; of failed log-ins, which anybody can make, less. */
#define ENTRIES_MAX 1000000
#define REFUSALS_MAX 100000
#define TRIM_EVERY 1024 /* entries */

static void trim(struct link *link, bool is_refusal) {
    struct db_query query = db_begin(link, "audit_trim");
    db_i64(&query, ":is_refusal", is_refusal);
    db_i64(&query, ":max", is_refusal ? REFUSALS_MAX : ENTRIES_MAX);
    db_run(&query);
}

static void put(struct link *link, const struct accounts_caller *by, const char *app,
                const char *action, struct mp_str target, bool is_refusal) {
    struct db_query query = db_begin(link, "audit_add");
    db_i64(&query, ":now", mp_now_ms());
    db_i64(&query, ":kind", by->kind);
    db_str(&query, ":name", mp_str_of(by->name));
    db_str(&query, ":app", mp_str_of(app));
    db_str(&query, ":action", mp_str_of(action));
    db_str(&query, ":target", target);
    db_str(&query, ":address", mp_str_of(by->address));
    db_i64(&query, ":is_refusal", is_refusal);
    bool is_time = db_row(&query) && db_column_i64(&query, 0) % TRIM_EVERY == 0;
    db_end(&query);
    if (is_time) {
        trim(link, false);
        trim(link, true);
    }
}

void audit_put(struct link *link, const struct accounts_caller *by, const char *app,
               const char *action, struct mp_str target) {
    put(link, by, app, action, target, false);
}

void audit_put_refusal(struct link *link, struct mp_str name, const char *address) {
    struct accounts_caller nobody = user_caller(0, MP_STR(""), address);
    nobody.kind = ACCOUNTS_NOBODY;
    put(link, &nobody, "", "session.refused", name, true);
}

int accounts_audit_note(struct accounts *accounts, const struct accounts_caller *by,
                        const char *app, const char *action, const char *target,
                        struct mp_error *err) {
    struct link *link;
    int code = write_begin(accounts, &link, err);
    if (code == MP_OK) {
        audit_put(link, by, app, action, mp_str_of(target));
        code = write_end(link, MP_OK, err);
    }
    return code;
}

int accounts_audit(struct accounts *accounts, const char *app, int64_t before, int64_t limit,
                   accounts_on_entry *on, void *arg, struct mp_error *err) {
    struct link *link = read_begin(accounts);
    struct db_query query = db_begin(link, app ? "audit_list_of_app" : "audit_list");
    if (app) {
        db_str(&query, ":app", mp_str_of(app));
    }
    db_i64(&query, ":before", before);
    db_i64(&query, ":limit", limit < ACCOUNTS_AUDIT_PAGE_MAX ? limit : ACCOUNTS_AUDIT_PAGE_MAX);
    while (db_row(&query)) {
        struct accounts_entry entry = {
            .id = db_column_i64(&query, 0),
            .time_ms = db_column_i64(&query, 1),
            .kind = (enum accounts_kind)db_column_i64(&query, 2),
            .name = db_column_text(&query, 3),
            .app = db_column_text(&query, 4),
            .action = db_column_text(&query, 5),
            .target = db_column_text(&query, 6),
            .address = db_column_text(&query, 7),
        };
        on(arg, &entry);
    }
    db_end(&query);
    return read_end(link, err);
}
