/* Our own format, version 1: docs/collect.md and docs/collect.schema.json. */
#include "collect/internal.h"

#include <stdio.h>

#define FORMAT_VERSION 1
#define SCENE_MAX 65535
#define TIME_MS_MAX 4102444800000LL /* the year 2100 */

/* Where a member of an event goes. */
enum member { M_TEXT, M_INTEGER, M_BOOL, M_PAGE, M_PROPS, M_OPEN };

struct member_rule {
    const char *name;
    enum member kind;
    size_t offset; /* in struct mp_event */
    size_t max;    /* bytes of text */
    int64_t least, most;
};

#define RULE_TEXT(name, field, max)                                                                \
    { name, M_TEXT, offsetof(struct mp_event, field), max, 0, 0 }
#define RULE_INT(name, field, least, most)                                                         \
    { name, M_INTEGER, offsetof(struct mp_event, field), 0, least, most }

static const struct member_rule event_rules[] = {
    RULE_TEXT("id", id, MP_EVENT_ID_MAX),
    RULE_TEXT("name", name, MP_EVENT_NAME_MAX),
    RULE_TEXT("user", user, MP_EVENT_ID_MAX),
    RULE_INT("time", time_ms, 0, TIME_MS_MAX),
    {"open", M_OPEN, 0, 0, 0, 0},
    {"page", M_PAGE, 0, MP_EVENT_STR_MAX, 0, 0},
    RULE_TEXT("query", query, MP_EVENT_STR_MAX),
    RULE_TEXT("referrer", referrer, MP_EVENT_STR_MAX),
    RULE_TEXT("title", title, MP_EVENT_STR_MAX),
    RULE_INT("dwell_ms", dwell_ms, 0, COLLECT_DWELL_MS_MAX),
    {"scene", M_INTEGER, offsetof(struct mp_event, scene), 0, 0, SCENE_MAX},
    RULE_TEXT("element", element, MP_EVENT_STR_MAX),
    RULE_TEXT("order_id", order_id, MP_EVENT_ID_MAX),
    RULE_INT("amount_fen", amount_fen, 0, COLLECT_AMOUNT_FEN_MAX),
    {"password_free", M_BOOL, 0, 0, 0, 0},
    {"props", M_PROPS, 0, 0, 0, 0},
};

struct context_rule {
    const char *name;
    size_t offset; /* in struct mp_context */
};

static const struct context_rule context_rules[] = {
    {"app_version", offsetof(struct mp_context, app_version)},
    {"sdk", offsetof(struct mp_context, sdk)},
    {"brand", offsetof(struct mp_context, brand)},
    {"model", offsetof(struct mp_context, model)},
    {"os_version", offsetof(struct mp_context, os_version)},
    {"client_version", offsetof(struct mp_context, client_version)},
    {"library_version", offsetof(struct mp_context, library_version)},
    {"language", offsetof(struct mp_context, language)},
    {"network", offsetof(struct mp_context, network)},
};

static bool is_known_reserved(struct mp_str name) {
    static const char *const names[] = {MP_EVENT_LAUNCH,    MP_EVENT_SHOW,       MP_EVENT_HIDE,
                                        MP_EVENT_PAGE_VIEW, MP_EVENT_PAGE_LEAVE, MP_EVENT_SHARE,
                                        MP_EVENT_CLICK,     MP_EVENT_ADD,        MP_EVENT_REMOVE,
                                        MP_EVENT_PAY,       MP_EVENT_REFUND,     MP_EVENT_IDENTIFY,
                                        MP_EVENT_PROFILE};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (mp_str_is(name, names[i])) {
            return true;
        }
    }
    return false;
}

static bool take_open(struct batch *batch, struct mp_json value, struct mp_event *event) {
    struct mp_json member;
    int64_t start = 0;
    if (mp_json_type(value) != MP_JSON_OBJECT) {
        return fault(batch, "open", "must be an object with id and start");
    }
    if (!mp_json_get(value, MP_STR("id"), &member) ||
        !take_text(batch, member, "open.id", MP_EVENT_ID_MAX, &event->open_id) ||
        event->open_id.len == 0) {
        return batch->result->rejected > 0 && event->open_id.len > 0
                   ? false
                   : fault(batch, "open.id", "is missing");
    }
    if (!mp_json_get(value, MP_STR("start"), &member)) {
        return fault(batch, "open.start", "is missing");
    }
    if (!take_integer(batch, member, "open.start", 1, TIME_MS_MAX, &start)) {
        return false;
    }
    event->open_start_ms = start + batch->offset_ms;
    return true;
}

static bool take_props(struct batch *batch, struct mp_json value, struct mp_event *event) {
    struct mp_json_iter iter = mp_json_iter(value);
    struct mp_json item;
    struct mp_str name;
    if (mp_json_type(value) != MP_JSON_OBJECT) {
        return fault(batch, "props", "must be an object");
    }
    while (mp_json_next(&iter, &name, &item)) {
        if (!add_prop(batch, event, name, item)) {
            return false;
        }
    }
    return true;
}

static bool take_member(struct batch *batch, const struct member_rule *rule, struct mp_json value,
                        struct mp_event *event) {
    char *slot = (char *)event + rule->offset;
    int64_t number = 0;
    bool truth = false;
    struct mp_str path = {"", 0};
    switch (rule->kind) {
    case M_TEXT:
        return take_text(batch, value, rule->name, rule->max, (struct mp_str *)(void *)slot);
    case M_INTEGER:
        if (!take_integer(batch, value, rule->name, rule->least, rule->most, &number)) {
            return false;
        }
        if (rule->offset == offsetof(struct mp_event, scene)) {
            event->scene = (uint16_t)number;
        } else if (mp_json_type(value) != MP_JSON_NULL) {
            memcpy(slot, &number, sizeof(number));
        }
        return true;
    case M_BOOL:
        if (!mp_json_bool(value, &truth)) {
            return fault(batch, rule->name, "must be true or false");
        }
        event->password_free = truth;
        return true;
    case M_PAGE:
        if (!take_text(batch, value, rule->name, rule->max, &path)) {
            return false;
        }
        split_page(path, event);
        return true;
    case M_PROPS:
        return take_props(batch, value, event);
    default:
        return take_open(batch, value, event);
    }
}

static bool check_event(struct batch *batch, struct mp_event *event) {
    bool is_money = mp_str_is(event->name, MP_EVENT_PAY) || mp_str_is(event->name, MP_EVENT_REFUND);
    if (event->id.len == 0) {
        return fault(batch, "id", "is missing");
    }
    if (!name_is_fine(event->name)) {
        return fault(batch, "name", "must be 1 to 128 bytes without control bytes");
    }
    if (event->name.ptr[0] == '$' && !is_known_reserved(event->name)) {
        return fault(batch, "name", "begins with $ but is none of the reserved names");
    }
    if (event->time_ms <= 0) {
        return fault(batch, "time", "is missing");
    }
    if (is_money && event->order_id.len == 0) {
        return fault(batch, "order_id", "is missing");
    }
    if (event->user.len == 0 && batch->context.user.len == 0) {
        return fault(batch, "user", "is missing, here and in the request");
    }
    return true;
}

static struct mp_hash128 identity_of(struct batch *batch, const struct mp_event *event) {
    struct mp_buf *scratch = &batch->worker->scratch;
    mp_buf_clear(scratch);
    mp_buf_append_lstr(scratch, mp_str_of(batch->app->id));
    mp_buf_append_str(scratch, event->id);
    return mp_hash128(scratch->ptr, scratch->len);
}

static bool take_event(struct batch *batch, struct mp_json value, const struct mp_event *common) {
    struct mp_event event = *common;
    struct mp_json_iter iter = mp_json_iter(value);
    struct mp_json item;
    struct mp_str name;
    if (mp_json_type(value) != MP_JSON_OBJECT) {
        return fault(batch, "", "must be an object");
    }
    while (mp_json_next(&iter, &name, &item)) {
        const struct member_rule *rule = NULL;
        for (size_t i = 0; i < sizeof(event_rules) / sizeof(event_rules[0]) && !rule; i++) {
            rule = mp_str_is(name, event_rules[i].name) ? &event_rules[i] : NULL;
        }
        bool is_taken =
            rule ? take_member(batch, rule, item, &event) : add_prop(batch, &event, name, item);
        if (!is_taken) {
            return false;
        }
    }
    if (!check_event(batch, &event)) {
        return false;
    }
    correct_time(batch, &event, event.time_ms);
    event.identity = identity_of(batch, &event);
    emit(batch, &event);
    return true;
}

static int take_context(struct batch *batch, struct mp_json context, struct mp_error *err) {
    struct mp_json value;
    int64_t number;
    for (size_t i = 0; i < sizeof(context_rules) / sizeof(context_rules[0]); i++) {
        struct mp_str *slot =
            (struct mp_str *)(void *)((char *)&batch->context + context_rules[i].offset);
        if (!mp_json_get(context, mp_str_of(context_rules[i].name), &value)) {
            continue;
        }
        if (!mp_json_str(value, slot) || slot->len > MP_EVENT_STR_MAX) {
            char field[64];
            snprintf(field, sizeof(field), "context.%s", context_rules[i].name);
            return mp_fail(err, MP_E_ARGUMENT, field, "must be a string of at most %d bytes",
                           MP_EVENT_STR_MAX);
        }
    }
    struct mp_str platform = {"", 0};
    if (mp_json_get(context, MP_STR("platform"), &value) && mp_json_str(value, &platform)) {
        batch->context.platform = platform_of(platform);
    }
    if (mp_json_get(context, MP_STR("screen_width"), &value) && mp_json_i64(value, &number) &&
        number >= 0 && number <= UINT16_MAX) {
        batch->context.screen_width = (uint16_t)number;
    }
    if (mp_json_get(context, MP_STR("screen_height"), &value) && mp_json_i64(value, &number) &&
        number >= 0 && number <= UINT16_MAX) {
        batch->context.screen_height = (uint16_t)number;
    }
    return MP_OK;
}

/* The request's own members: version, sent, user. */
static int take_request(struct batch *batch, struct mp_json root, struct mp_error *err) {
    struct mp_json value;
    int64_t version = 0, sent = 0;
    if (mp_json_type(root) != MP_JSON_OBJECT) {
        return mp_fail(err, MP_E_ARGUMENT, "", "the body must be a JSON object");
    }
    if (!mp_json_get(root, MP_STR("v"), &value) || !mp_json_i64(value, &version) ||
        version != FORMAT_VERSION) {
        return mp_fail(err, MP_E_ARGUMENT, "v", "must be %d", FORMAT_VERSION);
    }
    if (mp_json_get(root, MP_STR("sent"), &value)) {
        if (!mp_json_i64(value, &sent) || sent <= 0 || sent > TIME_MS_MAX) {
            return mp_fail(err, MP_E_ARGUMENT, "sent", "must be milliseconds since 1970");
        }
        int64_t offset = batch->input->received_ms - sent;
        bool is_latency = offset > -COLLECT_CLOCK_SLACK_MS && offset < COLLECT_CLOCK_SLACK_MS;
        batch->offset_ms = is_latency ? 0 : offset;
    }
    if (mp_json_get(root, MP_STR("user"), &value) &&
        (!mp_json_str(value, &batch->context.user) || batch->context.user.len > MP_EVENT_ID_MAX)) {
        return mp_fail(err, MP_E_ARGUMENT, "user", "must be a string of at most %d bytes",
                       MP_EVENT_ID_MAX);
    }
    if (mp_json_get(root, MP_STR("context"), &value)) {
        if (mp_json_type(value) != MP_JSON_OBJECT) {
            return mp_fail(err, MP_E_ARGUMENT, "context", "must be an object");
        }
        return take_context(batch, value, err);
    }
    return MP_OK;
}

static int find_app(struct batch *batch, const struct mp_apps_snapshot *apps, struct mp_json root,
                    struct mp_error *err) {
    struct mp_json value;
    struct mp_str key = batch->input->key;
    if (key.len == 0 && mp_json_get(root, MP_STR("app"), &value) && !mp_json_str(value, &key)) {
        return mp_fail(err, MP_E_ARGUMENT, "app", "must be the write key, a string");
    }
    batch->app = mp_apps_by_write_key(apps, key);
    return batch->app ? MP_OK
                      : mp_fail(err, MP_E_DENIED, "app", "the write key is missing or unknown");
}

static int take_events(struct batch *batch, struct mp_json root, struct mp_error *err) {
    struct mp_json list, value;
    struct mp_event common = {.dwell_ms = -1};
    if (!mp_json_get(root, MP_STR("events"), &list) || mp_json_type(list) != MP_JSON_ARRAY) {
        return mp_fail(err, MP_E_ARGUMENT, "events", "must be a list");
    }
    size_t count = mp_json_size(list);
    if (count == 0 || count > MP_EVENT_PER_RECORD_MAX) {
        return mp_fail(err, MP_E_TOO_LARGE, "events", "must have 1 to %d events, not %zu",
                       MP_EVENT_PER_RECORD_MAX, count);
    }
    /* The request's open holds for all events that bring none. */
    if (mp_json_get(root, MP_STR("open"), &value) && !take_open(batch, value, &common)) {
        batch->result->rejected = 0;
        return mp_fail(err, MP_E_ARGUMENT, "open", "must have id and start");
    }
    struct mp_json_iter iter = mp_json_iter(list);
    for (; mp_json_next(&iter, NULL, &value); batch->index++) {
        (void)take_event(batch, value, &common);
    }
    return batch->out->failed ? mp_fail(err, MP_E_TOO_LARGE, "body", "too large") : MP_OK;
}

int collect_native(struct collect_worker *worker, const struct collect_input *input,
                   struct mp_buf *out, struct collect_result *result, struct mp_error *err) {
    struct batch batch = {.worker = worker, .input = input, .result = result, .out = out};
    struct mp_str body = input->body;
    struct mp_json root;
    result->accepted = result->rejected = 0;
    result->app[0] = 0;
    mp_arena_reset(&worker->arena);
    if (mp_str_is(input->content_encoding, "gzip")) {
        int code = inflate_gzip(worker, body, &worker->plain, err);
        if (code != MP_OK) {
            return code;
        }
        body = mp_buf_str(&worker->plain);
    } else if (input->content_encoding.len > 0 && !mp_str_is(input->content_encoding, "identity")) {
        return mp_fail(err, MP_E_ARGUMENT, "Content-Encoding", "must be gzip or identity");
    }
    int code = mp_json_parse(worker->parser, body, &root, err);
    if (code != MP_OK) {
        return code;
    }
    struct mp_apps_snapshot *apps = mp_apps_acquire(worker->collect->apps);
    code = find_app(&batch, apps, root, err);
    if (code == MP_OK) {
        snprintf(result->app, sizeof(result->app), "%s", batch.app->id);
        code = take_request(&batch, root, err);
    }
    if (code == MP_OK) {
        code = take_events(&batch, root, err);
    }
    mp_apps_release(apps);
    return code;
}
