#include "base/apps.h"

#include "base/apps_file.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define KEY_RANDOM_BYTES 16
#define ID_RANDOM_BYTES 5

struct mp_apps {
    char *path;
    char *lock_path;
    pthread_mutex_t mutex; /* guards what follows */
    struct mp_apps_snapshot *current;
    struct timespec modified;
    off_t size;
};

struct mp_apps_snapshot *mp_apps_acquire(struct mp_apps *apps) {
    pthread_mutex_lock(&apps->mutex);
    struct mp_apps_snapshot *snapshot = apps->current;
    atomic_fetch_add(&snapshot->references, 1);
    pthread_mutex_unlock(&apps->mutex);
    return snapshot;
}

void mp_apps_release(struct mp_apps_snapshot *snapshot) {
    if (snapshot && atomic_fetch_sub(&snapshot->references, 1) == 1) {
        for (size_t i = 0; i < snapshot->count; i++) {
            mp_zone_close(snapshot->apps[i].zone);
        }
        free(snapshot->apps);
        free(snapshot);
    }
}

static void replace(struct mp_apps *apps, struct mp_apps_snapshot *fresh, const struct stat *info) {
    pthread_mutex_lock(&apps->mutex);
    struct mp_apps_snapshot *former = apps->current;
    apps->current = fresh;
    apps->modified = info->st_mtim;
    apps->size = info->st_size;
    pthread_mutex_unlock(&apps->mutex);
    mp_apps_release(former);
}

int mp_apps_refresh(struct mp_apps *apps, struct mp_error *err) {
    struct stat info = {0};
    struct mp_apps_snapshot *fresh = NULL;
    if (stat(apps->path, &info) != 0) {
        memset(&info, 0, sizeof(info));
    }
    pthread_mutex_lock(&apps->mutex);
    bool is_same = apps->current && info.st_size == apps->size &&
                   info.st_mtim.tv_sec == apps->modified.tv_sec &&
                   info.st_mtim.tv_nsec == apps->modified.tv_nsec;
    pthread_mutex_unlock(&apps->mutex);
    if (is_same) {
        return MP_OK;
    }
    int code = mp_apps_file_read(apps->path, &fresh, err);
    if (code == MP_OK) {
        replace(apps, fresh, &info);
    }
    return code;
}

int mp_apps_open(const char *data_dir, struct mp_apps **out, struct mp_error *err) {
    struct mp_apps *apps = calloc(1, sizeof(*apps));
    *out = NULL;
    if (!apps || sodium_init() < 0 || asprintf(&apps->path, "%s/apps.json", data_dir) < 0 ||
        asprintf(&apps->lock_path, "%s/apps.lock", data_dir) < 0) {
        free(apps);
        return mp_fail(err, MP_E_MEMORY, data_dir, "no memory");
    }
    pthread_mutex_init(&apps->mutex, NULL);
    int code = mp_apps_refresh(apps, err);
    if (code != MP_OK) {
        mp_apps_close(apps);
        return code;
    }
    *out = apps;
    return MP_OK;
}

void mp_apps_close(struct mp_apps *apps) {
    if (apps) {
        mp_apps_release(apps->current);
        pthread_mutex_destroy(&apps->mutex);
        free(apps->path);
        free(apps->lock_path);
        free(apps);
    }
}

const struct mp_app *mp_apps_by_id(const struct mp_apps_snapshot *snapshot, struct mp_str id) {
    for (size_t i = 0; i < snapshot->count; i++) {
        if (mp_str_is(id, snapshot->apps[i].id)) {
            return &snapshot->apps[i];
        }
    }
    return NULL;
}

const struct mp_app *mp_apps_by_write_key(const struct mp_apps_snapshot *snapshot,
                                          struct mp_str key) {
    for (size_t i = 0; i < snapshot->count && key.len > 0; i++) {
        const struct mp_app *app = &snapshot->apps[i];
        if (mp_str_is(key, app->write_key) ||
            (app->previous_write_key[0] && mp_str_is(key, app->previous_write_key))) {
            return app;
        }
    }
    return NULL;
}

size_t mp_apps_count(const struct mp_apps_snapshot *snapshot) {
    return snapshot->count;
}

const struct mp_app *mp_apps_at(const struct mp_apps_snapshot *snapshot, size_t index) {
    return index < snapshot->count ? &snapshot->apps[index] : NULL;
}

static void random_text(char *out, size_t size, const char *prefix, size_t bytes) {
    uint8_t random[KEY_RANDOM_BYTES];
    char hex[2 * KEY_RANDOM_BYTES + 1];
    randombytes_buf(random, bytes);
    sodium_bin2hex(hex, sizeof(hex), random, bytes);
    snprintf(out, size, "%s%s", prefix, hex);
}

bool mp_app_id_is_valid(struct mp_str id) {
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!is_plain && (i == 0 || (c != '-' && c != '_'))) {
            return false;
        }
    }
    return id.len > 0 && id.len <= MP_APP_ID_MAX;
}

static int fill_app(struct mp_app *app, const char *id, const char *name, const char *zone_name,
                    int32_t open_timeout_ms, struct mp_error *err) {
    if (id && id[0]) {
        if (!mp_app_id_is_valid(mp_str_of(id))) {
            return mp_fail(err, MP_E_ARGUMENT, "id",
                           "must be a-z, 0-9, - and _, begin with one of the first, at most %d",
                           MP_APP_ID_MAX);
        }
        snprintf(app->id, sizeof(app->id), "%s", id);
    } else {
        random_text(app->id, sizeof(app->id), "a", ID_RANDOM_BYTES);
    }
    struct mp_str title = mp_str_of(name ? name : app->id);
    if (title.len == 0 || title.len >= sizeof(app->name) || !mp_str_is_utf8(title)) {
        return mp_fail(err, MP_E_ARGUMENT, "name", "must be 1 to 192 bytes of UTF-8");
    }
    memcpy(app->name, title.ptr, title.len);
    if (open_timeout_ms < 1000 || open_timeout_ms > 24 * 3600 * 1000) {
        return mp_fail(err, MP_E_ARGUMENT, "open-timeout", "must be 1 second to 24 hours");
    }
    app->open_timeout_ms = open_timeout_ms;
    random_text(app->write_key, sizeof(app->write_key), "mpw_", KEY_RANDOM_BYTES);
    random_text(app->read_key, sizeof(app->read_key), "mpr_", KEY_RANDOM_BYTES);
    return mp_zone_open(mp_str_of(zone_name ? zone_name : MP_ZONE_DEFAULT), &app->zone, err);
}

/* Hands the result to the caller without the zone, which belongs to the snapshot. */
static void give_out(struct mp_app *out, const struct mp_app *app) {
    *out = *app;
    out->zone = NULL;
}

/* Reads the file under its lock, lets change alter the apps, writes it back. */
static int with_lock(struct mp_apps *apps,
                     int (*change)(struct mp_apps_snapshot *, const void *, struct mp_app *,
                                   struct mp_error *),
                     const void *arg, struct mp_app *out, struct mp_error *err) {
    struct mp_apps_snapshot *snapshot = NULL;
    int lock = -1;
    int code = mp_apps_file_lock(apps->lock_path, &lock, err);
    if (code == MP_OK) {
        code = mp_apps_file_read(apps->path, &snapshot, err);
    }
    if (code == MP_OK) {
        code = change(snapshot, arg, out, err);
    }
    if (code == MP_OK) {
        code = mp_apps_file_write(apps->path, snapshot, err);
    }
    mp_apps_release(snapshot);
    mp_apps_file_unlock(lock);
    return code == MP_OK ? mp_apps_refresh(apps, err) : code;
}

struct add_request {
    const char *id, *name, *zone_name;
    int32_t open_timeout_ms;
};

static int add_one(struct mp_apps_snapshot *snapshot, const void *arg, struct mp_app *out,
                   struct mp_error *err) {
    const struct add_request *request = arg;
    struct mp_app app = {0};
    int code = fill_app(&app, request->id, request->name, request->zone_name,
                        request->open_timeout_ms, err);
    if (code == MP_OK && mp_apps_by_id(snapshot, mp_str_of(app.id))) {
        code = mp_fail(err, MP_E_EXISTS, "id", "there is an app \"%s\" already", app.id);
    }
    struct mp_app *grown =
        code == MP_OK && snapshot->count < MP_APPS_MAX
            ? realloc(snapshot->apps, (snapshot->count + 1) * sizeof(*snapshot->apps))
            : NULL;
    if (!grown) {
        mp_zone_close(app.zone);
        return code != MP_OK ? code : mp_fail(err, MP_E_FULL, "id", "too many apps");
    }
    snapshot->apps = grown;
    snapshot->apps[snapshot->count++] = app;
    give_out(out, &app);
    return MP_OK;
}

int mp_apps_add(struct mp_apps *apps, const char *id, const char *name, const char *zone_name,
                int32_t open_timeout_ms, struct mp_app *out, struct mp_error *err) {
    struct add_request request = {id, name, zone_name, open_timeout_ms};
    return with_lock(apps, add_one, &request, out, err);
}

static int rotate_one(struct mp_apps_snapshot *snapshot, const void *arg, struct mp_app *out,
                      struct mp_error *err) {
    struct mp_app *app = (struct mp_app *)mp_apps_by_id(snapshot, mp_str_of(arg));
    if (!app) {
        return mp_fail(err, MP_E_NOT_FOUND, "id", "there is no app \"%s\"", (const char *)arg);
    }
    memcpy(app->previous_write_key, app->write_key, sizeof(app->write_key));
    random_text(app->write_key, sizeof(app->write_key), "mpw_", KEY_RANDOM_BYTES);
    give_out(out, app);
    return MP_OK;
}

int mp_apps_rotate_key(struct mp_apps *apps, const char *id, struct mp_app *out,
                       struct mp_error *err) {
    return with_lock(apps, rotate_one, id, out, err);
}
