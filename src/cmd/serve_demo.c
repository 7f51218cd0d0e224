#include "cmd/serve_demo.h"

#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEMO_SEED 1
/* "<the moment up to which data are made, ms> begun" or "… done". */
#define DEMO_FILE "demo.state"
#define DEMO_FILE_BYTES_MAX 64

struct serve_demo {
    struct mp_apps *apps;
    struct journal *journal;
    char path[CMD_PATH_MAX];
    struct demo_options options;
    atomic_bool is_stopping;
    pthread_t thread;
    uint64_t events;
};

static bool keep_on(void *arg, const struct demo_state *state) {
    struct serve_demo *demo = arg;
    demo->events = state->events;
    return !atomic_load(&demo->is_stopping);
}

static int write_state(const struct serve_demo *demo, const char *word, struct mp_error *err) {
    char text[DEMO_FILE_BYTES_MAX];
    snprintf(text, sizeof(text), "%lld %s\n", (long long)demo->options.now_ms, word);
    return cmd_write_whole(demo->path, mp_str_of(text), err);
}

/* What the file says of an earlier start; false when there is none. */
static bool read_state(struct serve_demo *demo, bool *is_done) {
    char text[DEMO_FILE_BYTES_MAX];
    int fd = open(demo->path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
    if (fd >= 0) {
        close(fd);
    }
    struct mp_str word = mp_str_trim(mp_str_range(text, len > 0 ? (size_t)len : 0));
    struct mp_str moment = mp_str_cut(&word, ' ');
    *is_done = mp_str_is(word, "done");
    return mp_str_to_i64(moment, &demo->options.now_ms);
}

static void *run(void *arg) {
    struct serve_demo *demo = arg;
    struct mp_error err = {0};
    int64_t began_ms = mp_mono_ms();
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(demo->apps);
    const struct mp_app *app = mp_apps_by_id(snapshot, MP_STR(DEMO_APP_ID));
    int code = app ? demo_generate(demo->journal, app, &demo->options, keep_on, demo, &err)
                   : mp_fail(&err, MP_E_NOT_FOUND, "app", "the app " DEMO_APP_ID " is gone");
    mp_apps_release(snapshot);
    code = code ? code : write_state(demo, "done", &err);
    if (code == MP_OK) {
        mp_log(MP_LOG_INFO, "serve", "demo data accepted", "events=%llu seconds=%.1f",
               (unsigned long long)demo->events, (double)(mp_mono_ms() - began_ms) / 1000);
    } else if (code != MP_E_CANCELLED) {
        mp_log(MP_LOG_ERROR, "serve", "demo data failed", "message=\"%s\"", err.message);
    }
    return NULL;
}

static void print(const struct mp_app *app, const char *token, const char *address) {
    char from[11], to[11];
    int32_t today = mp_zone_day(app->zone, mp_now_ms());
    mp_day_format(today - DEMO_DAYS_DEFAULT + 1, from);
    mp_day_format(today, to);
    printf("A made-up shop's %d days are in the app `%s` within a minute. Ask:\n"
           "  curl -H 'Authorization: Bearer %s' \\\n"
           "    '%s/v1/apps/%s/trend?from=%s&to=%s&by=week&format=csv'\n",
           DEMO_DAYS_DEFAULT, app->id, token, address, app->id, from, to);
    fflush(stdout);
}

static int tell(struct mp_apps *apps, struct accounts *accounts, const char *address,
                struct mp_error *err) {
    char token[ACCOUNTS_SECRET_SIZE];
    struct accounts_caller caller = cmd_caller();
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
    const struct mp_app *app = mp_apps_by_id(snapshot, MP_STR(DEMO_APP_ID));
    int code = MP_OK;
    if (app) {
        code = accounts_token_replace(accounts, &caller, app->id, MP_STR("serve --demo"),
                                      ACCOUNTS_VIEWER, token, err);
    }
    if (app && code == MP_OK) {
        print(app, token, address);
    }
    mp_apps_release(snapshot);
    return code;
}

static bool has_app(struct mp_apps *apps) {
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
    bool is_there = mp_apps_by_id(snapshot, MP_STR(DEMO_APP_ID)) != NULL;
    mp_apps_release(snapshot);
    return is_there;
}

/* Decides whether anything is to be made, and up to when. */
static int prepare(struct serve_demo *demo, const struct mp_config *config, bool *is_needed,
                   struct mp_error *err) {
    struct mp_app made;
    bool is_done = false;
    bool was_begun = read_state(demo, &is_done);
    *is_needed = was_begun && !is_done;
    if (!has_app(demo->apps)) {
        int code = mp_apps_add(demo->apps, DEMO_APP_ID, DEMO_APP_NAME, config->default_zone,
                               MP_OPEN_TIMEOUT_MS_DEFAULT, &made, err);
        code = code ? code : mp_apps_refresh(demo->apps, err);
        if (code != MP_OK) {
            return code;
        }
        *is_needed = true;
        was_begun = false;
    }
    if (*is_needed && !was_begun) {
        demo->options.now_ms = mp_now_ms();
        return write_state(demo, "begun", err);
    }
    return MP_OK;
}

int serve_demo_start(const struct mp_config *config, struct mp_apps *apps,
                     struct accounts *accounts, struct journal *journal, const char *address,
                     struct serve_demo **out, struct mp_error *err) {
    struct serve_demo *demo = calloc(1, sizeof(*demo));
    bool is_needed = false;
    *out = NULL;
    if (!demo) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for the demo");
    }
    demo->apps = apps;
    demo->journal = journal;
    demo->options = (struct demo_options){
        .seed = DEMO_SEED, .users = DEMO_USERS_DEFAULT, .days = DEMO_DAYS_DEFAULT};
    int code = cmd_path(config, DEMO_FILE, demo->path, err);
    code = code ? code : prepare(demo, config, &is_needed, err);
    code = code ? code : tell(apps, accounts, address, err);
    if (code == MP_OK && is_needed) {
        int failed = pthread_create(&demo->thread, NULL, run, demo);
        code = failed ? mp_fail_sys(err, failed, "", "cannot start the demo") : MP_OK;
    }
    if (code != MP_OK || !is_needed) {
        free(demo);
        return code;
    }
    *out = demo;
    return MP_OK;
}

void serve_demo_stop(struct serve_demo *demo) {
    if (!demo) {
        return;
    }
    atomic_store(&demo->is_stopping, true);
    pthread_join(demo->thread, NULL);
    free(demo);
}
