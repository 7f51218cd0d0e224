/* What an app's SDK is told: on or off, and how much of each class of events it keeps. */
#include "base/apps_snapshot.h"

#define PERCENT 100

const char *const mp_sampled_names[MP_SAMPLED_COUNT] = {
    "page", "share", "click", "interact", "error", "request", "performance", "custom"};

static int find_class(struct mp_str name) {
    int found = 0;
    while (found < MP_SAMPLED_COUNT && !mp_str_is(name, mp_sampled_names[found])) {
        found++;
    }
    return found;
}

int mp_app_sdk_keep(struct mp_app_sdk *sdk, struct mp_str list, struct mp_error *err) {
    struct mp_app_sdk changed = *sdk;
    if (mp_str_is(list, "all")) {
        memset(sdk->dropped_percent, 0, sizeof(sdk->dropped_percent));
        return MP_OK;
    }
    do {
        struct mp_str percent = mp_str_cut(&list, ',');
        struct mp_str name = mp_str_cut(&percent, '=');
        uint64_t kept = 0;
        int found = find_class(name);
        if (found == MP_SAMPLED_COUNT || !mp_str_to_u64(percent, &kept) || kept > PERCENT) {
            return mp_fail(err, MP_E_ARGUMENT, "keep",
                           "must be all, or a list as click=10,custom=50 of page, share, click, "
                           "interact, error, request, performance, custom");
        }
        changed.dropped_percent[found] = (uint8_t)(PERCENT - kept);
    } while (list.ptr);
    *sdk = changed;
    return MP_OK;
}

void mp_app_sdk_put(struct mp_json_writer *writer, const struct mp_app_sdk *sdk) {
    mp_jw_key(writer, "enabled");
    mp_jw_bool(writer, !sdk->is_off);
    mp_jw_key(writer, "sampling");
    mp_jw_object_begin(writer);
    for (int i = 0; i < MP_SAMPLED_COUNT; i++) {
        if (sdk->dropped_percent[i] > 0) {
            mp_jw_key(writer, mp_sampled_names[i]);
            mp_jw_f64(writer, (double)(PERCENT - sdk->dropped_percent[i]) / PERCENT);
        }
    }
    mp_jw_object_end(writer);
}

int mp_app_sdk_read(struct mp_json object, struct mp_app_sdk *out, struct mp_error *err) {
    struct mp_json enabled, sampling, value;
    struct mp_str name;
    bool is_on = true;
    if (!mp_json_get(object, MP_STR("enabled"), &enabled) || !mp_json_bool(enabled, &is_on) ||
        !mp_json_get(object, MP_STR("sampling"), &sampling)) {
        return mp_fail(err, MP_E_CORRUPT, "sdk", "sdk lacks enabled or sampling");
    }
    *out = (struct mp_app_sdk){.is_off = !is_on};
    for (struct mp_json_iter it = mp_json_iter(sampling); mp_json_next(&it, &name, &value);) {
        double kept = 0;
        int found = find_class(name);
        if (found == MP_SAMPLED_COUNT || !mp_json_f64(value, &kept) || !(kept >= 0 && kept <= 1)) {
            return mp_fail(err, MP_E_CORRUPT, "sampling", "sampling has no class and rate");
        }
        out->dropped_percent[found] = (uint8_t)(PERCENT - (int)(kept * PERCENT + 0.5));
    }
    return MP_OK;
}
