/* Whose address it is: trusted proxies and what clients write into X-Forwarded-For. */
#include "helpers.h"

#include "collect/proxy.h"

#include <arpa/inet.h>

/* The client by a list of trusted proxies, the peer and the header; "-" when unknown. */
static void check(const char *trusted, const char *peer, const char *forwarded,
                  const char *expected) {
    struct proxies proxies;
    struct mp_error err;
    struct address client;
    char text[INET6_ADDRSTRLEN] = "-";
    assert_int_equal(proxies_parse(trusted, &proxies, &err), MP_OK);
    if (proxies_client(&proxies, mp_str_of(peer), mp_str_of(forwarded), &client)) {
        uint32_t v4 = htonl(address_is_v4(&client) ? address_v4(&client) : 0);
        assert_non_null(address_is_v4(&client)
                            ? inet_ntop(AF_INET, &v4, text, sizeof(text))
                            : inet_ntop(AF_INET6, client.bytes, text, sizeof(text)));
    }
    assert_string_equal(text, expected);
}

static void without_trusted_proxies_the_peer_is_the_client(void **state) {
    (void)state;
    check("", "203.0.113.7", "", "203.0.113.7");
    check("", "203.0.113.7", "1.2.3.4", "203.0.113.7");
    check("", "2001:db8::1", "1.2.3.4", "2001:db8::1");
    check("10.0.0.1", "203.0.113.7", "1.2.3.4", "203.0.113.7");
}

static void behind_a_trusted_proxy_the_last_entry_is_the_client(void **state) {
    (void)state;
    check("127.0.0.1", "127.0.0.1", "203.0.113.7", "203.0.113.7");
    check("127.0.0.1", "127.0.0.1", "", "127.0.0.1");
    check("::1", "::1", "2001:db8::7", "2001:db8::7");
}

static void what_the_client_wrote_itself_is_not_believed(void **state) {
    (void)state;
    check("127.0.0.1", "127.0.0.1", "8.8.8.8, 203.0.113.7", "203.0.113.7");
    check("127.0.0.1", "127.0.0.1", "127.0.0.1, 203.0.113.7", "203.0.113.7");
    /* Two proxies of ours; the client claims to be the second one. */
    check("10.0.0.0/8", "10.0.0.1", "8.8.8.8, 10.1.1.1, 203.0.113.7, 10.0.0.2", "203.0.113.7");
    check("10.0.0.0/8", "10.0.0.1", "8.8.8.8,  203.0.113.7 ,10.0.0.2", "203.0.113.7");
    /* All of them ours: the first one began it. */
    check("10.0.0.0/8", "10.0.0.1", "10.9.9.9, 10.0.0.2", "10.9.9.9");
}

static void behind_an_entry_that_is_no_address_nothing_is_believed(void **state) {
    (void)state;
    check("10.0.0.0/8", "10.0.0.1", "8.8.8.8, unknown, 10.0.0.2", "10.0.0.2");
    check("10.0.0.0/8", "10.0.0.1", "8.8.8.8, ", "10.0.0.1");
    check("10.0.0.0/8", "10.0.0.1", "8.8.8.8'; --", "10.0.0.1");
    check("10.0.0.0/8", "10.0.0.1", ",", "10.0.0.1");
}

static void networks_are_matched_bit_by_bit(void **state) {
    (void)state;
    check("192.168.8.0/22", "192.168.11.255", "1.1.1.1", "1.1.1.1");
    check("192.168.8.0/22", "192.168.12.0", "1.1.1.1", "192.168.12.0");
    check("192.168.8.0/22", "192.168.7.255", "1.1.1.1", "192.168.7.255");
    check("10.0.0.1/32", "10.0.0.1", "1.1.1.1", "1.1.1.1");
    check("10.0.0.1/32", "10.0.0.2", "1.1.1.1", "10.0.0.2");
    check("0.0.0.0/0", "9.9.9.9", "1.1.1.1", "1.1.1.1");
    check("0.0.0.0/0", "2001:db8::1", "1.1.1.1", "2001:db8::1");
    check("2001:db8::/33", "2001:db8:7fff::1", "1.1.1.1", "1.1.1.1");
    check("2001:db8::/33", "2001:db8:8000::1", "1.1.1.1", "2001:db8:8000::1");
    check("::/0", "2001:db8::1", "1.1.1.1", "1.1.1.1");
}

static void ipv4_in_ipv6_is_ipv4(void **state) {
    (void)state;
    check("127.0.0.1", "::ffff:127.0.0.1", "::ffff:203.0.113.7", "203.0.113.7");
    check("::ffff:10.0.0.0/104", "10.200.0.1", "1.1.1.1", "1.1.1.1");
}

static void ports_behind_addresses_are_cut_off(void **state) {
    (void)state;
    check("127.0.0.1", "127.0.0.1", "203.0.113.7:51234", "203.0.113.7");
    check("127.0.0.1", "127.0.0.1", "[2001:db8::7]:443", "2001:db8::7");
    check("127.0.0.1", "127.0.0.1", "[2001:db8::7]", "2001:db8::7");
    check("127.0.0.1", "127.0.0.1", "[2001:db8::7", "127.0.0.1");
}

static void a_peer_on_the_unix_socket_is_trusted(void **state) {
    (void)state;
    check("", "unix", "203.0.113.7", "203.0.113.7");
    check("", "unix", "8.8.8.8, 203.0.113.7", "203.0.113.7");
    check("", "unix", "", "-");
    check("", "nonsense", "203.0.113.7", "-");
}

static void endless_chains_end(void **state) {
    (void)state;
    char chain[4096] = "1.1.1.1";
    for (int i = 0; i < 200; i++) {
        snprintf(chain + strlen(chain), sizeof(chain) - strlen(chain), ", 10.0.0.1");
    }
    check("10.0.0.0/8", "10.0.0.2", chain, "10.0.0.1");
}

static void lists_are_checked_when_read(void **state) {
    (void)state;
    static const char *const wrong[] = {"10.0.0.0/33", "10.0.0/8", "::1/129",     "localhost",
                                        "10.0.0.1/",   "1.1.1.1;", "10.0.0.0/-1", "10.0.0.0/8/8"};
    struct proxies proxies;
    struct mp_error err;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(proxies_parse(wrong[i], &proxies, &err), MP_E_ARGUMENT);
        assert_string_equal(err.field, "trusted_proxies");
        assert_non_null(strstr(err.message, wrong[i]));
    }
    assert_int_equal(proxies_parse(" 10.0.0.1 , ,::1 ", &proxies, &err), MP_OK);
    assert_int_equal(proxies.count, 2);
    char many[1024] = "";
    for (int i = 0; i <= PROXIES_MAX; i++) {
        snprintf(many + strlen(many), sizeof(many) - strlen(many), "10.0.0.1,");
    }
    assert_int_equal(proxies_parse(many, &proxies, &err), MP_E_ARGUMENT);
}

static int open_behind_proxy(void **state) {
    return desk_open_with(state, "127.0.0.1", NULL);
}

static void the_region_is_the_clients_and_not_the_proxys(void **state) {
    struct desk *desk = *state;
    struct mp_str body = MP_STR("{\"v\":1,\"user\":\"u\",\"events\":[{\"id\":\"1\",\"name\":\"a\","
                                "\"time\":1795000000000}]}");
    desk->input.peer = MP_STR("127.0.0.1");
    desk->input.forwarded_for = MP_STR("8.8.8.8, 114.114.114.114");
    assert_int_equal(send_native(desk, body), MP_OK);
    assert_text(desk->context.province, "江苏");
    desk->input.peer = MP_STR("8.8.8.8");
    assert_int_equal(send_native(desk, body), MP_OK);
    assert_text(desk->context.country, "美国");
    assert_text(desk->context.province, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_trusted_proxies_the_peer_is_the_client),
        cmocka_unit_test(behind_a_trusted_proxy_the_last_entry_is_the_client),
        cmocka_unit_test(what_the_client_wrote_itself_is_not_believed),
        cmocka_unit_test(behind_an_entry_that_is_no_address_nothing_is_believed),
        cmocka_unit_test(networks_are_matched_bit_by_bit),
        cmocka_unit_test(ipv4_in_ipv6_is_ipv4),
        cmocka_unit_test(ports_behind_addresses_are_cut_off),
        cmocka_unit_test(a_peer_on_the_unix_socket_is_trusted),
        cmocka_unit_test(endless_chains_end),
        cmocka_unit_test(lists_are_checked_when_read),
        cmocka_unit_test_setup_teardown(the_region_is_the_clients_and_not_the_proxys,
                                        open_behind_proxy, desk_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
