#include "store/body.h"

/* A zlib stream (RFC 1950) of stored blocks (RFC 1951, 3.2.4): two bytes, frames of a mark and
 * data, a checksum. */
#define ZLIB_HEAD MP_STR("\x78\x01")
#define FRAME_BYTES_MAX 65535u
#define SUM_BYTES 4u
#define ADLER_MODULUS 65521u
/* So many bytes may be added up before 32 bits run over (RFC 1950's reference takes the same). */
#define ADLER_RUN_BYTES 5552u

void store_body_init(struct store_body *body, const struct store_block *block, bool has_lowcard,
                     bool is_framed) {
    body->block = block;
    body->has_lowcard = has_lowcard;
    body->is_framed = is_framed;
    body->block_length = block_pieces_length(block, has_lowcard);
    store_body_rewind(body);
}

uint64_t store_body_length(const struct store_body *body) {
    uint64_t frames = (body->block_length + FRAME_BYTES_MAX - 1) / FRAME_BYTES_MAX;
    uint64_t around = ZLIB_HEAD.len + frames * BODY_MARK_BYTES + SUM_BYTES;
    return body->block_length + (body->is_framed ? around : 0);
}

void store_body_rewind(struct store_body *body) {
    block_pieces_begin(&body->pieces, body->block, body->has_lowcard);
    body->piece = mp_str_range("", 0);
    body->left = body->block_length;
    body->framed_left = 0;
    body->sum_low = 1;
    body->sum_high = 0;
    body->is_ended = false;
    body->mark_left = ZLIB_HEAD;
}

static size_t take(struct mp_str *from, char *out, size_t max) {
    size_t len = from->len < max ? from->len : max;
    memcpy(out, from->ptr, len);
    from->ptr += len;
    from->len -= len;
    return len;
}

static size_t read_block(struct store_body *body, char *out, size_t max) {
    size_t len = 0;
    while (len < max && (body->piece.len > 0 || block_pieces_next(&body->pieces, &body->piece))) {
        len += take(&body->piece, out + len, max - len);
    }
    return len;
}

/* ---- Frames ------------------------------------------------------------------------------- */

/* Adler-32, RFC 1950, section 8. */
static void add_to_sum(struct store_body *body, const char *data, size_t len) {
    size_t at = 0;
    while (at < len) {
        size_t end = len - at < ADLER_RUN_BYTES ? len : at + ADLER_RUN_BYTES;
        for (; at < end; at++) {
            body->sum_low += (uint8_t)data[at];
            body->sum_high += body->sum_low;
        }
        body->sum_low %= ADLER_MODULUS;
        body->sum_high %= ADLER_MODULUS;
    }
}

/* Begins the next frame or, behind the last, the end of the stream. */
static void make_mark(struct store_body *body) {
    struct mp_buf mark = {
        .ptr = body->mark, .capacity = sizeof(body->mark), .max = sizeof(body->mark)};
    if (body->left > 0) {
        body->framed_left = body->left < FRAME_BYTES_MAX ? (size_t)body->left : FRAME_BYTES_MAX;
        body->left -= body->framed_left;
        mp_buf_append_byte(&mark, body->left == 0);
        mp_buf_append_u16(&mark, (uint16_t)body->framed_left);
        mp_buf_append_u16(&mark, (uint16_t)~body->framed_left);
    } else {
        body->is_ended = true;
        mp_buf_append_byte(&mark, (uint8_t)(body->sum_high >> 8));
        mp_buf_append_byte(&mark, (uint8_t)body->sum_high);
        mp_buf_append_byte(&mark, (uint8_t)(body->sum_low >> 8));
        mp_buf_append_byte(&mark, (uint8_t)body->sum_low);
    }
    body->mark_left = mp_buf_str(&mark);
}

static size_t read_framed(struct store_body *body, char *out, size_t max) {
    size_t len = 0;
    while (len < max) {
        if (body->mark_left.len > 0) {
            len += take(&body->mark_left, out + len, max - len);
        } else if (body->framed_left > 0) {
            size_t room = max - len < body->framed_left ? max - len : body->framed_left;
            size_t got = read_block(body, out + len, room);
            add_to_sum(body, out + len, got);
            body->framed_left -= got;
            len += got;
        } else if (!body->is_ended) {
            make_mark(body);
        } else {
            break;
        }
    }
    return len;
}

size_t store_body_read(struct store_body *body, char *out, size_t max) {
    return body->is_framed ? read_framed(body, out, max) : read_block(body, out, max);
}
