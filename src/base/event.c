/* The journal record. All integers are varints; signed ones zigzag. A record begins with its
 * version, so that a journal written before an upgrade is still read after it. */
#include "base/event.h"

#define RECORD_VERSION 1

static uint64_t zigzag(int64_t value) {
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static int64_t unzigzag(uint64_t value) {
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

/* A string that decode will take, or failure. */
static void put(struct mp_buf *out, struct mp_str s, size_t max) {
    out->failed |= s.len > max;
    mp_buf_append_lstr(out, s);
}

void mp_record_begin(struct mp_buf *out, const struct mp_context *context) {
    mp_buf_append_byte(out, RECORD_VERSION);
    put(out, context->app, MP_EVENT_ID_MAX);
    mp_buf_append_varint(out, zigzag(context->received_ms));
    put(out, context->user, MP_EVENT_ID_MAX);
    put(out, context->app_version, MP_EVENT_STR_MAX);
    put(out, context->sdk, MP_EVENT_STR_MAX);
    mp_buf_append_byte(out, context->platform);
    put(out, context->brand, MP_EVENT_STR_MAX);
    put(out, context->model, MP_EVENT_STR_MAX);
    put(out, context->os_version, MP_EVENT_STR_MAX);
    put(out, context->client_version, MP_EVENT_STR_MAX);
    put(out, context->library_version, MP_EVENT_STR_MAX);
    mp_buf_append_varint(out, context->screen_width);
    mp_buf_append_varint(out, context->screen_height);
    put(out, context->language, MP_EVENT_STR_MAX);
    put(out, context->network, MP_EVENT_STR_MAX);
    put(out, context->country, MP_EVENT_STR_MAX);
    put(out, context->province, MP_EVENT_STR_MAX);
    put(out, context->city, MP_EVENT_STR_MAX);
}

void mp_record_add(struct mp_buf *out, const struct mp_event *event) {
    mp_buf_append_u64(out, event->identity.lo);
    mp_buf_append_u64(out, event->identity.hi);
    put(out, event->user, MP_EVENT_ID_MAX);
    put(out, event->id, MP_EVENT_ID_MAX);
    put(out, event->name, MP_EVENT_NAME_MAX);
    mp_buf_append_varint(out, zigzag(event->time_ms));
    mp_buf_append_byte(out, event->flags);
    put(out, event->open_id, MP_EVENT_ID_MAX);
    mp_buf_append_varint(out, zigzag(event->open_start_ms));
    mp_buf_append_varint(out, event->scene);
    put(out, event->page, MP_EVENT_STR_MAX);
    put(out, event->query, MP_EVENT_STR_MAX);
    put(out, event->referrer, MP_EVENT_STR_MAX);
    put(out, event->title, MP_EVENT_STR_MAX);
    mp_buf_append_varint(out, zigzag(event->dwell_ms));
    put(out, event->element, MP_EVENT_STR_MAX);
    put(out, event->order_id, MP_EVENT_ID_MAX);
    mp_buf_append_varint(out, zigzag(event->amount_fen));
    mp_buf_append_byte(out, event->password_free);
    mp_buf_append_varint(out, event->prop_count);
    out->failed |= event->prop_count > MP_EVENT_PROPS_MAX;
    for (size_t i = 0; i < event->prop_count && !out->failed; i++) {
        const struct mp_prop *prop = &event->props[i];
        mp_buf_append_byte(out, (uint8_t)prop->type);
        put(out, prop->name, MP_EVENT_NAME_MAX);
        if (prop->type == MP_PROP_NUMBER) {
            mp_buf_append_f64(out, prop->number);
        } else {
            put(out, prop->text, MP_EVENT_STR_MAX);
        }
    }
    out->failed |= out->len > MP_RECORD_BYTES_MAX;
}

/* A string within a limit; over it the record is corrupt. */
static struct mp_str bounded(struct mp_reader *reader, size_t max) {
    struct mp_str s = mp_read_lstr(reader);
    if (s.len > max) {
        reader->failed = true;
        return mp_str_range("", 0);
    }
    return s;
}

static uint16_t small(struct mp_reader *reader) {
    uint64_t value = mp_read_varint(reader);
    reader->failed |= value > UINT16_MAX;
    return (uint16_t)value;
}

int mp_record_open(struct mp_record_reader *out, struct mp_str record, struct mp_context *context) {
    struct mp_reader *reader = &out->reader;
    mp_reader_init(reader, record.ptr, record.len);
    out->count = 0;
    *context = (struct mp_context){0};
    if (record.len > MP_RECORD_BYTES_MAX || mp_read_byte(reader) != RECORD_VERSION) {
        reader->failed = true;
        return MP_E_CORRUPT;
    }
    context->app = bounded(reader, MP_EVENT_ID_MAX);
    context->received_ms = unzigzag(mp_read_varint(reader));
    context->user = bounded(reader, MP_EVENT_ID_MAX);
    context->app_version = bounded(reader, MP_EVENT_STR_MAX);
    context->sdk = bounded(reader, MP_EVENT_STR_MAX);
    context->platform = mp_read_byte(reader);
    reader->failed |= context->platform > MP_PLATFORM_OTHER;
    context->brand = bounded(reader, MP_EVENT_STR_MAX);
    context->model = bounded(reader, MP_EVENT_STR_MAX);
    context->os_version = bounded(reader, MP_EVENT_STR_MAX);
    context->client_version = bounded(reader, MP_EVENT_STR_MAX);
    context->library_version = bounded(reader, MP_EVENT_STR_MAX);
    context->screen_width = small(reader);
    context->screen_height = small(reader);
    context->language = bounded(reader, MP_EVENT_STR_MAX);
    context->network = bounded(reader, MP_EVENT_STR_MAX);
    context->country = bounded(reader, MP_EVENT_STR_MAX);
    context->province = bounded(reader, MP_EVENT_STR_MAX);
    context->city = bounded(reader, MP_EVENT_STR_MAX);
    return reader->failed ? MP_E_CORRUPT : MP_OK;
}

static void read_props(struct mp_reader *reader, struct mp_event *event, struct mp_prop *props) {
    uint64_t count = mp_read_varint(reader);
    if (count > MP_EVENT_PROPS_MAX) {
        reader->failed = true;
        return;
    }
    for (size_t i = 0; i < count && !reader->failed; i++) {
        uint8_t type = mp_read_byte(reader);
        props[i] = (struct mp_prop){.name = bounded(reader, MP_EVENT_NAME_MAX)};
        if (type == MP_PROP_NUMBER) {
            props[i].type = MP_PROP_NUMBER;
            props[i].number = mp_read_f64(reader);
        } else {
            reader->failed |= type != MP_PROP_STRING;
            props[i].text = bounded(reader, MP_EVENT_STR_MAX);
        }
    }
    event->props = props;
    event->prop_count = count;
}

int mp_record_next(struct mp_record_reader *in, struct mp_event *event, struct mp_prop *props_out) {
    struct mp_reader *reader = &in->reader;
    if (reader->failed) {
        return -1;
    }
    if (mp_reader_left(reader) == 0) {
        return 0;
    }
    reader->failed |= ++in->count > MP_EVENT_PER_RECORD_MAX;
    *event = (struct mp_event){0};
    event->identity.lo = mp_read_u64(reader);
    event->identity.hi = mp_read_u64(reader);
    event->user = bounded(reader, MP_EVENT_ID_MAX);
    event->id = bounded(reader, MP_EVENT_ID_MAX);
    event->name = bounded(reader, MP_EVENT_NAME_MAX);
    event->time_ms = unzigzag(mp_read_varint(reader));
    event->flags = mp_read_byte(reader);
    event->open_id = bounded(reader, MP_EVENT_ID_MAX);
    event->open_start_ms = unzigzag(mp_read_varint(reader));
    event->scene = small(reader);
    event->page = bounded(reader, MP_EVENT_STR_MAX);
    event->query = bounded(reader, MP_EVENT_STR_MAX);
    event->referrer = bounded(reader, MP_EVENT_STR_MAX);
    event->title = bounded(reader, MP_EVENT_STR_MAX);
    event->dwell_ms = unzigzag(mp_read_varint(reader));
    event->element = bounded(reader, MP_EVENT_STR_MAX);
    event->order_id = bounded(reader, MP_EVENT_ID_MAX);
    event->amount_fen = unzigzag(mp_read_varint(reader));
    event->password_free = mp_read_byte(reader) != 0;
    read_props(reader, event, props_out);
    return reader->failed ? -1 : 1;
}
