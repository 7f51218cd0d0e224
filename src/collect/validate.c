#include "collect/internal.h"

#include "base/json_write.h"

#include <stdio.h>

bool fault(struct batch *batch, const char *field, const char *reason) {
    struct collect_result *result = batch->result;
    if (result->rejected < COLLECT_ERRORS_MAX) {
        struct collect_fault *at = &result->faults[result->rejected];
        at->index = batch->index;
        snprintf(at->field, sizeof(at->field), "events[%u]%s%.60s", batch->index,
                 field[0] ? "." : "", field);
        snprintf(at->reason, sizeof(at->reason), "%s", reason);
    }
    result->rejected++;
    return false;
}

bool take_text(struct batch *batch, struct mp_json value, const char *field, size_t max,
               struct mp_str *out) {
    char reason[64];
    if (mp_json_type(value) == MP_JSON_NULL) {
        return true;
    }
    if (!mp_json_str(value, out)) {
        return fault(batch, field, "must be a string");
    }
    if (out->len > max) {
        snprintf(reason, sizeof(reason), "is over %zu bytes", max);
        return fault(batch, field, reason);
    }
    if (memchr(out->ptr, 0, out->len)) {
        return fault(batch, field, "has a NUL byte");
    }
    return true;
}

bool take_integer(struct batch *batch, struct mp_json value, const char *field, int64_t least,
                  int64_t most, int64_t *out) {
    char reason[96];
    if (mp_json_type(value) == MP_JSON_NULL) {
        return true;
    }
    int64_t number;
    if (!mp_json_i64(value, &number) || number < least || number > most) {
        snprintf(reason, sizeof(reason), "must be a whole number from %lld to %lld",
                 (long long)least, (long long)most);
        return fault(batch, field, reason);
    }
    *out = number;
    return true;
}

bool name_is_fine(struct mp_str name) {
    if (name.len == 0 || name.len > MP_EVENT_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.ptr[i] < 0x20 || name.ptr[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool put_prop(struct batch *batch, struct mp_event *event, struct mp_str name,
                     const struct mp_prop *prop) {
    char field[MP_EVENT_NAME_MAX + 8];
    snprintf(field, sizeof(field), "props.%.*s", MP_STR_ARG(mp_str_clip(name, 60)));
    if (!name_is_fine(name)) {
        return fault(batch, field, "a property's name must be 1 to 128 bytes, no control bytes");
    }
    if (prop->type == MP_PROP_STRING && prop->text.len > MP_EVENT_STR_MAX) {
        return fault(batch, field, "is over 8192 bytes");
    }
    if (event->prop_count == MP_EVENT_PROPS_MAX) {
        return fault(batch, field, "more than 128 properties");
    }
    struct mp_prop *at = &batch->worker->props[event->prop_count++];
    *at = *prop;
    at->name = name;
    event->props = batch->worker->props;
    return true;
}

/* "outer.inner", in the arena. */
static struct mp_str join(struct batch *batch, struct mp_str outer, struct mp_str inner) {
    char *text = mp_arena_alloc(&batch->worker->arena, outer.len + inner.len + 1);
    if (!text) {
        return mp_str_range("", 0);
    }
    memcpy(text, outer.ptr, outer.len);
    text[outer.len] = '.';
    memcpy(text + outer.len + 1, inner.ptr, inner.len);
    return mp_str_range(text, outer.len + inner.len + 1);
}

static struct mp_str dump(struct batch *batch, struct mp_json value) {
    struct mp_buf *scratch = &batch->worker->scratch;
    mp_buf_clear(scratch);
    mp_json_dump(value, scratch);
    return mp_arena_str(&batch->worker->arena, mp_buf_str(scratch));
}

static bool add_scalar(struct batch *batch, struct mp_event *event, struct mp_str name,
                       struct mp_json value) {
    struct mp_prop prop = {.type = MP_PROP_STRING};
    bool truth;
    if (mp_json_str(value, &prop.text)) {
        return put_prop(batch, event, name, &prop);
    }
    if (mp_json_bool(value, &truth)) {
        prop.text = truth ? MP_STR("true") : MP_STR("false");
    } else if (mp_json_f64(value, &prop.number)) {
        prop.type = MP_PROP_NUMBER;
    } else {
        prop.text = dump(batch, value);
    }
    return put_prop(batch, event, name, &prop);
}

bool add_prop(struct batch *batch, struct mp_event *event, struct mp_str name,
              struct mp_json value) {
    struct mp_json_iter levels[COLLECT_PROP_DEPTH_MAX];
    struct mp_str names[COLLECT_PROP_DEPTH_MAX];
    int depth = -1;
    struct mp_str at = name;
    for (;;) {
        enum mp_json_type type = mp_json_type(value);
        if (type == MP_JSON_OBJECT && depth + 1 < COLLECT_PROP_DEPTH_MAX) {
            depth++;
            levels[depth] = mp_json_iter(value);
            names[depth] = at;
        } else if (type != MP_JSON_NULL && !add_scalar(batch, event, at, value)) {
            return false;
        }
        struct mp_str key;
        while (depth >= 0 && !mp_json_next(&levels[depth], &key, &value)) {
            depth--;
        }
        if (depth < 0) {
            return true;
        }
        at = join(batch, names[depth], key);
    }
}
