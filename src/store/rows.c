#include "store/rows.h"

struct row_stream {
    store_on_row *on_row;
    void *arg;
    struct mp_buf carry; /* the beginning of a row whose end is still to come */
    int result;
};

/* Decodes whole rows from data; returns how many bytes were used. */
static size_t decode(struct row_stream *stream, struct mp_str data) {
    size_t used = 0;
    while (used < data.len) {
        struct mp_reader reader;
        mp_reader_init(&reader, data.ptr + used, data.len - used);
        int result = stream->on_row(stream->arg, &reader);
        if (reader.failed) {
            break;
        }
        used = (size_t)((const char *)reader.at - data.ptr);
        if (result != 0) {
            stream->result = result;
            break;
        }
    }
    return used;
}

static int on_data(void *arg, struct mp_str data) {
    struct row_stream *stream = arg;
    if (stream->carry.len == 0) {
        size_t used = decode(stream, data);
        mp_buf_append(&stream->carry, data.ptr + used, data.len - used);
        return stream->result != 0 || stream->carry.failed;
    }
    mp_buf_append_str(&stream->carry, data);
    size_t used = decode(stream, mp_buf_str(&stream->carry));
    stream->carry.len -= used;
    memmove(stream->carry.ptr, stream->carry.ptr + used, stream->carry.len);
    return stream->result != 0 || stream->carry.failed;
}

int store_rows(struct store *store, struct store_statement *statement,
               const struct store_options *options, store_on_row *on_row, void *arg,
               struct mp_error *err) {
    struct row_stream stream = {.on_row = on_row, .arg = arg};
    mp_buf_init(&stream.carry, STORE_ROW_BYTES_MAX);
    int code = store_run(store, statement, options, on_data, &stream, err);
    if (stream.carry.failed) {
        code = mp_fail(err, MP_E_TOO_LARGE, "store", "a row is over %u bytes", STORE_ROW_BYTES_MAX);
    } else if (code == MP_OK && stream.carry.len > 0) {
        code = mp_fail(err, MP_E_CORRUPT, "store", "%zu bytes left behind the last row",
                       stream.carry.len);
    }
    mp_buf_deinit(&stream.carry);
    return code;
}
