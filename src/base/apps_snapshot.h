/* Private to base/: the insides of a snapshot of the app registry, made by apps_file.c and apps.c.
 * A snapshot is filled and indexed by one thread, then published and never written again. */
#ifndef MP_BASE_APPS_SNAPSHOT_H
#define MP_BASE_APPS_SNAPSHOT_H

#include "base/apps.h"
#include "base/json.h"

#include <stdatomic.h>

struct mp_apps_snapshot {
    atomic_size_t references;
    size_t count;
    size_t capacity;
    struct mp_app *apps;
    size_t zone_count;
    struct mp_zone **zones; /* each zone once, however many apps use it */
    size_t mask;            /* slots of each table - 1 */
    uint32_t *by_key;       /* hash tables: index into apps + 1, 0 = free */
    uint32_t *by_id;
};

/* With one reference and room for capacity apps; NULL when out of memory. */
struct mp_apps_snapshot *mp_snapshot_create(size_t capacity);
/* Takes a copy of the app after checking it; its zone is set from zone_name. MP_E_ARGUMENT. */
MP_MUST_CHECK int mp_snapshot_add(struct mp_apps_snapshot *snapshot, const struct mp_app *app,
                                  struct mp_str zone_name, struct mp_error *err);
/* Builds the tables. MP_E_EXISTS when two apps share an id or a write key. */
MP_MUST_CHECK int mp_snapshot_index(struct mp_apps_snapshot *snapshot, struct mp_error *err);

/* Reads path. MP_E_NOT_FOUND, MP_E_IO, MP_E_CORRUPT, MP_E_MEMORY. */
MP_MUST_CHECK int mp_apps_file_read(const char *path, struct mp_apps_snapshot **out,
                                    struct mp_error *err);
/* Replaces DATA_DIR/apps.json as a whole; on failure the former file stands untouched. */
MP_MUST_CHECK int mp_apps_file_write(const char *data_dir, const struct mp_apps_snapshot *snapshot,
                                     struct mp_error *err);
/* What mp_app_sdk_put wrote. MP_E_CORRUPT. */
MP_MUST_CHECK int mp_app_sdk_read(struct mp_json object, struct mp_app_sdk *out,
                                  struct mp_error *err);
#define MP_APPS_FILE "apps.json"

#endif
