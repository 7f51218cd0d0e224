#include "load/touched.h"

#include "base/hash.h"

#include <stdlib.h>

#define TOUCHED_FIRST 16u

void touched_init(struct touched *touched) {
    *touched = (struct touched){0};
}

void touched_deinit(struct touched *touched) {
    free(touched->apps);
    free(touched->slots);
    touched_init(touched);
}

void touched_clear(struct touched *touched) {
    touched->count = 0;
    if (touched->slots) {
        memset(touched->slots, 0, 2 * touched->capacity * sizeof(*touched->slots));
    }
}

static struct mp_str app_of(const struct touched_app *entry) {
    return mp_str_range(entry->app, entry->app_len);
}

/* The slot that holds the app, or the free one where it belongs. */
static uint32_t *find(const struct touched *touched, struct mp_str app) {
    size_t mask = 2 * touched->capacity - 1;
    size_t slot = (size_t)mp_checksum(app.ptr, app.len) & mask;
    while (touched->slots[slot] != 0 &&
           !mp_str_eq(app_of(&touched->apps[touched->slots[slot] - 1]), app)) {
        slot = (slot + 1) & mask;
    }
    return &touched->slots[slot];
}

static int grow(struct touched *touched) {
    size_t capacity = touched->capacity ? 2 * touched->capacity : TOUCHED_FIRST;
    struct touched_app *apps = realloc(touched->apps, capacity * sizeof(*apps));
    touched->apps = apps ? apps : touched->apps;
    uint32_t *slots = apps ? calloc(2 * capacity, sizeof(*slots)) : NULL;
    if (!slots) {
        return MP_E_MEMORY;
    }
    free(touched->slots);
    touched->slots = slots;
    touched->capacity = capacity;
    for (size_t i = 0; i < touched->count; i++) {
        *find(touched, app_of(&apps[i])) = (uint32_t)i + 1;
    }
    return MP_OK;
}

int touched_add(struct touched *touched, struct mp_str app, int32_t first, int32_t last,
                uint64_t events) {
    app.len = app.len <= MP_EVENT_ID_MAX ? app.len : MP_EVENT_ID_MAX;
    if (touched->count == touched->capacity && grow(touched) != MP_OK) {
        return MP_E_MEMORY;
    }
    uint32_t *slot = find(touched, app);
    if (*slot == 0) {
        struct touched_app *fresh = &touched->apps[touched->count++];
        *fresh =
            (struct touched_app){.app_len = (uint8_t)app.len, .first_day = first, .last_day = last};
        memcpy(fresh->app, app.ptr, app.len);
        *slot = (uint32_t)touched->count;
    }
    struct touched_app *entry = &touched->apps[*slot - 1];
    entry->first_day = first < entry->first_day ? first : entry->first_day;
    entry->last_day = last > entry->last_day ? last : entry->last_day;
    entry->events += events;
    return MP_OK;
}

int touched_merge(struct touched *touched, const struct touched *from) {
    int code = MP_OK;
    for (size_t i = 0; code == MP_OK && i < from->count; i++) {
        const struct touched_app *entry = &from->apps[i];
        code =
            touched_add(touched, app_of(entry), entry->first_day, entry->last_day, entry->events);
    }
    return code;
}
