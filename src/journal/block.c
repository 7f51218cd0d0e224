/* A block as bytes: encoding, and decoding of bytes that nobody vouches for. */
#include "journal/internal.h"

#include "base/hash.h"

/* A block of a few records packs as well as at level 1, whose larger tables cost more to clear than
 * the rest takes; one of a full group a little less well. */
#define ZSTD_LEVEL (-1)

static void put32(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static void put64(uint8_t *at, uint64_t value) {
    put32(at, (uint32_t)value);
    put32(at + 4, (uint32_t)(value >> 32));
}

static uint32_t get32(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t get64(const uint8_t *at) {
    return get32(at) | (uint64_t)get32(at + 4) << 32;
}

uint64_t block_checksum(const uint8_t *header, const uint8_t *payload, size_t len) {
    uint64_t parts[2] = {mp_checksum(header, BLOCK_CHECKSUM_AT), mp_checksum(payload, len)};
    return mp_checksum(parts, sizeof(parts));
}

int block_encode(struct mp_buf *out, ZSTD_CCtx *zstd, struct mp_str raw, uint32_t count,
                 uint64_t lsn) {
    size_t bound = raw.len >= BLOCK_COMPRESS_MIN ? ZSTD_compressBound(raw.len) : raw.len;
    mp_buf_clear(out);
    char *at = mp_buf_reserve(out, BLOCK_HEADER_BYTES + (bound > raw.len ? bound : raw.len));
    if (!at) {
        return MP_E_MEMORY;
    }
    uint8_t *header = (uint8_t *)at;
    uint8_t *payload = header + BLOCK_HEADER_BYTES;
    size_t stored = 0;
    if (raw.len >= BLOCK_COMPRESS_MIN) {
        stored = ZSTD_compressCCtx(zstd, payload, bound, raw.ptr, raw.len, ZSTD_LEVEL);
    }
    bool is_compressed = stored > 0 && !ZSTD_isError(stored) && stored < raw.len &&
                         BLOCK_HEADER_BYTES + stored >= count;
    if (!is_compressed) {
        memcpy(payload, raw.ptr, raw.len);
        stored = raw.len;
    }
    put32(header, BLOCK_MAGIC);
    put32(header + 4, (uint32_t)raw.len);
    put32(header + 8, (uint32_t)stored);
    put32(header + 12, count);
    put32(header + 16, is_compressed);
    put32(header + 20, 0);
    put64(header + 24, lsn);
    put64(header + BLOCK_CHECKSUM_AT, block_checksum(header, payload, stored));
    out->len = BLOCK_HEADER_BYTES + stored;
    return MP_OK;
}

bool block_header_decode(const uint8_t *bytes, uint64_t lsn, struct block_header *out) {
    *out = (struct block_header){
        .raw_len = get32(bytes + 4),
        .stored_len = get32(bytes + 8),
        .record_count = get32(bytes + 12),
        .is_compressed = get32(bytes + 16) == 1,
        .lsn = get64(bytes + 24),
    };
    return get32(bytes) == BLOCK_MAGIC && out->lsn == lsn && get32(bytes + 16) <= 1 &&
           get32(bytes + 20) == 0 && out->raw_len > 0 && out->raw_len <= BLOCK_RAW_MAX &&
           out->stored_len > 0 && out->stored_len <= out->raw_len && out->record_count > 0 &&
           out->record_count <= BLOCK_HEADER_BYTES + out->stored_len;
}

bool block_is_intact(const uint8_t *header, const uint8_t *payload,
                     const struct block_header *decoded) {
    return get64(header + BLOCK_CHECKSUM_AT) ==
           block_checksum(header, payload, decoded->stored_len);
}

int block_unpack(struct mp_buf *raw, ZSTD_DCtx *zstd, const struct block_header *header,
                 const uint8_t *payload) {
    mp_buf_clear(raw);
    char *to = mp_buf_reserve(raw, header->raw_len);
    if (!to) {
        return MP_E_MEMORY;
    }
    if (header->is_compressed) {
        size_t got = ZSTD_decompressDCtx(zstd, to, header->raw_len, payload, header->stored_len);
        if (ZSTD_isError(got) || got != header->raw_len) {
            return MP_E_CORRUPT;
        }
    } else if (header->stored_len == header->raw_len) {
        memcpy(to, payload, header->raw_len);
    } else {
        return MP_E_CORRUPT;
    }
    raw->len = header->raw_len;
    return MP_OK;
}
