/* Reading behind the committer, over damage, from any position that was given out. */
#include "journal/internal.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct journal_reader {
    struct journal *journal;
    ZSTD_DCtx *zstd;
    int fd;
    uint64_t segment_first;
    uint64_t segment_end; /* the next segment's first LSN, or UINT64_MAX while it is the last */
    struct mp_buf stored;
    struct mp_buf raw;
    /* The block in raw: its records, and where the reader stands. */
    uint64_t block_lsn;
    uint64_t block_end;
    uint32_t record_count;
    uint32_t record_next;
    size_t raw_at;
    uint64_t next_block; /* LSN of the block to read when raw is used up */
    uint32_t skip;       /* records to pass over in it */
};

/* Finds the segment of lsn; MP_E_NOT_FOUND when it is older than all. Mutex held. */
static int find_segment(const struct journal *journal, uint64_t lsn, uint64_t *first,
                        uint64_t *end) {
    size_t i = journal->segment_count;
    while (i > 0 && journal->segments[i - 1] > lsn) {
        i--;
    }
    if (i == 0) {
        return MP_E_NOT_FOUND;
    }
    *first = journal->segments[i - 1];
    *end = i < journal->segment_count ? journal->segments[i] : UINT64_MAX;
    return MP_OK;
}

/* Opens the segment that holds lsn, if it is not open already. */
static int enter_segment(struct journal_reader *reader, uint64_t lsn, struct mp_error *err) {
    char path[JOURNAL_PATH_MAX];
    uint64_t first = 0, end = 0;
    pthread_mutex_lock(&reader->journal->mutex);
    int code = find_segment(reader->journal, lsn, &first, &end);
    pthread_mutex_unlock(&reader->journal->mutex);
    if (code != MP_OK) {
        return mp_fail(err, MP_E_NOT_FOUND, "lsn", "%" PRIu64 " was deleted", lsn);
    }
    reader->segment_end = end;
    if (reader->fd >= 0 && reader->segment_first == first) {
        return MP_OK;
    }
    segment_path(path, sizeof(path), reader->journal->dir, first);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return mp_fail_sys(err, errno, path, "cannot open a segment");
    }
    if (reader->fd >= 0) {
        close(reader->fd);
    }
    reader->fd = fd;
    reader->segment_first = first;
    return MP_OK;
}

/* Reads and checks the block at lsn into raw. */
static int load_block(struct journal_reader *reader, uint64_t lsn) {
    struct block_header header;
    reader->record_next = reader->record_count = 0;
    int code = segment_read_block(reader->fd, reader->segment_first, lsn, &reader->stored, &header);
    if (code == MP_OK) {
        const uint8_t *payload = (const uint8_t *)reader->stored.ptr + BLOCK_HEADER_BYTES;
        code = block_unpack(&reader->raw, reader->zstd, &header, payload);
    }
    if (code != MP_OK) {
        return code;
    }
    reader->block_lsn = lsn;
    reader->block_end = lsn + BLOCK_HEADER_BYTES + header.stored_len;
    reader->record_count = header.record_count;
    reader->raw_at = 0;
    return MP_OK;
}

/* The next record of raw; false when its framing is broken, which a checksum should have caught. */
static bool take_record(struct journal_reader *reader, struct journal_record *out) {
    struct mp_reader bytes;
    mp_reader_init(&bytes, reader->raw.ptr + reader->raw_at, reader->raw.len - reader->raw_at);
    uint32_t len = mp_read_u32(&bytes);
    if (bytes.failed || len > mp_reader_left(&bytes)) {
        return false;
    }
    out->data = mp_str_range((const char *)bytes.at, len);
    reader->raw_at += sizeof(len) + len;
    out->lsn = reader->block_lsn + reader->record_next++;
    out->next_lsn = reader->record_next == reader->record_count
                        ? reader->block_end
                        : reader->block_lsn + reader->record_next;
    return true;
}

/* What a burst needed is not kept while nothing comes. */
static void trim(struct journal_reader *reader) {
    if (reader->stored.capacity > IDLE_BYTES) {
        mp_buf_deinit(&reader->stored);
    }
    if (reader->raw.capacity > IDLE_BYTES) {
        mp_buf_deinit(&reader->raw);
    }
}

/* Waits until there is something behind the reader; the durable LSN, which may still be behind. */
static uint64_t wait_durable(struct journal_reader *reader, int64_t wait_ms) {
    struct journal *journal = reader->journal;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += (wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&journal->mutex);
    int timed_out = wait_ms <= 0;
    while (journal->durable_lsn <= reader->next_block && !journal->is_closing && !timed_out) {
        timed_out = pthread_cond_timedwait(&journal->advanced, &journal->mutex, &until) != 0;
    }
    uint64_t durable = journal->durable_lsn;
    pthread_mutex_unlock(&journal->mutex);
    return durable;
}

/* No intact block at lsn: goes behind the damage, to the next one or the segment's end. */
static int skip_damage(struct journal_reader *reader, uint64_t lsn, uint64_t durable,
                       struct mp_error *err) {
    uint64_t end = reader->segment_end < durable ? reader->segment_end : durable;
    uint64_t behind;
    int code =
        segment_resync(reader->fd, reader->segment_first, lsn + 1, end, &reader->stored, &behind);
    if (code != MP_OK) {
        return mp_fail(err, (enum mp_code)code, "journal", "cannot read a segment");
    }
    reader->next_block = behind;
    reader->skip = 0;
    return mp_fail(err, MP_E_CORRUPT, "journal",
                   "segment %020" PRIu64 ".seg is damaged at byte %" PRIu64 "; %" PRIu64
                   " bytes skipped",
                   reader->segment_first, lsn - reader->segment_first, behind - lsn);
}

/* Goes on to the next block: 1, 0 = none yet, negative = error. */
static int next_block(struct journal_reader *reader, int64_t wait_ms, struct mp_error *err) {
    uint64_t durable = wait_durable(reader, wait_ms);
    uint64_t lsn = reader->next_block;
    if (lsn >= durable) {
        trim(reader);
        return 0;
    }
    int code = enter_segment(reader, lsn, err);
    if (code != MP_OK) {
        return -code;
    }
    code = load_block(reader, lsn);
    if (code == MP_E_CORRUPT) {
        return -skip_damage(reader, lsn, durable, err);
    }
    if (code != MP_OK) {
        return -mp_fail(err, (enum mp_code)code, "journal", "cannot read a segment");
    }
    reader->next_block = reader->block_end;
    return 1;
}

int journal_read(struct journal_reader *reader, int64_t wait_ms, struct journal_record *out,
                 struct mp_error *err) {
    for (;;) {
        while (reader->record_next < reader->record_count) {
            if (!take_record(reader, out)) {
                reader->record_next = reader->record_count;
                mp_fail(err, MP_E_CORRUPT, "journal", "block %" PRIu64 " has broken records",
                        reader->block_lsn);
                return -MP_E_CORRUPT;
            }
            if (reader->skip == 0) {
                return 1;
            }
            reader->skip--;
        }
        int got = next_block(reader, wait_ms, err);
        if (got <= 0) {
            return got;
        }
    }
}

/*
 * Finds the block that holds lsn. Most positions are a block's first LSN; others are found from the
 * segment's start, over damage too. A position inside damage is taken as it is: reading on from it
 * reports the damage.
 */
static int seek(struct journal_reader *reader, uint64_t lsn, uint64_t durable,
                struct mp_error *err) {
    int code = enter_segment(reader, lsn, err);
    if (code != MP_OK) {
        return code;
    }
    reader->next_block = lsn;
    uint64_t at = reader->segment_first;
    if (lsn == at || lsn == durable || load_block(reader, lsn) == MP_OK) {
        reader->record_count = 0; /* read again in its turn */
        return MP_OK;
    }
    while (at < lsn) {
        struct block_header header = {0};
        code = segment_read_block(reader->fd, reader->segment_first, at, &reader->stored, &header);
        uint64_t end = at + BLOCK_HEADER_BYTES + header.stored_len;
        if (code == MP_E_CORRUPT) {
            code = segment_resync(reader->fd, reader->segment_first, at + 1, lsn, &reader->stored,
                                  &end);
        } else if (code == MP_OK && lsn < end) {
            reader->next_block = at;
            reader->skip = (uint32_t)(lsn - at);
            return lsn - at < header.record_count
                       ? MP_OK
                       : mp_fail(err, MP_E_CORRUPT, "lsn", "%" PRIu64 " is no boundary", lsn);
        }
        if (code != MP_OK) {
            return mp_fail(err, (enum mp_code)code, "journal", "cannot read a segment");
        }
        at = end;
    }
    return MP_OK;
}

int journal_reader_open(struct journal *journal, uint64_t from_lsn, struct journal_reader **out,
                        struct mp_error *err) {
    struct journal_reader *reader = calloc(1, sizeof(*reader));
    *out = NULL;
    if (!reader) {
        return mp_fail(err, MP_E_MEMORY, "journal", "no memory for a reader");
    }
    reader->journal = journal;
    reader->fd = -1;
    mp_buf_init(&reader->stored, BLOCK_HEADER_BYTES + BLOCK_RAW_MAX);
    mp_buf_init(&reader->raw, BLOCK_RAW_MAX);
    reader->zstd = ZSTD_createDCtx();
    pthread_mutex_lock(&journal->mutex);
    uint64_t first = journal->segments[0];
    uint64_t durable = journal->durable_lsn;
    pthread_mutex_unlock(&journal->mutex);
    int code = MP_OK;
    if (!reader->zstd) {
        code = mp_fail(err, MP_E_MEMORY, "journal", "no memory for a reader");
    } else if (from_lsn > durable) {
        code = mp_fail(err, MP_E_CORRUPT, "lsn",
                       "%" PRIu64 " lies behind the journal's end %" PRIu64, from_lsn, durable);
    } else if (from_lsn <= first) {
        code = from_lsn != 0 && from_lsn < first
                   ? mp_fail(err, MP_E_NOT_FOUND, "lsn", "%" PRIu64 " was deleted", from_lsn)
                   : MP_OK;
        reader->next_block = first;
    } else {
        code = seek(reader, from_lsn, durable, err);
    }
    if (code != MP_OK) {
        journal_reader_close(reader);
        return code;
    }
    *out = reader;
    return MP_OK;
}

void journal_reader_close(struct journal_reader *reader) {
    if (!reader) {
        return;
    }
    if (reader->fd >= 0) {
        close(reader->fd);
    }
    ZSTD_freeDCtx(reader->zstd);
    mp_buf_deinit(&reader->stored);
    mp_buf_deinit(&reader->raw);
    free(reader);
}
