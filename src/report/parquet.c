#include "report/parquet.h"

#include <stdlib.h>
#include <zstd.h>

#define MAGIC "PAR1"
#define MAGIC_LEN 4
#define CREATED_BY "minipulse " MP_VERSION
#define COLUMN_BYTES_MAX (1u << 30)
#define FOOTER_BYTES_MAX (256u << 20)
#define COMPRESSION_LEVEL 3

/* Of parquet.thrift. */
enum physical {
    PHYSICAL_BOOLEAN = 0,
    PHYSICAL_INT32 = 1,
    PHYSICAL_INT64 = 2,
    PHYSICAL_DOUBLE = 5,
    PHYSICAL_BYTE_ARRAY = 6
};
enum converted {
    CONVERTED_NONE = -1,
    CONVERTED_UTF8 = 0,
    CONVERTED_DATE = 6,
    CONVERTED_TIMESTAMP_MILLIS = 9,
    CONVERTED_JSON = 19
};
enum { OPTIONAL = 1, PLAIN = 0, RLE = 3, CODEC_ZSTD = 6, DATA_PAGE = 0 };

static const struct {
    enum physical physical;
    enum converted converted;
} types[] = {
    [TABLE_TEXT] = {PHYSICAL_BYTE_ARRAY, CONVERTED_UTF8},
    [TABLE_JSON] = {PHYSICAL_BYTE_ARRAY, CONVERTED_JSON},
    [TABLE_BOOL] = {PHYSICAL_BOOLEAN, CONVERTED_NONE},
    [TABLE_I64] = {PHYSICAL_INT64, CONVERTED_NONE},
    [TABLE_F64] = {PHYSICAL_DOUBLE, CONVERTED_NONE},
    [TABLE_DAY] = {PHYSICAL_INT32, CONVERTED_DATE},
    [TABLE_MOMENT] = {PHYSICAL_INT64, CONVERTED_TIMESTAMP_MILLIS},
};

/* A column's values in the row group at hand. */
struct column {
    struct mp_buf values;
    size_t value_count;                                 /* without nulls */
    uint8_t is_there[(PARQUET_GROUP_ROWS_MAX + 7) / 8]; /* a bit a row */
};

struct parquet {
    const struct table_column *columns;
    size_t count;
    struct column *data;
    size_t rows; /* in the row group */
    uint64_t all_rows;
    uint64_t written; /* bytes given out */
    size_t groups;
    struct mp_buf group_metas; /* RowGroup structs, for the footer */
    struct mp_buf page;
    struct mp_buf packed;
    ZSTD_CCtx *zstd;
    bool failed;
};

struct parquet *parquet_create(const struct table_column *columns, size_t count) {
    struct parquet *parquet = calloc(1, sizeof(*parquet));
    if (!parquet) {
        return NULL;
    }
    parquet->columns = columns;
    parquet->count = count;
    parquet->data = calloc(count, sizeof(*parquet->data));
    parquet->zstd = ZSTD_createCCtx();
    mp_buf_init(&parquet->group_metas, FOOTER_BYTES_MAX);
    mp_buf_init(&parquet->page, COLUMN_BYTES_MAX);
    mp_buf_init(&parquet->packed, COLUMN_BYTES_MAX);
    for (size_t i = 0; i < count && parquet->data; i++) {
        mp_buf_init(&parquet->data[i].values, COLUMN_BYTES_MAX);
    }
    if (!parquet->data || !parquet->zstd) {
        parquet_destroy(parquet);
        return NULL;
    }
    return parquet;
}

void parquet_destroy(struct parquet *parquet) {
    if (!parquet) {
        return;
    }
    for (size_t i = 0; i < parquet->count && parquet->data; i++) {
        mp_buf_deinit(&parquet->data[i].values);
    }
    free(parquet->data);
    ZSTD_freeCCtx(parquet->zstd);
    mp_buf_deinit(&parquet->group_metas);
    mp_buf_deinit(&parquet->page);
    mp_buf_deinit(&parquet->packed);
    free(parquet);
}

/* ---- Values ------------------------------------------------------------------------------- */

static struct column *value_of_row(struct parquet *parquet, size_t column) {
    struct column *data = &parquet->data[column];
    data->is_there[parquet->rows / 8] |= (uint8_t)(1u << parquet->rows % 8);
    data->value_count++;
    return data;
}

void parquet_put_null(struct parquet *parquet, size_t column) {
    (void)parquet, (void)column; /* its bit is clear */
}

void parquet_put_str(struct parquet *parquet, size_t column, struct mp_str value) {
    struct column *data = value_of_row(parquet, column);
    mp_buf_append_u32(&data->values, (uint32_t)value.len);
    mp_buf_append_str(&data->values, value);
}

/* Booleans are bits, packed: the n-th value's is bit n. */
static void put_bool(struct column *data, bool value) {
    size_t index = data->value_count - 1;
    if (index % 8 == 0) {
        mp_buf_append_byte(&data->values, 0);
    }
    if (value && !data->values.failed) {
        data->values.ptr[index / 8] = (char)(data->values.ptr[index / 8] | 1 << index % 8);
    }
}

void parquet_put_i64(struct parquet *parquet, size_t column, int64_t value) {
    struct column *data = value_of_row(parquet, column);
    switch (types[parquet->columns[column].type].physical) {
    case PHYSICAL_BOOLEAN:
        put_bool(data, value != 0);
        break;
    case PHYSICAL_INT32:
        mp_buf_append_u32(&data->values, (uint32_t)value);
        break;
    default:
        mp_buf_append_u64(&data->values, (uint64_t)value);
        break;
    }
}

void parquet_put_f64(struct parquet *parquet, size_t column, double value) {
    mp_buf_append_f64(&value_of_row(parquet, column)->values, value);
}

/* ---- Thrift's compact protocol -------------------------------------------------------------- */

enum thrift {
    THRIFT_I32 = 5,
    THRIFT_I64 = 6,
    THRIFT_BINARY = 8,
    THRIFT_LIST = 9,
    THRIFT_STRUCT = 12
};

static void field(struct mp_buf *out, int delta, enum thrift type) {
    mp_buf_append_byte(out, (uint8_t)(delta << 4 | (int)type));
}

static void zigzag(struct mp_buf *out, int64_t value) {
    mp_buf_append_varint(out, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

/* delta: the field's number less that of the field before it in the struct. */
static void field_i32(struct mp_buf *out, int delta, int32_t value) {
    field(out, delta, THRIFT_I32);
    zigzag(out, value);
}

static void field_i64(struct mp_buf *out, int delta, uint64_t value) {
    field(out, delta, THRIFT_I64);
    zigzag(out, (int64_t)value);
}

static void field_text(struct mp_buf *out, int delta, const char *text) {
    field(out, delta, THRIFT_BINARY);
    mp_buf_append_lstr(out, mp_str_of(text));
}

static void list(struct mp_buf *out, size_t count, enum thrift type) {
    if (count < 15) {
        mp_buf_append_byte(out, (uint8_t)(count << 4 | (size_t)type));
    } else {
        mp_buf_append_byte(out, (uint8_t)(0xf0 | (int)type));
        mp_buf_append_varint(out, count);
    }
}

static void end_struct(struct mp_buf *out) {
    mp_buf_append_byte(out, 0);
}

/* ---- Row groups ----------------------------------------------------------------------------- */

/* The page before compression: which rows have a value (levels of one bit, as one bit-packed run),
 * then the values. */
static void make_page(struct parquet *parquet, const struct column *data) {
    struct mp_buf *page = &parquet->page;
    size_t bytes = (parquet->rows + 7) / 8;
    char head[10];
    struct mp_buf run = {.ptr = head, .capacity = sizeof(head), .max = sizeof(head)};
    mp_buf_append_varint(&run, (uint64_t)bytes << 1 | 1);
    mp_buf_clear(page);
    mp_buf_append_u32(page, (uint32_t)(run.len + bytes));
    mp_buf_append_str(page, mp_buf_str(&run));
    mp_buf_append(page, data->is_there, bytes);
    mp_buf_append_str(page, mp_buf_str(&data->values));
}

static bool pack_page(struct parquet *parquet) {
    size_t bound = ZSTD_compressBound(parquet->page.len);
    mp_buf_clear(&parquet->packed);
    char *room = mp_buf_reserve(&parquet->packed, bound);
    size_t len = room ? ZSTD_compressCCtx(parquet->zstd, room, bound, parquet->page.ptr,
                                          parquet->page.len, COMPRESSION_LEVEL)
                      : 0;
    if (!room || ZSTD_isError(len)) {
        return false;
    }
    parquet->packed.len = len;
    return !parquet->page.failed;
}

static void append_page_header(struct mp_buf *out, const struct parquet *parquet) {
    field_i32(out, 1, DATA_PAGE);
    field_i32(out, 1, (int32_t)parquet->page.len);
    field_i32(out, 1, (int32_t)parquet->packed.len);
    field(out, 2, THRIFT_STRUCT); /* 5: DataPageHeader */
    field_i32(out, 1, (int32_t)parquet->rows);
    field_i32(out, 1, PLAIN);
    field_i32(out, 1, RLE);
    field_i32(out, 1, RLE);
    end_struct(out);
    end_struct(out);
}

static void append_chunk_meta(struct parquet *parquet, size_t index, uint64_t offset,
                              size_t header_len) {
    struct mp_buf *out = &parquet->group_metas;
    field_i64(out, 2, offset);    /* ColumnChunk.file_offset */
    field(out, 1, THRIFT_STRUCT); /* its ColumnMetaData */
    field_i32(out, 1, (int32_t)types[parquet->columns[index].type].physical);
    field(out, 1, THRIFT_LIST);
    list(out, 2, THRIFT_I32);
    zigzag(out, PLAIN);
    zigzag(out, RLE);
    field(out, 1, THRIFT_LIST);
    list(out, 1, THRIFT_BINARY);
    mp_buf_append_lstr(out, mp_str_of(parquet->columns[index].name));
    field_i32(out, 1, CODEC_ZSTD);
    field_i64(out, 1, parquet->rows);
    field_i64(out, 1, header_len + parquet->page.len);
    field_i64(out, 1, header_len + parquet->packed.len);
    field_i64(out, 2, offset); /* 9: data_page_offset */
    end_struct(out);
    end_struct(out);
}

static void append_column(struct parquet *parquet, size_t index, struct mp_buf *out,
                          uint64_t *group_bytes) {
    struct column *data = &parquet->data[index];
    size_t before = out->len;
    make_page(parquet, data);
    parquet->failed = parquet->failed || data->values.failed || !pack_page(parquet);
    append_page_header(out, parquet);
    size_t header_len = out->len - before;
    mp_buf_append_str(out, mp_buf_str(&parquet->packed));
    append_chunk_meta(parquet, index, parquet->written, header_len);
    *group_bytes += header_len + parquet->page.len;
    parquet->written += out->len - before;
    mp_buf_clear(&data->values);
    data->value_count = 0;
    memset(data->is_there, 0, (parquet->rows + 7) / 8);
}

static void append_head(struct parquet *parquet, struct mp_buf *out) {
    if (parquet->written == 0) {
        mp_buf_append(out, MAGIC, MAGIC_LEN);
        parquet->written = MAGIC_LEN;
    }
}

static void end_group(struct parquet *parquet, struct mp_buf *out) {
    struct mp_buf *metas = &parquet->group_metas;
    uint64_t group_bytes = 0;
    append_head(parquet, out);
    field(metas, 1, THRIFT_LIST); /* RowGroup.columns */
    list(metas, parquet->count, THRIFT_STRUCT);
    for (size_t i = 0; i < parquet->count; i++) {
        append_column(parquet, i, out, &group_bytes);
    }
    field_i64(metas, 1, group_bytes);
    field_i64(metas, 1, parquet->rows);
    end_struct(metas);
    parquet->groups++;
    parquet->all_rows += parquet->rows;
    parquet->rows = 0;
    out->failed = out->failed || parquet->failed;
}

void parquet_end_row(struct parquet *parquet, struct mp_buf *out) {
    size_t bytes = 0;
    parquet->rows++;
    for (size_t i = 0; i < parquet->count; i++) {
        bytes += parquet->data[i].values.len;
    }
    if (parquet->rows == PARQUET_GROUP_ROWS_MAX || bytes >= PARQUET_GROUP_BYTES_FULL) {
        end_group(parquet, out);
    }
}

/* ---- The footer ----------------------------------------------------------------------------- */

static void append_schema(const struct parquet *parquet, struct mp_buf *out) {
    field(out, 1, THRIFT_LIST);
    list(out, parquet->count + 1, THRIFT_STRUCT);
    field_text(out, 4, "minipulse"); /* the root: its name and number of columns */
    field_i32(out, 1, (int32_t)parquet->count);
    end_struct(out);
    for (size_t i = 0; i < parquet->count; i++) {
        enum table_type type = parquet->columns[i].type;
        field_i32(out, 1, (int32_t)types[type].physical);
        field_i32(out, 2, OPTIONAL);
        field_text(out, 1, parquet->columns[i].name);
        if (types[type].converted != CONVERTED_NONE) {
            field_i32(out, 2, (int32_t)types[type].converted);
        }
        end_struct(out);
    }
}

void parquet_finish(struct parquet *parquet, struct mp_buf *out) {
    if (parquet->rows > 0) {
        end_group(parquet, out);
    }
    append_head(parquet, out);
    size_t before = out->len;
    field_i32(out, 1, 1); /* FileMetaData.version */
    append_schema(parquet, out);
    field_i64(out, 1, parquet->all_rows);
    field(out, 1, THRIFT_LIST);
    list(out, parquet->groups, THRIFT_STRUCT);
    mp_buf_append_str(out, mp_buf_str(&parquet->group_metas));
    field_text(out, 2, CREATED_BY);
    end_struct(out);
    mp_buf_append_u32(out, (uint32_t)(out->len - before));
    mp_buf_append(out, MAGIC, MAGIC_LEN);
    out->failed = out->failed || parquet->group_metas.failed;
}
