/* What makes two events the same one, so that it counts once however often it comes. */
#include "collect/internal.h"

/* Begins the key of money and of nothing else: other keys begin with an app's id or its length. */
#define MONEY_KEY 0xff

struct mp_hash128 identity_of_id(const struct batch *batch, struct mp_str id) {
    char key[MP_APP_ID_MAX + 1 + MP_EVENT_ID_MAX];
    size_t app_len = strlen(batch->app->id);
    memcpy(key, batch->app->id, app_len + 1);
    memcpy(key + app_len + 1, id.ptr, id.len);
    return mp_hash128(key, app_len + 1 + id.len);
}

struct mp_hash128 identity_of_money(const struct batch *batch, struct mp_str name,
                                    struct mp_str id) {
    char key[1 + MP_APP_ID_MAX + 1 + sizeof(MP_EVENT_REFUND) + MP_EVENT_ID_MAX];
    size_t app_len = strlen(batch->app->id);
    size_t at = 0;
    key[at++] = (char)MONEY_KEY;
    memcpy(key + at, batch->app->id, app_len + 1);
    at += app_len + 1;
    memcpy(key + at, name.ptr, name.len);
    at += name.len;
    key[at++] = '\0';
    memcpy(key + at, id.ptr, id.len);
    return mp_hash128(key, at + id.len);
}

static struct mp_str refund_id(const struct batch *batch) {
    for (size_t i = 0; i < batch->prop_count; i++) {
        const struct mp_prop *prop = &batch->worker->props[i];
        if (mp_str_is(prop->name, REFUND_ID)) {
            bool is_fit = prop->type == MP_PROP_STRING && prop->text.len <= MP_EVENT_ID_MAX;
            return is_fit ? prop->text : MP_STR("");
        }
    }
    return MP_STR("");
}

bool identity_from_money(const struct batch *batch, struct mp_event *event) {
    struct mp_str id = MP_STR("");
    if (mp_str_is(event->name, MP_EVENT_PAY)) {
        id = event->order_id;
    } else if (mp_str_is(event->name, MP_EVENT_REFUND)) {
        id = refund_id(batch);
    }
    if (id.len == 0) {
        return false;
    }
    event->identity = identity_of_money(batch, event->name, id);
    return true;
}
