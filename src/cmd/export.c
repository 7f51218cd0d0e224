/* `minipulse export`: events, and the rows of reports, into files. */
#include "cmd/cmd.h"

#include "base/clock.h"
#include "cmd/export_file.h"
#include "cmd/stop.h"
#include "report/export.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define DEFAULT_DAYS 30
#define PAGES_MAX 1000000
#define ANSWER_BYTES_MAX (256u << 20)
#define PROGRESS_EVERY_MS 100
/* Days that the store can hold. */
#define FIRST_DAY 0
#define LAST_DAY 49672

struct export {
    struct cmd_call *call;
    struct store *store;
    const struct mp_app *app;
    enum report_file format;
    struct export_file *file;
    bool shows_progress;
    int64_t shown_ms;
};

/* ---- The command line ----------------------------------------------------------------------- */

static int take_day(const struct cmd_call *call, const char *name, int32_t *day,
                    struct mp_error *err) {
    const char *text = cmd_flag(call, name);
    if (text && (!mp_day_parse(mp_str_of(text), day) || *day < FIRST_DAY || *day > LAST_DAY)) {
        return mp_fail(err, MP_E_ARGUMENT, name,
                       "--%s must be a date like 2026-11-24, 1970-01-01 to 2105-12-31", name);
    }
    return MP_OK;
}

static int take_format(struct export *export, struct mp_error *err) {
    static const struct {
        const char *name;
        enum report_file format;
    } formats[] = {
        {"csv", REPORT_FILE_CSV}, {"ndjson", REPORT_FILE_NDJSON}, {"parquet", REPORT_FILE_PARQUET}};
    const char *output = cmd_flag(export->call, "output");
    const char *name = cmd_flag(export->call, "format");
    const char *dot = output ? strrchr(output, '.') : NULL;
    const char *wanted = name ? name : dot ? dot + 1 : "csv";
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(wanted, formats[i].name) == 0) {
            export->format = formats[i].format;
            bool is_for_no_eye = export->format == REPORT_FILE_PARQUET && !output;
            return is_for_no_eye && isatty(STDOUT_FILENO)
                       ? mp_fail(err, MP_E_ARGUMENT, "output",
                                 "Parquet is not for a terminal: give --output")
                       : MP_OK;
        }
    }
    return mp_fail(err, MP_E_ARGUMENT, "format", "--format must be csv, ndjson or parquet");
}

static int take_by(const struct cmd_call *call, enum report_cycle *by, struct mp_error *err) {
    const char *text = cmd_flag(call, "by");
    *by = text && strcmp(text, "week") == 0    ? REPORT_WEEK
          : text && strcmp(text, "month") == 0 ? REPORT_MONTH
                                               : REPORT_DAY;
    return !text || *by != REPORT_DAY || strcmp(text, "day") == 0
               ? MP_OK
               : mp_fail(err, MP_E_ARGUMENT, "by", "--by must be day, week or month");
}

static bool is_cancelled(void *arg) {
    (void)arg;
    return stop_is_asked();
}

/* ---- Events --------------------------------------------------------------------------------- */

static void show_progress(void *arg, uint64_t done, uint64_t total) {
    struct export *export = arg;
    int64_t now_ms = mp_mono_ms();
    if (export->shows_progress && now_ms - export->shown_ms >= PROGRESS_EVERY_MS) {
        export->shown_ms = now_ms;
        fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " events ", done, total);
        fflush(stderr);
    }
}

static int write_bytes(void *arg, struct mp_str bytes) {
    struct export *export = arg;
    return stop_is_asked() || export_file_write(export->file, bytes);
}

static int export_events(struct export *export, struct mp_error *err) {
    const struct store_options options = {.is_cancelled = is_cancelled};
    struct report_export events = {.store = export->store,
                                   .app = export->app,
                                   .from = FIRST_DAY,
                                   .to = LAST_DAY,
                                   .format = export->format,
                                   .options = &options,
                                   .on_bytes = write_bytes,
                                   .on_progress = show_progress,
                                   .arg = export};
    uint64_t count = 0;
    int code = take_day(export->call, "from", &events.from, err);
    code = code ? code : take_day(export->call, "to", &events.to, err);
    if (code == MP_OK && events.to < events.from) {
        code = mp_fail(err, MP_E_ARGUMENT, "to", "--to is before --from");
    }
    code = code ? code : report_export_events(&events, &count, err);
    if (code == MP_OK) {
        fprintf(stderr, "%s%" PRIu64 " events\n", export->shows_progress ? "\r" : "", count);
    }
    return code;
}

/* ---- Reports -------------------------------------------------------------------------------- */

static int take_range(const struct export *export, int32_t today, struct report_range *range,
                      struct mp_error *err) {
    *range = (struct report_range){.to = today - 1};
    int code = take_by(export->call, &range->by, err);
    code = code ? code : take_day(export->call, "to", &range->to, err);
    range->from = range->to - DEFAULT_DAYS + 1;
    code = code ? code : take_day(export->call, "from", &range->from, err);
    if (!cmd_flag(export->call, "to") && range->from > range->to) {
        range->to = range->from;
    }
    return code;
}

static int take_users(const struct cmd_call *call, enum report_cohort *cohort,
                      struct mp_error *err) {
    const char *text = cmd_flag(call, "users");
    *cohort = text && strcmp(text, "active") == 0 ? REPORT_ACTIVE_USERS : REPORT_NEW_USERS;
    return !text || *cohort == REPORT_ACTIVE_USERS || strcmp(text, "new") == 0
               ? MP_OK
               : mp_fail(err, MP_E_ARGUMENT, "users", "--users must be new or active");
}

static int export_report(struct export *export, const char *name, struct mp_error *err) {
    const struct store_options options = {.timeout_ms = export->call->config.query_timeout_ms,
                                          .is_cancelled = is_cancelled,
                                          .is_read_only = true};
    struct report_question question = {.store = export->store,
                                       .app = export->app,
                                       .now_ms = mp_now_ms(),
                                       .options = &options,
                                       .is_flat = true,
                                       .limit = PAGES_MAX};
    const struct report_named *named = report_find(name);
    struct mp_buf answer;
    bool is_csv = export->format == REPORT_FILE_CSV;
    if (!named || !named->has_rows) {
        return mp_fail(err, MP_E_ARGUMENT, "report", "there is no report %s", name);
    }
    question.format = is_csv ? REPORT_CSV : REPORT_JSON;
    mp_buf_init(&answer, ANSWER_BYTES_MAX);
    int code =
        take_range(export, mp_zone_day(export->app->zone, question.now_ms), &question.range, err);
    code = code ? code : take_users(export->call, &question.cohort, err);
    code = code ? code : named->run(&question, &answer, err);
    if (code == MP_OK && is_csv) {
        code = write_bytes(export, mp_buf_str(&answer)) ? MP_E_CANCELLED : MP_OK;
    } else if (code == MP_OK) {
        code = report_export_rows(mp_buf_str(&answer), export->format, write_bytes, export, err);
    }
    mp_buf_deinit(&answer);
    return code;
}

/* ---- The command ---------------------------------------------------------------------------- */

static int export_what(struct export *export, struct mp_error *err) {
    const struct cmd_call *call = export->call;
    const char *output = cmd_flag(call, "output");
    bool is_events = strcmp(call->positionals[0], "events") == 0;
    int code = export_file_open(output, &export->file, err);
    if (code != MP_OK) {
        return code;
    }
    export->shows_progress = isatty(STDERR_FILENO) && (output || !isatty(STDOUT_FILENO));
    code =
        is_events ? export_events(export, err) : export_report(export, call->positionals[2], err);
    /* What the file failed with says more than that it was not taken. */
    struct mp_error file_err = {0};
    int file_code = export_file_close(export->file, code == MP_OK, &file_err);
    if (file_code != MP_OK && err) {
        *err = file_err;
    }
    return file_code ? file_code : code;
}

static int check_words(const struct cmd_call *call, struct mp_error *err) {
    bool is_events = call->positional_count == 2 && strcmp(call->positionals[0], "events") == 0;
    bool is_report = call->positional_count == 3 && strcmp(call->positionals[0], "report") == 0;
    return is_events || is_report ? MP_OK
                                  : mp_fail(err, MP_E_ARGUMENT, "", "usage: minipulse export %s",
                                            call->cmd->arguments);
}

static int run(struct cmd_call *call) {
    struct export export = {.call = call};
    struct mp_error err = {0};
    struct mp_apps *apps = NULL;
    struct mp_apps_snapshot *snapshot = NULL;
    int code = check_words(call, &err);
    code = code ? code : take_format(&export, &err);
    code = code ? code : mp_apps_open(call->config.data_dir, &apps, &err);
    if (code == MP_OK) {
        snapshot = mp_apps_acquire(apps);
        export.app = mp_apps_by_id(snapshot, mp_str_of(call->positionals[1]));
        code = export.app ? MP_OK
                          : mp_fail(&err, MP_E_NOT_FOUND, "app", "there is no app %s",
                                    call->positionals[1]);
    }
    stop_catch_signals();
    code = code ? code : cmd_store_open(&call->config, 1, &export.store, &err);
    code = code ? code : export_what(&export, &err);
    store_close(export.store);
    if (snapshot) {
        mp_apps_release(snapshot);
    }
    mp_apps_close(apps);
    if (code == MP_E_CANCELLED && stop_is_asked()) {
        return stop_exit_code();
    }
    return code == MP_OK ? CMD_DONE : cmd_error(&err);
}

const struct cmd cmd_export = {
    .name = "export",
    .arguments = "events APP | report APP QUESTION",
    .summary = "write events or a report to CSV, NDJSON or Parquet",
    .details =
        "  events APP            all that is known of the events of a range of days\n"
        "  report APP QUESTION   the rows of a report: trend, source, frequency, duration, depth,\n"
        "                        retention, pages, profile\n\n"
        "Days are those of the app's time zone. `minipulse serve` must run (its engine is asked),\n"
        "or store_url must be set. `minipulse import` takes exported events in again.",
    .flags = {{.name = "from", .value_name = "DAY", .doc = "The first day, as 2026-11-24."},
              {.name = "to", .value_name = "DAY", .doc = "The last day; it is included."},
              {.name = "by", .value_name = "CYCLE", .doc = "report: day, week or month (day)."},
              {.name = "users", .value_name = "WHO", .doc = "retention: new or active (new)."},
              {.name = "format",
               .value_name = "NAME",
               .doc = "csv, ndjson or parquet; else by the ending of --output, else csv."},
              {.name = "output",
               .value_name = "FILE",
               .letter = 'o',
               .doc = "Where to (-o FILE); else standard output. Appears when it is whole."}},
    .positionals_max = 3,
    .run = run,
};
