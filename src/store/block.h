/*
 * Rows to insert, kept column by column: one INSERT's body in ClickHouse's Native format, one
 * block. Values go to each column in the order of the rows; all columns have the same number of
 * them when it is sent. Room is made first, and then nothing can fail: so several rows are added
 * wholly or not at all. No I/O; one thread at a time.
 *
 *     struct store_room room = {.rows = 1, .bytes = page.len};
 *     if (store_block_reserve(block, &room) == 0) {
 *         store_block_put_uint(block, DAY, day);
 *         store_block_put_str(block, PAGE, page);
 *     }
 */
#ifndef MP_STORE_BLOCK_H
#define MP_STORE_BLOCK_H

#include "base/buf.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define STORE_BLOCK_COLUMNS_MAX 128
#define STORE_BLOCK_BYTES_MAX (1u << 30)

enum store_type {
    STORE_UINT8,
    STORE_INT8,
    STORE_UINT16,
    STORE_UINT32,
    STORE_UINT64,
    STORE_INT64,
    STORE_FLOAT64,
    STORE_DATE, /* the day number, two bytes */
    STORE_STRING,
    /* A string of few different values, each kept once: LowCardinality(String) where the server has
     * the capability "lowcard", else String, as the schema declares such columns. */
    STORE_LOWCARD,
};

struct store_column {
    const char *name; /* lives as long as the block */
    enum store_type type;
    bool is_array; /* Array(type) */
};

struct store_block;

/* bytes_max, at most STORE_BLOCK_BYTES_MAX: from so many bytes on no more room is made. NULL when
 * memory is out. */
struct store_block *store_block_create(const struct store_column *columns, size_t count,
                                       size_t bytes_max);
void store_block_destroy(struct store_block *block); /* NULL is fine */
/* Empties it, keeping its memory. */
void store_block_clear(struct store_block *block);
/* Empties it, and gives its memory back if that is more than so many bytes. */
void store_block_trim(struct store_block *block, size_t bytes);
/* Of the first column. */
size_t store_block_rows(const struct store_block *block);
/* Of all values, every string counted as often as it stands. What the block holds and what it is
 * written as may be smaller, but is hardly larger. */
size_t store_block_bytes(const struct store_block *block);

struct store_room {
    size_t rows;
    size_t elements; /* at most, that one array column gets in all these rows */
    size_t bytes;    /* at most, of all the strings that one column gets; filled ones once */
};
/*
 * Room for that much more in every column, until the next call. 0, MP_E_MEMORY, or MP_E_TOO_LARGE
 * when the block has bytes_max already.
 */
MP_MUST_CHECK int store_block_reserve(struct store_block *block, const struct store_room *room);

/* The next row of a column, or the next element of its array at hand. Signed values as uint64_t. */
void store_block_put_uint(struct store_block *block, size_t column, uint64_t value);
void store_block_put_f64(struct store_block *block, size_t column, double value);
void store_block_put_str(struct store_block *block, size_t column, struct mp_str value);
/* Ends a row of an array column: its elements were put before. */
void store_block_end_array(struct store_block *block, size_t column);
/* The same value for so many rows of a column that is no array. A STORE_STRING needs room.bytes for
 * each of them. */
void store_block_fill_uint(struct store_block *block, size_t column, uint64_t value, size_t rows);
void store_block_fill_str(struct store_block *block, size_t column, struct mp_str value,
                          size_t rows);

/* Appends "name, name, …", for INSERT INTO. */
void store_block_names(const struct store_block *block, struct mp_buf *out);
/* Appends the block in Native; out->failed tells at the end. */
void store_block_write(const struct store_block *block, bool has_lowcard, struct mp_buf *out);

#ifdef __cplusplus
}
#endif
#endif
