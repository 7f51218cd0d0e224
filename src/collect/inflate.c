#include "collect/internal.h"

#define CHUNK_BYTES (64u * 1024)

int inflate_gzip(struct collect_worker *worker, struct mp_str data, struct mp_str *out,
                 struct mp_error *err) {
    struct mp_buf *buf = &worker->unzipped;
    z_stream *stream = &worker->inflate;
    int status = inflateReset(stream);
    mp_buf_clear(buf);
    stream->next_in = (Bytef *)(uintptr_t)data.ptr;
    stream->avail_in = (uInt)data.len;
    while (status == Z_OK && buf->len <= COLLECT_BODY_PLAIN_BYTES_MAX) {
        size_t left = COLLECT_BODY_PLAIN_BYTES_MAX + 1 - buf->len;
        size_t room = left < CHUNK_BYTES ? left : CHUNK_BYTES;
        char *at = mp_buf_reserve(buf, room);
        if (!at) {
            return mp_fail(err, MP_E_MEMORY, "body", "no memory for the body");
        }
        stream->next_out = (Bytef *)at;
        stream->avail_out = (uInt)room;
        /* Z_BUF_ERROR, no progress, ends the loop where the input ends before the stream does. */
        status = inflate(stream, Z_NO_FLUSH);
        buf->len += room - stream->avail_out;
    }
    if (buf->len > COLLECT_BODY_PLAIN_BYTES_MAX) {
        return mp_fail(err, MP_E_TOO_LARGE, "body", "over %u bytes after gzip",
                       COLLECT_BODY_PLAIN_BYTES_MAX);
    }
    if (status != Z_STREAM_END) {
        return mp_fail(err, MP_E_ARGUMENT, "body", "not gzip, or cut short");
    }
    if (stream->avail_in > 0) {
        return mp_fail(err, MP_E_ARGUMENT, "body", "has bytes behind the end of its gzip stream");
    }
    *out = mp_buf_str(buf);
    return MP_OK;
}
