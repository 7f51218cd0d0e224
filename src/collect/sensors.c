/* Sensors Analytics' format, as its public mini-program SDK sends it: docs/collect.md. */
#include "collect/sensors.h"

#include "collect/sensors_names.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define MS_PER_SECOND 1000.0
#define TYPE_MAX 64

/* An event on its way from their JSON to ours. */
struct sensors_event {
    struct mp_event event;
    struct mp_str type;
    struct mp_str name; /* theirs */
    int64_t client_ms;
    struct mp_json properties;
    bool has_properties;
    uint32_t given; /* FIELD_BITs */
    char id[24];
};

/* ---- properties with a column of their own; what does not fit it stays a property ---- */

/* $scene says how the app was opened this time, $latest_scene how it was last. */
static void take_scene(struct sensors_event *at) {
    at->event.scene = sensors_scene(mp_json_text(at->properties, "$scene"));
    if (at->event.scene == 0) {
        at->event.scene = sensors_scene(mp_json_text(at->properties, "$latest_scene"));
    }
}

static bool take_duration(struct sensors_event *at, struct mp_json value) {
    double seconds = 0;
    if ((!mp_str_is(at->event.name, MP_EVENT_HIDE) &&
         !mp_str_is(at->event.name, MP_EVENT_PAGE_LEAVE)) ||
        !mp_json_f64(value, &seconds) || !(seconds >= 0) ||
        seconds * MS_PER_SECOND > (double)COLLECT_DWELL_MS_MAX) {
        return false;
    }
    at->event.dwell_ms = llround(seconds * MS_PER_SECOND);
    return true;
}

static enum event_field text_column(struct mp_str name) {
    static const struct {
        struct mp_str name;
        enum event_field field;
    } columns[] = {
        {MP_STR("$url_path"), FIELD_PAGE},      {MP_STR("$url_query"), FIELD_QUERY},
        {MP_STR("$title"), FIELD_TITLE},        {MP_STR("$referrer"), FIELD_REFERRER},
        {MP_STR("$element_id"), FIELD_ELEMENT},
    };
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        if (mp_str_eq(name, columns[i].name)) {
            return columns[i].field;
        }
    }
    return FIELD_COUNT;
}

/* True when the property has found its column. */
static bool take_column(struct batch *batch, struct sensors_event *at, struct mp_str name,
                        struct mp_json value) {
    struct mp_str text;
    if (name.len == 0 || (name.ptr[0] != '$' && name.ptr[0] != 'e')) {
        return false;
    }
    if (mp_str_is(name, "event_duration")) {
        return take_duration(at, value);
    }
    if (sensors_is_in_context(batch, name, value)) {
        return true;
    }
    if (!mp_json_str(value, &text)) {
        return false;
    }
    enum event_field field = text_column(name);
    if (field != FIELD_COUNT && (text.len == 0 || sensors_is_unknown(text))) {
        return true;
    }
    if (mp_str_is(name, "$scene") || mp_str_is(name, "$latest_scene")) {
        return sensors_is_unknown(text) ||
               (at->event.scene != 0 && sensors_scene(text) == at->event.scene);
    }
    return field != FIELD_COUNT && event_field_take(batch, field, value, &at->event);
}

/* order_id, amount_fen and password_free of sensors.track('$pay', {…}); wrong ones are refused. */
static bool is_money(const struct sensors_event *at, enum event_field field) {
    return (field == FIELD_ORDER || field == FIELD_AMOUNT || field == FIELD_PASSWORD_FREE) &&
           (mp_str_is(at->event.name, MP_EVENT_PAY) || mp_str_is(at->event.name, MP_EVENT_REFUND));
}

static bool take_property(struct batch *batch, struct sensors_event *at, struct mp_str name,
                          struct mp_json value) {
    if (mp_json_type(value) == MP_JSON_NULL) {
        return true;
    }
    enum event_field field = event_field_find(name);
    if (is_money(at, field)) {
        at->given |= FIELD_BIT(field);
        return event_field_take(batch, field, value, &at->event);
    }
    return take_column(batch, at, name, value) || add_prop(batch, MP_STR(""), name, value);
}

static bool take_properties(struct batch *batch, struct sensors_event *at) {
    struct mp_json value;
    struct mp_str name;
    batch->within = "properties.";
    if (at->has_properties) {
        struct mp_json_iter iter = mp_json_iter(at->properties);
        take_scene(at);
        while (mp_json_next(&iter, &name, &value)) {
            if (!take_property(batch, at, name, value)) {
                return false;
            }
        }
    }
    bool is_fine = check_money(batch, &at->event, at->given);
    batch->within = is_fine ? "" : batch->within;
    return is_fine;
}

/* ---- the event ---- */

/* Members that are read for their meaning, or say nothing of the event. */
static bool is_known_member(struct mp_str name) {
    static const struct mp_str known[] = {
        MP_STR("distinct_id"), MP_STR("type"),       MP_STR("event"),
        MP_STR("time"),        MP_STR("properties"), MP_STR("lib"),
        MP_STR("_flush_time"), MP_STR("_track_id"),  MP_STR("original_id")};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (mp_str_eq(name, known[i])) {
            return true;
        }
    }
    return false;
}

static bool take_other_members(struct batch *batch, struct mp_json json) {
    struct mp_json_iter iter = mp_json_iter(json);
    struct mp_json value;
    struct mp_str name;
    while (mp_json_next(&iter, &name, &value)) {
        if (!is_known_member(name) && !add_prop(batch, MP_STR(""), name, value)) {
            return false;
        }
    }
    return true;
}

/* Our name of the event, from its type and theirs. What a profile or a sign-up says besides becomes
 * a property. */
static bool take_name(struct batch *batch, struct mp_json json, struct sensors_event *at) {
    struct mp_json value;
    if (mp_str_is(at->type, "track_signup")) {
        at->event.name = MP_STR(MP_EVENT_IDENTIFY);
        return !mp_json_get(json, MP_STR("original_id"), &value) ||
               add_prop(batch, MP_STR(""), MP_STR("previous_user"), value);
    }
    if (mp_str_starts_with(at->type, MP_STR("profile_"))) {
        at->event.name = MP_STR(MP_EVENT_PROFILE);
        return mp_json_get(json, MP_STR("type"), &value) &&
               add_prop(batch, MP_STR(""), MP_STR("profile_type"), value);
    }
    if (mp_str_starts_with(at->type, MP_STR("track"))) {
        at->event.name = sensors_event_name(at->name);
        return check_name(batch, MP_STR("event"), at->name);
    }
    if (mp_str_starts_with(at->type, MP_STR("item_"))) {
        return complain(batch, MP_STR("type"), "items are no events of a user and are not kept");
    }
    return complain(batch, MP_STR("type"), "must be track, track_… or profile_…");
}

/* The members that every event has. */
static bool take_head(struct batch *batch, struct mp_json json, struct sensors_event *at) {
    struct mp_json value;
    struct mp_str user = mp_json_text(json, "distinct_id");
    at->type = mp_json_text(json, "type");
    at->name = mp_json_text(json, "event");
    if (user.len == 0 || user.len > MP_EVENT_ID_MAX || memchr(user.ptr, '\0', user.len)) {
        return complain(batch, MP_STR("distinct_id"), "must be a string of 1 to %d bytes",
                        MP_EVENT_ID_MAX);
    }
    at->event.user = user;
    if (at->type.len == 0 || at->type.len > TYPE_MAX) {
        return complain(batch, MP_STR("type"), "must be a string of 1 to %d bytes", TYPE_MAX);
    }
    if (!mp_json_get(json, MP_STR("time"), &value)) {
        return complain(batch, MP_STR("time"), "is missing");
    }
    if (!take_time(batch, MP_STR("time"), value, &at->client_ms)) {
        return false;
    }
    at->event.time_ms = at->client_ms;
    at->has_properties = mp_json_get(json, MP_STR("properties"), &at->properties);
    if (at->has_properties && mp_json_type(at->properties) != MP_JSON_OBJECT) {
        return complain(batch, MP_STR("properties"), "must be an object");
    }
    return take_name(batch, json, at);
}

/*
 * The SDK numbers events with _track_id, at random and short; together with user, name and time, of
 * which it gives no two events of one client the same, it tells them apart. A retry repeats them
 * all, and changes _flush_time alone. Profiles have no number: their properties stand in for it.
 */
static bool take_identity(struct batch *batch, struct mp_json json, struct sensors_event *at) {
    struct mp_buf *key = &batch->worker->scratch;
    struct mp_json value;
    int64_t track_id = 0;
    struct mp_str id = mp_json_text(json, "_track_id");
    if (mp_json_get(json, MP_STR("_track_id"), &value) && mp_json_i64(value, &track_id)) {
        int len = snprintf(at->id, sizeof(at->id), "%" PRId64, track_id);
        id = mp_str_range(at->id, (size_t)len);
    }
    at->event.id = id.len <= MP_EVENT_ID_MAX ? id : MP_STR("");
    if (identity_from_money(batch, &at->event)) {
        return true;
    }
    mp_buf_clear(key);
    mp_buf_append_lstr(key, mp_str_of(batch->app->id));
    mp_buf_append_lstr(key, at->event.user);
    mp_buf_append_lstr(key, at->type);
    mp_buf_append_lstr(key, at->name);
    mp_buf_append_u64(key, (uint64_t)at->client_ms);
    mp_buf_append_lstr(key, id);
    if (id.len == 0 && at->has_properties) {
        mp_json_dump(at->properties, key);
    }
    at->event.identity = mp_hash128(key->ptr, key->len);
    return !key->failed || complain(batch, MP_STR("properties"), "are too large");
}

static void take_offset(struct batch *batch, struct mp_json json) {
    struct mp_json value;
    int64_t flushed_ms = 0;
    batch->offset_ms = 0;
    if (mp_json_get(json, MP_STR("_flush_time"), &value) && mp_json_i64(value, &flushed_ms) &&
        flushed_ms >= 0 && flushed_ms <= COLLECT_TIME_MS_MAX) {
        batch->offset_ms = clock_offset_ms(batch, flushed_ms);
    }
}

static bool take_event(struct batch *batch, struct mp_json json) {
    struct sensors_event at = {.event = {.dwell_ms = -1}};
    batch_next(batch);
    if (mp_json_type(json) != MP_JSON_OBJECT) {
        return complain(batch, MP_STR(""), "must be an object");
    }
    if (!take_head(batch, json, &at) || !take_properties(batch, &at) ||
        !take_other_members(batch, json) || !take_identity(batch, json, &at)) {
        return false;
    }
    take_offset(batch, json);
    correct_time(batch, &at.event);
    batch_accept(batch, &at.event);
    return true;
}

static int take_list(struct batch *batch, struct mp_json list, struct mp_error *err) {
    struct mp_json_iter iter = mp_json_iter(list);
    struct mp_json value, properties;
    size_t count = mp_json_size(list);
    if (count == 0) {
        return mp_fail(err, MP_E_ARGUMENT, "data_list", "is empty");
    }
    if (count > MP_EVENT_PER_RECORD_MAX) {
        return mp_fail(err, MP_E_TOO_LARGE, "data_list", "has %zu events, %d are allowed", count,
                       MP_EVENT_PER_RECORD_MAX);
    }
    while (mp_json_next(&iter, NULL, &value)) {
        if (sensors_presets(value, &properties)) {
            sensors_take_context(batch, properties);
            break;
        }
    }
    iter = mp_json_iter(list);
    for (; mp_json_next(&iter, NULL, &value) && !batch->out->failed; batch->index++) {
        if (!take_event(batch, value)) {
            batch_refuse(batch);
        }
    }
    return batch_end(batch, err);
}

static int take_one(struct batch *batch, struct mp_json json, struct mp_error *err) {
    struct mp_json properties;
    if (sensors_presets(json, &properties)) {
        sensors_take_context(batch, properties);
    }
    if (!take_event(batch, json)) {
        batch_refuse(batch);
    }
    return batch_end(batch, err);
}

/* The header's key, or project: a write key, or the app's id as Sensors' own URLs have it. */
static int find_app(struct batch *batch, const struct mp_apps_snapshot *apps,
                    struct mp_error *err) {
    struct mp_str key = batch->input->key, project = batch->input->project;
    if (key.len > 0) {
        batch->app = mp_apps_by_write_key(apps, key);
    } else {
        batch->app = mp_apps_by_write_key(apps, project);
        batch->app = batch->app ? batch->app : mp_apps_by_id(apps, project);
    }
    if (!batch->app) {
        return mp_fail(err, MP_E_DENIED, "project", "names no app: …/sa?project=WRITE_KEY");
    }
    snprintf(batch->result->app, sizeof(batch->result->app), "%s", batch->app->id);
    return MP_OK;
}

int collect_sensors(struct collect_worker *worker, const struct collect_input *input,
                    struct mp_buf *out, struct collect_result *result, struct mp_error *err) {
    struct batch batch = collect_batch_begin(worker, input, out, result);
    struct mp_json root;
    struct mp_str text;
    batch.is_lenient = true;
    struct mp_apps_snapshot *apps = mp_apps_acquire(worker->collect->apps);
    int code = find_app(&batch, apps, err);
    if (code == MP_OK) {
        code = sensors_text(worker, input, &text, err);
    }
    if (code == MP_OK) {
        code = body_parse(worker, text, &root, err);
    }
    if (code == MP_OK) {
        code = mp_json_type(root) == MP_JSON_ARRAY ? take_list(&batch, root, err)
                                                   : take_one(&batch, root, err);
    }
    mp_apps_release(apps);
    return code;
}
