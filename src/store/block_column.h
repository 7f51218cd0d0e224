/* Private to store/: a block's inside, for block.c which fills it, and its pieces in Native, for
 * block_write.c which makes them and body.c which sends them. */
#ifndef MP_STORE_BLOCK_COLUMN_H
#define MP_STORE_BLOCK_COLUMN_H

#include "store/block.h"
#include "store/dictionary.h"

/* In memory, numbers of keys are as wide as this. */
#define KEY_NUMBER_BYTES sizeof(uint32_t)

struct block_column {
    struct store_column about;
    size_t width;    /* of an element in `values`, 0 = strings */
    size_t elements; /* in `values` */
    size_t spelled;  /* bytes of a STORE_LOWCARD's values as plain strings */
    struct mp_buf values;
    struct mp_buf offsets;  /* of an array: where each row ends in `values`, as 8 bytes */
    struct dictionary keys; /* of STORE_LOWCARD: `values` are their numbers */
};

struct store_block {
    size_t bytes_max;
    size_t bytes;
    size_t count;
    struct block_column columns[];
};

static inline size_t block_column_rows(const struct block_column *column) {
    return column->about.is_array ? column->offsets.len / sizeof(uint64_t) : column->elements;
}

/* Of an element in `values`; 0 = strings. */
size_t store_type_width(enum store_type type);

/* ---- Native, piece by piece: a block is large, and is sent without a copy of it -------------- */

#define BLOCK_SCRATCH_BYTES 4096u

struct block_pieces {
    const struct store_block *block;
    bool has_lowcard;
    size_t column; /* at hand */
    unsigned step; /* of this column */
    size_t element;
    size_t scratch_len;
    char scratch[BLOCK_SCRATCH_BYTES];
};

void block_pieces_begin(struct block_pieces *pieces, const struct store_block *block,
                        bool has_lowcard);
/* The next bytes, borrowed until the next call; false at the end. */
bool block_pieces_next(struct block_pieces *pieces, struct mp_str *piece);
/* Bytes of all pieces together. */
uint64_t block_pieces_length(const struct store_block *block, bool has_lowcard);

#endif
