/* Blocks against bytes that an engine wrote (chDB 26.7, SELECT … FORMAT Native). */
#include "store/body.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "unit/base/random.h"

enum { I8, U16, U32, U64, I64, F64, DATE, STRING, WORD, NUMBERS, WORDS, NO_WORDS };

static const struct store_column columns[] = {
    {"i8", STORE_INT8},        {"u16", STORE_UINT16},       {"u32", STORE_UINT32},
    {"u64", STORE_UINT64},     {"i64", STORE_INT64},        {"f", STORE_FLOAT64},
    {"d", STORE_DATE},         {"s", STORE_STRING},         {"w", STORE_LOWCARD},
    {"n", STORE_UINT16, true}, {"ws", STORE_LOWCARD, true}, {"none", STORE_LOWCARD, true},
};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static const char engines_bytes[] =
    "0c0302693804496e7438ff0203037531360655496e743136010002000300037533320655496e743332701101000000"
    "000001000000037536340655496e7436340500000000000000ffffffffffffffff0000000000000000036936340549"
    "6e743634feffffffffffffff03000000000000000000000000000000016607466c6f61743634000000000000f83f00"
    "0000000000e0bf0000000000000000016404446174652d5101002d51017306537472696e670268690003e8a18c0177"
    "164c6f7743617264696e616c69747928537472696e6729010000000000000000060000000000000200000000000000"
    "0001620300000000000000010001016e0d41727261792855496e743136290200000000000000020000000000000003"
    "000000000000000700080009000277731d4172726179284c6f7743617264696e616c69747928537472696e67292901"
    "0000000000000002000000000000000200000000000000050000000000000000060000000000000300000000000000"
    "000178017905000000000000000100020101046e6f6e651d4172726179284c6f7743617264696e616c697479285374"
    "72696e6729290100000000000000000000000000000000000000000000000000000000000000";

/* Of w and ws alone, as String and Array(String). */
static const char engines_plain_bytes[] =
    "0203017706537472696e6701620001620277730d417272617928537472696e67290200000000000000020000000000"
    "00000500000000000000017800017901780178";

static struct mp_str from_hex(const char *hex, char *out) {
    size_t len = strlen(hex) / 2;
    for (size_t i = 0; i < len; i++) {
        const char digits[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (char)strtoul(digits, NULL, 16);
    }
    return mp_str_range(out, len);
}

static struct store_block *make(const struct store_column *list, size_t count) {
    struct store_block *block = store_block_create(list, count, STORE_BLOCK_BYTES_MAX);
    assert_non_null(block);
    return block;
}

static void reserve(struct store_block *block, size_t rows, size_t elements, size_t bytes) {
    struct store_room room = {rows, elements, bytes};
    assert_int_equal(store_block_reserve(block, &room), 0);
}

static void put_words(struct store_block *block, size_t column, const char *words) {
    struct mp_str rest = mp_str_of(words);
    while (rest.len > 0) {
        store_block_put_str(block, column, mp_str_cut(&rest, ','));
    }
    store_block_end_array(block, column);
}

/* The rows of engines_bytes. */
static void put_rows(struct store_block *block) {
    static const struct {
        int8_t i8;
        uint32_t u32;
        uint64_t u64;
        int64_t i64;
        double f64;
        uint16_t day;
        const char *string, *word;
        uint16_t numbers[2];
        size_t number_count;
        const char *words;
    } rows[] = {
        {-1, 70000, 5, -2, 1.5, 20781, "hi", "b", {7, 8}, 2, "x,,"},
        {2, 0, UINT64_MAX, 3, -0.5, 1, "", "", {0}, 0, ""},
        {3, 1, 0, 0, 0, 20781, "行", "b", {9}, 1, "y,x,x"},
    };
    for (size_t i = 0; i < 3; i++) {
        reserve(block, 1, 3, 10);
        store_block_put_uint(block, I8, (uint64_t)rows[i].i8);
        store_block_put_uint(block, U16, i + 1);
        store_block_put_uint(block, U32, rows[i].u32);
        store_block_put_uint(block, U64, rows[i].u64);
        store_block_put_uint(block, I64, (uint64_t)rows[i].i64);
        store_block_put_f64(block, F64, rows[i].f64);
        store_block_put_uint(block, DATE, rows[i].day);
        store_block_put_str(block, STRING, mp_str_of(rows[i].string));
        store_block_put_str(block, WORD, mp_str_of(rows[i].word));
        for (size_t k = 0; k < rows[i].number_count; k++) {
            store_block_put_uint(block, NUMBERS, rows[i].numbers[k]);
        }
        store_block_end_array(block, NUMBERS);
        put_words(block, WORDS, rows[i].words);
        store_block_end_array(block, NO_WORDS);
    }
}

static void expect(const struct store_block *block, bool has_lowcard, const char *hex) {
    char bytes[1024];
    struct mp_buf out;
    mp_buf_init(&out, 1u << 20);
    store_block_write(block, has_lowcard, &out);
    struct mp_str wanted = from_hex(hex, bytes);
    assert_int_equal(out.len, wanted.len);
    assert_memory_equal(out.ptr, wanted.ptr, wanted.len);
    mp_buf_deinit(&out);
}

static void a_block_has_the_bytes_that_the_engine_writes(void **state) {
    (void)state;
    struct store_block *block = make(columns, COLUMN_COUNT);
    put_rows(block);
    assert_int_equal(store_block_rows(block), 3);
    expect(block, true, engines_bytes);
    store_block_destroy(block);
}

static void without_lowcard_its_columns_are_strings(void **state) {
    (void)state;
    const struct store_column words[] = {columns[WORD], columns[WORDS]};
    struct store_block *block = make(words, 2);
    reserve(block, 3, 5, 20);
    store_block_put_str(block, 0, MP_STR("b"));
    store_block_put_str(block, 0, MP_STR(""));
    store_block_put_str(block, 0, MP_STR("b"));
    put_words(block, 1, "x,,");
    put_words(block, 1, "");
    put_words(block, 1, "y,x,x");
    expect(block, false, engines_plain_bytes);
    store_block_destroy(block);
}

static void a_block_is_as_new_when_it_was_cleared_or_trimmed(void **state) {
    (void)state;
    struct store_block *block = make(columns, COLUMN_COUNT);
    for (int round = 0; round < 4; round++) {
        put_rows(block);
        put_rows(block);
        if (round % 2 == 0) {
            store_block_clear(block);
        } else {
            store_block_trim(block, round == 1 ? 0 : 1u << 20);
        }
        assert_int_equal(store_block_rows(block), 0);
        assert_int_equal(store_block_bytes(block), 0);
        put_rows(block);
        expect(block, true, engines_bytes);
        store_block_clear(block);
    }
    store_block_destroy(block);
}

static void what_is_filled_is_as_if_it_were_put(void **state) {
    (void)state;
    const struct store_column list[] = {columns[U32], columns[STRING], columns[WORD]};
    struct store_block *filled = make(list, 3);
    struct store_block *put = make(list, 3);
    struct mp_buf bytes[2];
    for (size_t rows = 0; rows < 5; rows++) {
        reserve(filled, rows, 0, rows * 4);
        reserve(put, rows, 0, rows * 4);
        store_block_fill_uint(filled, 0, rows, rows);
        store_block_fill_str(filled, 1, mp_str_range("text", rows), rows);
        store_block_fill_str(filled, 2, mp_str_range("word", rows), rows);
        for (size_t i = 0; i < rows; i++) {
            store_block_put_uint(put, 0, rows);
            store_block_put_str(put, 1, mp_str_range("text", rows));
            store_block_put_str(put, 2, mp_str_range("word", rows));
        }
    }
    assert_int_equal(store_block_bytes(filled), store_block_bytes(put));
    for (int has_lowcard = 0; has_lowcard < 2; has_lowcard++) {
        mp_buf_init(&bytes[0], 4096);
        mp_buf_init(&bytes[1], 4096);
        store_block_write(filled, has_lowcard, &bytes[0]);
        store_block_write(put, has_lowcard, &bytes[1]);
        assert_true(mp_str_eq(mp_buf_str(&bytes[0]), mp_buf_str(&bytes[1])));
        mp_buf_deinit(&bytes[0]);
        mp_buf_deinit(&bytes[1]);
    }
    store_block_destroy(filled);
    store_block_destroy(put);
}

static void a_full_block_makes_no_more_room(void **state) {
    (void)state;
    struct store_block *block = store_block_create(&columns[U64], 1, 20);
    struct store_room room = {.rows = 1};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(store_block_reserve(block, &room), 0);
        store_block_put_uint(block, 0, 1);
    }
    assert_int_equal(store_block_reserve(block, &room), MP_E_TOO_LARGE);
    store_block_clear(block);
    assert_int_equal(store_block_reserve(block, &room), 0);
    room.bytes = SIZE_MAX;
    assert_int_equal(store_block_reserve(block, &room), MP_E_TOO_LARGE);
    store_block_destroy(block);
}

static void equal_strings_are_kept_once(void **state) {
    (void)state;
    struct store_block *block = make(&columns[WORD], 1);
    struct dictionary *keys = &block->columns[0].keys;
    char word[32];
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 9000; i++) {
            int len = snprintf(word, sizeof(word), "%u", i % 3000);
            struct mp_str value = mp_str_range(word, (size_t)len);
            reserve(block, 1, 0, value.len);
            store_block_put_str(block, 0, value);
            assert_int_equal(dictionary_add(keys, value), i % 3000 + 1);
        }
        assert_int_equal(keys->count, 3001);
        store_block_clear(block);
    }
    store_block_destroy(block);
}

/* ---- Bodies ----------------------------------------------------------------------------- */

/* More bytes than a frame has, with more words than two bytes can number. */
static struct store_block *make_large(uint64_t *random) {
    const struct store_column list[] = {columns[STRING], columns[WORD], columns[WORDS]};
    struct store_block *block = make(list, 3);
    char word[64] = {0};
    for (size_t i = 0; i < 70000; i++) {
        int len = snprintf(word, sizeof(word), "%zx", i);
        reserve(block, 1, 2, 100);
        store_block_put_str(block, 0, mp_str_range(word, random_below(random, sizeof(word))));
        store_block_put_str(block, 1, mp_str_range(word, (size_t)len));
        for (uint64_t left = random_below(random, 3); left > 0; left--) {
            store_block_put_str(block, 2, mp_str_range(word, (size_t)len / 2));
        }
        store_block_end_array(block, 2);
    }
    return block;
}

static void read_in_pieces(struct store_body *body, struct mp_buf *out, uint64_t *random) {
    size_t got;
    mp_buf_clear(out);
    store_body_rewind(body);
    do {
        size_t max = 1 + random_below(random, random_below(random, 10) ? 100 : 200000);
        char *at = mp_buf_reserve(out, max);
        got = store_body_read(body, at, max);
        out->len += got;
    } while (got > 0);
    assert_int_equal(out->len, store_body_length(body));
}

/* Undoes the frames, as RFC 1950 and 1951 describe them. */
static void unframe(struct mp_str framed, struct mp_buf *out) {
    struct mp_reader reader;
    uint32_t low = 1;
    uint32_t high = 0;
    bool is_last = false;
    mp_reader_init(&reader, framed.ptr, framed.len);
    assert_int_equal(mp_read_u16(&reader), 0x0178);
    mp_buf_clear(out);
    while (!is_last) {
        is_last = mp_read_byte(&reader);
        uint16_t len = mp_read_u16(&reader);
        assert_int_equal((uint16_t)~len, mp_read_u16(&reader));
        for (size_t i = 0; i < len; i++) {
            uint8_t byte = mp_read_byte(&reader);
            mp_buf_append_byte(out, byte);
            low = (low + byte) % 65521;
            high = (high + low) % 65521;
        }
    }
    uint32_t sum = 0;
    for (int i = 0; i < 4; i++) {
        sum = sum << 8 | mp_read_byte(&reader);
    }
    assert_int_equal(sum, high << 16 | low);
    assert_false(reader.failed);
    assert_int_equal(mp_reader_left(&reader), 0);
}

static void a_body_is_the_same_in_whatever_pieces_it_is_read(void **state) {
    (void)state;
    uint64_t random = random_seed("block");
    struct store_block *block = make_large(&random);
    struct mp_buf whole, pieces, unframed;
    mp_buf_init(&whole, 64u << 20);
    mp_buf_init(&pieces, 64u << 20);
    mp_buf_init(&unframed, 64u << 20);
    for (int has_lowcard = 0; has_lowcard < 2; has_lowcard++) {
        struct store_body body;
        mp_buf_clear(&whole);
        store_block_write(block, has_lowcard, &whole);
        store_body_init(&body, block, has_lowcard, false);
        read_in_pieces(&body, &pieces, &random);
        assert_true(mp_str_eq(mp_buf_str(&pieces), mp_buf_str(&whole)));
        store_body_init(&body, block, has_lowcard, true);
        read_in_pieces(&body, &pieces, &random);
        unframe(mp_buf_str(&pieces), &unframed);
        assert_true(mp_str_eq(mp_buf_str(&unframed), mp_buf_str(&whole)));
    }
    mp_buf_deinit(&whole);
    mp_buf_deinit(&pieces);
    mp_buf_deinit(&unframed);
    store_block_destroy(block);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_has_the_bytes_that_the_engine_writes),
        cmocka_unit_test(without_lowcard_its_columns_are_strings),
        cmocka_unit_test(a_block_is_as_new_when_it_was_cleared_or_trimmed),
        cmocka_unit_test(what_is_filled_is_as_if_it_were_put),
        cmocka_unit_test(a_full_block_makes_no_more_room),
        cmocka_unit_test(equal_strings_are_kept_once),
        cmocka_unit_test(a_body_is_the_same_in_whatever_pieces_it_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
