#include "helpers.h"

/* Each case hides a second request behind the first for those who read its length the other way. */
#define HIDDEN "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"

static atomic_int hidden_calls;

static void hidden(struct http_request *request, void *arg) {
    (void)arg;
    atomic_fetch_add(&hidden_calls, 1);
    http_reply(request, 200, "text/plain", MP_STR("hidden"));
}

static const struct http_route routes[] = {
    {.method = "POST", .path = "/", .body_bytes_max = 100000, .handler = echo, .arg = "in"},
    {.method = "GET", .path = "/hidden", .handler = hidden},
};
static struct http_server *server;

static int start(void **state) {
    (void)state;
    server = serve(routes, 2);
    return 0;
}

static int stop(void **state) {
    (void)state;
    http_server_stop(server, 1000);
    return 0;
}

/* Sends bytes (len 0 = up to the NUL); true when the answer is 400, the connection ends, and what
 * stood behind was not taken for a request. */
static bool is_refused(const char *bytes, size_t len) {
    struct client *client = dial(server);
    atomic_store(&hidden_calls, 0);
    put(client, bytes, len ? len : strlen(bytes));
    struct answer *answer = hear(client);
    bool is_bad = answer->status == 400;
    /* The library's own refusals bear their head twice: there may be more to read. */
    ssize_t got = 1;
    while (got > 0) {
        got = get_more(client, REPLY_WAIT_MS);
    }
    bool is_over = got == 0;
    hang_up(client);
    if (!is_bad || !is_over || atomic_load(&hidden_calls) != 0) {
        print_error("status %d, ended %d, hidden %d for:\n%s\n", answer->status, is_over,
                    atomic_load(&hidden_calls), bytes);
    }
    return is_bad && is_over && atomic_load(&hidden_calls) == 0;
}

#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

static void a_length_and_a_coding_together_are_refused(void **state) {
    (void)state;
    assert_true(is_refused(
        POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(
        POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" HIDDEN, 0));
}

static void a_repeated_length_is_refused(void **state) {
    (void)state;
    assert_true(is_refused(POST "Content-Length: 0\r\nContent-Length: 34\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(POST "Content-Length: 0\r\ncontent-length: 0\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(POST "Content-Length: 0, 34\r\n\r\n" HIDDEN, 0));
}

static void a_malformed_length_is_refused(void **state) {
    (void)state;
    assert_true(is_refused(POST "Content-Length: +0\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(POST "Content-Length: -1\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(POST "Content-Length: 0x0\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(POST "Content-Length: \r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(POST "Content-Length: 5 0\r\n\r\n" HIDDEN, 0));
    struct answer *answer = ask(server, POST "Content-Length: 99999999999999999999\r\n\r\n");
    assert_true(answer->status == 400 || answer->status == 413);
}

static void a_coding_other_than_chunked_is_refused(void **state) {
    (void)state;
    assert_true(is_refused(POST "Transfer-Encoding: gzip\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(
        POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" HIDDEN,
        0));
    assert_true(is_refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0));
}

static void a_folded_header_is_refused(void **state) {
    (void)state;
    assert_true(is_refused(POST "Content-Length: 3\r\n 4\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(POST "X: y\r\n\tContent-Length: 0\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused("POST / HTTP/1.1\r\n Host: a\r\nX: y\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(POST "X: y\r\n \r\n\r\n" HIDDEN, 0));
}

static void a_line_that_does_not_end_in_cr_lf_is_refused(void **state) {
    (void)state;
    assert_true(is_refused(POST "X: y\nContent-Length: 34\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(POST "X: y\rContent-Length: 34\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused("POST / HTTP/1.1\nHost: a\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused("POST / HTTP/1.1\r\nHost: a\n\n" HIDDEN, 0));
    assert_true(is_refused("POST / HTTP/1.1\r\nHost: a\r\n\n" HIDDEN, 0));
    assert_true(is_refused("POST / HTTP/1.1\r\nHost: a\n\r\n" HIDDEN, 0));
}

static void a_header_name_that_is_no_token_is_refused(void **state) {
    (void)state;
    assert_true(is_refused(POST "Content-Length : 34\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(POST "Content-Length\t: 34\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(POST "Content\x0bLength: 34\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(POST ": 34\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused(POST "Content-Length\xa0: 34\r\n\r\n" HIDDEN, 0));
}

static void a_nul_or_another_control_byte_is_refused(void **state) {
    (void)state;
    static const char in_value[] = POST "Content-Length: 0\0 34\r\n\r\n" HIDDEN;
    static const char in_name[] = POST "Content-Length\0: 0\r\n\r\n" HIDDEN;
    static const char in_line[] = "POST / HTTP/1.1\0\r\nHost: a\r\n\r\n" HIDDEN;
    assert_true(is_refused(in_value, sizeof(in_value) - 1));
    assert_true(is_refused(in_name, sizeof(in_name) - 1));
    assert_true(is_refused(in_line, sizeof(in_line) - 1));
    assert_true(is_refused(POST "Transfer-Encoding: \x0b"
                                "chunked\r\n\r\n0\r\n\r\n" HIDDEN,
                           0));
    assert_true(is_refused(POST "X: \x7f\r\n\r\n" HIDDEN, 0));
}

static void a_malformed_request_line_is_refused(void **state) {
    (void)state;
    assert_true(is_refused("POST  / HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused("POST nowhere HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused("POST / HTTP/1.7\r\nHost: a\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused("P(ST / HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN, 0));
}

static void two_hosts_are_refused_and_none_in_http_1_1(void **state) {
    (void)state;
    assert_true(is_refused(POST "Host: b\r\n\r\n" HIDDEN, 0));
    assert_true(is_refused("POST / HTTP/1.1\r\n\r\n" HIDDEN, 0));
}

static void behind_a_chunked_request_nothing_is_read(void **state) {
    (void)state;
    struct client *client = dial(server);
    atomic_store(&hidden_calls, 0);
    say(client, POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" HIDDEN);
    struct answer *answer = hear(client);
    assert_int_equal(answer->status, 200);
    assert_string_equal(answer->body, "in / abc");
    assert_string_equal(field(answer, "Connection"), "close");
    assert_true(is_ended_within(client, REPLY_WAIT_MS));
    assert_int_equal(atomic_load(&hidden_calls), 0);
    hang_up(client);
}

static void what_follows_the_grammar_is_taken(void **state) {
    (void)state;
    static char request[20000];
    struct client *client = dial(server);
    say(client, POST "Content-Length:3\r\nX-Empty:\r\nx-tab: \t a\tb \r\nCookie: a=b; c=\"d\"\r\n"
                     "\r\nabc");
    assert_string_equal(hear(client)->body, "in / abc");
    say(client, "POST /?a=b HTTP/1.1\r\nHost: a\r\ncontent-length:  \t3\r\n\r\nabc");
    assert_string_equal(hear(client)->body, "in / a=b abc");
    /* So much that the library moves it to larger rooms. */
    int len = snprintf(request, sizeof(request), POST "Content-Length: 3\r\n");
    for (int i = 0; len < 12000; i++) {
        len += snprintf(request + len, sizeof(request) - (size_t)len, "X-%d: %0*d\r\n", i, 500, 0);
    }
    snprintf(request + len, sizeof(request) - (size_t)len, "\r\nabc");
    say(client, request);
    assert_string_equal(hear(client)->body, "in / abc");
    hang_up(client);
    assert_string_equal(ask(server, "POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc")->body,
                        "in / abc");
    assert_string_equal(ask(server, "POST / HTTP/1.0\r\n\r\n")->body, "in / ");
}

static void a_request_that_comes_byte_by_byte_is_judged_alike(void **state) {
    (void)state;
    static const char good[] = POST "Content-Length: 3\r\nX: y\r\n\r\nabc";
    static const char bad[] = POST "Content-Length: 3\r\n 0\r\nX: y\r\n\r\n";
    struct client *client = dial(server);
    for (const char *at = good; *at; at++) {
        put(client, at, 1);
        mp_sleep_ms(1);
    }
    assert_string_equal(hear(client)->body, "in / abc");
    for (const char *at = bad; *at && put(client, at, 1); at++) {
        mp_sleep_ms(1);
    }
    assert_int_equal(hear(client)->status, 400);
    hang_up(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_length_and_a_coding_together_are_refused),
        cmocka_unit_test(a_repeated_length_is_refused),
        cmocka_unit_test(a_malformed_length_is_refused),
        cmocka_unit_test(a_coding_other_than_chunked_is_refused),
        cmocka_unit_test(a_folded_header_is_refused),
        cmocka_unit_test(a_line_that_does_not_end_in_cr_lf_is_refused),
        cmocka_unit_test(a_header_name_that_is_no_token_is_refused),
        cmocka_unit_test(a_nul_or_another_control_byte_is_refused),
        cmocka_unit_test(a_malformed_request_line_is_refused),
        cmocka_unit_test(two_hosts_are_refused_and_none_in_http_1_1),
        cmocka_unit_test(behind_a_chunked_request_nothing_is_read),
        cmocka_unit_test(what_follows_the_grammar_is_taken),
        cmocka_unit_test(a_request_that_comes_byte_by_byte_is_judged_alike),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
