#include "store/internal.h"

#include <stdio.h>

/* "18.16.1" → 181600. */
static int parse_version(struct mp_str text) {
    uint64_t major = 0, minor = 0;
    text = mp_str_trim(text);
    if (!mp_str_to_u64(mp_str_cut(&text, '.'), &major) ||
        !mp_str_to_u64(mp_str_cut(&text, '.'), &minor) || major > 99 || minor > 99) {
        return 0;
    }
    return (int)(major * 10000 + minor * 100);
}

int version_learn(struct store *store, struct mp_error *err) {
    struct mp_buf answer;
    if (store_server_version(store) != 0) {
        return MP_OK;
    }
    mp_buf_init(&answer, 4096);
    int code =
        store_ask(store, MP_STR("SELECT version() FORMAT TabSeparated"), true, -1, &answer, err);
    int version = code == MP_OK ? parse_version(mp_buf_str(&answer)) : 0;
    if (code == MP_OK && version == 0) {
        code = mp_fail(err, MP_E_CORRUPT, "store", "the engine's version is not understood");
    }
    mp_buf_deinit(&answer);
    pthread_mutex_lock(&store->mutex);
    store->version = version;
    pthread_mutex_unlock(&store->mutex);
    return code;
}

int store_server_version(struct store *store) {
    pthread_mutex_lock(&store->mutex);
    int version = store->version;
    pthread_mutex_unlock(&store->mutex);
    return version;
}

bool store_can(struct store *store, const char *capability) {
    /* The release in which each became usable without an experiment's setting. */
    static const struct {
        const char *name;
        int since;
    } capabilities[] = {
        {"codec", 191100},  {"lowcard", 190100}, {"fsync", 201000},
        {"bitmap", 190100}, {"cte", 201000},     {"mutations_sync", 190900},
    };
    int version = store_server_version(store);
    for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
        if (strcmp(capabilities[i].name, capability) == 0) {
            return version >= capabilities[i].since;
        }
    }
    return false;
}
