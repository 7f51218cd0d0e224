/* `minipulse import`: events from files, as they were, into the journal. */
#include "cmd/cmd.h"

#include "base/clock.h"
#include "base/hash.h"
#include "cmd/import_file.h"
#include "cmd/stop.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define SHOWN_DEFAULT 20
#define SHOWN_MAX 1000000
#define OPTIONS_BYTES_MAX (1u << 20)

/* ---- The command line ----------------------------------------------------------------------- */

struct import {
    struct cmd_call *call;
    struct import_run run;
    struct import_map map;
    struct mp_apps *apps;
    struct mp_apps_snapshot *snapshot;
    struct mp_zone *zone; /* of --zone; else NULL */
};

static bool ends_with(const char *text, const char *end) {
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static int find_format(const struct cmd_call *call, const char *path, enum import_format *out,
                       struct mp_error *err) {
    const char *name = cmd_flag(call, "format");
    bool is_csv = name ? strcmp(name, "csv") == 0 : ends_with(path, ".csv");
    bool is_ndjson = name ? strcmp(name, "ndjson") == 0
                          : ends_with(path, ".ndjson") || ends_with(path, ".jsonl");
    *out = is_csv ? IMPORT_CSV : IMPORT_NDJSON;
    if (is_csv || is_ndjson) {
        return MP_OK;
    }
    return name ? mp_fail(err, MP_E_ARGUMENT, "format", "--format must be csv or ndjson")
                : mp_fail(err, MP_E_ARGUMENT, "format",
                          "%s ends with neither .csv nor .ndjson nor .jsonl: give --format", path);
}

static int find_app(struct import *import, struct mp_error *err) {
    const struct cmd_call *call = import->call;
    const char *zone = cmd_flag(call, "zone");
    int code = mp_apps_open(call->config.data_dir, &import->apps, err);
    if (code != MP_OK) {
        return code;
    }
    import->snapshot = mp_apps_acquire(import->apps);
    import->run.app = mp_apps_by_id(import->snapshot, mp_str_of(call->positionals[0]));
    if (!import->run.app) {
        return mp_fail(err, MP_E_NOT_FOUND, "app", "there is no app %s", call->positionals[0]);
    }
    code = zone ? mp_zone_open(mp_str_of(zone), &import->zone, err) : MP_OK;
    import->run.zone = zone ? import->zone : import->run.app->zone;
    return code;
}

/* Equal when the same row becomes the same event. */
static int64_t options_checksum(const struct import *import) {
    static const char *const names[] = {"format", "map", "defaults", "text", "ignore-unmapped"};
    struct mp_buf text;
    mp_buf_init(&text, OPTIONS_BYTES_MAX);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = cmd_flag(import->call, names[i]);
        mp_buf_append_lstr(&text, value ? mp_str_of(value) : MP_STR("-"));
    }
    mp_buf_append_text(&text, mp_zone_name(import->run.zone));
    uint64_t checksum = mp_checksum(text.ptr, text.len);
    mp_buf_deinit(&text);
    return (int64_t)(checksum >> 1); /* positive, as the state writes it */
}

static int read_flags(struct import *import, struct mp_error *err) {
    const struct cmd_call *call = import->call;
    const struct import_map_flags flags = {.map = cmd_flag(call, "map"),
                                           .defaults = cmd_flag(call, "defaults"),
                                           .text = cmd_flag(call, "text"),
                                           .ignores_unmapped =
                                               cmd_flag(call, "ignore-unmapped") != NULL};
    int64_t shown = SHOWN_DEFAULT;
    enum import_format format;
    int code = import_map_parse(&import->map, &flags, err);
    code = code ? code : cmd_flag_i64(call, "show", SHOWN_DEFAULT, 0, SHOWN_MAX, &shown, err);
    for (size_t i = 1; i < call->positional_count && code == MP_OK; i++) {
        code = find_format(call, call->positionals[i], &format, err);
    }
    code = code ? code : find_app(import, err);
    code = code ? code
                : import_refusals_open(cmd_flag(call, "reject-file"), (uint64_t)shown,
                                       &import->run.refusals, err);
    if (code == MP_OK) {
        import->run.map = &import->map;
        import->run.options = options_checksum(import);
        import->run.restarts = cmd_flag(call, "restart") != NULL;
        import->run.is_terminal = isatty(STDERR_FILENO) != 0;
        import->run.is_stopped = stop_is_asked;
    }
    return code;
}

/* ---- The work ------------------------------------------------------------------------------- */

static void tell(const struct import *import, const char *path,
                 const struct import_totals *totals) {
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    if (totals->was_done) {
        printf("%s: all %" PRIu64 " rows were imported before, nothing to do (--restart imports "
               "them again)\n",
               name, totals->rows);
        return;
    }
    printf("%s: %" PRIu64 " rows, %" PRIu64 " %s, %" PRIu64 " refused\n", name, totals->rows,
           totals->accepted, import->run.road ? "imported" : "could be imported", totals->refused);
}

static int import_files(struct import *import, uint64_t *refused, struct mp_error *err) {
    struct cmd_call *call = import->call;
    int code = MP_OK;
    bool is_new = false;
    for (size_t i = 1; i < call->positional_count && code == MP_OK; i++) {
        const char *path = call->positionals[i];
        struct import_totals totals = {0};
        enum import_format format;
        code = find_format(call, path, &format, err);
        code = code ? code : import_file(&import->run, path, format, &totals, err);
        *refused += totals.refused;
        is_new = is_new || (!totals.was_done && totals.accepted > 0);
        if (code == MP_OK) {
            tell(import, path, &totals);
        } else if (totals.rows > 0) {
            fprintf(stderr,
                    "minipulse: %s: %" PRIu64 " rows are done; the same command goes on there\n",
                    path, totals.rows);
        }
    }
    if (code == MP_OK && is_new && import->run.road && !import_road_is_live(import->run.road)) {
        printf("the events are in the journal; `minipulse serve` loads them\n");
    }
    return code;
}

static int run_all(struct import *import, uint64_t *refused, struct mp_error *err) {
    const struct mp_config *config = &import->call->config;
    /* Nothing is too late: an import is history. */
    const struct collect_config collect = {
        .apps = import->apps,
        .late_ms = COLLECT_TIME_MS_MAX,
        .mmdb_file = config->mmdb_file[0] ? config->mmdb_file : NULL,
        .trusted_proxies = "",
    };
    int code = collect_open(&collect, &import->run.collect, err);
    if (code == MP_OK && !cmd_flag(import->call, "check")) {
        code = import_road_open(config, &import->run.road, err);
    }
    return code ? code : import_files(import, refused, err);
}

static void close_all(struct import *import) {
    import_road_close(import->run.road);
    import_refusals_close(import->run.refusals);
    collect_close(import->run.collect);
    if (import->snapshot) {
        mp_apps_release(import->snapshot);
    }
    mp_apps_close(import->apps);
    mp_zone_close(import->zone);
    import_map_deinit(&import->map);
}

static int run(struct cmd_call *call) {
    struct import import = {.call = call, .run = {.config = &call->config}};
    struct mp_error err = {0};
    uint64_t refused = 0;
    if (call->positional_count < 2) {
        mp_fail(&err, MP_E_ARGUMENT, "", "usage: minipulse import %s", call->cmd->arguments);
        return cmd_error(&err);
    }
    stop_catch_signals();
    int code = read_flags(&import, &err);
    code = code ? code : run_all(&import, &refused, &err);
    close_all(&import);
    if (code == MP_E_CANCELLED && stop_is_asked()) {
        return stop_exit_code();
    }
    return code != MP_OK ? cmd_error(&err) : refused > 0 ? CMD_PARTLY : CMD_DONE;
}

const struct cmd cmd_import = {
    .name = "import",
    .arguments = "APP FILE… [--map FIELD=COLUMN,…]",
    .summary = "take in events from CSV and NDJSON files",
    .details =
        "Takes the rows of files (- is standard input) as events of the app, with the times they\n"
        "have, while `minipulse serve` runs or not. Columns become the fields of their names, or\n"
        "as --map says; others become properties. Stopped or killed, the same command goes on\n"
        "where it was. docs/import.md tells all. Exit code 5: some rows were refused.",
    .flags = {{.name = "format",
               .value_name = "NAME",
               .doc = "csv or ndjson; else by the file's ending."},
              {.name = "map",
               .value_name = "FIELD=COLUMN,…",
               .doc = "Which column becomes which field, or property (props.NAME=COLUMN)."},
              {.name = "defaults",
               .value_name = "FIELD=VALUE,…",
               .doc = "What rows have that say nothing else, as `name=$page_view`."},
              {.name = "text",
               .value_name = "COLUMN,…",
               .doc = "CSV: properties whose digits are text, as `sku,phone`."},
              {.name = "zone",
               .value_name = "ZONE",
               .doc = "Whose clock shows times without an offset; else the app's."},
              {.name = "ignore-unmapped",
               .doc = "Drop other columns instead of keeping properties."},
              {.name = "reject-file",
               .value_name = "FILE",
               .doc = "Write refused rows there, with line, field and reason, as NDJSON."},
              {.name = "show",
               .value_name = "N",
               .doc = "How many refused rows are shown (20); all are counted."},
              {.name = "check", .doc = "Only say which rows would be refused."},
              {.name = "restart", .doc = "Begin again, also what was imported before."}},
    .positionals_max = CMD_POSITIONALS_MAX,
    .run = run,
};
