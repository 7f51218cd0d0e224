#include "collect/internal.h"

#define CHUNK_BYTES (64u * 1024)

int inflate_gzip(struct collect_worker *worker, struct mp_str data, struct mp_buf *out,
                 struct mp_error *err) {
    z_stream *stream = &worker->inflate;
    int status = inflateReset(stream);
    mp_buf_clear(out);
    stream->next_in = (Bytef *)(uintptr_t)data.ptr;
    stream->avail_in = (uInt)data.len;
    while (status == Z_OK) {
        /* One byte more than allowed tells "over the limit" from "just at it". */
        size_t left = COLLECT_BODY_PLAIN_BYTES_MAX + 1 - out->len;
        size_t room = left < CHUNK_BYTES ? left : CHUNK_BYTES;
        char *at = room > 0 ? mp_buf_reserve(out, room) : NULL;
        if (!at) {
            return mp_fail(err, MP_E_TOO_LARGE, "body", "over %u bytes after gzip",
                           COLLECT_BODY_PLAIN_BYTES_MAX);
        }
        stream->next_out = (Bytef *)at;
        stream->avail_out = (uInt)room;
        status = inflate(stream, Z_NO_FLUSH);
        out->len += room - stream->avail_out;
        if (status == Z_OK && stream->avail_in == 0 && stream->avail_out > 0) {
            break; /* the input ended before the stream did */
        }
    }
    if (status != Z_STREAM_END) {
        return mp_fail(err, MP_E_ARGUMENT, "body", "is not gzip, or cut short");
    }
    return MP_OK;
}
