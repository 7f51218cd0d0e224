/* What the registry of apps held at one moment: the apps, their zones, and two hash tables. */
#include "base/apps_snapshot.h"

#include "base/hash.h"

#include <stdlib.h>

#define OPEN_TIMEOUT_MS_MIN 1000
#define OPEN_TIMEOUT_MS_MAX (24 * 3600 * 1000)
#define TABLE_SLOTS_MIN 16

struct mp_apps_snapshot *mp_snapshot_create(size_t capacity) {
    struct mp_apps_snapshot *snapshot = calloc(1, sizeof(*snapshot));
    if (!snapshot) {
        return NULL;
    }
    atomic_init(&snapshot->references, 1);
    snapshot->capacity = capacity;
    snapshot->apps = calloc(capacity + 1, sizeof(*snapshot->apps));
    snapshot->zones = calloc(capacity + 1, sizeof(struct mp_zone *));
    /* Two keys an app and tables at most half full: four slots an app. */
    size_t slots = TABLE_SLOTS_MIN;
    while (slots < 4 * capacity) {
        slots *= 2;
    }
    snapshot->mask = slots - 1;
    snapshot->by_key = calloc(slots, sizeof(*snapshot->by_key));
    snapshot->by_id = calloc(slots, sizeof(*snapshot->by_id));
    if (!snapshot->apps || !snapshot->zones || !snapshot->by_key || !snapshot->by_id) {
        mp_apps_release(snapshot);
        return NULL;
    }
    return snapshot;
}

void mp_apps_release(struct mp_apps_snapshot *snapshot) {
    if (!snapshot ||
        atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) > 1) {
        return;
    }
    for (size_t i = 0; i < snapshot->zone_count; i++) {
        mp_zone_close(snapshot->zones[i]);
    }
    free(snapshot->zones);
    free(snapshot->apps);
    free(snapshot->by_key);
    free(snapshot->by_id);
    free(snapshot);
}

static bool id_is_valid(struct mp_str id) {
    if (id.len == 0 || id.len > MP_APP_ID_MAX) {
        return false;
    }
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool is_alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!is_alnum && (i == 0 || (c != '_' && c != '-'))) {
            return false;
        }
    }
    return true;
}

/* Keys stand in headers and URLs: letters, digits, '_' and '-'. */
static bool key_is_valid(struct mp_str key) {
    for (size_t i = 0; i < key.len; i++) {
        char c = key.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '_' && c != '-') {
            return false;
        }
    }
    return true;
}

static int check(const struct mp_app *app, struct mp_error *err) {
    if (!id_is_valid(mp_str_of(app->id))) {
        return mp_fail(err, MP_E_ARGUMENT, "id",
                       "an app's id is 1 to %d of a-z, 0-9, '_' and '-', beginning with a letter "
                       "or digit",
                       MP_APP_ID_MAX);
    }
    if (!mp_str_is_utf8(mp_str_of(app->name))) {
        return mp_fail(err, MP_E_ARGUMENT, "name", "the name of app %s is not UTF-8", app->id);
    }
    if (app->write_key[0] == '\0' || !key_is_valid(mp_str_of(app->write_key)) ||
        !key_is_valid(mp_str_of(app->previous_write_key))) {
        return mp_fail(err, MP_E_ARGUMENT, "key", "a key of app %s is missing or malformed",
                       app->id);
    }
    if (app->open_timeout_ms < OPEN_TIMEOUT_MS_MIN || app->open_timeout_ms > OPEN_TIMEOUT_MS_MAX) {
        return mp_fail(err, MP_E_ARGUMENT, "open_timeout_ms",
                       "the open timeout of app %s must be %d to %d ms", app->id,
                       OPEN_TIMEOUT_MS_MIN, OPEN_TIMEOUT_MS_MAX);
    }
    return MP_OK;
}

/* The snapshot's zone of that name, opened at its first use. */
static int share_zone(struct mp_apps_snapshot *snapshot, struct mp_str name, struct mp_zone **out,
                      struct mp_error *err) {
    for (size_t i = 0; i < snapshot->zone_count; i++) {
        if (mp_str_is(name, mp_zone_name(snapshot->zones[i]))) {
            *out = snapshot->zones[i];
            return MP_OK;
        }
    }
    int code = mp_zone_open(name, out, err);
    if (code == MP_OK) {
        snapshot->zones[snapshot->zone_count++] = *out;
    }
    return code;
}

int mp_snapshot_add(struct mp_apps_snapshot *snapshot, const struct mp_app *app,
                    struct mp_str zone_name, struct mp_error *err) {
    if (snapshot->count == snapshot->capacity) {
        return mp_fail(err, MP_E_TOO_LARGE, "apps", "more than %zu apps", snapshot->capacity);
    }
    int code = check(app, err);
    if (code != MP_OK) {
        return code;
    }
    struct mp_app *slot = &snapshot->apps[snapshot->count];
    *slot = *app;
    code = share_zone(snapshot, zone_name, &slot->zone, err);
    if (code != MP_OK) {
        return code;
    }
    snapshot->count++;
    return MP_OK;
}

/* The slot where text stands or, when it is not there, the free one where it belongs. */
static size_t find_slot(const struct mp_apps_snapshot *snapshot, const uint32_t *table,
                        struct mp_str text) {
    size_t slot = mp_checksum(text.ptr, text.len) & snapshot->mask;
    for (; table[slot] != 0; slot = (slot + 1) & snapshot->mask) {
        const struct mp_app *app = &snapshot->apps[table[slot] - 1];
        bool is_match = table == snapshot->by_id ? mp_str_is(text, app->id)
                                                 : mp_str_is(text, app->write_key) ||
                                                       (app->previous_write_key[0] != '\0' &&
                                                        mp_str_is(text, app->previous_write_key));
        if (is_match) {
            break;
        }
    }
    return slot;
}

static bool enter(struct mp_apps_snapshot *snapshot, uint32_t *table, const char *text,
                  size_t index) {
    size_t slot = find_slot(snapshot, table, mp_str_of(text));
    if (table[slot] == (uint32_t)index + 1) {
        return true; /* the app's other key stands where this one would: that finds it as well */
    }
    if (table[slot] != 0) {
        return false;
    }
    table[slot] = (uint32_t)index + 1;
    return true;
}

int mp_snapshot_index(struct mp_apps_snapshot *snapshot, struct mp_error *err) {
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct mp_app *app = &snapshot->apps[i];
        if (!enter(snapshot, snapshot->by_id, app->id, i)) {
            return mp_fail(err, MP_E_EXISTS, "id", "there is an app %s already", app->id);
        }
        if (!enter(snapshot, snapshot->by_key, app->write_key, i) ||
            (app->previous_write_key[0] != '\0' &&
             !enter(snapshot, snapshot->by_key, app->previous_write_key, i))) {
            return mp_fail(err, MP_E_EXISTS, "write_key", "a write key of app %s is in use twice",
                           app->id);
        }
    }
    return MP_OK;
}

static const struct mp_app *look_up(const struct mp_apps_snapshot *snapshot, const uint32_t *table,
                                    struct mp_str text) {
    if (text.len == 0) {
        return NULL;
    }
    uint32_t entry = table[find_slot(snapshot, table, text)];
    return entry == 0 ? NULL : &snapshot->apps[entry - 1];
}

const struct mp_app *mp_apps_by_id(const struct mp_apps_snapshot *snapshot, struct mp_str id) {
    return look_up(snapshot, snapshot->by_id, id);
}

const struct mp_app *mp_apps_by_write_key(const struct mp_apps_snapshot *snapshot,
                                          struct mp_str key) {
    return look_up(snapshot, snapshot->by_key, key);
}

size_t mp_apps_count(const struct mp_apps_snapshot *snapshot) {
    return snapshot->count;
}

const struct mp_app *mp_apps_at(const struct mp_apps_snapshot *snapshot, size_t index) {
    return index < snapshot->count ? &snapshot->apps[index] : NULL;
}
