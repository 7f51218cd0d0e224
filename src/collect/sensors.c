/* Sensors Analytics' format, as its public mini-program SDK sends it: docs/collect.md. */
#include "collect/base64.h"
#include "collect/internal.h"

#include <math.h>
#include <stdio.h>

#define MS_PER_SECOND 1000.0

struct name_pair {
    const char *theirs;
    const char *ours;
};

static const struct name_pair event_names[] = {
    {"$MPLaunch", MP_EVENT_LAUNCH},
    {"$MPShow", MP_EVENT_SHOW},
    {"$MPHide", MP_EVENT_HIDE},
    {"$MPViewScreen", MP_EVENT_PAGE_VIEW},
    {"$MPPageLeave", MP_EVENT_PAGE_LEAVE},
    {"$MPShare", MP_EVENT_SHARE},
    {"$MPClick", MP_EVENT_CLICK},
    {"$SignUp", MP_EVENT_IDENTIFY},
};

/* Properties that have a column of ours. */
struct property_rule {
    const char *name;
    bool in_context;
    size_t offset;
};

#define IN_EVENT(name, field)                                                                      \
    { name, false, offsetof(struct mp_event, field) }
#define IN_CONTEXT(name, field)                                                                    \
    { name, true, offsetof(struct mp_context, field) }

static const struct property_rule property_rules[] = {
    IN_EVENT("$url_query", query),
    IN_EVENT("$referrer", referrer),
    IN_EVENT("$title", title),
    IN_EVENT("$element_id", element),
    IN_CONTEXT("$app_version", app_version),
    IN_CONTEXT("$brand", brand),
    IN_CONTEXT("$model", model),
    IN_CONTEXT("$os_version", os_version),
    IN_CONTEXT("$mp_client_app_version", client_version),
    IN_CONTEXT("$mp_client_basic_library_version", library_version),
    IN_CONTEXT("$network_type", network),
};

static struct mp_str map_name(struct mp_str theirs) {
    for (size_t i = 0; i < sizeof(event_names) / sizeof(event_names[0]); i++) {
        if (mp_str_is(theirs, event_names[i].theirs)) {
            return mp_str_of(event_names[i].ours);
        }
    }
    return theirs;
}

/* "wx-1001" → 1001. */
static bool take_scene(struct batch *batch, struct mp_json value, struct mp_event *event) {
    struct mp_str text = {"", 0};
    uint64_t scene = 0;
    if (!take_text(batch, value, "properties.$scene", 64, &text)) {
        return false;
    }
    if (mp_str_starts_with(text, MP_STR("wx-")) &&
        mp_str_to_u64(mp_str_range(text.ptr + 3, text.len - 3), &scene) && scene <= UINT16_MAX) {
        event->scene = (uint16_t)scene;
    }
    return true;
}

static bool take_duration(struct batch *batch, struct mp_json value, struct mp_event *event) {
    double seconds = 0;
    if (!mp_json_f64(value, &seconds) || !(seconds >= 0) ||
        seconds * MS_PER_SECOND > (double)COLLECT_DWELL_MS_MAX) {
        return fault(batch, "properties.event_duration", "must be seconds, 0 to 7 days");
    }
    event->dwell_ms = llround(seconds * MS_PER_SECOND);
    return true;
}

/* True when the property was one that is read for its meaning; *ok false when its value is wrong.
 */
static bool take_special(struct batch *batch, struct mp_str name, struct mp_json value,
                         struct mp_event *event, bool *ok) {
    struct mp_str text = {"", 0};
    if (mp_str_is(name, "$scene") || mp_str_is(name, "$latest_scene")) {
        *ok = event->scene != 0 || take_scene(batch, value, event);
    } else if (mp_str_is(name, "event_duration")) {
        *ok = take_duration(batch, value, event);
    } else if (mp_str_is(name, "$url_path")) {
        *ok = take_text(batch, value, "properties.$url_path", MP_EVENT_STR_MAX, &text);
        struct mp_str query = event->query;
        split_page(text, event);
        event->query = query.len > 0 ? query : event->query;
    } else if (mp_str_is(name, "$os")) {
        *ok = take_text(batch, value, "properties.$os", MP_EVENT_STR_MAX, &text);
        batch->context.platform = batch->has_head ? batch->context.platform : platform_of(text);
    } else if (mp_str_is(name, "$screen_width") || mp_str_is(name, "$screen_height")) {
        int64_t number = 0;
        bool is_width = mp_str_is(name, "$screen_width");
        *ok = true;
        if (mp_json_i64(value, &number) && number >= 0 && number <= UINT16_MAX) {
            *(is_width ? &batch->context.screen_width : &batch->context.screen_height) =
                (uint16_t)number;
        }
    } else {
        return false;
    }
    return true;
}

static bool take_property(struct batch *batch, struct mp_str name, struct mp_json value,
                          struct mp_event *event) {
    bool ok = true;
    if (take_special(batch, name, value, event, &ok)) {
        return ok;
    }
    for (size_t i = 0; i < sizeof(property_rules) / sizeof(property_rules[0]); i++) {
        const struct property_rule *rule = &property_rules[i];
        struct mp_str ignored = {"", 0};
        if (!mp_str_is(name, rule->name)) {
            continue;
        }
        char *slot = (rule->in_context ? (char *)&batch->context : (char *)event) + rule->offset;
        bool is_late = rule->in_context && batch->has_head; /* the record's head is written */
        return take_text(batch, value, rule->name, MP_EVENT_STR_MAX,
                         is_late ? &ignored : (struct mp_str *)(void *)slot);
    }
    return add_prop(batch, event, name, value);
}

static bool take_properties(struct batch *batch, struct mp_json event_json,
                            struct mp_event *event) {
    struct mp_json properties, value;
    struct mp_str name;
    if (!mp_json_get(event_json, MP_STR("properties"), &properties)) {
        return true;
    }
    if (mp_json_type(properties) != MP_JSON_OBJECT) {
        return fault(batch, "properties", "must be an object");
    }
    struct mp_json_iter iter = mp_json_iter(properties);
    while (mp_json_next(&iter, &name, &value)) {
        if (!take_property(batch, name, value, event)) {
            return false;
        }
    }
    return true;
}

/* The event's name from type and event; profiles become $profile with their verb as a property. */
static bool take_type(struct batch *batch, struct mp_json json, struct mp_event *event) {
    struct mp_json value;
    struct mp_str type = {"", 0}, name = {"", 0};
    if (!mp_json_get(json, MP_STR("type"), &value) || !take_text(batch, value, "type", 64, &type) ||
        type.len == 0) {
        return fault(batch, "type", "is missing");
    }
    if (mp_json_get(json, MP_STR("event"), &value) &&
        !take_text(batch, value, "event", MP_EVENT_NAME_MAX, &name)) {
        return false;
    }
    if (mp_str_is(type, "track")) {
        event->name = map_name(name);
        return name_is_fine(event->name) || fault(batch, "event", "is missing or malformed");
    }
    if (mp_str_is(type, "track_signup")) {
        event->name = MP_STR(MP_EVENT_IDENTIFY);
        return !mp_json_get(json, MP_STR("original_id"), &value) ||
               add_prop(batch, event, MP_STR("previous_user"), value);
    }
    if (mp_str_starts_with(type, MP_STR("profile_"))) {
        event->name = MP_STR(MP_EVENT_PROFILE);
        return !mp_json_get(json, MP_STR("type"), &value) ||
               add_prop(batch, event, MP_STR("profile_type"), value);
    }
    return fault(batch, "type", "is not track, track_signup or profile_*");
}

/* The SDK numbers events with _track_id, which a retry repeats; the rest guards against its reuse.
 */
static bool take_identity(struct batch *batch, struct mp_json json, int64_t client_ms,
                          struct mp_event *event) {
    struct mp_json value;
    int64_t track_id = 0;
    struct mp_buf *scratch = &batch->worker->scratch;
    if (mp_json_get(json, MP_STR("_track_id"), &value) && mp_json_i64(value, &track_id)) {
        char text[24];
        int len = snprintf(text, sizeof(text), "%lld", (long long)track_id);
        event->id = mp_arena_str(&batch->worker->arena, mp_str_range(text, (size_t)len));
    }
    mp_buf_clear(scratch);
    mp_buf_append_lstr(scratch, mp_str_of(batch->app->id));
    mp_buf_append_lstr(scratch, event->user.len ? event->user : batch->context.user);
    mp_buf_append_lstr(scratch, event->name);
    mp_buf_append_lstr(scratch, event->page);
    mp_buf_append_u64(scratch, (uint64_t)client_ms);
    mp_buf_append_u64(scratch, (uint64_t)track_id);
    event->identity = mp_hash128(scratch->ptr, scratch->len);
    return !scratch->failed;
}

static bool take_user(struct batch *batch, struct mp_json json, struct mp_event *event) {
    struct mp_json value;
    struct mp_str user = {"", 0};
    if (!mp_json_get(json, MP_STR("distinct_id"), &value) ||
        !take_text(batch, value, "distinct_id", MP_EVENT_ID_MAX, &user) || user.len == 0) {
        return fault(batch, "distinct_id", "is missing");
    }
    if (!batch->has_head) {
        batch->context.user = user;
    } else if (!mp_str_eq(user, batch->context.user)) {
        event->user = user;
    }
    return true;
}

static void take_offset(struct batch *batch, struct mp_json json) {
    struct mp_json value;
    int64_t flushed = 0;
    batch->offset_ms = 0;
    if (mp_json_get(json, MP_STR("_flush_time"), &value) && mp_json_i64(value, &flushed) &&
        flushed > 0 && flushed < 4102444800000LL) {
        int64_t offset = batch->input->received_ms - flushed;
        bool is_latency = offset > -COLLECT_CLOCK_SLACK_MS && offset < COLLECT_CLOCK_SLACK_MS;
        batch->offset_ms = is_latency ? 0 : offset;
    }
}

static bool take_event(struct batch *batch, struct mp_json json) {
    struct mp_event event = {.dwell_ms = -1};
    struct mp_json value;
    int64_t client_ms = 0;
    if (mp_json_type(json) != MP_JSON_OBJECT) {
        return fault(batch, "", "must be an object");
    }
    if (!mp_json_get(json, MP_STR("time"), &value) || !mp_json_i64(value, &client_ms) ||
        client_ms <= 0 || client_ms > 4102444800000LL) {
        return fault(batch, "time", "must be milliseconds since 1970");
    }
    if (!take_user(batch, json, &event) || !take_type(batch, json, &event) ||
        !take_properties(batch, json, &event) || !take_identity(batch, json, client_ms, &event)) {
        return false;
    }
    take_offset(batch, json);
    correct_time(batch, &event, client_ms);
    emit(batch, &event);
    return true;
}

static void take_sdk(struct batch *batch, struct mp_json json) {
    struct mp_json lib, value;
    struct mp_str version = {"", 0};
    char text[96];
    if (mp_json_get(json, MP_STR("lib"), &lib) &&
        mp_json_get(lib, MP_STR("$lib_version"), &value) && mp_json_str(value, &version) &&
        version.len < 64) {
        int len = snprintf(text, sizeof(text), "sensors/%.*s", MP_STR_ARG(version));
        batch->context.sdk = mp_arena_str(&batch->worker->arena, mp_str_range(text, (size_t)len));
    }
}

/* The JSON text out of the query or the form: percent-decoding, base64, gzip. */
static int unwrap(struct batch *batch, struct mp_str *text, struct mp_error *err) {
    struct collect_worker *worker = batch->worker;
    struct mp_str form = batch->input->body;
    struct mp_str data = batch->input->query; /* decoded by the HTTP library */
    bool is_gzip = false;
    if (form.len > 0) {
        if (form_field(form, "payloads").ptr || form_field(form, "ekey").ptr ||
            form_field(form, "pkv").ptr) {
            return mp_fail(err, MP_E_ARGUMENT, "payloads",
                           "encrypted bodies cannot be read; switch encryption off in the SDK");
        }
        data = form_field(form, "data_list");
        data = data.ptr ? data : form_field(form, "data");
        is_gzip = mp_str_is(form_field(form, "gzip"), "1");
        if (!data.ptr || !form_decode(data, &worker->plain)) {
            return mp_fail(err, MP_E_ARGUMENT, "data_list", "is missing or not a form value");
        }
        data = mp_buf_str(&worker->plain);
    }
    if (data.len == 0) {
        return mp_fail(err, MP_E_ARGUMENT, "data", "is missing");
    }
    if (!base64_decode(data, &worker->plain2)) {
        return mp_fail(err, MP_E_ARGUMENT, "data", "is not base64");
    }
    *text = mp_buf_str(&worker->plain2);
    /* Some versions gzip without saying so in a GET. */
    is_gzip |= text->len > 2 && (uint8_t)text->ptr[0] == 0x1f && (uint8_t)text->ptr[1] == 0x8b;
    if (is_gzip) {
        int code = inflate_gzip(worker, *text, &worker->plain, err);
        *text = mp_buf_str(&worker->plain);
        return code;
    }
    return MP_OK;
}

static int take_all(struct batch *batch, struct mp_json root, struct mp_error *err) {
    struct mp_json value = root;
    if (mp_json_type(root) == MP_JSON_OBJECT) {
        take_sdk(batch, root);
        (void)take_event(batch, root);
        return MP_OK;
    }
    if (mp_json_type(root) != MP_JSON_ARRAY) {
        return mp_fail(err, MP_E_ARGUMENT, "data", "must be an event or a list of events");
    }
    if (mp_json_size(root) == 0 || mp_json_size(root) > MP_EVENT_PER_RECORD_MAX) {
        return mp_fail(err, MP_E_TOO_LARGE, "data_list", "must have 1 to %d events",
                       MP_EVENT_PER_RECORD_MAX);
    }
    struct mp_json_iter iter = mp_json_iter(root);
    for (; mp_json_next(&iter, NULL, &value); batch->index++) {
        if (batch->index == 0) {
            take_sdk(batch, value);
        }
        (void)take_event(batch, value);
    }
    return MP_OK;
}

int collect_sensors(struct collect_worker *worker, const struct collect_input *input,
                    struct mp_buf *out, struct collect_result *result, struct mp_error *err) {
    struct batch batch = {.worker = worker, .input = input, .result = result, .out = out};
    struct mp_json root;
    struct mp_str text;
    result->accepted = result->rejected = 0;
    result->app[0] = 0;
    mp_arena_reset(&worker->arena);
    struct mp_apps_snapshot *apps = mp_apps_acquire(worker->collect->apps);
    struct mp_str key = input->key.len > 0 ? input->key : input->project;
    batch.app = mp_apps_by_write_key(apps, key);
    int code = batch.app ? MP_OK
                         : mp_fail(err, MP_E_DENIED, "project",
                                   "must be the app's write key: …/sa?project=mpw_…");
    if (code == MP_OK) {
        snprintf(result->app, sizeof(result->app), "%s", batch.app->id);
        code = unwrap(&batch, &text, err);
    }
    if (code == MP_OK) {
        code = mp_json_parse(worker->parser, text, &root, err);
    }
    if (code == MP_OK) {
        code = take_all(&batch, root, err);
    }
    if (code == MP_OK && out->failed) {
        code = mp_fail(err, MP_E_TOO_LARGE, "body", "too large");
    }
    mp_apps_release(apps);
    return code;
}
