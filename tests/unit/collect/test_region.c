/* Addresses to regions: the bundled table, and a file of one's own before it. */
#include "helpers.h"

#include "collect/region_table.h"
#include "mmdb.h"

#include <time.h>

static struct region find(const struct region_base *base, const char *text) {
    struct address address;
    assert_true(address_parse(mp_str_of(text), &address));
    return region_find(base, &address);
}

static void check(const struct region_base *base, const char *address, const char *country,
                  const char *province, const char *city) {
    struct region region = find(base, address);
    assert_text(region.country, country);
    assert_text(region.province, province);
    assert_text(region.city, city);
}

static int open_bundled(void **state) {
    struct region_base *base;
    struct mp_error err;
    assert_int_equal(region_open("", &base, &err), MP_OK);
    *state = base;
    return 0;
}

static int close_base(void **state) {
    region_close(*state);
    return 0;
}

static void well_known_ipv4_addresses_are_where_they_are(void **state) {
    check(*state, "114.114.114.114", "中国", "江苏", "南京");
    check(*state, "8.8.8.8", "美国", "", "");
    check(*state, "202.96.134.133", "中国", "广东", "深圳");
    check(*state, "58.32.0.1", "中国", "上海", "上海");
    check(*state, "202.45.84.58", "中国", "香港", "");
    check(*state, "::ffff:114.114.114.114", "中国", "江苏", "南京");
}

static void well_known_ipv6_addresses_are_where_they_are(void **state) {
    check(*state, "240e:47d:c20:1627:30a3:ba0d:a5e6:ec19", "中国", "广东", "广州");
    check(*state, "2001:250:480f::1", "中国", "河南", "郑州");
    check(*state, "2001:200:1ff:ffff::1", "日本", "", "");
    assert_text(find(*state, "2408:8427:3e00::1").country, "中国");
}

static void private_and_reserved_addresses_are_nowhere(void **state) {
    static const char *const addresses[] = {
        "10.0.0.1", "127.0.0.1",       "192.168.1.1", "172.16.0.1",
        "0.0.0.0",  "255.255.255.255", "::1",         "::",
        "fe80::1",  "fd00::1",         "2001:db8::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        check(*state, addresses[i], "", "", "");
    }
}

/* Names are compared by reports with what the app sets itself: short, and Chinese. */
static void provinces_have_the_names_that_weixin_shows(void **state) {
    static const char *const provinces[] = {
        "",     "北京", "天津", "河北", "山西", "内蒙古", "辽宁", "吉林", "黑龙江",
        "上海", "江苏", "浙江", "安徽", "福建", "江西",   "山东", "河南", "湖北",
        "湖南", "广东", "广西", "海南", "重庆", "四川",   "贵州", "云南", "西藏",
        "陕西", "甘肃", "青海", "宁夏", "新疆", "台湾",   "香港", "澳门"};
    bool is_seen[sizeof(provinces) / sizeof(provinces[0])] = {false};
    for (uint32_t i = 0; i < 1u << 16; i++) {
        struct address address = {
            {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, (uint8_t)(i >> 8), (uint8_t)i, 7, 7}};
        struct region region = region_find(*state, &address);
        size_t at = 0;
        while (at < sizeof(provinces) / sizeof(provinces[0]) &&
               !mp_str_is(region.province, provinces[at])) {
            at++;
        }
        assert_true(at < sizeof(provinces) / sizeof(provinces[0]));
        assert_true(region.province.len == 0 || mp_str_is(region.country, "中国"));
        is_seen[at] = true;
    }
    size_t seen = 0;
    for (size_t i = 0; i < sizeof(is_seen); i++) {
        seen += is_seen[i];
    }
    assert_true(seen > 30);
}

/* Generous, for slow machines and sanitizers; bench/ tells the real number. */
static void a_search_is_quick(void **state) {
    struct timespec begin, end;
    uint32_t random = 1;
    size_t found = 0;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < 200000; i++) {
        random = random * 1664525 + 1013904223;
        struct address address = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
        memcpy(address.bytes + 12, &random, 4);
        found += region_find(*state, &address).country.len > 0;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    double ns = ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec));
    print_message("a search takes %.0f ns\n", ns / 200000);
    assert_true(found > 100000);
    assert_true(ns / 200000 < 5000);
}

static void a_broken_table_is_refused(void **state) {
    (void)state;
    static const uint8_t head[20] = {'M', 'P', 'R', '2', 1, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 1};
    const size_t blocks = 4 * 65537;
    static uint8_t bytes[20 + 3 + 4 * 65537 + 4 + 8];
    struct region_table table;
    struct mp_error err;
    memcpy(bytes, head, sizeof(head));
    memcpy(bytes + 20, "\t\t", 3);
    for (size_t i = 1; i <= 65536; i++) {
        bytes[23 + 4 * i] = 1;
    }
    struct mp_str whole = mp_str_range((const char *)bytes, sizeof(bytes));
    assert_int_equal(region_table_read(&table, whole, &err), MP_OK);
    region_table_deinit(&table);
    for (size_t len = 0; len < sizeof(bytes); len += len < 40 ? 1 : 999) {
        assert_int_equal(region_table_read(&table, mp_str_range(whole.ptr, len), &err),
                         MP_E_CORRUPT);
    }
    static const size_t places[] = {0, 3, 4, 8, 12, 16, 22, 23 + 4, 23 + 4 * 65536};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        bytes[places[i]] ^= 0xff;
        assert_int_equal(region_table_read(&table, whole, &err), MP_E_CORRUPT);
        bytes[places[i]] ^= 0xff;
    }
    bytes[23 + blocks] = 1; /* the first range must begin at 0 */
    assert_int_equal(region_table_read(&table, whole, &err), MP_E_CORRUPT);
}

static uint32_t mmdb_entry(struct mmdb_writer *writer, const char *code, const char *language,
                           const char *country, const char *province, const char *city) {
    struct mp_buf *out = &writer->data;
    uint32_t offset = (uint32_t)out->len;
    mmdb_map(out, 3);
    mmdb_text(out, "country");
    mmdb_map(out, 2);
    mmdb_text(out, "iso_code");
    mmdb_text(out, code);
    mmdb_text(out, "names");
    mmdb_map(out, 1);
    mmdb_text(out, language);
    mmdb_text(out, country);
    mmdb_text(out, "subdivisions");
    mp_buf_append_byte(out, 1); /* an array of one */
    mp_buf_append_byte(out, 11 - 7);
    mmdb_map(out, 1);
    mmdb_text(out, "names");
    mmdb_map(out, 1);
    mmdb_text(out, language);
    mmdb_text(out, province);
    mmdb_place(out, "city", language, city);
    return offset;
}

static void a_file_of_ones_own_answers_before_the_table(void **state) {
    (void)state;
    struct mmdb_writer writer;
    struct region_base *base;
    struct mp_error err;
    char path[] = "/tmp/minipulse-mmdb-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    mmdb_init(&writer);
    mmdb_network(&writer, 0x72727272, 32,
                 mmdb_entry(&writer, "CN", "zh-CN", "中国", "广西壮族自治区", "桂林市"));
    mmdb_network(&writer, 0x0a000000, 8,
                 mmdb_entry(&writer, "US", "en", "United States", "California", "Los Angeles"));
    mmdb_network(&writer, 0x0b000000, 8, mmdb_entry(&writer, "HK", "zh-CN", "香港", "", ""));
    mmdb_network(&writer, 0x0c000000, 8,
                 mmdb_entry(&writer, "XX", "zh-CN", "\xff\xfe", "", "")); /* not UTF-8 */
    mmdb_save(&writer, path);
    assert_int_equal(region_open(path, &base, &err), MP_OK);
    check(base, "114.114.114.114", "中国", "广西", "桂林");
    check(base, "10.1.2.3", "United States", "California", "Los Angeles");
    check(base, "11.1.2.3", "中国", "香港", "");
    assert_text(find(base, "12.0.0.1").country, "美国"); /* the table's answer */
    check(base, "202.96.134.133", "中国", "广东", "深圳");
    check(base, "2001:250:480f::1", "中国", "河南", "郑州");
    region_close(base);
    unlink(path);
}

static void a_file_that_is_no_mmdb_is_refused_by_name(void **state) {
    (void)state;
    struct region_base *base;
    struct mp_error err;
    assert_int_equal(region_open("/nonexistent.mmdb", &base, &err), MP_E_ARGUMENT);
    assert_string_equal(err.field, "mmdb_file");
    assert_non_null(strstr(err.message, "/nonexistent.mmdb"));
    assert_null(base);
    assert_int_equal(region_open("CMakeLists.txt", &base, &err), MP_E_ARGUMENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bundled, close_base)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(well_known_ipv4_addresses_are_where_they_are),
        TEST(well_known_ipv6_addresses_are_where_they_are),
        TEST(private_and_reserved_addresses_are_nowhere),
        TEST(provinces_have_the_names_that_weixin_shows),
        TEST(a_search_is_quick),
        cmocka_unit_test(a_broken_table_is_refused),
        cmocka_unit_test(a_file_of_ones_own_answers_before_the_table),
        cmocka_unit_test(a_file_that_is_no_mmdb_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
