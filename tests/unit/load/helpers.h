/* What load's tests share: cmocka's includes, a folder that goes away, events by a short hand. */
#ifndef MP_TESTS_LOAD_HELPERS_H
#define MP_TESTS_LOAD_HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "load/opens.h"
#include "unit/base/random.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND_MS 1000LL
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define TIMEOUT_MS (30 * MINUTE_MS)

/* Days are UTC's here. */
static inline struct rollup_event event_at(int64_t time_ms, enum event_kind kind) {
    struct rollup_event event = {.time_ms = time_ms,
                                 .day = (int32_t)(time_ms / DAY_MS),
                                 .dwell_ms = -1,
                                 .kind = (uint8_t)kind};
    return event;
}

static inline struct rollup_event page_at(int64_t time_ms, enum event_kind kind, uint32_t page) {
    struct rollup_event event = event_at(time_ms, kind);
    event.page = page;
    return event;
}

static char test_dir[64];

__attribute__((unused)) static int make_dir(void **state) {
    (void)state;
    mp_log_setup(MP_LOG_ERROR, false);
    snprintf(test_dir, sizeof(test_dir), "/tmp/minipulse-load-XXXXXX");
    return mkdtemp(test_dir) ? 0 : -1;
}

__attribute__((unused)) static int drop_dir(void **state) {
    char path[400];
    (void)state;
    DIR *list = opendir(test_dir);
    for (struct dirent *entry; list && (entry = readdir(list));) {
        snprintf(path, sizeof(path), "%s/%.255s", test_dir, entry->d_name);
        unlink(path);
    }
    closedir(list);
    return rmdir(test_dir);
}

#define EACH_IN_A_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, drop_dir)

#endif
