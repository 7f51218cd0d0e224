/* Private to journal/: segments on disk, blocks in them, and the journal's state. */
#ifndef MP_JOURNAL_INTERNAL_H
#define MP_JOURNAL_INTERNAL_H

#include "base/buf.h"
#include "journal/journal.h"

#include <pthread.h>
#include <zstd.h>

#define JOURNAL_PATH_MAX 4096
#define JOURNAL_SEGMENTS_MAX 65536
#define IDLE_BYTES (1u << 20) /* the most that a buffer keeps while nothing comes */

/*
 * A block is what one group commit writes: header, then payload ([u32 length][record] …), plain or
 * zstd. The LSN of the i-th record of a block is the block's LSN + i, so a block is never shorter
 * than its number of records.
 */
#define BLOCK_HEADER_BYTES 40u
#define BLOCK_CHECKSUM_AT 32u   /* in the header, its last field */
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
/* Of the header before its checksum and the payload. Exposed for the fuzzer. */
uint64_t block_checksum(const uint8_t *header, const uint8_t *payload, size_t len);
/* Checks header and payload against the checksum. */
MP_MUST_CHECK bool block_is_intact(const uint8_t *header, const uint8_t *payload,
                                   const struct block_header *decoded);
/* Gives the payload's records in raw (cleared first). MP_E_CORRUPT, MP_E_MEMORY. */
MP_MUST_CHECK int block_unpack(struct mp_buf *raw, ZSTD_DCtx *zstd,
                               const struct block_header *header, const uint8_t *payload);

/* Segments: DIR/<first LSN, 20 digits>.seg; a segment ends where the next begins. */
#define SEGMENT_NAME_DIGITS 20
#define SEGMENT_ENDING ".seg"
#define SEGMENT_FRESH_ENDING ".seg.new" /* being preallocated; no segment yet */
void segment_path(char *out, size_t size, const char *dir, uint64_t first_lsn);
/*
 * Makes a segment of that many preallocated bytes; fd or -1 with err filled (MP_E_FULL when the
 * disk is). It takes its name only when it is whole, so a failure leaves what was there before.
 */
MP_MUST_CHECK int segment_create(const char *dir, uint64_t first_lsn, uint64_t bytes,
                                 struct mp_error *err);
/*
 * Reads the block at lsn, header and payload, into stored. MP_E_CORRUPT when no intact block stands
 * there, MP_E_IO when the disk gave an error (which says nothing of the block), MP_E_MEMORY.
 */
MP_MUST_CHECK int segment_read_block(int fd, uint64_t first_lsn, uint64_t lsn,
                                     struct mp_buf *stored, struct block_header *header);
/*
 * Finds the first intact block that begins in [from, end): its LSN in *found, or end when there is
 * none. What is behind end is not looked for. MP_E_IO, MP_E_MEMORY.
 */
MP_MUST_CHECK int segment_resync(int fd, uint64_t first_lsn, uint64_t from, uint64_t end,
                                 struct mp_buf *stored, uint64_t *found);
struct segment_state {
    uint64_t end_lsn;       /* behind the last intact block */
    uint64_t torn_bytes;    /* not zero, behind it */
    uint64_t damaged_bytes; /* before it, in no intact block */
};
MP_MUST_CHECK int segment_verify(int fd, uint64_t first_lsn, struct segment_state *out,
                                 struct mp_error *err);
/* fsyncs a directory, so that names in it last. */
MP_MUST_CHECK int directory_sync(const char *dir, struct mp_error *err);
/* Reads exactly len bytes at offset. MP_E_CORRUPT when the file is shorter, MP_E_IO. */
MP_MUST_CHECK int read_at(int fd, void *to, size_t len, uint64_t offset);
/* mp_fail_sys for writes of the journal: a limit on file sizes counts as a full disk. */
int disk_fail(struct mp_error *err, int sys, const char *what);

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

    pthread_mutex_t mutex;   /* guards all below, but for the committer's own */
    pthread_cond_t arrived;  /* something is pending, or closing */
    pthread_cond_t advanced; /* durable_lsn moved, or closing */
    struct pending pending;
    bool is_closing;
    uint64_t durable_lsn;
    uint64_t *segments; /* first LSNs, ascending; the last one is being written */
    size_t segment_count;
    uint64_t released_lsn; /* readers are done with everything before it */
    struct journal_stats counters;

    /* The committer's own. */
    pthread_t committer;
    struct pending committing;
    struct mp_buf block;
    ZSTD_CCtx *zstd;
    int fd; /* of the last segment */
    uint64_t segment_first;
    uint64_t segment_capacity;  /* preallocated bytes */
    uint64_t zeroed_end;        /* of the part in front that was written already */
    bool must_roll;             /* the segment is sealed: nothing more may be written to it */
    int64_t roll_not_before_ms; /* monotonic: when a full disk is tried again */
    struct mp_error roll_error; /* why the last try failed */
};

void *committer_main(void *arg);
/* Opens or recovers the last segment. */
MP_MUST_CHECK int journal_recover(struct journal *journal, struct mp_error *err);
/* Begins the segment at first_lsn with room for need bytes; the committer's, or before it runs. */
MP_MUST_CHECK int journal_roll(struct journal *journal, uint64_t first_lsn, uint64_t need,
                               struct mp_error *err);
/* Deletes the segments that lie wholly before released_lsn. Takes the mutex. */
MP_MUST_CHECK int journal_drop_released(struct journal *journal, struct mp_error *err);
/* Bytes that the segments take on disk; call with the mutex held. */
uint64_t journal_disk_bytes(const struct journal *journal);
/* The highest position that any cursor knows to be given out, 0 when there is none. */
MP_MUST_CHECK int cursor_highest(const struct journal *journal, uint64_t *lsn,
                                 struct mp_error *err);

#endif
