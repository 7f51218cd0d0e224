/* `minipulse rebuild`: remakes the rollups from the events. */
#include "cmd/cmd.h"

#include "load/load.h"

#include <stdio.h>
#include <unistd.h>

#define CONNECTIONS 4

static void show_progress(void *arg, uint64_t done, uint64_t total) {
    (void)arg;
    fprintf(stderr, "\r%llu of %llu users", (unsigned long long)done, (unsigned long long)total);
}

static int rebuild(struct cmd_call *call, struct store *store, struct mp_apps *apps,
                   struct mp_error *err) {
    const char *app = call->positional_count > 0 ? call->positionals[0] : NULL;
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
    bool is_known = !app || mp_apps_by_id(snapshot, mp_str_of(app)) != NULL;
    mp_apps_release(snapshot);
    if (!is_known) {
        return mp_fail(err, MP_E_NOT_FOUND, "app", "there is no app %s", app);
    }
    bool is_terminal = isatty(STDERR_FILENO) != 0;
    int code = load_rebuild(store, apps, app, is_terminal ? show_progress : NULL, NULL, err);
    if (is_terminal) {
        fputc('\n', stderr);
    }
    return code;
}

static int run(struct cmd_call *call) {
    struct mp_error err = {0};
    struct mp_apps *apps = NULL;
    struct store *store = NULL;
    int code = mp_apps_open(call->config.data_dir, &apps, &err);
    code = code ? code : cmd_store_open(&call->config, CONNECTIONS, &store, &err);
    code = code ? code : rebuild(call, store, apps, &err);
    store_close(store);
    mp_apps_close(apps);
    return code == MP_OK ? CMD_DONE : cmd_error(&err);
}

const struct cmd cmd_rebuild = {
    .name = "rebuild",
    .arguments = "[APP]",
    .summary = "remake the figures of reports from the events",
    .details = "Remakes what reports read (user_days, users) from the events, for one app or all.\n"
               "`minipulse serve` must run (its engine is asked), or store_url must be set.\n"
               "Collecting and reports go on meanwhile.",
    .positionals_max = 1,
    .run = run,
};
