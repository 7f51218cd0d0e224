#include "helpers.h"

static atomic_int blocked;
static atomic_bool may_go;

static void block(struct http_request *request, void *arg) {
    (void)arg;
    atomic_fetch_add(&blocked, 1);
    while (!atomic_load(&may_go)) {
        mp_sleep_ms(1);
    }
    atomic_fetch_sub(&blocked, 1);
    http_reply_static(request, 200, "text/plain", MP_STR("done"));
}

static void long_body(struct http_request *request, void *arg) {
    struct mp_buf body;
    (void)arg;
    mp_buf_init(&body, 8u << 20);
    while (body.len < 4u << 20) {
        mp_buf_append_text(&body, "0123456789abcdef");
    }
    http_reply(request, 200, "text/plain", mp_buf_str(&body));
    mp_buf_deinit(&body);
}

static const struct http_route routes[] = {
    {.method = "POST", .path = "/", .body_bytes_max = 1000, .handler = echo, .arg = "in"},
    {.method = "GET", .path = "/", .handler = echo, .arg = "home"},
    {.method = "GET", .path = "/block", .mode = HTTP_BLOCKING, .handler = block},
    {.method = "GET", .path = "/long", .handler = long_body},
};

static struct http_server *start(struct http_config config) {
    atomic_store(&may_go, false);
    config.routes = routes;
    config.route_count = sizeof(routes) / sizeof(routes[0]);
    return serve_with(config);
}

static void a_body_of_the_limit_is_taken_and_one_byte_more_is_413(void **state) {
    (void)state;
    struct http_server *server = start((struct http_config){0});
    static char text[2100];
    struct client *client = dial(server);
    int len =
        snprintf(text, sizeof(text), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%0*d",
                 1000, 1000, 7);
    put(client, text, (size_t)len);
    assert_int_equal(hear(client)->status, 200);
    len = snprintf(text, sizeof(text),
                   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%0*d", 1001, 1001, 7);
    put(client, text, (size_t)len);
    assert_int_equal(hear(client)->status, 413);
    say(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_string_equal(hear(client)->body, "home / ");
    say(client, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    assert_int_equal(hear(client)->status, 413);
    len = snprintf(text, sizeof(text),
                   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n%0*d\r\n"
                   "0\r\n\r\n",
                   1001, 7);
    put(client, text, (size_t)len);
    assert_int_equal(hear(client)->status, 413);
    hang_up(client);
    http_server_stop(server, 1000);
}

static void a_huge_promise_is_refused_without_reading_it(void **state) {
    (void)state;
    struct http_server *server = start((struct http_config){0});
    struct client *client = dial(server);
    say(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n");
    struct answer *answer = hear(client);
    assert_int_equal(answer->status, 413);
    assert_string_equal(field(answer, "Connection"), "close");
    assert_true(is_ended_within(client, REPLY_WAIT_MS));
    hang_up(client);
    http_server_stop(server, 1000);
}

static void an_endless_chunked_body_is_cut(void **state) {
    (void)state;
    struct http_server *server = start((struct http_config){0});
    struct client *client = dial(server);
    static char block_of_zeros[65536];
    say(client, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    int sent = 0;
    while (sent < 1000 && put(client, "10000\r\n", 7) &&
           put(client, block_of_zeros, sizeof(block_of_zeros)) && put(client, "\r\n", 2)) {
        sent++;
    }
    assert_true(sent < 500); /* 32 MB: the limit, and what the sockets hold */
    hang_up(client);
    http_server_stop(server, 1000);
}

static void expect_100_is_answered_by_100_or_by_the_refusal(void **state) {
    (void)state;
    struct http_server *server = start((struct http_config){0});
    struct client *client = dial(server);
    say(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    assert_int_equal(hear(client)->status, 100);
    say(client, "abc");
    assert_string_equal(hear(client)->body, "in / abc");
    say(client,
        "POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    assert_int_equal(hear(client)->status, 404);
    assert_true(is_ended_within(client, REPLY_WAIT_MS));
    hang_up(client);
    http_server_stop(server, 1000);
}

static void headers_too_large_are_refused(void **state) {
    (void)state;
    struct http_server *server = start((struct http_config){0});
    static char text[60000];
    struct client *client = dial(server);
    int len = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\nX: %050000d\r\n\r\n", 7);
    put(client, text, (size_t)len);
    int status = hear(client)->status;
    assert_true(status == 431 || status == 413);
    hang_up(client);
    http_server_stop(server, 1000);
}

static void a_silent_client_is_cut_after_the_idle_timeout(void **state) {
    (void)state;
    struct http_server *server = start((struct http_config){.idle_timeout_s = 1});
    struct client *never = dial(server), *half = dial(server), *between = dial(server);
    int64_t from_ms = mp_mono_ms();
    say(half, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    say(between, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(hear(between)->status, 200);
    assert_true(is_ended_within(never, REPLY_WAIT_MS));
    assert_true(is_ended_within(half, REPLY_WAIT_MS));
    assert_true(is_ended_within(between, REPLY_WAIT_MS));
    int64_t took_ms = mp_mono_ms() - from_ms;
    assert_true(took_ms >= 900 && took_ms < 4000);
    hang_up(never);
    hang_up(half);
    hang_up(between);
    http_server_stop(server, 1000);
}

static void a_client_that_trickles_is_cut_too(void **state) {
    (void)state;
    struct http_server *server =
        start((struct http_config){.idle_timeout_s = 1, .receive_timeout_s = 1});
    struct client *head = dial(server), *body = dial(server);
    int64_t from_ms = mp_mono_ms();
    say(head, "GET / HTTP/1.1\r\n");
    say(body, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n");
    bool is_head_open = true, is_body_open = true;
    while ((is_head_open || is_body_open) && mp_mono_ms() - from_ms < 10000) {
        is_head_open = is_head_open && put(head, "x", 1) && get_more(head, 0) != 0;
        is_body_open = is_body_open && put(body, "x", 1) && get_more(body, 0) != 0;
        mp_sleep_ms(100);
    }
    assert_false(is_head_open || is_body_open);
    assert_true(mp_mono_ms() - from_ms >= 1900);
    hang_up(head);
    hang_up(body);
    http_server_stop(server, 1000);
}

static void a_request_that_waits_for_its_handler_is_not_idle(void **state) {
    (void)state;
    struct http_server *server = start((struct http_config){.idle_timeout_s = 1});
    struct client *client = dial(server);
    say(client, "GET /block HTTP/1.1\r\nHost: a\r\n\r\n");
    mp_sleep_ms(2500);
    atomic_store(&may_go, true);
    assert_string_equal(hear(client)->body, "done");
    hang_up(client);
    http_server_stop(server, 1000);
}

static void more_than_the_workers_and_their_queue_hold_are_503(void **state) {
    (void)state;
    enum { CLIENTS = 40 }; /* one at work, 32 wait, the rest is refused */
    struct http_server *server = start((struct http_config){.worker_threads = 1});
    struct client *clients[CLIENTS];
    int refused = 0, done = 0;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = dial(server);
        say(clients[i], "GET /block HTTP/1.1\r\nHost: a\r\n\r\n");
        for (int wait = 0; i == 0 && wait < REPLY_WAIT_MS && !atomic_load(&blocked); wait++) {
            mp_sleep_ms(1);
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        struct answer *answer = hear_within(clients[i], true, 100);
        if (answer->status == 503) {
            assert_non_null(field(answer, "Retry-After"));
            refused++;
            say(clients[i], "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); /* the connection is kept */
            assert_int_equal(hear(clients[i])->status, 200);
            hang_up(clients[i]);
            clients[i] = NULL;
        }
    }
    assert_int_equal(refused, CLIENTS - 33);
    atomic_store(&may_go, true);
    for (int i = 0; i < CLIENTS; i++) {
        if (clients[i]) {
            done += hear(clients[i])->status == 200;
            hang_up(clients[i]);
        }
    }
    assert_int_equal(done, 33);
    http_server_stop(server, 1000);
}

static void beyond_connections_max_clients_wait_for_their_turn(void **state) {
    (void)state;
    struct http_server *server = start((struct http_config){.connections_max = 4});
    struct client *clients[8];
    for (int i = 0; i < 8; i++) {
        clients[i] = dial(server);
        mp_sleep_ms(20);
        say(clients[i], "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(hear(clients[i])->status, 200);
    }
    assert_int_equal(hear_within(clients[7], true, 200)->status, 0);
    for (int i = 0; i < 4; i++) {
        hang_up(clients[i]);
    }
    for (int i = 4; i < 8; i++) {
        assert_int_equal(hear(clients[i])->status, 200);
        hang_up(clients[i]);
    }
    http_server_stop(server, 1000);
}

static void a_reply_larger_than_the_sockets_hold_arrives_whole(void **state) {
    (void)state;
    struct http_server *server = start((struct http_config){0});
    struct client *client = dial(server);
    static char piece[65536];
    size_t total = 0;
    ssize_t got;
    say(client, "GET /long HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    mp_sleep_ms(200);
    while ((got = recv(client->fd, piece, sizeof(piece), 0)) > 0) {
        total += (size_t)got;
    }
    assert_int_equal(got, 0);
    assert_true(total > 4u << 20 && total < (4u << 20) + 1000);
    hang_up(client);
    http_server_stop(server, 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_of_the_limit_is_taken_and_one_byte_more_is_413),
        cmocka_unit_test(a_huge_promise_is_refused_without_reading_it),
        cmocka_unit_test(an_endless_chunked_body_is_cut),
        cmocka_unit_test(expect_100_is_answered_by_100_or_by_the_refusal),
        cmocka_unit_test(headers_too_large_are_refused),
        cmocka_unit_test(a_silent_client_is_cut_after_the_idle_timeout),
        cmocka_unit_test(a_client_that_trickles_is_cut_too),
        cmocka_unit_test(a_request_that_waits_for_its_handler_is_not_idle),
        cmocka_unit_test(more_than_the_workers_and_their_queue_hold_are_503),
        cmocka_unit_test(beyond_connections_max_clients_wait_for_their_turn),
        cmocka_unit_test(a_reply_larger_than_the_sockets_hold_arrives_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
