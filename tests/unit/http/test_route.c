#include "helpers.h"

static void tell_params(struct http_request *request, void *arg) {
    char text[256];
    struct mp_str app = http_param(request, "app"), page = http_param(request, "page");
    (void)arg;
    int len = snprintf(text, sizeof(text), "app=%.*s page=%.*s", MP_STR_ARG(app), MP_STR_ARG(page));
    http_reply(request, 200, "text/plain", mp_str_range(text, (size_t)len));
}

static const struct http_route routes[] = {
    {.method = "GET", .path = "/", .handler = echo, .arg = "home"},
    {.method = "POST", .path = "/v1/collect", .body_bytes_max = 100, .handler = echo, .arg = "in"},
    {.method = "OPTIONS", .path = "/v1/collect", .handler = echo, .arg = "options"},
    {.method = "GET", .path = "/v1/apps/{app}/pages/{page}", .handler = tell_params},
    {.method = "*", .path = "/any", .handler = echo, .arg = "any"},
    {.method = "POST", .path = "/rest/known", .body_bytes_max = 9, .handler = echo, .arg = "known"},
    {.method = "*", .path = "/rest/*", .handler = echo, .arg = "rest"},
};
static struct http_server *server;

static int start(void **state) {
    (void)state;
    server = serve(routes, sizeof(routes) / sizeof(routes[0]));
    return 0;
}

static int stop(void **state) {
    (void)state;
    http_server_stop(server, 1000);
    return 0;
}

static void a_path_finds_its_route_whole_and_not_by_prefix(void **state) {
    (void)state;
    assert_string_equal(ask(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")->body, "home / ");
    assert_int_equal(ask(server, "GET /v1 HTTP/1.1\r\nHost: a\r\n\r\n")->status, 404);
    assert_int_equal(ask(server, "GET /any/ HTTP/1.1\r\nHost: a\r\n\r\n")->status, 404);
    assert_int_equal(ask(server, "GET /anything HTTP/1.1\r\nHost: a\r\n\r\n")->status, 404);
    assert_string_equal(ask(server, "BREW /any HTTP/1.1\r\nHost: a\r\n\r\n")->body, "any /any ");
}

static void names_in_braces_are_one_segment_each_and_decoded(void **state) {
    (void)state;
    struct answer *answer =
        ask(server, "GET /v1/apps/shop/pages/%E5%95%86%20x HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_string_equal(answer->body, "app=shop page=\xe5\x95\x86 x");
    assert_int_equal(ask(server, "GET /v1/apps/a/b/pages/c HTTP/1.1\r\nHost: a\r\n\r\n")->status,
                     404);
    assert_int_equal(ask(server, "GET /v1/apps//pages/c HTTP/1.1\r\nHost: a\r\n\r\n")->status, 404);
}

static void a_star_at_the_end_takes_the_rest_that_no_route_before_it_took(void **state) {
    (void)state;
    assert_string_equal(ask(server, "GET /rest/a/b%2Fc HTTP/1.1\r\nHost: a\r\n\r\n")->body,
                        "rest /rest/a/b/c ");
    assert_string_equal(ask(server, "PUT /rest/ HTTP/1.1\r\nHost: a\r\n\r\n")->body,
                        "rest /rest/ ");
    assert_string_equal(ask(server, "GET /rest/known HTTP/1.1\r\nHost: a\r\n\r\n")->body,
                        "rest /rest/known ");
    assert_string_equal(ask(server, "POST /rest/known HTTP/1.1\r\nHost: a\r\n\r\n")->body,
                        "known /rest/known ");
    assert_int_equal(ask(server, "GET /rest HTTP/1.1\r\nHost: a\r\n\r\n")->status, 404);
}

static void a_nul_in_a_path_does_not_end_it(void **state) {
    (void)state;
    assert_int_equal(ask(server, "GET /any%00thing HTTP/1.1\r\nHost: a\r\n\r\n")->status, 404);
}

static void query_parameters_are_decoded_and_what_is_no_escape_stays(void **state) {
    (void)state;
    struct answer *answer =
        ask(server, "GET /any?a=1%2B1&b=x+y&%63=%zz%4&d&e=%00 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_string_equal(answer->body, "any /any a=1+1 b=x y c=%zz%4 d= e=%00 ");
}

static void head_is_answered_like_get_without_a_body(void **state) {
    (void)state;
    struct client *client = dial(server);
    say(client, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    struct answer *answer = hear_within(client, false, REPLY_WAIT_MS);
    assert_int_equal(answer->status, 200);
    assert_string_equal(field(answer, "Content-Length"), "7");
    say(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_string_equal(hear(client)->body, "home / ");
    hang_up(client);
}

static void another_method_is_405_and_allow_lists_those_that_fit(void **state) {
    (void)state;
    struct answer *answer = ask(server, "PUT /v1/collect HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(answer->status, 405);
    assert_string_equal(field(answer, "Allow"), "POST, OPTIONS");
    answer = ask(server, "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_string_equal(field(answer, "Allow"), "GET, HEAD");
}

static void a_refusal_with_a_small_body_keeps_the_connection(void **state) {
    (void)state;
    struct client *client = dial(server);
    say(client, "POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde"
                "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(hear(client)->status, 404);
    assert_string_equal(hear(client)->body, "home / ");
    hang_up(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_finds_its_route_whole_and_not_by_prefix),
        cmocka_unit_test(names_in_braces_are_one_segment_each_and_decoded),
        cmocka_unit_test(a_star_at_the_end_takes_the_rest_that_no_route_before_it_took),
        cmocka_unit_test(a_nul_in_a_path_does_not_end_it),
        cmocka_unit_test(query_parameters_are_decoded_and_what_is_no_escape_stays),
        cmocka_unit_test(head_is_answered_like_get_without_a_body),
        cmocka_unit_test(another_method_is_405_and_allow_lists_those_that_fit),
        cmocka_unit_test(a_refusal_with_a_small_body_keeps_the_connection),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
