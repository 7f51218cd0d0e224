/*
 * The registry of apps: id, name, time zone, write keys, per-app limits. Lives in
 * DATA_DIR/apps.json, written atomically under a lock by serve and the commands, watched (mtime,
 * once a second) by serve.
 * Readers take an immutable snapshot; a snapshot is reference-counted. Thread-safe.
 */
#ifndef MP_BASE_APPS_H
#define MP_BASE_APPS_H

#include "base/error.h"
#include "base/json_write.h"
#include "base/zone.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MP_APP_ID_MAX 64
#define MP_APPS_MAX 10000
#define MP_OPEN_TIMEOUT_MS_DEFAULT (30 * 60 * 1000)

/* The classes of events that the SDK can sample. */
#define MP_SAMPLED_COUNT 8
extern const char *const mp_sampled_names[MP_SAMPLED_COUNT];

/* What an app's SDK asks the server for. All zero: everything is collected. */
struct mp_app_sdk {
    bool is_off;                               /* nothing is collected */
    uint8_t dropped_percent[MP_SAMPLED_COUNT]; /* of the opens, by class */
};

struct mp_app {
    char id[MP_APP_ID_MAX + 1];  /* [a-z0-9][a-z0-9_-]*, the {app} of URLs */
    char name[193];              /* UTF-8, for people */
    char write_key[48];          /* public: goes into the SDK; may only collect */
    char previous_write_key[48]; /* still accepted after rotate-key; empty when none */
    int32_t open_timeout_ms;
    struct mp_app_sdk sdk;
    struct mp_zone *zone; /* owned by the snapshot */
};

struct mp_apps;          /* the registry */
struct mp_apps_snapshot; /* what it held at one moment */

/* Loads the file; a missing file is an empty registry. Snapshots may outlive the registry. */
MP_MUST_CHECK int mp_apps_open(const char *data_dir, struct mp_apps **out, struct mp_error *err);
void mp_apps_close(struct mp_apps *apps);
/* Reloads when the file changed. Call about once a second. A broken file (MP_E_CORRUPT, told once
 * for each content) or a vanished one (MP_E_NOT_FOUND, once) is an error and the former content
 * stays in force. */
MP_MUST_CHECK int mp_apps_refresh(struct mp_apps *apps, struct mp_error *err);

struct mp_apps_snapshot *mp_apps_acquire(struct mp_apps *apps);
void mp_apps_release(struct mp_apps_snapshot *snapshot);
/* NULL when unknown. The app lives as long as the snapshot. */
const struct mp_app *mp_apps_by_id(const struct mp_apps_snapshot *snapshot, struct mp_str id);
/* By write key (present or previous). */
const struct mp_app *mp_apps_by_write_key(const struct mp_apps_snapshot *snapshot,
                                          struct mp_str key);
size_t mp_apps_count(const struct mp_apps_snapshot *snapshot);
const struct mp_app *mp_apps_at(const struct mp_apps_snapshot *snapshot, size_t index);

/*
 * For changes; take the file lock (MP_E_TIMEOUT after 10 s) and make the data directory when
 * it is missing. id NULL or "" = made from random bytes; name NULL = the id; zone_name NULL =
 * MP_ZONE_DEFAULT. Keys are made with libsodium's random bytes. *out is a copy without the zone
 * (NULL). MP_E_EXISTS, MP_E_ARGUMENT, MP_E_NOT_FOUND (of app or zone), MP_E_CORRUPT when the file
 * on disk is broken: it's left as it is.
 */
MP_MUST_CHECK int mp_apps_add(struct mp_apps *apps, const char *id, const char *name,
                              const char *zone_name, int32_t open_timeout_ms, struct mp_app *out,
                              struct mp_error *err);
MP_MUST_CHECK int mp_apps_rename(struct mp_apps *apps, const char *id, const char *name,
                                 struct mp_app *out, struct mp_error *err);
MP_MUST_CHECK int mp_apps_rotate_key(struct mp_apps *apps, const char *id, struct mp_app *out,
                                     struct mp_error *err);
MP_MUST_CHECK int mp_apps_set_sdk(struct mp_apps *apps, const char *id,
                                  const struct mp_app_sdk *sdk, struct mp_app *out,
                                  struct mp_error *err);
/* "click=10,custom=50": the percent of opens in which events of a class are kept; "all": of every
 * class all. Changes what it names in *sdk, or nothing: MP_E_ARGUMENT. */
MP_MUST_CHECK int mp_app_sdk_keep(struct mp_app_sdk *sdk, struct mp_str list, struct mp_error *err);
/* {"enabled": true, "sampling": {"click": 0.1}} of *sdk: the members, into an object begun. */
void mp_app_sdk_put(struct mp_json_writer *writer, const struct mp_app_sdk *sdk);

#ifdef __cplusplus
}
#endif
#endif
