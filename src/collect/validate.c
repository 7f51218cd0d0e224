/* The fields of an event and what they may hold. docs/collect.md and docs/collect.schema.json say
 * the same; tests compare. */
#include "collect/internal.h"

#include <inttypes.h>

enum field_kind { KIND_TEXT, KIND_INTEGER, KIND_SCENE, KIND_BOOL, KIND_PAGE, KIND_OTHER };

struct field_rule {
    struct mp_str name;
    enum field_kind kind;
    size_t offset;    /* in struct mp_event */
    size_t bytes_max; /* of a text */
    int64_t least;    /* of an integer */
    int64_t most;
};

#define OFFSET(member) offsetof(struct mp_event, member)
#define TEXT(name, member, bytes_max)                                                              \
    { MP_STR(name), KIND_TEXT, OFFSET(member), bytes_max, 0, 0 }
#define PAGE(name, member)                                                                         \
    { MP_STR(name), KIND_PAGE, OFFSET(member), COLLECT_PAGE_MAX + MP_EVENT_STR_MAX, 0, 0 }
#define INTEGER(name, member, most)                                                                \
    { MP_STR(name), KIND_INTEGER, OFFSET(member), 0, 0, most }

static const struct field_rule rules[FIELD_COUNT] = {
    [FIELD_ID] = TEXT("id", id, MP_EVENT_ID_MAX),
    [FIELD_NAME] = TEXT("name", name, MP_EVENT_NAME_MAX),
    [FIELD_USER] = TEXT("user", user, MP_EVENT_ID_MAX),
    [FIELD_TIME] = INTEGER("time", time_ms, COLLECT_TIME_MS_MAX),
    [FIELD_OPEN] = {MP_STR("open"), KIND_OTHER, 0, 0, 0, 0},
    [FIELD_PAGE] = PAGE("page", page),
    [FIELD_QUERY] = TEXT("query", query, MP_EVENT_STR_MAX),
    [FIELD_REFERRER] = PAGE("referrer", referrer),
    [FIELD_TITLE] = TEXT("title", title, MP_EVENT_STR_MAX),
    [FIELD_DWELL] = INTEGER("dwell_ms", dwell_ms, COLLECT_DWELL_MS_MAX),
    [FIELD_SCENE] = {MP_STR("scene"), KIND_SCENE, OFFSET(scene), 0, 0, UINT16_MAX},
    [FIELD_ELEMENT] = TEXT("element", element, MP_EVENT_STR_MAX),
    [FIELD_ORDER] = TEXT("order_id", order_id, MP_EVENT_ID_MAX),
    [FIELD_AMOUNT] = INTEGER("amount_fen", amount_fen, COLLECT_AMOUNT_FEN_MAX),
    [FIELD_PASSWORD_FREE] = {MP_STR("password_free"), KIND_BOOL, OFFSET(password_free), 0, 0, 0},
    [FIELD_PROPS] = {MP_STR("props"), KIND_OTHER, 0, 0, 0, 0},
};

enum event_field event_field_find(struct mp_str name) {
    int field = 0;
    while (field < FIELD_COUNT && !mp_str_eq(rules[field].name, name)) {
        field++;
    }
    return (enum event_field)field;
}

bool take_text(struct batch *batch, struct mp_str field, struct mp_json value, size_t bytes_max,
               struct mp_str *out) {
    struct mp_str text;
    if (!mp_json_str(value, &text)) {
        return complain(batch, field, "must be a string");
    }
    if (text.len > bytes_max && !batch->is_lenient) {
        return complain(batch, field, "is longer than %zu bytes", bytes_max);
    }
    text = mp_str_clip(text, bytes_max);
    if (text.len > 0 && memchr(text.ptr, '\0', text.len)) {
        return complain(batch, field, "has a NUL byte");
    }
    *out = text;
    return true;
}

bool take_integer(struct batch *batch, struct mp_str field, struct mp_json value, int64_t least,
                  int64_t most, int64_t *out) {
    int64_t number;
    if (!mp_json_i64(value, &number) || number < least || number > most) {
        return complain(batch, field, "must be a whole number from %" PRId64 " to %" PRId64, least,
                        most);
    }
    *out = number;
    return true;
}

bool take_time(struct batch *batch, struct mp_str field, struct mp_json value, int64_t *out) {
    return take_integer(batch, field, value, 0, COLLECT_TIME_MS_MAX, out);
}

static bool take_page(struct batch *batch, const struct field_rule *rule, struct mp_json value,
                      struct mp_str *path, struct mp_str *query) {
    struct mp_str url;
    if (!take_text(batch, rule->name, value, rule->bytes_max, &url)) {
        return false;
    }
    split_page(url, path, query);
    if (path->len > COLLECT_PAGE_MAX && !batch->is_lenient) {
        return complain(batch, rule->name, "is longer than %d bytes", COLLECT_PAGE_MAX);
    }
    *path = mp_str_clip(*path, COLLECT_PAGE_MAX);
    if (query && query->len > MP_EVENT_STR_MAX && !batch->is_lenient) {
        return complain(batch, rule->name, "has a query longer than %d bytes", MP_EVENT_STR_MAX);
    }
    if (query) {
        *query = mp_str_clip(*query, MP_EVENT_STR_MAX);
    }
    return true;
}

bool event_field_take(struct batch *batch, enum event_field field, struct mp_json value,
                      struct mp_event *event) {
    const struct field_rule *rule = &rules[field];
    void *slot = (char *)event + rule->offset;
    struct mp_str query = MP_STR("");
    int64_t number = 0;
    switch (rule->kind) {
    case KIND_TEXT:
        return take_text(batch, rule->name, value, rule->bytes_max, slot);
    case KIND_INTEGER:
        return take_integer(batch, rule->name, value, rule->least, rule->most, slot);
    case KIND_SCENE:
        if (!take_integer(batch, rule->name, value, rule->least, rule->most, &number)) {
            return false;
        }
        event->scene = (uint16_t)number;
        return true;
    case KIND_BOOL:
        return mp_json_bool(value, slot) || complain(batch, rule->name, "must be true or false");
    case KIND_PAGE:
        if (!take_page(batch, rule, value, slot, field == FIELD_PAGE ? &query : NULL)) {
            return false;
        }
        /* A query given by itself is the one that holds. */
        if (event->query.len == 0) {
            event->query = query;
        }
        return true;
    case KIND_OTHER:
        break;
    }
    return complain(batch, rule->name, "is not read here");
}

bool check_name(struct batch *batch, struct mp_str field, struct mp_str name) {
    if (name.len == 0) {
        return complain(batch, field, "is empty");
    }
    if (name.len > MP_EVENT_NAME_MAX) {
        return complain(batch, field, "is longer than %d bytes", MP_EVENT_NAME_MAX);
    }
    for (size_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.ptr[i] < 0x20 || name.ptr[i] == 0x7f) {
            return complain(batch, field, "has a control byte");
        }
    }
    return true;
}

bool check_reserved(struct batch *batch, struct mp_str name) {
    static const struct mp_str names[] = {
        MP_STR(MP_EVENT_PAGE_VIEW),    MP_STR(MP_EVENT_PAGE_LEAVE),  MP_STR(MP_EVENT_CLICK),
        MP_STR(MP_EVENT_LAUNCH),       MP_STR(MP_EVENT_SHOW),        MP_STR(MP_EVENT_HIDE),
        MP_STR(MP_EVENT_SHARE),        MP_STR(MP_EVENT_ADD),         MP_STR(MP_EVENT_REMOVE),
        MP_STR(MP_EVENT_PAY),          MP_STR(MP_EVENT_REFUND),      MP_STR(MP_EVENT_IDENTIFY),
        MP_STR(MP_EVENT_PROFILE),      MP_STR(MP_EVENT_FAVORITE),    MP_STR(MP_EVENT_PULL_DOWN),
        MP_STR(MP_EVENT_REACH_BOTTOM), MP_STR(MP_EVENT_INTERACT),    MP_STR(MP_EVENT_ERROR),
        MP_STR(MP_EVENT_REQUEST),      MP_STR(MP_EVENT_PERFORMANCE), MP_STR(MP_EVENT_PAY_ATTEMPT)};
    if (name.ptr[0] != '$') {
        return true;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (mp_str_eq(name, names[i])) {
            return true;
        }
    }
    return complain(batch, MP_STR("name"), "begins with $ and is none of the reserved names");
}

bool check_money(struct batch *batch, const struct mp_event *event, uint32_t given) {
    if (!mp_str_is(event->name, MP_EVENT_PAY) && !mp_str_is(event->name, MP_EVENT_REFUND)) {
        return true;
    }
    if (event->order_id.len == 0) {
        return complain(batch, rules[FIELD_ORDER].name, "is missing");
    }
    return (given & FIELD_BIT(FIELD_AMOUNT)) ||
           complain(batch, rules[FIELD_AMOUNT].name, "is missing");
}
