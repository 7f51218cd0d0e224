/* Writes a small .mmdb file, as MaxMind's format specification 2.0 has it: an IPv4 tree of 24-bit
 * records, maps of maps and strings as data. */
#ifndef MP_TESTS_UNIT_COLLECT_MMDB_H
#define MP_TESTS_UNIT_COLLECT_MMDB_H

#include "base/buf.h"

#include <stdio.h>

#define MMDB_NODES_MAX 256
#define MMDB_NONE UINT32_MAX

struct mmdb_writer {
    uint32_t nodes[MMDB_NODES_MAX][2]; /* a node, MMDB_NONE, or MMDB_DATA + offset */
    uint32_t node_count;
    struct mp_buf data;
};
#define MMDB_DATA 0x80000000u

static inline void mmdb_init(struct mmdb_writer *writer) {
    writer->node_count = 1;
    writer->nodes[0][0] = writer->nodes[0][1] = MMDB_NONE;
    mp_buf_init(&writer->data, 1 << 16);
}

static inline void mmdb_map(struct mp_buf *out, uint8_t size) {
    mp_buf_append_byte(out, (uint8_t)(7 << 5 | size));
}

/* Up to 28 bytes. */
static inline void mmdb_text(struct mp_buf *out, const char *text) {
    mp_buf_append_byte(out, (uint8_t)(2 << 5 | strlen(text)));
    mp_buf_append_text(out, text);
}

static inline void mmdb_uint(struct mp_buf *out, uint8_t type, uint8_t value) {
    if (type < 8) {
        mp_buf_append_byte(out, (uint8_t)(type << 5 | 1));
    } else {
        mp_buf_append_byte(out, 1);
        mp_buf_append_byte(out, (uint8_t)(type - 7));
    }
    mp_buf_append_byte(out, value);
}

/* "key": {"names": {language: name}} */
static inline void mmdb_place(struct mp_buf *out, const char *key, const char *language,
                              const char *name) {
    mmdb_text(out, key);
    mmdb_map(out, 1);
    mmdb_text(out, "names");
    mmdb_map(out, 1);
    mmdb_text(out, language);
    mmdb_text(out, name);
}

/* A network with the data that the caller has appended since offset. */
static inline void mmdb_network(struct mmdb_writer *writer, uint32_t address, int bits,
                                uint32_t offset) {
    uint32_t node = 0;
    for (int bit = 0; bit < bits; bit++) {
        uint32_t *next = &writer->nodes[node][address >> (31 - bit) & 1];
        if (bit == bits - 1) {
            *next = MMDB_DATA + offset;
        } else if (*next == MMDB_NONE) {
            *next = writer->node_count++;
            writer->nodes[*next][0] = writer->nodes[*next][1] = MMDB_NONE;
        }
        node = *next;
    }
}

static inline void mmdb_save(struct mmdb_writer *writer, const char *path) {
    struct mp_buf out;
    mp_buf_init(&out, 1 << 20);
    for (uint32_t i = 0; i < writer->node_count * 2; i++) {
        uint32_t value = writer->nodes[i / 2][i % 2];
        value = value == MMDB_NONE   ? writer->node_count
                : value >= MMDB_DATA ? writer->node_count + 16 + (value - MMDB_DATA)
                                     : value;
        mp_buf_append_byte(&out, (uint8_t)(value >> 16));
        mp_buf_append_byte(&out, (uint8_t)(value >> 8));
        mp_buf_append_byte(&out, (uint8_t)value);
    }
    mp_buf_append(&out, (char[16]){0}, 16);
    mp_buf_append_str(&out, mp_buf_str(&writer->data));
    mp_buf_append_text(&out, "\xab\xcd\xefMaxMind.com");
    mmdb_map(&out, 9);
    mmdb_text(&out, "languages");
    mp_buf_append_byte(&out, 0); /* an array of none */
    mp_buf_append_byte(&out, 11 - 7);
    mmdb_text(&out, "description");
    mmdb_map(&out, 0);
    mmdb_text(&out, "node_count");
    mmdb_uint(&out, 6, (uint8_t)writer->node_count);
    mmdb_text(&out, "record_size");
    mmdb_uint(&out, 5, 24);
    mmdb_text(&out, "ip_version");
    mmdb_uint(&out, 5, 4);
    mmdb_text(&out, "database_type");
    mmdb_text(&out, "Test");
    mmdb_text(&out, "binary_format_major_version");
    mmdb_uint(&out, 5, 2);
    mmdb_text(&out, "binary_format_minor_version");
    mmdb_uint(&out, 5, 0);
    mmdb_text(&out, "build_epoch");
    mmdb_uint(&out, 9, 1);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(out.ptr, 1, out.len, file), out.len);
    fclose(file);
    mp_buf_deinit(&out);
    mp_buf_deinit(&writer->data);
}

#endif
