/* Private to journal/: segments on disk, blocks in them, and the journal's state. */
#ifndef MP_JOURNAL_INTERNAL_H
#define MP_JOURNAL_INTERNAL_H

#include "base/buf.h"
#include "journal/journal.h"

#include <pthread.h>
#include <zstd.h>

#define JOURNAL_PATH_MAX 4096
#define JOURNAL_SEGMENTS_MAX 65536

/*
 * A block is what one group commit writes: header, then payload ([u32 length][record] …), plain or
 * zstd. The LSN of the i-th record of a block is the block's LSN + i, so a block is never shorter
 * than its number of records.
 */
#define BLOCK_HEADER_BYTES 40u
#define BLOCK_MAGIC 0x314a504du /* "MPJ1" */
#define BLOCK_RAW_MAX (64u << 20)
#define BLOCK_COMPRESS_MIN 512u

struct block_header {
    uint32_t raw_len;    /* of the payload before compression */
    uint32_t stored_len; /* as it follows the header */
    uint32_t record_count;
    bool is_compressed;
    uint64_t lsn;
};

/* Appends header and payload to out (cleared first). raw holds count length-prefixed records. */
MP_MUST_CHECK int block_encode(struct mp_buf *out, ZSTD_CCtx *zstd, struct mp_str raw,
                               uint32_t count, uint64_t lsn);
/* Reads a header of BLOCK_HEADER_BYTES; false unless magic, lengths and lsn make sense. */
MP_MUST_CHECK bool block_header_decode(const uint8_t *bytes, uint64_t lsn,
                                       struct block_header *out);
/* Checks header and payload against the checksum. */
MP_MUST_CHECK bool block_is_intact(const uint8_t *header, const uint8_t *payload,
                                   const struct block_header *decoded);
/* Gives the payload's records in raw (cleared first). */
MP_MUST_CHECK bool block_unpack(struct mp_buf *raw, ZSTD_DCtx *zstd,
                                const struct block_header *header, const uint8_t *payload);

/* Segments: DIR/<first LSN, 20 digits>.seg; a segment ends where the next begins. */
void segment_path(char *out, size_t size, const char *dir, uint64_t first_lsn);
/* Makes and preallocates a segment of bytes; fd or -1 with err filled. */
MP_MUST_CHECK int segment_create(const char *dir, uint64_t first_lsn, uint64_t bytes,
                                 struct mp_error *err);
/* The LSN behind the last intact block from first_lsn on, and how many bytes of a torn tail follow. */
MP_MUST_CHECK int segment_verify(int fd, uint64_t first_lsn, uint64_t *end_lsn,
                                 uint64_t *torn_bytes, struct mp_error *err);
/* fsyncs a directory, so that names in it last. */
MP_MUST_CHECK int directory_sync(const char *dir, struct mp_error *err);
/* Reads exactly len bytes at offset; false on error or a short file. */
MP_MUST_CHECK bool read_at(int fd, void *to, size_t len, uint64_t offset);

struct waiter {
    journal_done *done;
    void *arg;
};

struct pending {
    struct mp_buf records;
    uint32_t count;
    struct waiter *waiters;
    size_t waiter_capacity;
};

struct journal {
    char *dir;
    uint64_t segment_bytes;
    uint64_t max_bytes;
    int32_t commit_delay_us;
    int lock_fd;

    pthread_mutex_t mutex; /* guards all below, but for the committer's own */
    pthread_cond_t arrived;  /* something is pending, or closing */
    pthread_cond_t advanced; /* durable_lsn moved, or closing */
    struct pending pending;
    bool is_closing;
    uint64_t durable_lsn;
    uint64_t *segments; /* first LSNs, ascending; the last one is being written */
    size_t segment_count;
    struct journal_stats counters;

    /* The committer's own. */
    pthread_t committer;
    struct pending committing;
    struct mp_buf block;
    ZSTD_CCtx *zstd;
    int fd;                    /* of the last segment */
    uint64_t segment_first;
    uint64_t segment_capacity; /* preallocated bytes */
    bool must_roll;            /* the segment is sealed: nothing more may be written to it */
};

void *committer_main(void *arg);
/* Opens or recovers the last segment. */
MP_MUST_CHECK int journal_recover(struct journal *journal, struct mp_error *err);
/* Bytes that the segments take on disk; call with the mutex held. */
uint64_t journal_disk_bytes(const struct journal *journal);

#endif
