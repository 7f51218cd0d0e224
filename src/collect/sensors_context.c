/* What the events of one client share: Sensors' clients repeat it in each event. */
#include "collect/sensors.h"
#include "collect/sensors_names.h"

#include <math.h>
#include <stdio.h>

#define SDK_TEXT_MAX 96

static void take_screen(struct mp_json properties, const char *name, uint16_t *out) {
    struct mp_json value;
    double pixels = 0;
    if (mp_json_get(properties, mp_str_of(name), &value) && mp_json_f64(value, &pixels) &&
        pixels >= 0 && pixels <= UINT16_MAX) {
        *out = (uint16_t)(pixels + 0.5);
    }
}

static void take_sdk(struct batch *batch, struct mp_json properties) {
    struct mp_str version = mp_json_text(properties, "$lib_version");
    char *text = mp_arena_alloc(batch->arena, SDK_TEXT_MAX);
    if (text && version.len > 0 && version.len < SDK_TEXT_MAX - sizeof("sensors/")) {
        int len = snprintf(text, SDK_TEXT_MAX, "sensors/%.*s", MP_STR_ARG(version));
        batch->context.sdk = mp_str_range(text, (size_t)len);
    }
}

static bool is_context_text(struct mp_str text) {
    return text.len <= COLLECT_CONTEXT_STR_MAX && !(text.len > 0 && memchr(text.ptr, 0, text.len));
}

void sensors_take_context(struct batch *batch, struct mp_json properties) {
    struct mp_json_iter iter = mp_json_iter(properties);
    struct mp_json value;
    struct mp_str name, text;
    while (mp_json_next(&iter, &name, &value)) {
        struct mp_str *slot = sensors_context_slot(&batch->context, name);
        if (slot && mp_json_str(value, &text) && is_context_text(text)) {
            *slot = text;
        }
    }
    batch->context.platform = platform_of(mp_json_text(properties, "$os"));
    take_screen(properties, "$screen_width", &batch->context.screen_width);
    take_screen(properties, "$screen_height", &batch->context.screen_height);
    take_sdk(batch, properties);
}

bool sensors_presets(struct mp_json event, struct mp_json *properties) {
    struct mp_json ignored;
    return mp_json_get(event, MP_STR("properties"), properties) &&
           mp_json_get(*properties, MP_STR("$lib"), &ignored);
}

bool sensors_is_in_context(const struct batch *batch, struct mp_str name, struct mp_json value) {
    struct mp_context context = batch->context;
    struct mp_str text;
    double pixels = 0;
    if (mp_json_f64(value, &pixels)) {
        return (mp_str_is(name, "$screen_width") && fabs(pixels - context.screen_width) <= 0.5) ||
               (mp_str_is(name, "$screen_height") && fabs(pixels - context.screen_height) <= 0.5);
    }
    if (!mp_json_str(value, &text)) {
        return false;
    }
    if (mp_str_is(name, "$os")) {
        enum mp_platform platform = platform_of(text);
        return platform == context.platform && platform != MP_PLATFORM_OTHER;
    }
    if (mp_str_is(name, "$lib_version")) {
        size_t prefix = strlen("sensors/");
        return context.sdk.len > prefix &&
               mp_str_eq(text, mp_str_range(context.sdk.ptr + prefix, context.sdk.len - prefix));
    }
    const struct mp_str *slot = sensors_context_slot(&context, name);
    return slot && mp_str_eq(text, *slot);
}
