#include "base/buf.h"

#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST_BYTES 256u
#define VARINT_BYTES_MAX 10

void mp_buf_init(struct mp_buf *buf, size_t max_bytes) {
    *buf = (struct mp_buf){.max = max_bytes};
}

void mp_buf_deinit(struct mp_buf *buf) {
    free(buf->ptr);
    *buf = (struct mp_buf){.max = buf->max};
}

void mp_buf_clear(struct mp_buf *buf) {
    buf->len = 0;
    buf->failed = false;
}

static bool buf_grow(struct mp_buf *buf, size_t need) {
    size_t capacity = buf->capacity ? buf->capacity : BUF_FIRST_BYTES;
    while (capacity < need) {
        capacity *= 2;
    }
    if (capacity > buf->max) {
        capacity = buf->max;
    }
    char *grown = realloc(buf->ptr, capacity);
    if (!grown) {
        return false;
    }
    buf->ptr = grown;
    buf->capacity = capacity;
    return true;
}

/* True when extra bytes can be written without further ado. */
static inline bool has_room(const struct mp_buf *buf, size_t extra) {
    return extra <= buf->capacity - buf->len && !buf->failed;
}

char *mp_buf_reserve(struct mp_buf *buf, size_t extra) {
    if (has_room(buf, extra) && buf->ptr) {
        return buf->ptr + buf->len;
    }
    if (buf->failed || extra > buf->max - buf->len) {
        buf->failed = true;
        return NULL;
    }
    size_t need = buf->len + extra;
    if (!buf_grow(buf, need)) {
        buf->failed = true;
        return NULL;
    }
    return buf->ptr + buf->len;
}

void mp_buf_append(struct mp_buf *buf, const void *data, size_t len) {
    char *at = mp_buf_reserve(buf, len);
    if (at && len > 0) {
        memcpy(at, data, len);
        buf->len += len;
    }
}

void mp_buf_append_str(struct mp_buf *buf, struct mp_str s) {
    mp_buf_append(buf, s.ptr, s.len);
}

void mp_buf_append_text(struct mp_buf *buf, const char *text) {
    mp_buf_append(buf, text, strlen(text));
}

void mp_buf_append_byte(struct mp_buf *buf, uint8_t byte) {
    if (has_room(buf, 1)) {
        buf->ptr[buf->len++] = (char)byte;
    } else {
        mp_buf_append(buf, &byte, 1);
    }
}

void mp_buf_printf(struct mp_buf *buf, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    /* vsnprintf also writes the NUL, which stays outside len. */
    char *at = need >= 0 ? mp_buf_reserve(buf, (size_t)need + 1) : NULL;
    if (!at) {
        buf->failed = true;
        return;
    }
    va_start(args, format);
    vsnprintf(at, (size_t)need + 1, format, args);
    va_end(args);
    buf->len += (size_t)need;
}

void mp_buf_append_u16(struct mp_buf *buf, uint16_t value) {
    uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
    mp_buf_append(buf, bytes, sizeof(bytes));
}

void mp_buf_append_u32(struct mp_buf *buf, uint32_t value) {
    uint8_t bytes[4];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    mp_buf_append(buf, bytes, sizeof(bytes));
}

void mp_buf_append_u64(struct mp_buf *buf, uint64_t value) {
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    mp_buf_append(buf, bytes, sizeof(bytes));
}

void mp_buf_append_f64(struct mp_buf *buf, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    mp_buf_append_u64(buf, bits);
}

/* The number of bytes. */
static inline size_t put_varint(uint8_t *to, uint64_t value) {
    size_t len = 0;
    while (value >= 0x80) {
        to[len++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    to[len++] = (uint8_t)value;
    return len;
}

void mp_buf_append_varint(struct mp_buf *buf, uint64_t value) {
    uint8_t bytes[VARINT_BYTES_MAX];
    if (has_room(buf, VARINT_BYTES_MAX)) {
        buf->len += put_varint((uint8_t *)buf->ptr + buf->len, value);
    } else {
        mp_buf_append(buf, bytes, put_varint(bytes, value));
    }
}

void mp_buf_append_lstr(struct mp_buf *buf, struct mp_str s) {
    if (s.len < buf->max && has_room(buf, VARINT_BYTES_MAX + s.len)) {
        buf->len += put_varint((uint8_t *)buf->ptr + buf->len, s.len);
        if (s.len > 0) {
            memcpy(buf->ptr + buf->len, s.ptr, s.len);
            buf->len += s.len;
        }
    } else {
        mp_buf_append_varint(buf, s.len);
        mp_buf_append_str(buf, s);
    }
}

void mp_reader_init(struct mp_reader *reader, const void *data, size_t len) {
    static const uint8_t nothing;
    const uint8_t *start = data ? data : &nothing;
    *reader = (struct mp_reader){.at = start, .end = start + (data ? len : 0)};
}

/* The next len bytes, or NULL and failed. */
static const uint8_t *reader_take(struct mp_reader *reader, size_t len) {
    if (reader->failed || len > mp_reader_left(reader)) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *at = reader->at;
    reader->at += len;
    return at;
}

static uint64_t reader_fixed(struct mp_reader *reader, size_t bytes) {
    const uint8_t *at = reader_take(reader, bytes);
    uint64_t value = 0;
    if (at) {
        memcpy(&value, at, bytes);
    }
    return le64toh(value);
}

uint8_t mp_read_byte(struct mp_reader *reader) {
    return (uint8_t)reader_fixed(reader, 1);
}

uint16_t mp_read_u16(struct mp_reader *reader) {
    return (uint16_t)reader_fixed(reader, 2);
}

uint32_t mp_read_u32(struct mp_reader *reader) {
    return (uint32_t)reader_fixed(reader, 4);
}

uint64_t mp_read_u64(struct mp_reader *reader) {
    return reader_fixed(reader, 8);
}

double mp_read_f64(struct mp_reader *reader) {
    uint64_t bits = mp_read_u64(reader);
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint64_t read_long_varint(struct mp_reader *reader) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 7 * VARINT_BYTES_MAX; shift += 7) {
        const uint8_t *at = reader_take(reader, 1);
        if (!at) {
            return 0;
        }
        uint64_t part = *at & 0x7f;
        if (shift == 63 && part > 1) {
            break;
        }
        value |= part << shift;
        if (!(*at & 0x80)) {
            return value;
        }
    }
    reader->failed = true;
    return 0;
}

uint64_t mp_read_varint(struct mp_reader *reader) {
    /* Nearly all are one byte. */
    if (!reader->failed && reader->at < reader->end && *reader->at < 0x80) {
        return *reader->at++;
    }
    return read_long_varint(reader);
}

struct mp_str mp_read_lstr(struct mp_reader *reader) {
    uint64_t len = mp_read_varint(reader);
    if (len > mp_reader_left(reader)) {
        reader->failed = true;
    }
    const uint8_t *at = reader->failed ? NULL : reader_take(reader, (size_t)len);
    return at ? mp_str_range((const char *)at, (size_t)len) : mp_str_range("", 0);
}
