/* Shared by the tests of collect/: one registry with one app, one worker, and what a request left
 * in the record. */
#ifndef MP_TESTS_UNIT_COLLECT_HELPERS_H
#define MP_TESTS_UNIT_COLLECT_HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include "base/event.h"
#include "collect/collect.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW_MS 1795000000000LL
#define LATE_MS (72LL * 3600 * 1000)
#define SEEN_MAX 8

struct desk {
    char dir[64];
    struct mp_apps *apps;
    struct mp_app app;
    struct collect_wechatpay *wechatpay; /* test_notice.c's */
    struct collect *collect;
    struct collect_worker *worker;
    struct collect_input input;
    struct mp_buf out;
    struct collect_result result;
    struct mp_error err;
    struct mp_context context;
    struct mp_event events[SEEN_MAX]; /* the first ones of the record */
    struct mp_prop props[SEEN_MAX][MP_EVENT_PROPS_MAX];
};

static int desk_open_with(void **state, const char *proxies, const char *mmdb_file) {
    struct desk *desk = calloc(1, sizeof(*desk));
    assert_non_null(desk);
    snprintf(desk->dir, sizeof(desk->dir), "/tmp/minipulse-collect-XXXXXX");
    assert_non_null(mkdtemp(desk->dir));
    assert_int_equal(mp_apps_open(desk->dir, &desk->apps, &desk->err), MP_OK);
    assert_int_equal(mp_apps_add(desk->apps, "shop", "A shop", "UTC", MP_OPEN_TIMEOUT_MS_DEFAULT,
                                 &desk->app, &desk->err),
                     MP_OK);
    struct collect_config config = {
        .apps = desk->apps, .late_ms = LATE_MS, .mmdb_file = mmdb_file, .trusted_proxies = proxies};
    assert_int_equal(collect_open(&config, &desk->collect, &desk->err), MP_OK);
    desk->worker = collect_worker_create(desk->collect);
    assert_non_null(desk->worker);
    mp_buf_init(&desk->out, MP_RECORD_BYTES_MAX);
    desk->input = (struct collect_input){.key = mp_str_of(desk->app.write_key),
                                         .peer = MP_STR("203.0.113.7"),
                                         .received_ms = NOW_MS};
    *state = desk;
    return 0;
}

static inline int desk_open(void **state) {
    return desk_open_with(state, "", NULL);
}

static inline int desk_close(void **state) {
    struct desk *desk = *state;
    char file[128];
    snprintf(file, sizeof(file), "%s/apps.json", desk->dir);
    unlink(file);
    snprintf(file, sizeof(file), "%s/apps.lock", desk->dir);
    unlink(file);
    rmdir(desk->dir);
    mp_buf_deinit(&desk->out);
    collect_worker_destroy(desk->worker);
    collect_close(desk->collect);
    mp_apps_close(desk->apps);
    free(desk);
    return 0;
}

/* Reads the record back. The record must have as many events as were accepted. */
static inline void desk_read(struct desk *desk) {
    struct mp_record_reader reader;
    struct mp_prop props[MP_EVENT_PROPS_MAX];
    struct mp_event event;
    uint32_t count = 0;
    if (desk->result.accepted == 0) {
        assert_int_equal(desk->out.len, 0);
        return;
    }
    assert_int_equal(mp_record_open(&reader, mp_buf_str(&desk->out), &desk->context), MP_OK);
    while (mp_record_next(&reader, &event, count < SEEN_MAX ? desk->props[count] : props) == 1) {
        if (count < SEEN_MAX) {
            desk->events[count] = event;
        }
        count++;
    }
    assert_int_equal(count, desk->result.accepted);
}

/* Before a decoder is called. */
static inline void desk_clear(struct desk *desk) {
    mp_buf_clear(&desk->out);
    desk->err = (struct mp_error){0};
}

/* What a decoder gave: events, which are read back, or nothing but a reason. */
static inline int desk_take(struct desk *desk, int code) {
    if (code == MP_OK) {
        desk_read(desk);
    } else {
        assert_int_equal(desk->out.len, 0);
        assert_true(desk->err.message[0]);
    }
    return code;
}

static inline int send_native(struct desk *desk, struct mp_str body) {
    desk_clear(desk);
    desk->input.body = body;
    int code = collect_native(desk->worker, &desk->input, &desk->out, &desk->result, &desk->err);
    return desk_take(desk, code);
}

static inline int send_sensors(struct desk *desk) {
    desk_clear(desk);
    int code = collect_sensors(desk->worker, &desk->input, &desk->out, &desk->result, &desk->err);
    return desk_take(desk, code);
}

static inline void assert_text(struct mp_str got, const char *expected) {
    if (!mp_str_is(got, expected)) {
        fail_msg("\"%.*s\" is not \"%s\"", MP_STR_ARG(got), expected);
    }
}

/* The event's property of that name, or NULL. */
static inline const struct mp_prop *prop_of(const struct mp_event *event, const char *name) {
    for (size_t i = 0; i < event->prop_count; i++) {
        if (mp_str_is(event->props[i].name, name)) {
            return &event->props[i];
        }
    }
    return NULL;
}

static inline void assert_prop_text(const struct mp_event *event, const char *name,
                                    const char *expected) {
    const struct mp_prop *prop = prop_of(event, name);
    if (!prop || prop->type != MP_PROP_STRING) {
        fail_msg("no text property \"%s\"", name);
        return;
    }
    assert_text(prop->text, expected);
}

static inline void assert_prop_number(const struct mp_event *event, const char *name,
                                      double expected) {
    const struct mp_prop *prop = prop_of(event, name);
    if (!prop || prop->type != MP_PROP_NUMBER || prop->number != expected) {
        fail_msg("no number \"%s\" = %g", name, expected);
    }
}

/* The only fault is the one of that field, for a reason that has those words. */
static inline void assert_fault(const struct desk *desk, const char *field, const char *words) {
    assert_int_equal(desk->result.rejected, 1);
    assert_string_equal(desk->result.faults[0].field, field);
    if (!strstr(desk->result.faults[0].reason, words)) {
        fail_msg("\"%s\" does not say \"%s\"", desk->result.faults[0].reason, words);
    }
}

static inline void assert_refused(const struct desk *desk, enum mp_code code, const char *field,
                                  const char *words) {
    assert_int_equal(desk->err.code, code);
    assert_string_equal(desk->err.field, field);
    if (!strstr(desk->err.message, words)) {
        fail_msg("\"%s\" does not say \"%s\"", desk->err.message, words);
    }
}

#endif
