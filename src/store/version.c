#include <string.h>

#include "store/internal.h"

/* From which release on a capability may be relied upon: without experiments, in all later ones. */
static const struct {
    const char *name;
    int since;
} capabilities[] = {
    {"codec", 200100}, {"lowcard", 200100}, {"bitmap", 200100}, {"fsync", 201100}, {"cte", 201100},
};

static bool find_capability(struct mp_str name, int *since) {
    for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
        if (mp_str_is(name, capabilities[i].name)) {
            *since = capabilities[i].since;
            return true;
        }
    }
    return false;
}

bool store_capability_known(struct mp_str name) {
    int since;
    return find_capability(name, &since);
}

bool store_version_can(int version, struct mp_str capability) {
    int since;
    return find_capability(capability, &since) && version >= since;
}

int store_version_parse(struct mp_str text) {
    uint64_t major = 0;
    uint64_t minor = 0;
    text = mp_str_trim(text);
    struct mp_str major_text = mp_str_cut(&text, '.');
    struct mp_str minor_text = mp_str_cut(&text, '.');
    if (!mp_str_to_u64(major_text, &major) || !mp_str_to_u64(minor_text, &minor) || major > 999 ||
        minor > 99) {
        return 0;
    }
    return (int)(major * 10000 + minor * 100);
}

int store_server_version(struct store *store) {
    return atomic_load_explicit(&store->version, memory_order_relaxed);
}

bool store_can(struct store *store, const char *capability) {
    return store_version_can(store_server_version(store), mp_str_of(capability));
}

struct version_answer {
    char text[64];
    size_t len;
};

static int on_version(void *arg, struct mp_str data) {
    struct version_answer *answer = arg;
    if (data.len > sizeof(answer->text) - answer->len) {
        return 1;
    }
    memcpy(answer->text + answer->len, data.ptr, data.len);
    answer->len += data.len;
    return 0;
}

int store_contact(struct store *store, struct mp_error *err) {
    if (store_server_version(store)) {
        return 0;
    }
    struct store_statement *statement;
    const struct store_options options = {.is_read_only = true};
    const struct store_target target = {.only_origin = -1, .is_without_database = true};
    struct version_answer answer = {.len = 0};
    int code = store_sql_statement(store, "version", &statement, err);
    if (code == 0) {
        code = store_run_at(store, statement, &options, &target, on_version, &answer, err);
    }
    store_statement_destroy(statement);
    if (code) {
        return code;
    }
    int version = store_version_parse(mp_str_range(answer.text, answer.len));
    if (version == 0) {
        return mp_fail(err, MP_E_CORRUPT, "version", "the engine's version cannot be read");
    }
    atomic_store_explicit(&store->version, version, memory_order_relaxed);
    return 0;
}
