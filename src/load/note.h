/*
 * Private to load/: what the loader keeps beside its position in the journal's cursor. Saved once
 * a batch, before its insert: the note of batch B also says that B - 1 is complete.
 */
#ifndef MP_LOAD_NOTE_H
#define MP_LOAD_NOTE_H

#include "base/error.h"

struct load_note {
    uint64_t token;      /* of this data directory; part of query ids */
    uint32_t batch;      /* the last batch begun; 0 = none yet */
    bool is_intent;      /* the batch's insert may be under way; its range is [cursor, end_lsn) */
    uint64_t end_lsn;    /* when is_intent */
    uint32_t rolled_up;  /* rollups have all batches up to this one */
    int32_t touched_min; /* days of events of the batches behind it; min > max = none */
    int32_t touched_max;
};

#define LOAD_NOTE_BYTES 64
/* Writes the note and returns its length. */
size_t load_note_encode(const struct load_note *note, char out[LOAD_NOTE_BYTES]);
/* 0 or MP_E_CORRUPT. */
MP_MUST_CHECK int load_note_decode(struct mp_str bytes, struct load_note *out);

#endif
