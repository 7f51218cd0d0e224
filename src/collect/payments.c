/* Payments and refunds as the app's own server posts them: docs/payments.md. */
#include "collect/internal.h"

#include "base/moment.h"

#include <stdio.h>

/* What an item may have besides refund_id. */
#define KNOWN_FIELDS                                                                               \
    (FIELD_BIT(FIELD_ORDER) | FIELD_BIT(FIELD_USER) | FIELD_BIT(FIELD_AMOUNT) |                    \
     FIELD_BIT(FIELD_PASSWORD_FREE) | FIELD_BIT(FIELD_TIME) | FIELD_BIT(FIELD_SCENE) |             \
     FIELD_BIT(FIELD_PAGE) | FIELD_BIT(FIELD_QUERY) | FIELD_BIT(FIELD_PROPS))

static bool is_null(struct mp_json value) {
    return mp_json_type(value) == MP_JSON_NULL;
}

/* An item with a refund_id is a refund; it becomes the first property. */
static bool take_kind(struct batch *batch, struct mp_json item, struct mp_event *event) {
    struct mp_json value;
    struct mp_str id = MP_STR(""), name = MP_STR(REFUND_ID);
    event->name = MP_STR(MP_EVENT_PAY);
    if (!mp_json_get(item, name, &value) || is_null(value)) {
        return true;
    }
    event->name = MP_STR(MP_EVENT_REFUND);
    if (!take_text(batch, name, value, MP_EVENT_ID_MAX, &id)) {
        return false;
    }
    return id.len > 0 ? add_prop(batch, MP_STR(""), name, value)
                      : complain(batch, name, "is empty");
}

/* Milliseconds since 1970, or RFC 3339 text. */
static bool take_moment(struct batch *batch, struct mp_json value, struct mp_event *event) {
    struct mp_str text;
    int64_t utc_ms = 0;
    if (!mp_json_str(value, &text)) {
        return event_field_take(batch, FIELD_TIME, value, event);
    }
    if (!mp_time_parse(text, &utc_ms) || utc_ms < 0) {
        return complain(batch, MP_STR("time"),
                        "must be milliseconds since 1970, or like 2026-11-24T09:02:03+08:00");
    }
    event->time_ms = utc_ms;
    return true;
}

static bool take_member(struct batch *batch, enum event_field field, struct mp_str name,
                        struct mp_json value, struct mp_event *event) {
    if (field == FIELD_COUNT || !(KNOWN_FIELDS & FIELD_BIT(field))) {
        return complain(batch, name, "is not known here; put what is yours into props");
    }
    switch (field) {
    case FIELD_TIME:
        return take_moment(batch, value, event);
    case FIELD_PROPS:
        return add_props(batch, value);
    default:
        return event_field_take(batch, field, value, event);
    }
}

static bool check_item(struct batch *batch, const struct mp_event *event, uint32_t given) {
    bool is_refund = mp_str_is(event->name, MP_EVENT_REFUND);
    if (!check_money(batch, event, given)) {
        return false;
    }
    if (!(given & FIELD_BIT(FIELD_TIME))) {
        return complain(batch, MP_STR("time"), "is missing");
    }
    if (!is_refund && event->user.len == 0) {
        return complain(batch, MP_STR("user"), "is missing");
    }
    if (is_refund && (given & FIELD_BIT(FIELD_PASSWORD_FREE))) {
        return complain(batch, MP_STR("password_free"), "belongs to a payment, not to a refund");
    }
    return true;
}

static bool take_item(struct batch *batch, struct mp_json item) {
    struct mp_event event = {.dwell_ms = -1};
    struct mp_json_iter iter = mp_json_iter(item);
    struct mp_json value;
    struct mp_str name;
    uint32_t given = 0;
    batch_next(batch);
    if (mp_json_type(item) != MP_JSON_OBJECT) {
        return complain(batch, MP_STR(""), "must be an object");
    }
    if (!take_kind(batch, item, &event)) {
        return false;
    }
    while (mp_json_next(&iter, &name, &value)) {
        enum event_field field = event_field_find(name);
        /* null says nothing; of members with one name the first counts. */
        if (is_null(value) || mp_str_is(name, REFUND_ID) || (given & FIELD_BIT(field))) {
            continue;
        }
        given |= FIELD_BIT(field);
        if (!take_member(batch, field, name, value, &event)) {
            return false;
        }
    }
    if (!check_item(batch, &event, given) || !identity_from_money(batch, &event)) {
        return false;
    }
    correct_time(batch, &event);
    batch_accept(batch, &event);
    return true;
}

static int take_list(struct batch *batch, struct mp_json list, struct mp_error *err) {
    struct mp_json_iter iter = mp_json_iter(list);
    struct mp_json item;
    size_t count = mp_json_size(list);
    if (count == 0) {
        return mp_fail(err, MP_E_ARGUMENT, batch->list, "the list is empty");
    }
    if (count > COLLECT_PAYMENTS_MAX) {
        return mp_fail(err, MP_E_TOO_LARGE, batch->list, "the list has %zu items, %d are allowed",
                       count, COLLECT_PAYMENTS_MAX);
    }
    for (; mp_json_next(&iter, NULL, &item) && !batch->out->failed; batch->index++) {
        if (!take_item(batch, item)) {
            batch_refuse(batch);
        }
    }
    return batch_end(batch, err);
}

static int take_body(struct batch *batch, struct mp_json root, struct mp_error *err) {
    if (mp_json_type(root) == MP_JSON_ARRAY) {
        return take_list(batch, root, err);
    }
    if (mp_json_type(root) != MP_JSON_OBJECT) {
        return mp_fail(err, MP_E_ARGUMENT, "body", "must be an object or a list of objects");
    }
    return take_item(batch, root) ? batch_end(batch, err) : batch_fail(batch, err);
}

int collect_payments(struct collect_worker *worker, const struct collect_input *input,
                     struct mp_buf *out, struct collect_result *result, struct mp_error *err) {
    struct batch batch = collect_batch_begin(worker, input, out, result);
    struct mp_json root;
    struct mp_str text;
    batch.is_from_server = true;
    batch.list = "payments";
    batch.context.sdk = MP_STR("payments");
    int code = body_plain(worker, input, &text, err);
    code = code ? code : body_parse(worker, text, &root, err);
    if (code != MP_OK) {
        return code;
    }
    struct mp_apps_snapshot *apps = mp_apps_acquire(worker->collect->apps);
    batch.app = mp_apps_by_id(apps, input->app);
    if (batch.app) {
        snprintf(result->app, sizeof(result->app), "%s", batch.app->id);
        code = take_body(&batch, root, err);
    } else {
        code = mp_fail(err, MP_E_NOT_FOUND, "app", "there is no such app");
    }
    mp_apps_release(apps);
    return code;
}
