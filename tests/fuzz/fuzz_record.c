/* The decoder of journal records: any bytes are read whole or refused, strings stay inside the
 * record, and what was read encodes to a record that reads the same. */
#include "base/event.h"

#include <stdlib.h>

static void check_inside(struct mp_str s, const uint8_t *data, size_t size) {
    const uint8_t *at = (const uint8_t *)s.ptr;
    if (s.len > 0 && (at < data || at + s.len > data + size)) {
        abort();
    }
}

static void check_event(const struct mp_event *event, const uint8_t *data, size_t size) {
    if (event->prop_count > MP_EVENT_PROPS_MAX || event->name.len > MP_EVENT_NAME_MAX) {
        abort();
    }
    check_inside(event->page, data, size);
    for (size_t i = 0; i < event->prop_count; i++) {
        check_inside(event->props[i].name, data, size);
        check_inside(event->props[i].text, data, size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct mp_prop props[MP_EVENT_PROPS_MAX];
    struct mp_record_reader reader, again;
    struct mp_context context;
    struct mp_event event;
    struct mp_buf out;
    int got, count = 0;
    if (mp_record_open(&reader, mp_str_range((const char *)data, size), &context) != MP_OK) {
        return 0;
    }
    mp_buf_init(&out, 2 * MP_RECORD_BYTES_MAX);
    mp_record_begin(&out, &context);
    while ((got = mp_record_next(&reader, &event, props)) == 1) {
        check_event(&event, data, size);
        mp_record_add(&out, &event);
        count++;
    }
    if (mp_record_next(&reader, &event, props) != got) {
        abort(); /* the end and damage stay what they are */
    }
    if (out.failed || mp_record_open(&again, mp_buf_str(&out), &context) != MP_OK) {
        abort();
    }
    while (mp_record_next(&again, &event, props) == 1) {
        count--;
    }
    if (count != 0) {
        abort();
    }
    mp_buf_deinit(&out);
    return 0;
}
