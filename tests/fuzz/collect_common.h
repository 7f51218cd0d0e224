/* Shared by the fuzzers of both decoders: one registry with one app, one worker. */
#ifndef MP_TESTS_FUZZ_COLLECT_COMMON_H
#define MP_TESTS_FUZZ_COLLECT_COMMON_H

#include "base/event.h"
#include "collect/collect.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct mp_app fuzz_app;
static struct collect_worker *fuzz_worker;

/* The registry is in memory by now. */
static void remove_folder(const char *dir) {
    static const char *const files[] = {"apps.json", "apps.lock"};
    char path[128];
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        unlink(path);
    }
    rmdir(dir);
}

static void fuzz_setup(void) {
    char dir[] = "/tmp/minipulse-fuzz-XXXXXX";
    struct mp_error err;
    struct mp_apps *apps;
    struct collect *collect;
    if (fuzz_worker) {
        return;
    }
    if (!mkdtemp(dir) || mp_apps_open(dir, &apps, &err) != MP_OK ||
        mp_apps_add(apps, "fuzz", "fuzz", "UTC", MP_OPEN_TIMEOUT_MS_DEFAULT, &fuzz_app, &err)) {
        abort();
    }
    remove_folder(dir);
    struct collect_config config = {
        .apps = apps, .late_ms = 72LL * 3600 * 1000, .trusted_proxies = ""};
    if (collect_open(&config, &collect, &err) != MP_OK) {
        abort();
    }
    fuzz_worker = collect_worker_create(collect);
    if (!fuzz_worker) {
        abort();
    }
}

/* What was accepted must be a record that decodes to as many events, within every limit. */
static void fuzz_check(const struct mp_buf *out, const struct collect_result *result) {
    struct mp_prop props[MP_EVENT_PROPS_MAX];
    struct mp_record_reader reader;
    struct mp_context context;
    struct mp_event event;
    uint32_t count = 0;
    if (result->accepted == 0) {
        if (out->len != 0) {
            abort();
        }
        return;
    }
    if (mp_record_open(&reader, mp_buf_str(out), &context) != MP_OK) {
        abort();
    }
    while (mp_record_next(&reader, &event, props) == 1) {
        count++;
    }
    if (count != result->accepted) {
        abort();
    }
}

#endif
