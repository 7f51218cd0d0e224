/*
 * The journal: a segmented append-only log. An event is acknowledged when its record is in here
 * and on disk. collect appends from the HTTP threads; one committer thread of the journal's own
 * writes and fsyncs (group commit) and calls back; load reads behind it through a cursor.
 * A position is an LSN: a byte offset in the endless log; segments are files named by their first
 * LSN, preallocated, each block of records checksummed and zstd-compressed.
 */
#ifndef MP_JOURNAL_JOURNAL_H
#define MP_JOURNAL_JOURNAL_H

#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct journal;

struct journal_config {
    const char *dir;            /* made when missing, mode 0700 */
    uint64_t segment_bytes;     /* size of a segment file */
    uint64_t max_bytes;         /* all segments together; appends beyond are refused: MP_E_FULL */
    uint64_t pending_bytes_max; /* records waiting for the committer; beyond: MP_E_FULL */
    int32_t commit_delay_us;    /* how long the committer waits for company; 0 = not at all */
};

/*
 * Opens, locks the directory against a second process (MP_E_EXISTS), verifies the last segment,
 * cuts a torn tail and logs how many bytes, and starts the committer.
 */
MP_MUST_CHECK int journal_open(const struct journal_config *config, struct journal **out,
                               struct mp_error *err);
/* Commits what is pending, stops the committer, unlocks. No append may be under way. */
void journal_close(struct journal *journal);

/* Called on the committer's thread, in the order of appends. result: MP_OK, MP_E_FULL (disk full or
 * at max_bytes), MP_E_IO, MP_E_MEMORY; a record that was refused is never read. Must not block. */
typedef void journal_done(void *arg, int result);

/*
 * Queues a copy of one record (1 … MP_RECORD_BYTES_MAX bytes). 0 = queued, and done will be called
 * exactly once; otherwise nothing happens later: MP_E_FULL, MP_E_TOO_LARGE, MP_E_CLOSED. Any
 * thread.
 */
MP_MUST_CHECK int journal_append(struct journal *journal, struct mp_str record, journal_done *done,
                                 void *arg);
/* The same, waiting. For demo, import and tests. */
MP_MUST_CHECK int journal_append_wait(struct journal *journal, struct mp_str record);

/* Reading: only committed records, in order. One thread a reader. */
struct journal_reader;
/* from_lsn: 0 = the oldest record kept, or an LSN that journal_read gave (lsn or next_lsn).
 * MP_E_NOT_FOUND when it was already deleted, MP_E_CORRUPT when it is no boundary. */
MP_MUST_CHECK int journal_reader_open(struct journal *journal, uint64_t from_lsn,
                                      struct journal_reader **out, struct mp_error *err);
void journal_reader_close(struct journal_reader *reader);
struct journal_record {
    struct mp_str data; /* lives until the next read */
    uint64_t lsn;
    uint64_t next_lsn; /* where to go on after this record */
};
/*
 * 1 = a record, 0 = none within wait_ms (or journal is closing), negative = -(enum mp_code):
 * -MP_E_CORRUPT for a damaged block in the middle (err says segment and offset; the next call goes
 * on behind the damage), -MP_E_IO.
 */
MP_MUST_CHECK int journal_read(struct journal_reader *reader, int64_t wait_ms,
                               struct journal_record *out, struct mp_error *err);

/*
 * Cursors: small named files beside the segments, replaced atomically and fsynced. note is the
 * reader's own state, kept with the position (at most JOURNAL_NOTE_MAX bytes), checksummed. No
 * position before the journal's end at the time is given out again, even if that end is lost.
 */
#define JOURNAL_NOTE_MAX 512
MP_MUST_CHECK int journal_cursor_save(struct journal *journal, const char *name, uint64_t lsn,
                                      struct mp_str note, struct mp_error *err);
/* MP_E_NOT_FOUND on the first run. note_out must hold JOURNAL_NOTE_MAX bytes. */
MP_MUST_CHECK int journal_cursor_load(struct journal *journal, const char *name, uint64_t *lsn,
                                      char *note_out, size_t *note_len, struct mp_error *err);
/* Deletes segments that lie wholly before lsn; the last one goes when the next begins. */
MP_MUST_CHECK int journal_release(struct journal *journal, uint64_t lsn, struct mp_error *err);

struct journal_stats {
    uint64_t first_lsn;
    uint64_t durable_lsn;      /* end of what is on disk */
    uint64_t disk_bytes;       /* segments, as allocated */
    uint64_t appended_records; /* since open */
    uint64_t commits;          /* fsyncs since open */
    uint64_t torn_bytes;       /* cut at open */
    bool is_full;              /* refusing at present; ends by itself when there is room */
};
void journal_stats(struct journal *journal, struct journal_stats *out);

#ifdef __cplusplus
}
#endif
#endif
