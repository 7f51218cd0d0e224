/*
 * Private to store/: the body of an insert as a stream, read piece by piece as libcurl sends it:
 * a block in Native, and around it, for servers over TCP, a zlib stream without compression. Its
 * length is known before. Not thread-safe; the block must not change meanwhile.
 */
#ifndef MP_STORE_BODY_H
#define MP_STORE_BODY_H

#include "store/block_column.h"

#define BODY_MARK_BYTES 5

struct store_body {
    const struct store_block *block;
    bool has_lowcard;
    bool is_framed;
    uint64_t block_length;

    /* While it is read. */
    struct block_pieces pieces;
    struct mp_str piece; /* what is left of the one at hand */
    uint64_t left;       /* of the block, that is in no frame yet */
    size_t framed_left;  /* of the frame at hand */
    uint32_t sum_low;    /* Adler-32 of what was framed */
    uint32_t sum_high;
    bool is_ended;
    char mark[BODY_MARK_BYTES]; /* zlib's own bytes that come next */
    struct mp_str mark_left;
};

void store_body_init(struct store_body *body, const struct store_block *block, bool has_lowcard,
                     bool is_framed);
uint64_t store_body_length(const struct store_body *body);
/* The next bytes, at most max of them; 0 at the end. */
size_t store_body_read(struct store_body *body, char *out, size_t max);
/* Back to the beginning. */
void store_body_rewind(struct store_body *body);

#endif
