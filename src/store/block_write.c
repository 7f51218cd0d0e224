/*
 * Blocks in the Native format: the number of columns and rows, then each column's name, type and
 * data. LowCardinality(String) follows ClickHouse's SerializationLowCardinality.cpp.
 */
#include "store/block_column.h"

#include <assert.h>
#include <stdio.h>

/* The one version of LowCardinality's prefix: keys may come along with the rows. */
#define LOWCARD_VERSION 1u
/* Keys do come along; what came before them, of which there is nothing, does not count. */
#define LOWCARD_HAS_KEYS 0x200u
#define LOWCARD_NEW_KEYS 0x400u
/* Flags, number of keys, number of rows. */
#define LOWCARD_COUNTS_BYTES (3 * sizeof(uint64_t))

static const struct {
    const char *name;
    size_t width;
} types[] = {
    [STORE_UINT8] = {"UInt8", 1},
    [STORE_INT8] = {"Int8", 1},
    [STORE_UINT16] = {"UInt16", 2},
    [STORE_UINT32] = {"UInt32", 4},
    [STORE_UINT64] = {"UInt64", 8},
    [STORE_INT64] = {"Int64", 8},
    [STORE_FLOAT64] = {"Float64", 8},
    [STORE_DATE] = {"Date", 2},
    [STORE_STRING] = {"String", 0},
    [STORE_LOWCARD] = {"LowCardinality(String)", KEY_NUMBER_BYTES},
};

size_t store_type_width(enum store_type type) {
    return types[type].width;
}

/* What a column consists of, in this order; what it has not is empty. */
enum step { HEAD, OFFSETS, KEY_COUNT, KEYS, NUMBER_COUNT, VALUES, STEPS };

static bool is_encoded(const struct block_column *column, bool has_lowcard) {
    return column->about.type == STORE_LOWCARD && has_lowcard;
}

/* 0, 1, 2: numbers of keys take one byte, two or four. */
static unsigned log_width(const struct block_column *column) {
    return column->keys.count <= UINT8_MAX + 1u ? 0 : column->keys.count <= UINT16_MAX + 1u ? 1 : 2;
}

/* ---- Small pieces, made in a buffer ------------------------------------------------------- */

/* In front of a column's data; the block's own head comes with that of the first column. */
static void make_head(struct mp_buf *out, const struct store_block *block, size_t index,
                      bool has_lowcard) {
    const struct block_column *column = &block->columns[index];
    bool is_spelled = column->about.type == STORE_LOWCARD && !has_lowcard;
    char type[64];
    snprintf(type, sizeof(type), column->about.is_array ? "Array(%s)" : "%s",
             types[is_spelled ? STORE_STRING : column->about.type].name);
    if (index == 0) {
        mp_buf_append_varint(out, block->count);
        mp_buf_append_varint(out, store_block_rows(block));
    }
    mp_buf_append_lstr(out, mp_str_of(column->about.name));
    mp_buf_append_lstr(out, mp_str_of(type));
    if (is_encoded(column, has_lowcard)) {
        mp_buf_append_u64(out, LOWCARD_VERSION);
    }
}

static uint32_t number_at(const struct block_column *column, size_t element) {
    uint32_t number;
    memcpy(&number, column->values.ptr + element * KEY_NUMBER_BYTES, sizeof(number));
    return number;
}

/* The next numbers of keys, as narrow as they all fit. */
static void make_numbers(struct mp_buf *out, const struct block_column *column, size_t *element) {
    unsigned shift = log_width(column);
    size_t count = BLOCK_SCRATCH_BYTES >> shift;
    size_t left = column->elements - *element;
    count = count < left ? count : left;
    for (size_t i = 0; shift == 0 && i < count; i++) {
        out->ptr[i] = (char)number_at(column, *element + i);
    }
    for (size_t i = 0; shift == 1 && i < count; i++) {
        uint16_t number = (uint16_t)number_at(column, *element + i);
        memcpy(out->ptr + 2 * i, &number, sizeof(number));
    }
    if (shift == 2) {
        memcpy(out->ptr, column->values.ptr + *element * KEY_NUMBER_BYTES,
               count * KEY_NUMBER_BYTES);
    }
    out->len = count << shift;
    *element += count;
}

/* ---- All pieces --------------------------------------------------------------------------- */

void block_pieces_begin(struct block_pieces *pieces, const struct store_block *block,
                        bool has_lowcard) {
    pieces->block = block;
    pieces->has_lowcard = has_lowcard;
    pieces->column = pieces->step = 0;
    pieces->element = 0;
}

/* The next of the column's values; empty at their end. */
static struct mp_str next_values(struct block_pieces *pieces, const struct block_column *column,
                                 struct mp_buf *made) {
    if (pieces->element == column->elements) {
        return mp_str_range("", 0);
    }
    if (column->about.type != STORE_LOWCARD) {
        pieces->element = column->elements;
        return mp_buf_str(&column->values);
    }
    if (!pieces->has_lowcard) {
        return dictionary_written(&column->keys, number_at(column, pieces->element++));
    }
    make_numbers(made, column, &pieces->element);
    return mp_buf_str(made);
}

static struct mp_str take_step(struct block_pieces *pieces) {
    const struct block_column *column = &pieces->block->columns[pieces->column];
    bool has_keys = is_encoded(column, pieces->has_lowcard) && column->elements > 0;
    struct mp_buf made = {
        .ptr = pieces->scratch, .capacity = BLOCK_SCRATCH_BYTES, .max = BLOCK_SCRATCH_BYTES};
    switch (pieces->step) {
    case HEAD:
        make_head(&made, pieces->block, pieces->column, pieces->has_lowcard);
        break;
    case OFFSETS:
        return mp_buf_str(&column->offsets);
    case KEY_COUNT:
        if (has_keys) {
            mp_buf_append_u64(&made, log_width(column) | LOWCARD_HAS_KEYS | LOWCARD_NEW_KEYS);
            mp_buf_append_u64(&made, column->keys.count);
        }
        break;
    case KEYS:
        return has_keys ? mp_buf_str(&column->keys.bytes) : mp_str_range("", 0);
    case NUMBER_COUNT:
        if (has_keys) {
            mp_buf_append_u64(&made, column->elements);
        }
        break;
    default:
        return next_values(pieces, column, &made);
    }
    assert(!made.failed);
    return mp_buf_str(&made);
}

bool block_pieces_next(struct block_pieces *pieces, struct mp_str *piece) {
    while (pieces->column < pieces->block->count) {
        *piece = take_step(pieces);
        bool has_more = pieces->step == VALUES && piece->len > 0;
        if (!has_more && ++pieces->step == STEPS) {
            pieces->step = HEAD;
            pieces->element = 0;
            pieces->column++;
        }
        if (piece->len > 0) {
            return true;
        }
    }
    return false;
}

static uint64_t values_length(const struct block_column *column, bool has_lowcard) {
    if (column->about.type != STORE_LOWCARD) {
        return column->values.len;
    }
    if (!has_lowcard) {
        return column->spelled;
    }
    return column->elements == 0 ? 0
                                 : LOWCARD_COUNTS_BYTES + column->keys.bytes.len +
                                       ((uint64_t)column->elements << log_width(column));
}

uint64_t block_pieces_length(const struct store_block *block, bool has_lowcard) {
    uint64_t length = 0;
    for (size_t i = 0; i < block->count; i++) {
        const struct block_column *column = &block->columns[i];
        char head[BLOCK_SCRATCH_BYTES];
        struct mp_buf made = {.ptr = head, .capacity = sizeof(head), .max = sizeof(head)};
        make_head(&made, block, i, has_lowcard);
        length += made.len + column->offsets.len + values_length(column, has_lowcard);
        assert(block_column_rows(column) == store_block_rows(block));
    }
    return length;
}

void store_block_write(const struct store_block *block, bool has_lowcard, struct mp_buf *out) {
    struct block_pieces pieces;
    struct mp_str piece;
    block_pieces_begin(&pieces, block, has_lowcard);
    while (block_pieces_next(&pieces, &piece)) {
        mp_buf_append_str(out, piece);
    }
}

void store_block_names(const struct store_block *block, struct mp_buf *out) {
    for (size_t i = 0; i < block->count; i++) {
        mp_buf_append_text(out, i > 0 ? ", " : "");
        mp_buf_append_text(out, block->columns[i].about.name);
    }
}
