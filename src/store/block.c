/* Blocks: keeping values in columns. */
#include "store/block_column.h"

#include <assert.h>
#include <stdlib.h>

/* Whole words are stored and only as much of them is counted as the type has: so their bytes must
 * lie as Native wants them. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied as they lie");

#define WORD_BYTES sizeof(uint64_t)
/* The length in front of a string of less than STORE_BLOCK_BYTES_MAX. */
#define LENGTH_BYTES_MAX 5u
/* Of each buffer: a block may be carried over its bound by one reservation, and has scratch. */
#define BUFFER_BYTES_MAX (2 * (size_t)STORE_BLOCK_BYTES_MAX)

/* ---- Making ----------------------------------------------------------------------------- */

struct store_block *store_block_create(const struct store_column *columns, size_t count,
                                       size_t bytes_max) {
    assert(count > 0 && count <= STORE_BLOCK_COLUMNS_MAX && bytes_max <= STORE_BLOCK_BYTES_MAX);
    struct store_block *block = calloc(1, sizeof(*block) + count * sizeof(block->columns[0]));
    if (!block) {
        return NULL;
    }
    block->bytes_max = bytes_max;
    block->count = count;
    bool is_made = true;
    for (size_t i = 0; i < count; i++) {
        struct block_column *column = &block->columns[i];
        column->about = columns[i];
        column->width = store_type_width(columns[i].type);
        mp_buf_init(&column->values, BUFFER_BYTES_MAX);
        mp_buf_init(&column->offsets, BUFFER_BYTES_MAX);
        is_made &= dictionary_init(&column->keys, BUFFER_BYTES_MAX);
    }
    if (!is_made) {
        store_block_destroy(block);
        return NULL;
    }
    return block;
}

static void free_columns(struct store_block *block) {
    for (size_t i = 0; i < block->count; i++) {
        mp_buf_deinit(&block->columns[i].values);
        mp_buf_deinit(&block->columns[i].offsets);
        dictionary_deinit(&block->columns[i].keys);
    }
}

void store_block_destroy(struct store_block *block) {
    if (block) {
        free_columns(block);
        free(block);
    }
}

void store_block_clear(struct store_block *block) {
    for (size_t i = 0; i < block->count; i++) {
        struct block_column *column = &block->columns[i];
        mp_buf_clear(&column->values);
        mp_buf_clear(&column->offsets);
        dictionary_clear(&column->keys);
        column->elements = column->spelled = 0;
    }
    block->bytes = 0;
}

void store_block_trim(struct store_block *block, size_t bytes) {
    size_t kept = 0;
    for (size_t i = 0; i < block->count; i++) {
        const struct block_column *column = &block->columns[i];
        kept += column->values.capacity + column->offsets.capacity + column->keys.bytes.capacity +
                column->keys.capacity * (sizeof(struct dictionary_key) + 2 * sizeof(uint32_t));
    }
    store_block_clear(block);
    if (kept > bytes) {
        free_columns(block);
    }
}

size_t store_block_rows(const struct store_block *block) {
    return block_column_rows(&block->columns[0]);
}

size_t store_block_bytes(const struct store_block *block) {
    return block->bytes;
}

/* ---- Room ------------------------------------------------------------------------------- */

static bool reserve_bytes(struct mp_buf *buf, size_t bytes) {
    bool has_room = mp_buf_reserve(buf, bytes) != NULL;
    buf->failed = false;
    return has_room;
}

static bool reserve_column(struct block_column *column, const struct store_room *room) {
    size_t elements = column->about.is_array ? room->elements : room->rows;
    size_t each = column->width ? column->width : LENGTH_BYTES_MAX;
    size_t strings = column->about.type == STORE_STRING ? room->bytes : 0;
    return reserve_bytes(&column->values, elements * each + strings + WORD_BYTES) &&
           (!column->about.is_array ||
            reserve_bytes(&column->offsets, (room->rows + 1) * WORD_BYTES)) &&
           (column->about.type != STORE_LOWCARD ||
            dictionary_reserve(&column->keys, elements, room->bytes));
}

int store_block_reserve(struct store_block *block, const struct store_room *room) {
    if (block->bytes >= block->bytes_max || room->rows > STORE_BLOCK_BYTES_MAX ||
        room->elements > STORE_BLOCK_BYTES_MAX || room->bytes > STORE_BLOCK_BYTES_MAX) {
        return MP_E_TOO_LARGE;
    }
    for (size_t i = 0; i < block->count; i++) {
        if (!reserve_column(&block->columns[i], room)) {
            return MP_E_MEMORY;
        }
    }
    return MP_OK;
}

/* ---- Values, written where room was made before ------------------------------------------- */

static void put_word(struct mp_buf *buf, uint64_t value, size_t width) {
    assert(buf->capacity - buf->len >= WORD_BYTES);
    memcpy(buf->ptr + buf->len, &value, sizeof(value));
    buf->len += width;
}

static void put_number(struct block_column *column, uint64_t value) {
    put_word(&column->values, value, column->width);
    column->elements++;
}

void store_block_put_uint(struct store_block *block, size_t column, uint64_t value) {
    struct block_column *at = &block->columns[column];
    assert(column < block->count && at->about.type < STORE_STRING);
    put_number(at, value);
    block->bytes += at->width;
}

void store_block_put_f64(struct store_block *block, size_t column, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    assert(block->columns[column].about.type == STORE_FLOAT64);
    store_block_put_uint(block, column, bits);
}

static size_t put_text(struct block_column *column, struct mp_str value) {
    struct mp_buf *buf = &column->values;
    assert(buf->capacity - buf->len >= value.len + LENGTH_BYTES_MAX);
    char *begin = buf->ptr + buf->len;
    char *at = begin;
    size_t rest = value.len;
    for (; rest >= 0x80; rest >>= 7) {
        *at++ = (char)(rest | 0x80);
    }
    *at++ = (char)rest;
    if (value.len > 0) {
        memcpy(at, value.ptr, value.len);
    }
    size_t bytes = (size_t)(at - begin) + value.len;
    buf->len += bytes;
    column->elements++;
    return bytes;
}

static size_t put_key(struct block_column *column, struct mp_str value) {
    uint32_t number = dictionary_add(&column->keys, value);
    size_t bytes = dictionary_written(&column->keys, number).len;
    put_number(column, number);
    column->spelled += bytes;
    return bytes;
}

void store_block_put_str(struct store_block *block, size_t column, struct mp_str value) {
    struct block_column *at = &block->columns[column];
    assert(column < block->count && at->about.type >= STORE_STRING);
    block->bytes += at->about.type == STORE_STRING ? put_text(at, value) : put_key(at, value);
}

void store_block_end_array(struct store_block *block, size_t column) {
    struct block_column *at = &block->columns[column];
    assert(column < block->count && at->about.is_array);
    put_word(&at->offsets, at->elements, WORD_BYTES);
    block->bytes += WORD_BYTES;
}

void store_block_fill_uint(struct store_block *block, size_t column, uint64_t value, size_t rows) {
    for (size_t i = 0; i < rows; i++) {
        store_block_put_uint(block, column, value);
    }
}

void store_block_fill_str(struct store_block *block, size_t column, struct mp_str value,
                          size_t rows) {
    struct block_column *at = &block->columns[column];
    if (rows > 0) {
        store_block_put_str(block, column, value);
    }
    for (size_t i = 1; i < rows && at->about.type == STORE_STRING; i++) {
        store_block_put_str(block, column, value);
    }
    if (rows > 1 && at->about.type == STORE_LOWCARD) {
        uint32_t number;
        memcpy(&number, at->values.ptr + at->values.len - sizeof(number), sizeof(number));
        for (size_t i = 1; i < rows; i++) {
            put_number(at, number);
        }
        size_t bytes = (rows - 1) * dictionary_written(&at->keys, number).len;
        at->spelled += bytes;
        block->bytes += bytes;
    }
}
