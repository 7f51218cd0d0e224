/* Our own format, version 1: docs/collect.md and docs/collect.schema.json. */
#include "collect/internal.h"

#include <stdio.h>

#define FORMAT_VERSION 1

static bool is_null(struct mp_json value) {
    return mp_json_type(value) == MP_JSON_NULL;
}

static bool take_open(struct batch *batch, struct mp_json value, struct mp_event *event) {
    struct mp_json_iter iter = mp_json_iter(value);
    struct mp_json item;
    struct mp_str name;
    bool has_start = false;
    if (mp_json_type(value) != MP_JSON_OBJECT) {
        return complain(batch, MP_STR("open"), "must be an object with id and start");
    }
    event->open_id = MP_STR("");
    while (mp_json_next(&iter, &name, &item)) {
        bool is_fine = true;
        if (is_null(item)) {
            continue;
        }
        if (mp_str_is(name, "id")) {
            is_fine = take_text(batch, MP_STR("open.id"), item, MP_EVENT_ID_MAX, &event->open_id);
        } else if (mp_str_is(name, "start")) {
            is_fine = take_time(batch, MP_STR("open.start"), item, &event->open_start_ms);
            has_start = true;
        } else {
            is_fine = add_prop(batch, MP_STR("open."), name, item);
        }
        if (!is_fine) {
            return false;
        }
    }
    if (event->open_id.len == 0) {
        return complain(batch, MP_STR("open.id"), "is missing");
    }
    return has_start || complain(batch, MP_STR("open.start"), "is missing");
}

static bool take_member(struct batch *batch, enum event_field field, struct mp_json value,
                        struct mp_event *event) {
    if (field == FIELD_OPEN) {
        return take_open(batch, value, event);
    }
    return field == FIELD_PROPS ? add_props(batch, value)
                                : event_field_take(batch, field, value, event);
}

/* Which fields the event gave, as FIELD_BITs, in *given. */
static bool take_members(struct batch *batch, struct mp_json value, struct mp_event *event,
                         uint32_t *given) {
    struct mp_json_iter iter = mp_json_iter(value);
    struct mp_json item;
    struct mp_str name;
    while (mp_json_next(&iter, &name, &item)) {
        enum event_field field = event_field_find(name);
        /* null says nothing; of members with one name the first counts. */
        if (is_null(item) || (field != FIELD_COUNT && (*given & FIELD_BIT(field)))) {
            continue;
        }
        if (field == FIELD_COUNT) {
            if (!add_prop(batch, MP_STR(""), name, item)) {
                return false;
            }
            continue;
        }
        *given |= FIELD_BIT(field);
        if (!take_member(batch, field, item, event)) {
            return false;
        }
    }
    return true;
}

static bool check_event(struct batch *batch, const struct mp_event *event, uint32_t given) {
    bool is_page =
        mp_str_is(event->name, MP_EVENT_PAGE_VIEW) || mp_str_is(event->name, MP_EVENT_PAGE_LEAVE);
    if (event->id.len == 0) {
        return complain(batch, MP_STR("id"), "is missing");
    }
    if (!(given & FIELD_BIT(FIELD_NAME))) {
        return complain(batch, MP_STR("name"), "is missing");
    }
    if (!check_name(batch, MP_STR("name"), event->name) || !check_reserved(batch, event->name)) {
        return false;
    }
    if (!(given & FIELD_BIT(FIELD_TIME))) {
        return complain(batch, MP_STR("time"), "is missing");
    }
    if (event->user.len == 0) {
        return complain(batch, MP_STR("user"), "is missing here and in the request");
    }
    if (is_page && event->page.len == 0) {
        return complain(batch, MP_STR("page"), "is missing");
    }
    return check_money(batch, event, given);
}

static bool take_event(struct batch *batch, struct mp_json value, const struct mp_event *common) {
    struct mp_event event = *common;
    uint32_t given = 0;
    batch_next(batch);
    if (mp_json_type(value) != MP_JSON_OBJECT) {
        return complain(batch, MP_STR(""), "must be an object");
    }
    if (!take_members(batch, value, &event, &given)) {
        return false;
    }
    if (event.user.len == 0) {
        event.user = common->user;
    }
    if (!check_event(batch, &event, given)) {
        return false;
    }
    if (!identity_from_money(batch, &event)) {
        event.identity = identity_of_id(batch, event.id);
    }
    correct_time(batch, &event);
    batch_accept(batch, &event);
    return true;
}

static bool take_screen(struct mp_json value, uint16_t *out) {
    double pixels = 0;
    /* Android gives fractions where the pixel ratio does not divide. */
    if (!mp_json_f64(value, &pixels) || !(pixels >= 0 && pixels <= UINT16_MAX)) {
        return false;
    }
    *out = (uint16_t)(pixels + 0.5);
    return true;
}

static bool take_platform(struct batch *batch, struct mp_str name, struct mp_json value) {
    struct mp_str platform;
    if (!take_text(batch, name, value, COLLECT_CONTEXT_STR_MAX, &platform)) {
        return false;
    }
    batch->context.platform = platform_of(platform);
    /* Which other system it is would be lost with the number. */
    return batch->context.platform != MP_PLATFORM_OTHER ||
           add_prop(batch, MP_STR("context."), name, value);
}

static bool take_context_member(struct batch *batch, struct mp_str name, struct mp_json value) {
    struct mp_context *context = &batch->context;
    const struct {
        struct mp_str name;
        struct mp_str *slot;
    } texts[] = {{MP_STR("app_version"), &context->app_version},
                 {MP_STR("sdk"), &context->sdk},
                 {MP_STR("brand"), &context->brand},
                 {MP_STR("model"), &context->model},
                 {MP_STR("os_version"), &context->os_version},
                 {MP_STR("client_version"), &context->client_version},
                 {MP_STR("library_version"), &context->library_version},
                 {MP_STR("language"), &context->language},
                 {MP_STR("network"), &context->network}};
    if (is_null(value)) {
        return true;
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (mp_str_eq(name, texts[i].name)) {
            return take_text(batch, name, value, COLLECT_CONTEXT_STR_MAX, texts[i].slot);
        }
    }
    if (mp_str_is(name, "platform")) {
        return take_platform(batch, name, value);
    }
    bool is_width = mp_str_is(name, "screen_width");
    if (is_width || mp_str_is(name, "screen_height")) {
        return take_screen(value, is_width ? &context->screen_width : &context->screen_height) ||
               complain(batch, name, "must be a number from 0 to %d", UINT16_MAX);
    }
    return add_prop(batch, MP_STR("context."), name, value);
}

static bool take_context(struct batch *batch, struct mp_json value) {
    struct mp_json_iter iter = mp_json_iter(value);
    struct mp_json item;
    struct mp_str name;
    if (mp_json_type(value) != MP_JSON_OBJECT) {
        return complain(batch, MP_STR("context"), "must be an object");
    }
    batch->within = "context.";
    while (mp_json_next(&iter, &name, &item)) {
        if (!take_context_member(batch, name, item)) {
            return false;
        }
    }
    batch->within = "";
    return true;
}

static bool take_sent(struct batch *batch, struct mp_json value) {
    int64_t sent_ms = 0;
    if (!take_time(batch, MP_STR("sent"), value, &sent_ms)) {
        return false;
    }
    batch->offset_ms = clock_offset_ms(batch, sent_ms);
    return true;
}

/* A member of the request other than v, app and events; common gets the default user and open. */
static bool take_request_member(struct batch *batch, struct mp_str name, struct mp_json value,
                                struct mp_event *common) {
    if (is_null(value) || mp_str_is(name, "v") || mp_str_is(name, "app") ||
        mp_str_is(name, "events")) {
        return true;
    }
    if (mp_str_is(name, "sent")) {
        return take_sent(batch, value);
    }
    if (mp_str_is(name, "user")) {
        return take_text(batch, name, value, MP_EVENT_ID_MAX, &common->user);
    }
    if (mp_str_is(name, "context")) {
        return take_context(batch, value);
    }
    if (mp_str_is(name, "open")) {
        return take_open(batch, value, common);
    }
    return add_prop(batch, MP_STR("request."), name, value);
}

static int take_request(struct batch *batch, struct mp_json root, struct mp_event *common,
                        struct mp_error *err) {
    struct mp_json_iter iter = mp_json_iter(root);
    struct mp_json value;
    struct mp_str name;
    int64_t version = 0;
    if (!mp_json_get(root, MP_STR("v"), &value) || !mp_json_i64(value, &version) ||
        version != FORMAT_VERSION) {
        return mp_fail(err, MP_E_ARGUMENT, "v", "must be %d", FORMAT_VERSION);
    }
    while (mp_json_next(&iter, &name, &value)) {
        if (!take_request_member(batch, name, value, common)) {
            return batch_fail(batch, err);
        }
    }
    batch->common_props = batch->prop_count;
    batch->context.user = common->user;
    return MP_OK;
}

static int find_app(struct batch *batch, const struct mp_apps_snapshot *apps, struct mp_json root,
                    struct mp_error *err) {
    struct mp_json value;
    struct mp_str key = batch->input->key;
    if (key.len == 0 && mp_json_get(root, MP_STR("app"), &value) && !is_null(value) &&
        !mp_json_str(value, &key)) {
        return mp_fail(err, MP_E_ARGUMENT, "app", "must be a string, the write key");
    }
    batch->app = mp_apps_by_write_key(apps, key);
    if (!batch->app) {
        return mp_fail(err, MP_E_DENIED, "app", "the write key is %s",
                       key.len > 0 ? "unknown" : "missing");
    }
    snprintf(batch->result->app, sizeof(batch->result->app), "%s", batch->app->id);
    return MP_OK;
}

static int take_events(struct batch *batch, struct mp_json root, const struct mp_event *common,
                       struct mp_error *err) {
    struct mp_json list, value;
    if (!mp_json_get(root, MP_STR("events"), &list) || mp_json_type(list) != MP_JSON_ARRAY) {
        return mp_fail(err, MP_E_ARGUMENT, "events", "must be a list");
    }
    size_t count = mp_json_size(list);
    if (count == 0) {
        return mp_fail(err, MP_E_ARGUMENT, "events", "is empty");
    }
    if (count > MP_EVENT_PER_RECORD_MAX) {
        return mp_fail(err, MP_E_TOO_LARGE, "events", "has %zu events, %d are allowed", count,
                       MP_EVENT_PER_RECORD_MAX);
    }
    struct mp_json_iter iter = mp_json_iter(list);
    for (; mp_json_next(&iter, NULL, &value) && !batch->out->failed; batch->index++) {
        if (!take_event(batch, value, common)) {
            batch_refuse(batch);
        }
    }
    return batch_end(batch, err);
}

int collect_native(struct collect_worker *worker, const struct collect_input *input,
                   struct mp_buf *out, struct collect_result *result, struct mp_error *err) {
    struct batch batch = collect_batch_begin(worker, input, out, result);
    struct mp_event common = {.dwell_ms = -1};
    struct mp_json root;
    struct mp_str text;
    int code = body_plain(worker, input, &text, err);
    if (code == MP_OK) {
        code = body_parse(worker, text, &root, err);
    }
    if (code != MP_OK) {
        return code;
    }
    if (mp_json_type(root) != MP_JSON_OBJECT) {
        return mp_fail(err, MP_E_ARGUMENT, "body", "must be a JSON object");
    }
    struct mp_apps_snapshot *apps = mp_apps_acquire(worker->collect->apps);
    code = find_app(&batch, apps, root, err);
    if (code == MP_OK) {
        code = take_request(&batch, root, &common, err);
    }
    if (code == MP_OK) {
        code = take_events(&batch, root, &common, err);
    }
    mp_apps_release(apps);
    return code;
}
