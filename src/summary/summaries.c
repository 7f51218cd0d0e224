/* All apps' summaries: who reads and writes them. */
#include "summary/internal.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define PEOPLE_NAME "people"

struct summaries {
    char dir[SUMMARY_PATH_BYTES];
    struct summary_memo *memo;
    pthread_mutex_t mutex; /* guards the list; apps stay until the end */
    struct summary_app *apps;
};

int summaries_open(const char *dir, struct summaries **out, struct mp_error *err) {
    struct summaries *summaries = calloc(1, sizeof(*summaries));
    *out = NULL;
    if (!summaries || !(summaries->memo = summary_memo_create())) {
        free(summaries);
        return mp_fail(err, MP_E_MEMORY, "", "no memory for summaries");
    }
    pthread_mutex_init(&summaries->mutex, NULL);
    int len = snprintf(summaries->dir, sizeof(summaries->dir), "%s", dir);
    int code = MP_OK;
    if (len >= (int)sizeof(summaries->dir)) {
        code = mp_fail(err, MP_E_ARGUMENT, "dir", "the path is too long");
    } else if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        code = mp_fail_sys(err, errno, dir, "cannot make %s", dir);
    }
    if (code != MP_OK) {
        summaries_close(summaries);
        return code;
    }
    *out = summaries;
    return MP_OK;
}

void summaries_close(struct summaries *summaries) {
    if (!summaries) {
        return;
    }
    while (summaries->apps) {
        struct summary_app *app = summaries->apps;
        summaries->apps = app->next;
        summary_app_close(app);
    }
    summary_memo_destroy(summaries->memo);
    pthread_mutex_destroy(&summaries->mutex);
    free(summaries);
}

static struct summary_app *find_app(struct summaries *summaries, const char *id) {
    pthread_mutex_lock(&summaries->mutex);
    struct summary_app *app = summaries->apps;
    while (app && strcmp(app->id, id) != 0) {
        app = app->next;
    }
    pthread_mutex_unlock(&summaries->mutex);
    return app;
}

/* Ids of apps are names of folders too. */
static bool is_name(const char *id) {
    size_t len = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return len > 0 && len < SUMMARY_APP_BYTES && id[len] == '\0';
}

/* The app, opened and loaded when it is new. */
static int need_app(struct summaries *summaries, const char *id, struct summary_app **out,
                    struct mp_error *err) {
    *out = find_app(summaries, id);
    if (*out) {
        return MP_OK;
    }
    if (!is_name(id)) {
        return mp_fail(err, MP_E_ARGUMENT, "app", "an app's id is no name");
    }
    struct summary_app *app;
    int code = summary_app_open(summaries->dir, id, summaries->memo, &app, err);
    if (code != MP_OK) {
        return code;
    }
    code = summary_app_load(app, err);
    if (code != MP_OK) {
        summary_app_close(app);
        return code;
    }
    pthread_mutex_lock(&summaries->mutex);
    app->next = summaries->apps;
    summaries->apps = app;
    pthread_mutex_unlock(&summaries->mutex);
    *out = app;
    return MP_OK;
}

int summaries_load(struct summaries *summaries, struct mp_error *err) {
    DIR *dir = opendir(summaries->dir);
    int code = dir ? MP_OK : mp_fail_sys(err, errno, summaries->dir, "cannot read the summaries");
    const struct dirent *entry;
    while (code == MP_OK && (entry = readdir(dir))) {
        struct summary_app *app;
        code = is_name(entry->d_name) ? need_app(summaries, entry->d_name, &app, err) : MP_OK;
    }
    if (dir) {
        closedir(dir);
    }
    return code;
}

/* ---- Reading ---------------------------------------------------------------------------- */

struct summary_app *summary_begin(struct summaries *summaries, const char *id) {
    struct summary_app *app = summaries ? find_app(summaries, id) : NULL;
    if (!app) {
        return NULL;
    }
    pthread_rwlock_rdlock(&app->lock);
    if (!app->is_complete) {
        pthread_rwlock_unlock(&app->lock);
        return NULL;
    }
    return app;
}

void summary_end(struct summary_app *app) {
    pthread_rwlock_unlock(&app->lock);
}

uint32_t summary_user_bound(const struct summary_app *app) {
    return app->user_bound;
}

const uint16_t *summary_firsts(const struct summary_app *app, enum summary_first kind) {
    return app->firsts[kind].at;
}

int64_t summary_first_count(const struct summary_app *app, enum summary_first kind, int32_t from,
                            int32_t to) {
    int64_t sum = 0;
    for (int32_t day = from < 0 ? 0 : from; day <= to && day <= SUMMARY_DAY_MAX; day++) {
        sum += app->first_counts[kind][day];
    }
    return sum;
}

struct summary_people summary_people(const struct summary_app *app, enum summary_person kind) {
    struct mp_str users = app->people.sections[2 * kind];
    return (struct summary_people){{(const uint32_t *)users.ptr, users.len / sizeof(uint32_t)},
                                   (const uint8_t *)app->people.sections[2 * kind + 1].ptr};
}

/* ---- Writing ---------------------------------------------------------------------------- */

int summary_number(struct summaries *summaries, const char *id, const uint64_t *hashes,
                   size_t count, uint32_t *numbers, struct mp_error *err) {
    struct summary_app *app;
    int code = need_app(summaries, id, &app, err);
    return code == MP_OK
               ? summary_numbers_take(&app->numbers, app->dir, hashes, count, numbers, err)
               : code;
}

int summary_put_day(struct summaries *summaries, const char *id, int32_t day,
                    struct summary_mark mark, const struct mp_buf *sections, struct mp_error *err) {
    struct summary_app *app;
    char name[32];
    int code = need_app(summaries, id, &app, err);
    if (code != MP_OK) {
        return code;
    }
    struct summary_file file = {.token = app->numbers.token, .day = day, .mark = mark};
    snprintf(name, sizeof(name), "%" PRId32 ".day", day);
    code = summary_file_write(app->dir, name, &file, sections, SUMMARY_SECTIONS, err);
    code = code == MP_OK ? summary_file_map(app->dir, name, SUMMARY_SECTIONS, &file, err) : code;
    return code == MP_OK ? summary_app_take(app, &file, err) : code;
}

void summary_drop_day(struct summaries *summaries, const char *id, int32_t day) {
    struct summary_app *app = find_app(summaries, id);
    if (app) {
        summary_app_drop(app, day);
    }
}

int summary_put_people(struct summaries *summaries, const char *id, struct summary_mark mark,
                       const struct mp_buf *sections, struct mp_error *err) {
    struct summary_app *app;
    int code = need_app(summaries, id, &app, err);
    if (code != MP_OK) {
        return code;
    }
    struct summary_file file = {.token = app->numbers.token, .mark = mark};
    code = summary_file_write(app->dir, PEOPLE_NAME, &file, sections, 2 * SUMMARY_PERSONS, err);
    return code == MP_OK ? summary_app_take_people(app, err) : code;
}

struct summary_mark summary_people_mark(struct summaries *summaries, const char *id) {
    const struct summary_app *app = find_app(summaries, id);
    return app ? app->people.mark : (struct summary_mark){0};
}

bool summary_is_fresh(struct summaries *summaries, const char *id, int32_t day,
                      struct summary_mark mark) {
    const struct summary_app *app = find_app(summaries, id);
    size_t at = app ? summary_day_index(app, day) : 0;
    return app && at < app->day_count && app->days[at].day == day &&
           app->days[at].mark.rows == mark.rows && app->days[at].mark.versions == mark.versions;
}

bool summary_has_day(struct summaries *summaries, const char *id, size_t index, int32_t *day) {
    const struct summary_app *app = find_app(summaries, id);
    if (!app || index >= app->day_count) {
        return false;
    }
    *day = app->days[index].day;
    return true;
}

bool summary_app_name(struct summaries *summaries, size_t index, char *out, size_t size) {
    pthread_mutex_lock(&summaries->mutex);
    const struct summary_app *app = summaries->apps;
    while (app && index > 0) {
        app = app->next;
        index--;
    }
    if (app) {
        snprintf(out, size, "%s", app->id);
    }
    pthread_mutex_unlock(&summaries->mutex);
    return app != NULL;
}

void summary_set_complete(struct summaries *summaries, const char *id, bool is_complete) {
    struct summary_app *app = find_app(summaries, id);
    if (app) {
        pthread_rwlock_wrlock(&app->lock);
        app->is_complete = is_complete;
        pthread_rwlock_unlock(&app->lock);
    }
}
