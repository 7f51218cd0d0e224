#include "helpers.h"

#include <fcntl.h>
#include <sys/stat.h>

static const struct http_route routes[] = {
    {.method = "GET", .path = "/", .handler = echo, .arg = "home"}};

static int try_listen(const char *address, struct http_server **server, struct mp_error *err) {
    struct http_config config = {.listen = address,
                                 .routes = routes,
                                 .route_count = 1,
                                 .loop_threads = 2,
                                 .connections_max = 10,
                                 .idle_timeout_s = 5};
    memset(err, 0, sizeof(*err));
    return http_server_start(&config, server, err);
}

static void an_address_may_be_ipv4_ipv6_or_a_name(void **state) {
    (void)state;
    static const char *const addresses[] = {"127.0.0.1:0", "[::1]:0", "localhost:0"};
    for (size_t i = 0; i < 3; i++) {
        struct http_server *server;
        struct mp_error err;
        assert_int_equal(try_listen(addresses[i], &server, &err), MP_OK);
        assert_in_range(http_server_port(server), 1, 65535);
        http_server_stop(server, 100);
    }
}

static void a_wrong_address_is_an_error_that_names_the_setting(void **state) {
    (void)state;
    static const char *const addresses[] = {"", "8080", "127.0.0.1:x", "no-such-host.invalid:1",
                                            "unix:/nowhere/at/all"};
    for (size_t i = 0; i < 5; i++) {
        struct http_server *server;
        struct mp_error err;
        assert_int_not_equal(try_listen(addresses[i], &server, &err), MP_OK);
        assert_null(server);
        assert_string_equal(err.field, "listen");
        assert_true(err.message[0]);
    }
}

static void a_port_in_use_is_an_error(void **state) {
    (void)state;
    struct http_server *first, *second;
    struct mp_error err;
    char address[32];
    assert_int_equal(try_listen("127.0.0.1:0", &first, &err), MP_OK);
    snprintf(address, sizeof(address), "127.0.0.1:%d", http_server_port(first));
    assert_int_equal(try_listen(address, &second, &err), MP_E_IO);
    assert_int_equal(err.sys, EADDRINUSE);
    http_server_stop(first, 100);
    assert_int_equal(try_listen(address, &second, &err), MP_OK); /* at once, no waiting time */
    http_server_stop(second, 100);
}

static void a_stale_socket_is_replaced_and_a_file_is_not(void **state) {
    (void)state;
    char folder[] = "/tmp/minipulse-http-XXXXXX", path[64], address[80];
    struct http_server *server;
    struct mp_error err;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/s", folder);
    snprintf(address, sizeof(address), "unix:%s", path);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
    int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(stale, (struct sockaddr *)&name, sizeof(name)), 0);
    close(stale);
    assert_int_equal(try_listen(address, &server, &err), MP_OK);
    struct client *client = dial_unix(path);
    say(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_string_equal(hear(client)->body, "home / ");
    hang_up(client);
    http_server_stop(server, 100);
    int file = open(path, O_CREAT | O_WRONLY, 0600);
    close(file);
    assert_int_equal(try_listen(address, &server, &err), MP_E_IO);
    assert_int_equal(unlink(path), 0); /* still there */
    rmdir(folder);
}

static void a_tls_file_that_cannot_be_read_is_an_error_that_names_it(void **state) {
    (void)state;
    struct http_server *server;
    struct mp_error err = {0};
    struct http_config config = {.listen = "127.0.0.1:0",
                                 .routes = routes,
                                 .route_count = 1,
                                 .loop_threads = 1,
                                 .connections_max = 10,
                                 .idle_timeout_s = 5,
                                 .tls_cert_file = "/nowhere/cert.pem",
                                 .tls_key_file = "/nowhere/key.pem"};
    assert_int_equal(http_server_start(&config, &server, &err), MP_E_IO);
    assert_string_equal(err.field, "/nowhere/cert.pem");
    config.tls_cert_file = config.tls_key_file = "/etc/hostname"; /* no PEM in it */
    assert_int_equal(http_server_start(&config, &server, &err), MP_E_IO);
    assert_null(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_may_be_ipv4_ipv6_or_a_name),
        cmocka_unit_test(a_wrong_address_is_an_error_that_names_the_setting),
        cmocka_unit_test(a_port_in_use_is_an_error),
        cmocka_unit_test(a_stale_socket_is_replaced_and_a_file_is_not),
        cmocka_unit_test(a_tls_file_that_cannot_be_read_is_an_error_that_names_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
