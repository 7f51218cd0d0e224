/* Bodies: gzip, its bombs, and form fields. */
#include "helpers.h"

#include "collect/form.h"

#include <zlib.h>

static char packed[2 << 20];

static struct mp_str gzip(const char *plain, size_t len, int window) {
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)plain;
    stream.avail_in = (uInt)len;
    stream.next_out = (Bytef *)packed;
    stream.avail_out = sizeof(packed);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return mp_str_range(packed, stream.total_out);
}

static const char small[] = "{\"v\":1,\"user\":\"u\",\"events\":[{\"id\":\"1\",\"name\":\"a\","
                            "\"time\":1795000000000}]}";

static void gzip_is_undone(void **state) {
    struct desk *desk = *state;
    desk->input.content_encoding = MP_STR("gzip");
    assert_int_equal(send_native(desk, gzip(small, strlen(small), 15 + 16)), MP_OK);
    assert_int_equal(desk->result.accepted, 1);
    desk->input.content_encoding = MP_STR("GZip");
    assert_int_equal(send_native(desk, gzip(small, strlen(small), 15 + 16)), MP_OK);
    desk->input.content_encoding = MP_STR("identity");
    assert_int_equal(send_native(desk, mp_str_of(small)), MP_OK);
}

static void other_encodings_are_refused(void **state) {
    struct desk *desk = *state;
    static const char *const names[] = {"br", "deflate", "gzip, gzip", "gzi", "gzipp"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        desk->input.content_encoding = mp_str_of(names[i]);
        assert_int_equal(send_native(desk, mp_str_of(small)), MP_E_ARGUMENT);
        assert_refused(desk, MP_E_ARGUMENT, "Content-Encoding", "gzip or identity");
    }
}

static void what_is_not_whole_gzip_is_refused(void **state) {
    struct desk *desk = *state;
    desk->input.content_encoding = MP_STR("gzip");
    struct mp_str body = gzip(small, strlen(small), 15 + 16);
    for (size_t len = 0; len < body.len; len++) {
        assert_int_equal(send_native(desk, mp_str_range(body.ptr, len)), MP_E_ARGUMENT);
        assert_refused(desk, MP_E_ARGUMENT, "body", "not gzip, or cut short");
    }
    packed[body.len - 8] ^= 1; /* the checksum */
    assert_int_equal(send_native(desk, body), MP_E_ARGUMENT);
    body = gzip(small, strlen(small), 15 + 16);
    packed[body.len] = 'x';
    assert_int_equal(send_native(desk, mp_str_range(body.ptr, body.len + 1)), MP_E_ARGUMENT);
    assert_refused(desk, MP_E_ARGUMENT, "body", "behind the end");
    assert_int_equal(send_native(desk, mp_str_of(small)), MP_E_ARGUMENT);
    /* zlib's own wrapping is not gzip. */
    assert_int_equal(send_native(desk, gzip(small, strlen(small), 15)), MP_E_ARGUMENT);
}

static void a_bomb_is_refused_at_the_limit(void **state) {
    struct desk *desk = *state;
    const size_t plain_len = 64u << 20;
    char *plain = malloc(plain_len);
    assert_non_null(plain);
    memset(plain, ' ', plain_len);
    desk->input.content_encoding = MP_STR("gzip");
    struct mp_str bomb = gzip(plain, plain_len, 15 + 16);
    assert_true(bomb.len < COLLECT_BODY_BYTES_MAX / 8);
    assert_int_equal(send_native(desk, bomb), MP_E_TOO_LARGE);
    assert_refused(desk, MP_E_TOO_LARGE, "body", "over 4194304 bytes after gzip");
    /* At the limit it is only no event; one byte more is too large. */
    memcpy(plain, small, strlen(small));
    assert_int_equal(send_native(desk, gzip(plain, COLLECT_BODY_PLAIN_BYTES_MAX, 15 + 16)), MP_OK);
    assert_int_equal(desk->result.accepted, 1);
    assert_int_equal(send_native(desk, gzip(plain, COLLECT_BODY_PLAIN_BYTES_MAX + 1, 15 + 16)),
                     MP_E_TOO_LARGE);
    free(plain);
}

static void a_body_over_its_limit_is_refused(void **state) {
    struct desk *desk = *state;
    static char body[COLLECT_BODY_BYTES_MAX + 1];
    memset(body, ' ', sizeof(body));
    memcpy(body, small, strlen(small));
    assert_int_equal(send_native(desk, mp_str_range(body, COLLECT_BODY_BYTES_MAX)), MP_OK);
    assert_int_equal(send_native(desk, mp_str_range(body, sizeof(body))), MP_E_TOO_LARGE);
    assert_refused(desk, MP_E_TOO_LARGE, "body", "over 1048576 bytes");
}

static void form_fields_are_found_by_their_whole_name(void **state) {
    (void)state;
    struct mp_str form = MP_STR("xdata=1&data=2&data=3&empty=&bare");
    assert_text(form_field(form, "data"), "2");
    assert_text(form_field(form, "xdata"), "1");
    assert_text(form_field(form, "empty"), "");
    assert_non_null(form_field(form, "empty").ptr);
    assert_non_null(form_field(form, "bare").ptr);
    assert_null(form_field(form, "dat").ptr);
    assert_null(form_field(MP_STR(""), "data").ptr);
}

static void percent_escapes_are_undone(void **state) {
    (void)state;
    struct mp_buf out;
    mp_buf_init(&out, 32);
    assert_true(form_decode(MP_STR("a%2Bb+%c3%A9%00"), &out));
    assert_int_equal(out.len, 7);
    assert_memory_equal(out.ptr, "a+b \xc3\xa9\0", 7);
    assert_false(form_decode(MP_STR("%"), &out));
    assert_false(form_decode(MP_STR("%2"), &out));
    assert_false(form_decode(MP_STR("%2g"), &out));
    assert_false(form_decode(MP_STR("123456789012345678901234567890123"), &out));
    mp_buf_deinit(&out);
}

static void base64_lengths_and_signs_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t len;
        const char *plain;
    } cases[] = {
        {"", 0, ""},        {"QQ==", 1, "A"},
        {"QQ", 1, "A"},     {"QUI=", 2, "AB"},
        {"QUJD", 3, "ABC"}, {"Q", -1, ""},
        {"QUJDR", -1, ""},  {"Q*==", -1, ""},
        {"QQ===", -1, ""},  {"=", 0, ""},
        {"QU=D", -1, ""},   {"QUJD\r\n", 3, "ABC"},
        {"QU\nJD", -1, ""}, {"-_-_", 3, "\xfb\xff\xbf"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[16];
        snprintf(text, sizeof(text), "%s", cases[i].text);
        assert_int_equal(base64_decode(text, strlen(text)), cases[i].len);
        if (cases[i].len > 0) {
            assert_memory_equal(text, cases[i].plain, (size_t)cases[i].len);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(gzip_is_undone),
        TEST(other_encodings_are_refused),
        TEST(what_is_not_whole_gzip_is_refused),
        TEST(a_bomb_is_refused_at_the_limit),
        TEST(a_body_over_its_limit_is_refused),
        cmocka_unit_test(form_fields_are_found_by_their_whole_name),
        cmocka_unit_test(percent_escapes_are_undone),
        cmocka_unit_test(base64_lengths_and_signs_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
