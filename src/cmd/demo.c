/* `minipulse demo`: the shop's data into the journal of DATA_DIR, from where serve loads it. */
#include "cmd/demo.h"

#include "base/clock.h"
#include "cmd/cmd.h"

#include <stdio.h>
#include <unistd.h>

#define SEED_MAX 1000000000
#define SEED_DEFAULT 1
#define BAR_WIDTH 30
#define BAR_EVERY_MS 100
#define LINE_EVERY_PERCENT 10
#define PENDING_BYTES_MAX (UINT64_C(16) << 20)

struct progress {
    bool is_terminal;
    int64_t drawn_ms;
    int32_t told_percent;
    uint64_t events;
};

static void draw_bar(const struct demo_state *state, int32_t percent) {
    char bar[BAR_WIDTH + 1], day[11];
    int filled = percent * BAR_WIDTH / 100;
    for (int i = 0; i < BAR_WIDTH; i++) {
        bar[i] = i < filled ? '#' : '.';
    }
    bar[BAR_WIDTH] = '\0';
    mp_day_format(state->day, day);
    fprintf(stderr, "\rdemo [%s] %3d %%  %s  %llu events ", bar, percent, day,
            (unsigned long long)state->events);
    fflush(stderr);
}

/* A bar that moves where someone looks, else a line every tenth of the way. */
static bool show(void *arg, const struct demo_state *state) {
    struct progress *progress = arg;
    int32_t percent = state->days_done * 100 / state->days;
    int64_t now_ms = mp_mono_ms();
    progress->events = state->events;
    if (progress->is_terminal) {
        if (percent == 100 || now_ms - progress->drawn_ms >= BAR_EVERY_MS) {
            draw_bar(state, percent);
            progress->drawn_ms = now_ms;
        }
    } else if (percent / LINE_EVERY_PERCENT > progress->told_percent / LINE_EVERY_PERCENT) {
        fprintf(stderr, "demo: %d %%, %llu events\n", percent, (unsigned long long)state->events);
        progress->told_percent = percent;
    }
    return true;
}

static int open_journal(const struct mp_config *config, struct journal **out,
                        struct mp_error *err) {
    char dir[CMD_PATH_MAX];
    struct journal_config journal = {.dir = dir,
                                     .segment_bytes = (uint64_t)config->journal_segment_bytes,
                                     .max_bytes = (uint64_t)config->journal_max_bytes,
                                     .pending_bytes_max = PENDING_BYTES_MAX};
    int code = cmd_make_data_dir(config, err);
    code = code ? code : cmd_path(config, CMD_JOURNAL_DIR, dir, err);
    code = code ? code : journal_open(&journal, out, err);
    return code == MP_E_EXISTS
               ? mp_fail(err, MP_E_EXISTS, "data_dir",
                         "a minipulse serve runs on %s: stop it while the demo data is made, or "
                         "start it as `minipulse serve --demo`",
                         config->data_dir)
               : code;
}

/* The app, made when it is missing. */
static int find_app(const struct mp_config *config, struct mp_apps *apps, const char *id,
                    struct mp_error *err) {
    struct mp_app made;
    char token[ACCOUNTS_SECRET_SIZE];
    struct accounts *accounts = NULL;
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
    bool is_there = mp_apps_by_id(snapshot, mp_str_of(id)) != NULL;
    mp_apps_release(snapshot);
    if (is_there) {
        return MP_OK;
    }
    int code = cmd_accounts_open(config, &accounts, err);
    code = code ? code
                : mp_apps_add(apps, id, DEMO_APP_NAME, config->default_zone,
                              MP_OPEN_TIMEOUT_MS_DEFAULT, &made, err);
    code = code ? code : cmd_first_token(accounts, id, token, err);
    accounts_close(accounts);
    if (code == MP_OK) {
        printf("app %s\n  write key %s\n  token     %s\n", made.id, made.write_key, token);
        code = mp_apps_refresh(apps, err);
    }
    return code;
}

static int generate(struct cmd_call *call, struct journal *journal, struct mp_apps *apps,
                    const struct demo_options *options, struct mp_error *err) {
    const char *id = cmd_flag(call, "app") ? cmd_flag(call, "app") : DEMO_APP_ID;
    struct progress progress = {.is_terminal = isatty(STDERR_FILENO)};
    int code = find_app(&call->config, apps, id, err);
    if (code != MP_OK) {
        return code;
    }
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
    const struct mp_app *app = mp_apps_by_id(snapshot, mp_str_of(id));
    code = app ? demo_generate(journal, app, options, show, &progress, err)
               : mp_fail(err, MP_E_NOT_FOUND, "app", "the app %s is not there", id);
    mp_apps_release(snapshot);
    if (progress.is_terminal) {
        fputc('\n', stderr);
    }
    if (code == MP_OK) {
        printf("%llu events of app %s are in the journal; `minipulse serve` loads them\n",
               (unsigned long long)progress.events, id);
    }
    return code;
}

static int read_options(struct cmd_call *call, struct demo_options *out, struct mp_error *err) {
    int64_t seed = SEED_DEFAULT, days = DEMO_DAYS_DEFAULT;
    int code = cmd_flag_i64(call, "users", DEMO_USERS_DEFAULT, 1, DEMO_USERS_MAX, &out->users, err);
    code =
        code ? code : cmd_flag_i64(call, "days", DEMO_DAYS_DEFAULT, 1, DEMO_DAYS_MAX, &days, err);
    code = code ? code : cmd_flag_i64(call, "seed", SEED_DEFAULT, 0, SEED_MAX, &seed, err);
    out->days = (int32_t)days;
    out->seed = (uint64_t)seed;
    out->now_ms = mp_now_ms();
    return code;
}

static int run(struct cmd_call *call) {
    struct demo_options options = {0};
    struct mp_error err = {0};
    struct journal *journal = NULL;
    struct mp_apps *apps = NULL;
    int code = read_options(call, &options, &err);
    code = code ? code : open_journal(&call->config, &journal, &err);
    code = code ? code : mp_apps_open(call->config.data_dir, &apps, &err);
    code = code ? code : generate(call, journal, apps, &options, &err);
    if (journal) {
        journal_close(journal);
    }
    mp_apps_close(apps);
    return code == MP_OK ? CMD_DONE : cmd_error(&err);
}

const struct cmd cmd_demo = {
    .name = "demo",
    .arguments = "[--users N] [--days N]",
    .summary = "make a believable shop's data",
    .details =
        "Writes the events of a made-up shop, up to now, into the journal of DATA_DIR; the next\n"
        "`minipulse serve` loads them. `minipulse serve --demo` does both. The same seed, users,\n"
        "days and app give the same events: a second run on the same day adds only what is new.",
    .flags = {{.name = "users", .value_name = "N", .doc = "How many people ever come (10800)."},
              {.name = "days", .value_name = "N", .doc = "How many days, today among them (90)."},
              {.name = "seed", .value_name = "N", .doc = "Another number, another shop (1)."},
              {.name = "app", .value_name = "ID", .doc = "The app; made when missing (demo)."}},
    .run = run,
};
