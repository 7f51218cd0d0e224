#include "collect/internal.h"

#include <math.h>

/* Doubles tell whole numbers apart up to here. */
#define EXACT_MAX 9007199254740992LL /* 2^53 */

static bool is_taken(const struct batch *batch, struct mp_str name) {
    for (size_t i = 0; i < batch->prop_count; i++) {
        if (mp_str_eq(batch->worker->props[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* A name of several parts, in the arena. */
static bool join(struct batch *batch, struct mp_str head, const char *between, struct mp_str tail,
                 struct mp_str *out) {
    size_t middle = strlen(between);
    if (head.len + middle + tail.len > MP_EVENT_NAME_MAX) {
        return complain(batch, head, "with what stands in it has a name longer than %d bytes",
                        MP_EVENT_NAME_MAX);
    }
    char *text = mp_arena_alloc(batch->arena, MP_EVENT_NAME_MAX);
    if (!text) {
        return complain(batch, head, "no memory");
    }
    memcpy(text, head.ptr, head.len);
    memcpy(text + head.len, between, middle);
    memcpy(text + head.len + middle, tail.ptr, tail.len);
    *out = mp_str_range(text, head.len + middle + tail.len);
    return true;
}

/* Lists, and objects nested too deep: their JSON text. Also whole numbers that a double cannot
 * hold, so that no digit of an order number is lost. */
static bool take_json_text(struct batch *batch, struct mp_str name, struct mp_json value,
                           struct mp_str *out) {
    struct mp_buf *scratch = &batch->worker->scratch;
    mp_buf_clear(scratch);
    mp_json_dump(value, scratch);
    if (scratch->failed || scratch->len > MP_EVENT_STR_MAX) {
        return complain(batch, name, "is longer than %d bytes as JSON", MP_EVENT_STR_MAX);
    }
    *out = mp_arena_str(batch->arena, mp_buf_str(scratch));
    return out->ptr || complain(batch, name, "no memory");
}

static bool is_exact(struct mp_json value) {
    int64_t number;
    enum mp_json_type type = mp_json_type(value);
    return type == MP_JSON_DOUBLE ||
           (mp_json_i64(value, &number) && number >= -EXACT_MAX && number <= EXACT_MAX);
}

static bool take_scalar(struct batch *batch, struct mp_str name, struct mp_json value,
                        struct mp_prop *out) {
    bool truth = false;
    *out = (struct mp_prop){.name = name, .type = MP_PROP_STRING};
    switch (mp_json_type(value)) {
    case MP_JSON_STRING:
        return take_text(batch, name, value, MP_EVENT_STR_MAX, &out->text);
    case MP_JSON_BOOL:
        out->text = mp_json_bool(value, &truth) && truth ? MP_STR("true") : MP_STR("false");
        return true;
    case MP_JSON_INT:
    case MP_JSON_UINT:
    case MP_JSON_DOUBLE:
        if (is_exact(value) && mp_json_f64(value, &out->number)) {
            out->type = MP_PROP_NUMBER;
            return true;
        }
        return take_json_text(batch, name, value, &out->text);
    default:
        return take_json_text(batch, name, value, &out->text);
    }
}

static bool put_prop(struct batch *batch, struct mp_str name, struct mp_json value) {
    struct mp_prop prop;
    if (!check_name(batch, name, name)) {
        return false;
    }
    if (is_taken(batch, name)) {
        return true;
    }
    if (batch->prop_count == MP_EVENT_PROPS_MAX) {
        return complain(batch, name, "is one more than the %d properties that an event may have",
                        MP_EVENT_PROPS_MAX);
    }
    if (!take_scalar(batch, name, value, &prop)) {
        return false;
    }
    batch->worker->props[batch->prop_count++] = prop;
    return true;
}

bool add_prop(struct batch *batch, struct mp_str prefix, struct mp_str name, struct mp_json value) {
    struct mp_json_iter levels[COLLECT_PROP_DEPTH_MAX];
    struct mp_str names[COLLECT_PROP_DEPTH_MAX];
    struct mp_str at = name, key;
    int depth = 0;
    if (prefix.len > 0 && !join(batch, prefix, "", name, &at)) {
        return false;
    }
    for (;;) {
        enum mp_json_type type = mp_json_type(value);
        if (type == MP_JSON_OBJECT && depth < COLLECT_PROP_DEPTH_MAX) {
            levels[depth] = mp_json_iter(value);
            names[depth] = at;
            depth++;
        } else if (type != MP_JSON_NULL && !put_prop(batch, at, value)) {
            return false;
        }
        while (depth > 0 && !mp_json_next(&levels[depth - 1], &key, &value)) {
            depth--;
        }
        if (depth == 0) {
            return true;
        }
        if (!join(batch, names[depth - 1], ".", key, &at)) {
            return false;
        }
    }
}

bool add_props(struct batch *batch, struct mp_json value) {
    struct mp_json_iter iter = mp_json_iter(value);
    struct mp_json item;
    struct mp_str name;
    if (mp_json_type(value) != MP_JSON_OBJECT) {
        return complain(batch, MP_STR("props"), "must be an object");
    }
    batch->within = "props.";
    while (mp_json_next(&iter, &name, &item)) {
        if (!add_prop(batch, MP_STR(""), name, item)) {
            return false;
        }
    }
    batch->within = "";
    return true;
}
