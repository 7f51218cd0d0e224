/* Reads single values out of a block in Native: in plain types, as servers without "lowcard" get
 * it. Slow and simple: each question reads the block from its beginning. */
#ifndef MP_TESTS_UNIT_STORE_NATIVE_BLOCK_H
#define MP_TESTS_UNIT_STORE_NATIVE_BLOCK_H

#include "store/block.h"

#include <assert.h>

/* Bytes of a value, 0 = a string. */
static inline size_t native_width(struct mp_str type) {
    return mp_str_is(type, "String")                              ? 0
           : mp_str_is(type, "UInt8") || mp_str_is(type, "Int8")  ? 1
           : mp_str_is(type, "UInt16") || mp_str_is(type, "Date") ? 2
           : mp_str_is(type, "UInt32")                            ? 4
                                                                  : 8;
}

static inline struct mp_str native_value(struct mp_reader *reader, size_t width) {
    if (width == 0) {
        return mp_read_lstr(reader);
    }
    struct mp_str value = {(const char *)reader->at, width};
    for (size_t i = 0; i < width; i++) {
        (void)mp_read_byte(reader);
    }
    return value;
}

/*
 * A row of a column, without a string's length; of an array, element number `element` of all the
 * column's, and `row` is ignored. ptr is NULL when there is none. *rows is the block's.
 */
static inline struct mp_str native_find(struct mp_str block, const char *name, size_t row,
                                        size_t element, uint64_t *rows) {
    struct mp_reader reader;
    struct mp_str found = {NULL, 0};
    mp_reader_init(&reader, block.ptr, block.len);
    uint64_t columns = mp_read_varint(&reader);
    *rows = mp_read_varint(&reader);
    for (uint64_t i = 0; i < columns; i++) {
        struct mp_str column = mp_read_lstr(&reader);
        struct mp_str type = mp_read_lstr(&reader);
        bool is_array = mp_str_starts_with(type, MP_STR("Array("));
        size_t width = native_width(is_array ? mp_str_range(type.ptr + 6, type.len - 7) : type);
        uint64_t values = is_array ? 0 : *rows;
        for (uint64_t at = 0; is_array && at < *rows; at++) {
            values = mp_read_u64(&reader);
        }
        for (uint64_t at = 0; at < values; at++) {
            struct mp_str value = native_value(&reader, width);
            found = mp_str_is(column, name) && at == (is_array ? element : row) ? value : found;
        }
    }
    assert(!reader.failed && mp_reader_left(&reader) == 0);
    return found;
}

static inline uint64_t native_uint(struct mp_str block, const char *name, size_t row) {
    uint64_t rows;
    uint64_t number = 0;
    struct mp_str value = native_find(block, name, row, 0, &rows);
    assert(value.ptr && value.len <= sizeof(number));
    memcpy(&number, value.ptr, value.len);
    return number;
}

static inline uint64_t native_rows(struct mp_str block) {
    uint64_t rows;
    (void)native_find(block, "", 0, 0, &rows);
    return rows;
}

#endif
