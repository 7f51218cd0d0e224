/* Notices of WeChat Pay and the accounts behind them, without HTTP. The notices were made by
 * Python; tests/api/test_wechatpay.py has more of them. */
#include "collect/wechatpay_crypto.h"
#include "helpers.h"
#include "notice_fixture.h"

#define FIVE_MINUTES_MS 300000

/* A desk whose collector has the account of "shop". */
static int set_up(void **state) {
    assert_int_equal(desk_open(state), 0);
    struct desk *desk = *state;
    struct collect_wechatpay_change change = {.app = "shop",
                                              .merchant_id = MP_STR("1900000109"),
                                              .apiv3_key = mp_str_of(secret),
                                              .platform_key = mp_str_of(public_key),
                                              .platform_key_id = mp_str_of(public_key_id)};
    assert_int_equal(collect_wechatpay_open(desk->dir, &desk->wechatpay, &desk->err), MP_OK);
    assert_int_equal(collect_wechatpay_set(desk->wechatpay, &change, &desk->err), MP_OK);
    change =
        (struct collect_wechatpay_change){.app = "shop", .platform_key = mp_str_of(certificate)};
    assert_int_equal(collect_wechatpay_set(desk->wechatpay, &change, &desk->err), MP_OK);
    struct collect_config config = {.apps = desk->apps,
                                    .wechatpay = desk->wechatpay,
                                    .late_ms = LATE_MS,
                                    .trusted_proxies = ""};
    collect_worker_destroy(desk->worker);
    collect_close(desk->collect);
    assert_int_equal(collect_open(&config, &desk->collect, &desk->err), MP_OK);
    desk->worker = collect_worker_create(desk->collect);
    assert_non_null(desk->worker);
    desk->input.app = MP_STR("shop");
    desk->input.body = mp_str_of(notice_body);
    desk->input.signature = (struct collect_signature){.timestamp = MP_STR("1795000000"),
                                                       .nonce = mp_str_of(notice_nonce),
                                                       .serial = mp_str_of(public_key_id),
                                                       .signature = mp_str_of(signed_by_public_key),
                                                       .type = MP_STR("WECHATPAY2-SHA256-RSA2048")};
    return 0;
}

static int tear_down(void **state) {
    struct desk *desk = *state;
    char file[128];
    collect_wechatpay_close(desk->wechatpay);
    snprintf(file, sizeof(file), "%s/wechatpay.json", desk->dir);
    unlink(file);
    snprintf(file, sizeof(file), "%s/wechatpay.lock", desk->dir);
    unlink(file);
    return desk_close(state);
}

static int send_notice(struct desk *desk) {
    desk_clear(desk);
    int code = collect_notice(desk->worker, &desk->input, &desk->out, &desk->result, &desk->err);
    return desk_take(desk, code);
}

static void a_payment_is_read_as_the_order_that_it_is(void **state) {
    struct desk *desk = *state;
    assert_int_equal(send_notice(desk), MP_OK);
    assert_int_equal(desk->result.accepted, 1);
    const struct mp_event *event = &desk->events[0];
    struct mp_hash128 expected = mp_hash128("\xffshop\0$pay\0o-1", 14);
    assert_memory_equal(&event->identity, &expected, sizeof(expected));
    assert_text(event->name, "$pay");
    assert_text(event->order_id, "o-1");
    assert_text(event->user, "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
    assert_int_equal(event->amount_fen, 1990);
    assert_int_equal(event->time_ms, NOW_MS - 60000);
    assert_false(event->password_free);
    assert_prop_text(event, "transaction_id", "4200001234o-1");
    assert_text(desk->context.sdk, "wechatpay");
    desk->input.is_password_free = true;
    assert_int_equal(send_notice(desk), MP_OK);
    assert_true(desk->events[0].password_free);
}

static void a_certificate_signs_under_its_serial_with_or_without_zeros_before_it(void **state) {
    struct desk *desk = *state;
    char padded[64];
    desk->input.signature.signature = mp_str_of(signed_by_certificate);
    desk->input.signature.serial = mp_str_of(certificate_serial);
    assert_int_equal(send_notice(desk), MP_OK);
    snprintf(padded, sizeof(padded), "00%s", certificate_serial);
    desk->input.signature.serial = mp_str_of(padded);
    assert_int_equal(send_notice(desk), MP_OK);
    desk->input.signature.serial = mp_str_of(public_key_id);
    assert_int_equal(send_notice(desk), MP_E_DENIED);
}

static void five_minutes_are_the_most_that_a_timestamp_may_be_off(void **state) {
    struct desk *desk = *state;
    desk->input.received_ms = NOW_MS + FIVE_MINUTES_MS;
    assert_int_equal(send_notice(desk), MP_OK);
    desk->input.received_ms = NOW_MS - FIVE_MINUTES_MS;
    assert_int_equal(send_notice(desk), MP_OK);
    desk->input.received_ms = NOW_MS + FIVE_MINUTES_MS + 1;
    assert_int_equal(send_notice(desk), MP_E_DENIED);
    assert_string_equal(desk->err.field, "Wechatpay-Timestamp");
    desk->input.received_ms = NOW_MS - FIVE_MINUTES_MS - 1;
    assert_int_equal(send_notice(desk), MP_E_DENIED);
}

/* Each byte of what is signed matters. */
static void any_other_byte_is_denied(void **state) {
    struct desk *desk = *state;
    static char body[sizeof(notice_body)];
    desk->input.body = mp_str_range(body, strlen(notice_body));
    for (size_t i = 0; i < strlen(notice_body); i += 7) {
        memcpy(body, notice_body, sizeof(body));
        body[i] ^= 1;
        assert_int_equal(send_notice(desk), MP_E_DENIED);
    }
    memcpy(body, notice_body, sizeof(body));
    assert_int_equal(send_notice(desk), MP_OK);
    desk->input.signature.timestamp = MP_STR("1795000001");
    assert_int_equal(send_notice(desk), MP_E_DENIED);
    assert_string_equal(desk->err.field, "Wechatpay-Signature");
}

static void without_an_account_everything_is_denied(void **state) {
    struct desk *desk = *state;
    desk->input.app = MP_STR("other");
    assert_int_equal(send_notice(desk), MP_E_DENIED);
    desk->input.app = MP_STR("shop");
    assert_int_equal(collect_wechatpay_remove(desk->wechatpay, "shop", NULL, &desk->err), MP_OK);
    assert_int_equal(send_notice(desk), MP_E_DENIED);
}

/* Test case 16 of the GCM specification. */
static void aes_256_gcm_is_the_standards(void **state) {
    (void)state;
    static const char key[] = "\xfe\xff\xe9\x92\x86\x65\x73\x1c\x6d\x6a\x8f\x94\x67\x30\x83\x08"
                              "\xfe\xff\xe9\x92\x86\x65\x73\x1c\x6d\x6a\x8f\x94\x67\x30\x83\x08";
    static const char nonce[] = "\xca\xfe\xba\xbe\xfa\xce\xdb\xad\xde\xca\xf8\x88";
    static const char data[] = "\xfe\xed\xfa\xce\xde\xad\xbe\xef\xfe\xed\xfa\xce\xde\xad\xbe\xef"
                               "\xab\xad\xda\xd2";
    static const char sealed[] = "\x52\x2d\xc1\xf0\x99\x56\x7d\x07\xf4\x7f\x37\xa3\x2a\x84\x42\x7d"
                                 "\x64\x3a\x8c\xdc\xbf\xe5\xc0\xc9\x75\x98\xa2\xbd\x25\x55\xd1\xaa"
                                 "\x8c\xb0\x8e\x48\x59\x0d\xbb\x3d\xa7\xb0\x8b\x10\x56\x82\x88\x38"
                                 "\xc5\xf6\x1e\x63\x93\xba\x7a\x0a\xbc\xc9\xf6\x62"
                                 "\x76\xfc\x6e\xce\x0f\x4e\x17\x68\xcd\xdf\x88\x53\xbb\x2d\x55\x1b";
    static const char text[] = "\xd9\x31\x32\x25\xf8\x84\x06\xe5\xa5\x59\x09\xc5\xaf\xf5\x26\x9a"
                               "\x86\xa7\xa9\x53\x15\x34\xf7\xda\x2e\x4c\x30\x3d\x8a\x31\x8a\x72"
                               "\x1c\x3c\x0c\x95\x95\x68\x09\x53\x2f\xcf\x0e\x24\x49\xa6\xb5\x25"
                               "\xb1\x6a\xed\xf5\xaa\x0d\xe6\x57\xba\x63\x7b\x39";
    struct mp_buf out;
    struct mp_error err;
    mp_buf_init(&out, 1024);
    struct mp_str whole = mp_str_range(sealed, sizeof(sealed) - 1);
    assert_int_equal(
        wechatpay_decrypt(key, mp_str_range(nonce, 12), mp_str_range(data, 20), whole, &out, &err),
        MP_OK);
    assert_int_equal(out.len, sizeof(text) - 1);
    assert_memory_equal(out.ptr, text, out.len);
    whole.len--;
    assert_int_equal(
        wechatpay_decrypt(key, mp_str_range(nonce, 12), mp_str_range(data, 20), whole, &out, &err),
        MP_E_ARGUMENT);
    assert_int_equal(out.len, 0);
    mp_buf_deinit(&out);
}

static size_t accounts_of(struct collect_wechatpay *wechatpay) {
    struct collect_wechatpay_account account;
    size_t count = 0;
    while (collect_wechatpay_at(wechatpay, count, &account)) {
        count++;
    }
    return count;
}

static void a_change_by_another_process_is_seen_at_the_next_look(void **state) {
    struct desk *desk = *state;
    struct collect_wechatpay *other = NULL;
    assert_int_equal(collect_wechatpay_open(desk->dir, &other, &desk->err), MP_OK);
    assert_int_equal(accounts_of(other), 1);
    assert_int_equal(collect_wechatpay_remove(other, "shop", certificate_serial, NULL), MP_OK);
    assert_int_equal(collect_wechatpay_remove(other, "shop", NULL, NULL), MP_OK);
    assert_int_equal(accounts_of(desk->wechatpay), 1);
    assert_int_equal(collect_wechatpay_refresh(desk->wechatpay, NULL), MP_OK);
    assert_int_equal(accounts_of(desk->wechatpay), 0);
    collect_wechatpay_close(other);
}

static void write_file(const struct desk *desk, const char *text) {
    char path[128];
    snprintf(path, sizeof(path), "%s/wechatpay.json", desk->dir);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
}

static void a_broken_file_is_told_once_and_the_former_content_holds(void **state) {
    struct desk *desk = *state;
    static const char *const broken[] = {
        "",
        "{",
        "[]",
        "{\"version\":2,\"accounts\":[]}",
        "{\"version\":1,\"accounts\":{}}",
        "{\"version\":1,\"accounts\":[{}]}",
        "{\"version\":1,\"accounts\":[{\"app\":\"shop\",\"merchant_id\":\"1\",\"apiv3_key\":"
        "\"0123456789abcdefABCDEF9876543210\",\"platform_keys\":[]}]}"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        write_file(desk, broken[i]);
        assert_int_equal(collect_wechatpay_refresh(desk->wechatpay, &desk->err), MP_E_CORRUPT);
        assert_int_equal(collect_wechatpay_refresh(desk->wechatpay, &desk->err), MP_OK);
        assert_int_equal(send_notice(desk), MP_OK);
    }
}

static void a_file_that_is_gone_is_no_accounts(void **state) {
    struct desk *desk = *state;
    char path[128];
    snprintf(path, sizeof(path), "%s/wechatpay.json", desk->dir);
    unlink(path);
    assert_int_equal(collect_wechatpay_refresh(desk->wechatpay, &desk->err), MP_OK);
    assert_int_equal(accounts_of(desk->wechatpay), 0);
}

static void a_fifth_platform_key_is_one_too_many(void **state) {
    struct desk *desk = *state;
    for (int i = 1; i <= 3; i++) {
        char id[64];
        snprintf(id, sizeof(id), "PUB_KEY_ID_%d", i);
        struct collect_wechatpay_change change = {
            .app = "shop", .platform_key = mp_str_of(public_key), .platform_key_id = mp_str_of(id)};
        int code = collect_wechatpay_set(desk->wechatpay, &change, &desk->err);
        assert_int_equal(code, i <= 2 ? MP_OK : MP_E_FULL);
    }
    /* One that is there is replaced. */
    struct collect_wechatpay_change change = {.app = "shop",
                                              .platform_key = mp_str_of(certificate)};
    assert_int_equal(collect_wechatpay_set(desk->wechatpay, &change, &desk->err), MP_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_payment_is_read_as_the_order_that_it_is),
        TEST(a_certificate_signs_under_its_serial_with_or_without_zeros_before_it),
        TEST(five_minutes_are_the_most_that_a_timestamp_may_be_off),
        TEST(any_other_byte_is_denied),
        TEST(without_an_account_everything_is_denied),
        cmocka_unit_test(aes_256_gcm_is_the_standards),
        TEST(a_change_by_another_process_is_seen_at_the_next_look),
        TEST(a_broken_file_is_told_once_and_the_former_content_holds),
        TEST(a_file_that_is_gone_is_no_accounts),
        TEST(a_fifth_platform_key_is_one_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
