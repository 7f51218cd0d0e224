#include "collect/sensors_names.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct mp_str sensors_event_name(struct mp_str theirs) {
    static const struct {
        struct mp_str theirs;
        struct mp_str ours;
    } names[] = {
        {MP_STR("$MPViewScreen"), MP_STR(MP_EVENT_PAGE_VIEW)},
        {MP_STR("$MPPageLeave"), MP_STR(MP_EVENT_PAGE_LEAVE)},
        {MP_STR("$MPClick"), MP_STR(MP_EVENT_CLICK)},
        {MP_STR("$MPLaunch"), MP_STR(MP_EVENT_LAUNCH)},
        {MP_STR("$MPShow"), MP_STR(MP_EVENT_SHOW)},
        {MP_STR("$MPHide"), MP_STR(MP_EVENT_HIDE)},
        {MP_STR("$MPShare"), MP_STR(MP_EVENT_SHARE)},
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        if (mp_str_eq(theirs, names[i].theirs)) {
            return names[i].ours;
        }
    }
    return theirs;
}

struct mp_str *sensors_context_slot(struct mp_context *context, struct mp_str property) {
    static const struct {
        struct mp_str property;
        size_t offset;
    } slots[] = {
        {MP_STR("$app_version"), offsetof(struct mp_context, app_version)},
        {MP_STR("$brand"), offsetof(struct mp_context, brand)},
        {MP_STR("$model"), offsetof(struct mp_context, model)},
        {MP_STR("$os_version"), offsetof(struct mp_context, os_version)},
        {MP_STR("$network_type"), offsetof(struct mp_context, network)},
        {MP_STR("$mp_client_app_version"), offsetof(struct mp_context, client_version)},
        {MP_STR("$mp_client_basic_library_version"), offsetof(struct mp_context, library_version)},
    };
    for (size_t i = 0; i < COUNT(slots); i++) {
        if (mp_str_eq(property, slots[i].property)) {
            return (struct mp_str *)(void *)((char *)context + slots[i].offset);
        }
    }
    return NULL;
}

bool sensors_is_unknown(struct mp_str text) {
    static const struct mp_str words[] = {MP_STR("未取到"), MP_STR("未取到值"), MP_STR("直接打开")};
    for (size_t i = 0; i < COUNT(words); i++) {
        if (mp_str_eq(text, words[i])) {
            return true;
        }
    }
    return false;
}

uint16_t sensors_scene(struct mp_str text) {
    struct mp_str prefix = MP_STR("wx-");
    uint64_t scene = 0;
    bool is_scene =
        mp_str_starts_with(text, prefix) &&
        mp_str_to_u64(mp_str_range(text.ptr + prefix.len, text.len - prefix.len), &scene) &&
        scene <= UINT16_MAX;
    return is_scene ? (uint16_t)scene : 0;
}
