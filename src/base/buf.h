/*
 * A byte buffer that grows up to a maximum told when it is made. One writer at a time.
 * A failed append (maximum reached or out of memory) sets `failed`, appends nothing, and all
 * later appends do nothing: callers may write a whole record and check once at the end.
 */
#ifndef MP_BASE_BUF_H
#define MP_BASE_BUF_H

#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mp_buf {
    char *ptr;
    size_t len;
    size_t capacity;
    size_t max;
    bool failed;
};

/* Starts empty without allocating; max_bytes bounds len for the buffer's whole life. */
void mp_buf_init(struct mp_buf *buf, size_t max_bytes);
/* Frees the memory; the buffer may be initialised again. */
void mp_buf_deinit(struct mp_buf *buf);
/* Empties without giving memory back, and clears `failed`. */
void mp_buf_clear(struct mp_buf *buf);
/* Makes room for extra bytes; returns the place to write them at, or NULL (and sets failed).
 * The caller adds to len what it wrote. */
MP_MUST_CHECK char *mp_buf_reserve(struct mp_buf *buf, size_t extra);
void mp_buf_append(struct mp_buf *buf, const void *data, size_t len);
void mp_buf_append_str(struct mp_buf *buf, struct mp_str s);
void mp_buf_append_text(struct mp_buf *buf, const char *text);
void mp_buf_append_byte(struct mp_buf *buf, uint8_t byte);
void mp_buf_printf(struct mp_buf *buf, const char *format, ...) MP_PRINTF(2, 3);
/* Little-endian fixed width, and LEB128 as ClickHouse's RowBinary and our records use it. */
void mp_buf_append_u16(struct mp_buf *buf, uint16_t value);
void mp_buf_append_u32(struct mp_buf *buf, uint32_t value);
void mp_buf_append_u64(struct mp_buf *buf, uint64_t value);
void mp_buf_append_f64(struct mp_buf *buf, double value);
void mp_buf_append_varint(struct mp_buf *buf, uint64_t value);
/* Varint length, then the bytes. */
void mp_buf_append_lstr(struct mp_buf *buf, struct mp_str s);
static inline struct mp_str mp_buf_str(const struct mp_buf *buf) {
    struct mp_str s = {buf->ptr, buf->len};
    return s;
}

/*
 * Reads what the functions above wrote, from bytes nobody vouches for: a read past the end sets
 * `failed` and gives 0 or an empty string from then on.
 */
struct mp_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

void mp_reader_init(struct mp_reader *reader, const void *data, size_t len);
uint8_t mp_read_byte(struct mp_reader *reader);
uint16_t mp_read_u16(struct mp_reader *reader);
uint32_t mp_read_u32(struct mp_reader *reader);
uint64_t mp_read_u64(struct mp_reader *reader);
double mp_read_f64(struct mp_reader *reader);
uint64_t mp_read_varint(struct mp_reader *reader);
/* Borrows from the reader's bytes. */
struct mp_str mp_read_lstr(struct mp_reader *reader);
static inline size_t mp_reader_left(const struct mp_reader *reader) {
    return (size_t)(reader->end - reader->at);
}

#ifdef __cplusplus
}
#endif
#endif
