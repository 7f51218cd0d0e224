/*
 * Private to load/: which events were loaded before, for at least dedupe_ms. Two parts:
 * an index (hash table of 16-byte slots in a mapped file, made anew at each start), used by the
 * thread that makes batches; and a log of segments that outlives the process, appended to by the
 * thread that commits them. An identity is kept as 96 of its 128 bits, tagged with its batch.
 * Memory: 23 to 46 bytes an event of the last dedupe_ms, 16 MiB at least, file-backed.
 */
#ifndef MP_LOAD_SEEN_H
#define MP_LOAD_SEEN_H

#include "base/error.h"
#include "base/hash.h"

/* 96 bits of an identity, as logged. */
struct seen_print {
    uint32_t words[3];
};
struct seen_print seen_print_of(struct mp_hash128 identity);

/* ---- Index: one thread, but seen_index_forget which any thread may call ------------------- */

struct seen_index;
/* The index's file is DIR/seen.index, emptied. */
MP_MUST_CHECK int seen_index_open(const char *dir, struct seen_index **out, struct mp_error *err);
void seen_index_close(struct seen_index *index);
/* Makes room for count more identities, so that the next count calls of seen_index_add cannot
 * fail. MP_E_FULL when the disk is. */
MP_MUST_CHECK int seen_index_reserve(struct seen_index *index, size_t count, struct mp_error *err);
/* It will be added soon: the memory is fetched meanwhile. */
void seen_index_prefetch(const struct seen_index *index, struct seen_print print);
/* True when the identity was not there; it is now, tagged with the batch (> 0). */
MP_MUST_CHECK bool seen_index_add(struct seen_index *index, struct seen_print print,
                                  uint32_t batch);
/* Identities of batches before first_batch count as not there from now on. */
void seen_index_forget(struct seen_index *index, uint32_t first_batch);

/* ---- Log: one thread ---------------------------------------------------------------------- */

#define SEEN_SEGMENT_BYTES (32u << 20)
#define SEEN_SEGMENT_MS (6 * 3600 * 1000LL)
#define SEEN_BLOCK_PRINTS_MAX (4u << 20)

struct seen_log;
/*
 * Reads the log into the index, but for batches from replay_batch on (0 = none): these are about
 * to be loaded again and must not be their own duplicates. Damage is logged and passed over.
 */
MP_MUST_CHECK int seen_log_open(const char *dir, struct seen_index *index, uint32_t replay_batch,
                                struct seen_log **out, struct mp_error *err);
void seen_log_close(struct seen_log *log);
/* The greatest batch that the log had at open, those from replay_batch on included; 0 = none. */
uint32_t seen_log_last_batch(const struct seen_log *log);
/* Appends what a batch added; on disk when it returns 0. time_ms is the latest receipt in it. */
MP_MUST_CHECK int seen_log_append(struct seen_log *log, uint32_t batch, int64_t time_ms,
                                  const struct seen_print *prints, size_t count,
                                  struct mp_error *err);
/* Deletes segments whose last block is older than oldest_ms. Gives the first batch still kept. */
MP_MUST_CHECK int seen_log_expire(struct seen_log *log, int64_t oldest_ms, uint32_t *first_batch,
                                  struct mp_error *err);

#endif
