#include "engine/chdb.h"
#include "engine/engine.h"

#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#if defined(__x86_64__)
#define PACKAGE "@chdb/lib-linux-x64-gnu"
#elif defined(__aarch64__)
#define PACKAGE "@chdb/lib-linux-arm64-gnu"
#else
#define PACKAGE "none"
#endif

#define PARENTS_MAX 4

int chdb_load(const char *path, struct chdb *out, struct mp_error *err) {
    struct {
        const char *name;
        void *slot;
    } symbols[] = {
        {"chdb_connect", &out->connect},
        {"chdb_close_conn", &out->close_conn},
        {"chdb_set_signal_handlers_enabled", &out->set_signal_handlers_enabled},
        {"chdb_classify_query_n", &out->classify_query_n},
        {"chdb_query_n", &out->query_n},
        {"chdb_stream_query_n", &out->stream_query_n},
        {"chdb_stream_fetch_result", &out->stream_fetch_result},
        {"chdb_stream_cancel_query", &out->stream_cancel_query},
        {"chdb_destroy_query_result", &out->destroy_query_result},
        {"chdb_result_buffer", &out->result_buffer},
        {"chdb_result_length", &out->result_length},
        {"chdb_result_elapsed", &out->result_elapsed},
        {"chdb_result_error", &out->result_error},
        {"chdb_result_storage_rows_read", &out->result_storage_rows_read},
        {"chdb_result_storage_bytes_read", &out->result_storage_bytes_read},
        {"chdb_result_rows_written", &out->result_rows_written},
        {"chdb_stream_insert_n", &out->stream_insert_n},
        {"chdb_stream_append", &out->stream_append},
        {"chdb_stream_done", &out->stream_done},
        {"chdb_stream_cancel_insert", &out->stream_cancel_insert},
        {"chdb_stream_insert_error", &out->stream_insert_error},
        {"chdb_destroy_insert_stream", &out->destroy_insert_stream},
    };
    out->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!out->handle) {
        return mp_fail(err, MP_E_IO, "engine_library", "cannot load %s: %s", path, dlerror());
    }
    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        void *found = dlsym(out->handle, symbols[i].name);
        if (!found) {
            return mp_fail(err, MP_E_IO, "engine_library", "%s has no %s: another version?", path,
                           symbols[i].name);
        }
        memcpy(symbols[i].slot, &found, sizeof(found));
    }
    return MP_OK;
}

static bool readable(const char *path) {
    return access(path, R_OK) == 0;
}

bool engine_find_library(const char *given, char *out, size_t size) {
    char self[PATH_MAX];
    if (given && given[0]) {
        snprintf(out, size, "%s", given);
        return readable(out);
    }
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (len <= 0) {
        return false;
    }
    self[len] = '\0';
    const char *dir = dirname(self);
    snprintf(out, size, "%s/../lib/minipulse/libchdb.so", dir);
    if (readable(out)) {
        return true;
    }
    for (int up = 0; up < PARENTS_MAX; up++) {
        static const char *const parents[PARENTS_MAX] = {"", "/..", "/../..", "/../../.."};
        snprintf(out, size, "%s%s/node_modules/" PACKAGE "/libchdb.so", dir, parents[up]);
        if (readable(out)) {
            return true;
        }
    }
    return false;
}
