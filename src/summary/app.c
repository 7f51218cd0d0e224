/* One app's days, and what follows from all of them: whose first day is which. */
#include "summary/internal.h"

#include "base/grow.h"
#include "base/log.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_ENDING ".day"
#define PEOPLE_NAME "people"
#define PEOPLE_SECTIONS (2 * SUMMARY_PERSONS)

/* ---- First days ------------------------------------------------------------------------- */

/* Who did it that day: of visits, those whose mark is set. */
static struct summary_list doers(const struct summary_day *day, enum summary_first kind) {
    return kind == SUMMARY_VISIT ? day->users : day->payers;
}

static bool did(const struct summary_day *day, enum summary_first kind, size_t index) {
    return kind == SUMMARY_PAYMENT || day->visited[index] != 0;
}

static void set_first(struct summary_app *app, enum summary_first kind, uint32_t user,
                      uint16_t day) {
    uint16_t *first = (uint16_t *)app->firsts[kind].at + user;
    if (*first != SUMMARY_DAY_NONE) {
        app->first_counts[kind][*first]--;
    }
    if (day != SUMMARY_DAY_NONE) {
        app->first_counts[kind][day]++;
    }
    *first = day;
}

/* Forgets the first days that this day gave. */
static void leave_day(struct summary_app *app, const struct summary_day *day,
                      enum summary_first kind) {
    const uint16_t *firsts = summary_firsts(app, kind);
    struct summary_list list = doers(day, kind);
    for (size_t i = 0; i < list.count; i++) {
        if (firsts[list.at[i]] == day->day) {
            set_first(app, kind, list.at[i], SUMMARY_DAY_NONE);
        }
    }
}

static void enter_day(struct summary_app *app, const struct summary_day *day,
                      enum summary_first kind) {
    const uint16_t *firsts = summary_firsts(app, kind);
    struct summary_list list = doers(day, kind);
    for (size_t i = 0; i < list.count; i++) {
        if (did(day, kind, i) && day->day < firsts[list.at[i]]) {
            set_first(app, kind, list.at[i], (uint16_t)day->day);
        }
    }
}

static size_t place_in(struct summary_list list, uint32_t user) {
    size_t low = 0, high = list.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list.at[middle] < user) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Of those of a day that was replaced who are in no earlier day, and not in it any more: the next
 * day that has them. */
static void find_later(struct summary_app *app, const struct summary_day *former,
                       enum summary_first kind) {
    const uint16_t *firsts = summary_firsts(app, kind);
    struct summary_list list = doers(former, kind);
    for (size_t i = 0; i < list.count; i++) {
        uint32_t user = list.at[i];
        if (!did(former, kind, i) || firsts[user] != SUMMARY_DAY_NONE) {
            continue;
        }
        for (size_t k = summary_day_index(app, former->day); k < app->day_count; k++) {
            struct summary_list later = doers(&app->days[k], kind);
            size_t at = place_in(later, user);
            if (at < later.count && later.at[at] == user && did(&app->days[k], kind, at)) {
                set_first(app, kind, user, (uint16_t)app->days[k].day);
                break;
            }
        }
    }
}

/* ---- Days ------------------------------------------------------------------------------- */

size_t summary_day_count(const struct summary_app *app) {
    return app->day_count;
}

const struct summary_day *summary_day_at(const struct summary_app *app, size_t index) {
    assert(index < app->day_count);
    return &app->days[index];
}

size_t summary_day_index(const struct summary_app *app, int32_t day) {
    size_t low = 0, high = app->day_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (app->days[middle].day < day) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void unmap_day(const struct summary_day *day) {
    munmap(day->map, day->map_bytes);
}

/* Puts the day in, or in place of the one before; *former: that one, or its map is NULL. */
static bool place_day(struct summary_app *app, const struct summary_day *day,
                      struct summary_day *former) {
    size_t at = summary_day_index(app, day->day);
    *former = (struct summary_day){0};
    if (at < app->day_count && app->days[at].day == day->day) {
        *former = app->days[at];
        app->days[at] = *day;
        return true;
    }
    if (!mp_grow(&app->days, &app->day_capacity, app->day_count + 1, sizeof(*app->days))) {
        return false;
    }
    memmove(&app->days[at + 1], &app->days[at], (app->day_count - at) * sizeof(*app->days));
    app->days[at] = *day;
    app->day_count++;
    return true;
}

static int make_room(struct summary_app *app, struct mp_error *err) {
    int code = MP_OK;
    for (int kind = 0; code == MP_OK && kind < SUMMARY_FIRSTS; kind++) {
        code = summary_room_grow(&app->firsts[kind], app->dir,
                                 (app->numbers.count + 1) * sizeof(uint16_t), 0xff, err);
    }
    app->user_bound = code == MP_OK ? (uint32_t)app->numbers.count : app->user_bound;
    return code;
}

static int take_locked(struct summary_app *app, const struct summary_file *file,
                       struct mp_error *err) {
    struct summary_day day, former;
    int code = make_room(app, err);
    code = code == MP_OK ? summary_day_view(file, app->user_bound, &day, err) : code;
    if (code == MP_OK && !place_day(app, &day, &former)) {
        code = mp_fail(err, MP_E_MEMORY, "", "no memory for a day");
    }
    if (code != MP_OK) {
        return code;
    }
    for (int kind = 0; kind < SUMMARY_FIRSTS; kind++) {
        if (former.map) {
            leave_day(app, &former, (enum summary_first)kind);
        }
        enter_day(app, &day, (enum summary_first)kind);
        if (former.map) {
            find_later(app, &former, (enum summary_first)kind);
        }
    }
    if (former.map) {
        unmap_day(&former);
    }
    summary_memo_forget(app->memo, app, day.day);
    return MP_OK;
}

int summary_app_take(struct summary_app *app, struct summary_file *file, struct mp_error *err) {
    pthread_rwlock_wrlock(&app->lock);
    int code = take_locked(app, file, err);
    pthread_rwlock_unlock(&app->lock);
    if (code != MP_OK) {
        summary_file_unmap(file);
    }
    return code;
}

static void delete_file(const struct summary_app *app, const char *name) {
    char path[SUMMARY_PATH_BYTES + NAME_MAX];
    snprintf(path, sizeof(path), "%s/%s", app->dir, name);
    unlink(path);
}

void summary_app_drop(struct summary_app *app, int32_t day) {
    char name[32];
    size_t at = summary_day_index(app, day);
    if (at == app->day_count || app->days[at].day != day) {
        return;
    }
    pthread_rwlock_wrlock(&app->lock);
    struct summary_day former = app->days[at];
    app->day_count--;
    memmove(&app->days[at], &app->days[at + 1], (app->day_count - at) * sizeof(*app->days));
    for (int kind = 0; kind < SUMMARY_FIRSTS; kind++) {
        leave_day(app, &former, (enum summary_first)kind);
        find_later(app, &former, (enum summary_first)kind);
    }
    unmap_day(&former);
    summary_memo_forget(app->memo, app, day);
    pthread_rwlock_unlock(&app->lock);
    snprintf(name, sizeof(name), "%" PRId32 DAY_ENDING, day);
    delete_file(app, name);
}

/* ---- People ----------------------------------------------------------------------------- */

static bool are_people_right(const struct summary_app *app, const struct summary_file *file) {
    for (size_t i = 0; i < SUMMARY_PERSONS; i++) {
        struct mp_str users = file->sections[2 * i], values = file->sections[2 * i + 1];
        if (users.len != values.len * sizeof(uint32_t)) {
            return false;
        }
        for (size_t k = 0; k < values.len; k++) {
            if (((const uint32_t *)users.ptr)[k] >= app->numbers.count) {
                return false;
            }
        }
    }
    return true;
}

int summary_app_take_people(struct summary_app *app, struct mp_error *err) {
    struct summary_file file;
    int code = summary_file_map(app->dir, PEOPLE_NAME, PEOPLE_SECTIONS, &file, err);
    if (code == MP_E_NOT_FOUND) {
        return MP_OK;
    }
    if (code == MP_OK && (file.token != app->numbers.token || !are_people_right(app, &file))) {
        summary_file_unmap(&file);
        code = mp_fail(err, MP_E_CORRUPT, "people", "what is known of people does not fit");
    }
    if (code != MP_OK) {
        return code;
    }
    pthread_rwlock_wrlock(&app->lock);
    summary_file_unmap(&app->people);
    app->people = file;
    code = make_room(app, err);
    for (size_t i = 0; i < app->day_count; i++) {
        summary_memo_forget(app->memo, app, app->days[i].day);
    }
    pthread_rwlock_unlock(&app->lock);
    return code;
}

/* ---- Life ------------------------------------------------------------------------------- */

void summary_app_close(struct summary_app *app) {
    for (size_t i = 0; i < app->day_count; i++) {
        unmap_day(&app->days[i]);
    }
    free(app->days);
    for (int kind = 0; kind < SUMMARY_FIRSTS; kind++) {
        summary_room_free(&app->firsts[kind]);
        free(app->first_counts[kind]);
    }
    summary_file_unmap(&app->people);
    summary_numbers_close(&app->numbers);
    pthread_rwlock_destroy(&app->lock);
    free(app);
}

/* The writer must not starve when reports follow each other without a gap. */
static void init_lock(pthread_rwlock_t *lock) {
    pthread_rwlockattr_t attr;
    pthread_rwlockattr_init(&attr);
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(lock, &attr);
    pthread_rwlockattr_destroy(&attr);
}

int summary_app_open(const char *dir, const char *id, struct summary_memo *memo,
                     struct summary_app **out, struct mp_error *err) {
    struct summary_app *app = calloc(1, sizeof(*app));
    *out = NULL;
    if (!app) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for summaries");
    }
    app->memo = memo;
    app->numbers.fd = -1;
    init_lock(&app->lock);
    snprintf(app->id, sizeof(app->id), "%s", id);
    int len = snprintf(app->dir, sizeof(app->dir), "%s/%s", dir, id);
    int code =
        len < (int)sizeof(app->dir) ? MP_OK : mp_fail(err, MP_E_ARGUMENT, "dir", "is too long");
    if (code == MP_OK && mkdir(app->dir, 0700) != 0 && errno != EEXIST) {
        code = mp_fail_sys(err, errno, app->dir, "cannot make %s", app->dir);
    }
    for (int kind = 0; kind < SUMMARY_FIRSTS; kind++) {
        app->first_counts[kind] = calloc(SUMMARY_DAY_MAX + 1, sizeof(uint32_t));
        if (code == MP_OK && !app->first_counts[kind]) {
            code = mp_fail(err, MP_E_MEMORY, "", "no memory for summaries");
        }
    }
    code = code == MP_OK ? summary_numbers_open(&app->numbers, app->dir, err) : code;
    code = code == MP_OK ? make_room(app, err) : code;
    if (code != MP_OK) {
        summary_app_close(app);
        return code;
    }
    *out = app;
    return MP_OK;
}

static int load_file(struct summary_app *app, const char *name, struct mp_error *err) {
    struct summary_file file;
    int code = summary_file_map(app->dir, name, SUMMARY_SECTIONS, &file, err);
    if (code == MP_OK && file.token != app->numbers.token) {
        summary_file_unmap(&file);
        code = mp_fail(err, MP_E_CORRUPT, name, "%s has other users' numbers", name);
    }
    code = code == MP_OK ? summary_app_take(app, &file, err) : code;
    if (code == MP_E_CORRUPT) {
        mp_log(MP_LOG_WARN, "summary", "a day is summed up anew", "app=%s file=%s reason=\"%s\"",
               app->id, name, err->message);
        delete_file(app, name);
        code = MP_OK;
    }
    return code;
}

static bool ends_with(const char *name, const char *ending) {
    size_t len = strlen(name), of = strlen(ending);
    return len > of && strcmp(name + len - of, ending) == 0;
}

int summary_app_load(struct summary_app *app, struct mp_error *err) {
    DIR *dir = opendir(app->dir);
    int code = dir ? MP_OK : mp_fail_sys(err, errno, app->dir, "cannot read %s", app->dir);
    const struct dirent *entry;
    while (code == MP_OK && (entry = readdir(dir))) {
        if (ends_with(entry->d_name, DAY_ENDING)) {
            code = load_file(app, entry->d_name, err);
        }
    }
    if (dir) {
        closedir(dir);
    }
    if (code == MP_OK && summary_app_take_people(app, err) != MP_OK) {
        delete_file(app, PEOPLE_NAME);
    }
    return code;
}
