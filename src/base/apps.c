/* The registry: which snapshot is in force, when to load a new one, and changes under a lock. */
#include "base/apps_snapshot.h"

#include "base/file.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH_BYTES_MAX 4096
#define KEY_RANDOM_CHARS 32 /* of 62: 190 bits */
#define ID_RANDOM_CHARS 12

struct mp_apps {
    char dir[PATH_BYTES_MAX];
    char path[PATH_BYTES_MAX + 32];
    pthread_mutex_t present_lock; /* guards `present` for the length of a pointer copy */
    struct mp_apps_snapshot *present;
    pthread_mutex_t change_lock; /* refresh, add and rotate take turns */
    struct mp_file_identity seen;
};

static void publish(struct mp_apps *apps, struct mp_apps_snapshot *snapshot) {
    pthread_mutex_lock(&apps->present_lock);
    struct mp_apps_snapshot *former = apps->present;
    apps->present = snapshot;
    pthread_mutex_unlock(&apps->present_lock);
    mp_apps_release(former);
}

int mp_apps_open(const char *data_dir, struct mp_apps **out, struct mp_error *err) {
    *out = NULL;
    if (strlen(data_dir) >= PATH_BYTES_MAX) {
        return mp_fail(err, MP_E_ARGUMENT, "data_dir", "the path is too long");
    }
    if (sodium_init() < 0) {
        return mp_fail(err, MP_E_IO, "", "the system gives no random bytes");
    }
    struct mp_apps *apps = calloc(1, sizeof(*apps));
    struct mp_apps_snapshot *nothing = mp_snapshot_create(0);
    if (!apps || !nothing) {
        free(apps);
        mp_apps_release(nothing);
        return mp_fail(err, MP_E_MEMORY, "", "no memory for the apps");
    }
    snprintf(apps->dir, sizeof(apps->dir), "%s", data_dir);
    snprintf(apps->path, sizeof(apps->path), "%s/" MP_APPS_FILE, data_dir);
    apps->present = nothing;
    pthread_mutex_init(&apps->present_lock, NULL);
    pthread_mutex_init(&apps->change_lock, NULL);
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
        mp_apps_release(apps->present);
        pthread_mutex_destroy(&apps->present_lock);
        pthread_mutex_destroy(&apps->change_lock);
        free(apps);
    }
}

/* With change_lock held. */
static int refresh(struct mp_apps *apps, struct mp_error *err) {
    /* Identity first: a file replaced between the two steps is seen as new the next time. */
    struct mp_file_identity now = mp_file_identify(apps->path);
    if (mp_file_is_same(&now, &apps->seen)) {
        return MP_OK;
    }
    struct mp_apps_snapshot *fresh = NULL;
    int code = mp_apps_file_read(apps->path, &fresh, err);
    if (code == MP_E_IO || code == MP_E_MEMORY) {
        return code; /* may pass: try again the next time */
    }
    apps->seen = now;
    if (code == MP_OK) {
        publish(apps, fresh);
    }
    return code;
}

int mp_apps_refresh(struct mp_apps *apps, struct mp_error *err) {
    pthread_mutex_lock(&apps->change_lock);
    int code = refresh(apps, err);
    pthread_mutex_unlock(&apps->change_lock);
    return code;
}

struct mp_apps_snapshot *mp_apps_acquire(struct mp_apps *apps) {
    pthread_mutex_lock(&apps->present_lock);
    struct mp_apps_snapshot *snapshot = apps->present;
    atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
    pthread_mutex_unlock(&apps->present_lock);
    return snapshot;
}

static void random_text(char *out, const char *prefix, size_t chars, uint32_t alphabet_chars) {
    /* In this order so that its first 36 make ids. */
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t at = strlen(prefix);
    memcpy(out, prefix, at);
    for (size_t i = 0; i < chars; i++) {
        out[at++] = alphabet[randombytes_uniform(alphabet_chars)];
    }
    out[at] = '\0';
}

/* A change to the registry: edits one app of the copy that becomes the next snapshot. */
struct change {
    const char *id;               /* of the app to change; NULL = none */
    const char *name;             /* its new name; NULL = it gets a new write key */
    const struct mp_app_sdk *sdk; /* or: what its SDK is told */
    struct mp_app added;          /* when id is NULL */
    const char *zone_name;
    struct mp_app *out;
};

/* Copies the present apps, changed, into next. */
static int apply(const struct mp_apps_snapshot *present, const struct change *change,
                 struct mp_apps_snapshot *next, struct mp_error *err) {
    bool is_done = false;
    for (size_t i = 0; i < present->count; i++) {
        struct mp_app app = present->apps[i];
        if (change->id && strcmp(app.id, change->id) == 0) {
            if (change->sdk) {
                app.sdk = *change->sdk;
            } else if (change->name) {
                snprintf(app.name, sizeof(app.name), "%s", change->name);
            } else {
                memcpy(app.previous_write_key, app.write_key, sizeof(app.write_key));
                random_text(app.write_key, "mpw_", KEY_RANDOM_CHARS, 62);
            }
            *change->out = app;
            is_done = true;
        }
        int code = mp_snapshot_add(next, &app, mp_str_of(mp_zone_name(app.zone)), err);
        if (code != MP_OK) {
            return code;
        }
    }
    if (change->id) {
        return is_done ? MP_OK
                       : mp_fail(err, MP_E_NOT_FOUND, "id", "there is no app %s", change->id);
    }
    *change->out = change->added;
    return mp_snapshot_add(next, &change->added, mp_str_of(change->zone_name), err);
}

/* With both locks held, on content just read. */
static int change_locked(struct mp_apps *apps, const struct change *change, struct mp_error *err) {
    const struct mp_apps_snapshot *present = apps->present;
    if (!change->id && present->count >= MP_APPS_MAX) {
        return mp_fail(err, MP_E_FULL, "apps", "there are %d apps already", MP_APPS_MAX);
    }
    struct mp_apps_snapshot *next = mp_snapshot_create(present->count + 1);
    if (!next) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for the apps");
    }
    int code = apply(present, change, next, err);
    code = code ? code : mp_snapshot_index(next, err);
    code = code ? code : mp_apps_file_write(apps->dir, next, err);
    if (code != MP_OK) {
        mp_apps_release(next);
        return code;
    }
    apps->seen = mp_file_identify(apps->path);
    publish(apps, next);
    return MP_OK;
}

static int make_change(struct mp_apps *apps, const struct change *change, struct mp_error *err) {
    int fd = -1;
    pthread_mutex_lock(&apps->change_lock);
    int code = mp_file_lock(apps->dir, "apps.lock", &fd, err);
    if (code == MP_OK) {
        /* A file that another process broke must not be overwritten with what we remember. */
        apps->seen = (struct mp_file_identity){0};
        code = refresh(apps, err);
        code = code ? code : change_locked(apps, change, err);
        close(fd);
    }
    pthread_mutex_unlock(&apps->change_lock);
    change->out->zone = NULL; /* it belongs to a snapshot that the caller doesn't hold */
    return code;
}

int mp_apps_add(struct mp_apps *apps, const char *id, const char *name, const char *zone_name,
                int32_t open_timeout_ms, struct mp_app *out, struct mp_error *err) {
    struct change change = {.zone_name = zone_name ? zone_name : MP_ZONE_DEFAULT, .out = out};
    struct mp_app *app = &change.added;
    *out = (struct mp_app){0};
    if ((id && strlen(id) > MP_APP_ID_MAX) || (name && strlen(name) >= sizeof(app->name))) {
        return mp_fail(err, MP_E_TOO_LARGE, id && strlen(id) > MP_APP_ID_MAX ? "id" : "name",
                       "an app's id has at most %d bytes, its name %zu", MP_APP_ID_MAX,
                       sizeof(app->name) - 1);
    }
    if (id && id[0] != '\0') {
        snprintf(app->id, sizeof(app->id), "%s", id);
    } else {
        random_text(app->id, "app", ID_RANDOM_CHARS, 36);
    }
    snprintf(app->name, sizeof(app->name), "%s", name ? name : app->id);
    app->open_timeout_ms = open_timeout_ms;
    random_text(app->write_key, "mpw_", KEY_RANDOM_CHARS, 62);
    return make_change(apps, &change, err);
}

int mp_apps_rename(struct mp_apps *apps, const char *id, const char *name, struct mp_app *out,
                   struct mp_error *err) {
    struct change change = {.id = id, .name = name, .out = out};
    *out = (struct mp_app){0};
    if (strlen(name) >= sizeof(out->name)) {
        return mp_fail(err, MP_E_TOO_LARGE, "name", "an app's name has at most %zu bytes",
                       sizeof(out->name) - 1);
    }
    return make_change(apps, &change, err);
}

int mp_apps_rotate_key(struct mp_apps *apps, const char *id, struct mp_app *out,
                       struct mp_error *err) {
    struct change change = {.id = id, .out = out};
    *out = (struct mp_app){0};
    return make_change(apps, &change, err);
}

int mp_apps_set_sdk(struct mp_apps *apps, const char *id, const struct mp_app_sdk *sdk,
                    struct mp_app *out, struct mp_error *err) {
    struct change change = {.id = id, .sdk = sdk, .out = out};
    *out = (struct mp_app){0};
    return make_change(apps, &change, err);
}
