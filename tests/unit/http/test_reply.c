#include "helpers.h"

#include <sys/resource.h>

#define LATE_MAX 4096

/* Requests that wait for the replier, a thread like the journal's committer. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    struct http_request *waiting[LATE_MAX];
    int count;
    bool is_over;
    bool is_held; /* the replier waits */
} late = {.mutex = PTHREAD_MUTEX_INITIALIZER, .arrived = PTHREAD_COND_INITIALIZER};
static pthread_t replier;
static atomic_int done_count, done_status;
static atomic_bool was_gone;
static struct http_server *server;
static struct http_answer *made;

static void keep(struct http_request *request, void *arg) {
    (void)arg;
    pthread_mutex_lock(&late.mutex);
    late.waiting[late.count++] = request;
    pthread_cond_signal(&late.arrived);
    pthread_mutex_unlock(&late.mutex);
}

static void *reply_late(void *arg) {
    static struct http_request *batch[LATE_MAX];
    (void)arg;
    for (;;) {
        pthread_mutex_lock(&late.mutex);
        while ((late.count == 0 || late.is_held) && !late.is_over) {
            pthread_cond_wait(&late.arrived, &late.mutex);
        }
        int count = late.count;
        memcpy(batch, late.waiting, (size_t)count * sizeof(batch[0]));
        late.count = 0;
        bool is_over = late.is_over;
        pthread_mutex_unlock(&late.mutex);
        if (count == 0 && is_over) {
            return NULL;
        }
        for (int i = 0; i < count; i++) {
            if (strcmp(http_route_path(batch[i]), "/answer") == 0) {
                http_reply_answer(batch[i], made);
                continue;
            }
            struct mp_str body = http_body(batch[i]);
            http_reply_header(batch[i], "X-Late", "yes");
            http_reply(batch[i], 200, "text/plain", body.len ? body : MP_STR("late"));
        }
    }
}

static void hold(bool is_held) {
    pthread_mutex_lock(&late.mutex);
    late.is_held = is_held;
    pthread_cond_signal(&late.arrived);
    pthread_mutex_unlock(&late.mutex);
}

static void wait_for_waiting(int count) {
    for (int i = 0, waiting = 0; waiting < count; i++) {
        assert_true(i < REPLY_WAIT_MS);
        pthread_mutex_lock(&late.mutex);
        waiting = late.count;
        pthread_mutex_unlock(&late.mutex);
        mp_sleep_ms(1);
    }
}

static void block(struct http_request *request, void *arg) {
    (void)arg;
    mp_sleep_ms(100);
    http_reply_static(request, 200, "text/plain", MP_STR("blocked"));
}

static void block_until_gone(struct http_request *request, void *arg) {
    (void)arg;
    for (int i = 0; i < REPLY_WAIT_MS && !http_client_gone(request); i++) {
        mp_sleep_ms(1);
    }
    atomic_store(&was_gone, http_client_gone(request) && !http_is_stopping(request));
    http_reply_static(request, 200, "text/plain", MP_STR("nobody hears this"));
}

static void tell_scratch_and_close(struct http_request *request, void *arg) {
    (void)arg;
    memcpy(http_scratch(request), "abc", 3);
    http_reply_header(request, "X-Split", "a\r\nX-Evil: b");
    http_reply(request, 299, "text/plain", MP_STR("scratch"));
}

static void reply_answer(struct http_request *request, void *arg) {
    (void)arg;
    http_reply_answer(request, made);
}

static atomic_int closed_calls;

static void on_closed(struct http_request *request, void *arg) {
    (void)arg;
    atomic_fetch_add(&closed_calls, memcmp(http_scratch(request), "abc", 3) == 0 ? 1 : 100);
}

static void on_done(const struct http_request *request, int status, int64_t duration_us,
                    void *arg) {
    assert_ptr_equal(arg, &done_count);
    assert_true(duration_us >= 0);
    atomic_store(&done_status, status + 1000 * (int)(http_route_index(request) + 1));
    atomic_fetch_add(&done_count, 1);
}

static const struct http_route routes[] = {
    {.method = "POST", .path = "/late", .body_bytes_max = 100000, .handler = keep},
    {.method = "GET", .path = "/block", .mode = HTTP_BLOCKING, .handler = block},
    {.method = "GET", .path = "/gone", .mode = HTTP_BLOCKING, .handler = block_until_gone},
    {.method = "GET", .path = "/scratch", .handler = tell_scratch_and_close, .closed = on_closed},
    {.method = "POST", .path = "/answer", .body_bytes_max = 10, .handler = keep},
    {.method = "GET", .path = "/answer", .handler = reply_answer},
};
static const struct http_field headers[] = {{"X-Always", "there"}};
static const struct http_field own_headers[] = {{"X-Own", "yes"}};

static int start(void **state) {
    (void)state;
    late.is_over = late.is_held = false;
    late.count = 0;
    atomic_store(&done_count, 0);
    made = http_answer_create(202, "text/plain", own_headers, 1, MP_STR("the same"));
    server = serve_with((struct http_config){.routes = routes,
                                             .route_count = sizeof(routes) / sizeof(routes[0]),
                                             .headers = headers,
                                             .header_count = 1,
                                             .connections_max = 600,
                                             .on_done = on_done,
                                             .on_done_arg = &done_count});
    return pthread_create(&replier, NULL, reply_late, NULL);
}

static int stop(void **state) {
    (void)state;
    hold(false);
    if (server) {
        http_server_stop(server, 1000);
    }
    pthread_mutex_lock(&late.mutex);
    late.is_over = true;
    pthread_cond_signal(&late.arrived);
    pthread_mutex_unlock(&late.mutex);
    http_answer_destroy(made);
    return pthread_join(replier, NULL);
}

static void a_reply_may_come_later_from_another_thread(void **state) {
    (void)state;
    struct client *client = dial(server);
    for (int i = 0; i < 200; i++) {
        say(client, "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
        struct answer *answer = hear(client);
        assert_int_equal(answer->status, 200);
        assert_string_equal(answer->body, "hello");
        assert_string_equal(field(answer, "X-Late"), "yes");
        assert_string_equal(field(answer, "X-Always"), "there");
    }
    hang_up(client);
}

/* 128 is what the library takes from epoll at once; its own threads stall on it. */
static void many_that_wait_for_one_commit_are_all_answered(void **state) {
    (void)state;
    enum { CLIENTS = 512 };
    static struct client *clients[CLIENTS];
    for (int round = 0; round < 3; round++) {
        hold(true);
        for (int i = 0; i < CLIENTS; i++) {
            char text[128];
            clients[i] = round == 0 ? dial(server) : clients[i];
            snprintf(text, sizeof(text),
                     "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nn-%04d", i);
            say(clients[i], text);
        }
        wait_for_waiting(CLIENTS);
        hold(false);
        for (int i = 0; i < CLIENTS; i++) {
            char expected[16];
            snprintf(expected, sizeof(expected), "n-%04d", i);
            assert_string_equal(hear(clients[i])->body, expected);
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        hang_up(clients[i]);
    }
}

static void pipelined_requests_are_answered_in_order(void **state) {
    (void)state;
    struct client *client = dial(server);
    say(client, "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
                "GET /block HTTP/1.1\r\nHost: a\r\n\r\n"
                "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nthree"
                "GET /scratch HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_string_equal(hear(client)->body, "one");
    assert_string_equal(hear(client)->body, "blocked");
    assert_string_equal(hear(client)->body, "three");
    assert_string_equal(hear(client)->body, "scratch");
    hang_up(client);
}

static void a_handler_learns_that_its_client_has_gone(void **state) {
    (void)state;
    struct client *client = dial(server);
    atomic_store(&was_gone, false);
    say(client, "GET /gone HTTP/1.1\r\nHost: a\r\n\r\n");
    mp_sleep_ms(50);
    assert_int_equal(atomic_load(&done_count), 0);
    hang_up(client);
    for (int i = 0; i < REPLY_WAIT_MS && atomic_load(&done_count) == 0; i++) {
        mp_sleep_ms(1);
    }
    assert_true(atomic_load(&was_gone));
}

/* The connection ends with a reset: the server sees it at once, not when it reads or writes. */
static void reset(struct client *client) {
    struct linger none = {.l_onoff = 1};
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    hang_up(client);
}

static void a_late_reply_to_a_client_that_has_gone_is_harmless(void **state) {
    (void)state;
    hold(true);
    for (int i = 0; i < 50; i++) {
        struct client *client = dial(server);
        say(client, "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na");
        wait_for_waiting(i + 1);
        i % 2 ? reset(client) : hang_up(client);
    }
    mp_sleep_ms(20);
    assert_int_equal(atomic_load(&done_count), 0); /* the replier has them all */
    hold(false);
    for (int i = 0; i < REPLY_WAIT_MS && atomic_load(&done_count) < 50; i++) {
        mp_sleep_ms(1);
    }
    assert_int_equal(atomic_load(&done_count), 50);
}

static long waits_so_far(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nvcsw;
}

static void while_a_reply_is_long_in_coming_the_loops_rest(void **state) {
    (void)state;
    struct client *client = dial(server);
    hold(true);
    say(client, "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na");
    wait_for_waiting(1);
    mp_sleep_ms(100);
    long before = waits_so_far();
    mp_sleep_ms(300);
    assert_true(waits_so_far() - before < 50);
    hold(false);
    assert_string_equal(hear(client)->body, "a");
    hang_up(client);
}

static void an_answer_is_made_once_and_sent_to_many(void **state) {
    (void)state;
    struct client *client = dial(server);
    for (int i = 0; i < 200; i++) {
        say(client, "POST /answer HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na");
        say(client, "GET /answer HTTP/1.1\r\nHost: a\r\n\r\n");
        for (int verb = 0; verb < 2; verb++) {
            struct answer *answer = hear(client);
            assert_int_equal(answer->status, 202);
            assert_string_equal(answer->body, "the same");
            assert_string_equal(field(answer, "Content-Type"), "text/plain");
            assert_string_equal(field(answer, "X-Own"), "yes");
            assert_null(field(answer, "X-Always"));
            assert_null(field(answer, "Connection"));
        }
    }
    hang_up(client);
}

static void an_answer_ends_the_connection_where_another_reply_would(void **state) {
    (void)state;
    struct client *client = dial(server);
    say(client, "POST /answer HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                "1\r\na\r\n0\r\n\r\n");
    struct answer *answer = hear(client);
    assert_int_equal(answer->status, 202);
    assert_string_equal(field(answer, "Connection"), "close");
    assert_true(is_ended_within(client, REPLY_WAIT_MS));
    hang_up(client);
}

static void a_header_cannot_be_split_and_the_end_is_told_once(void **state) {
    (void)state;
    atomic_store(&closed_calls, 0);
    struct answer *answer = ask(server, "GET /scratch HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(answer->status, 299);
    assert_null(field(answer, "X-Split"));
    assert_null(field(answer, "X-Evil"));
    for (int i = 0; i < REPLY_WAIT_MS && atomic_load(&done_count) < 1; i++) {
        mp_sleep_ms(1);
    }
    assert_int_equal(atomic_load(&closed_calls), 1);
    assert_int_equal(atomic_load(&done_count), 1);
    assert_int_equal(atomic_load(&done_status), 299 + 4000);
}

static void stopping_lets_requests_under_way_end_and_takes_no_new_ones(void **state) {
    (void)state;
    struct client *waiting = dial(server);
    struct client *idle = dial(server);
    say(waiting, "GET /block HTTP/1.1\r\nHost: a\r\n\r\n");
    mp_sleep_ms(30);
    int64_t from_ms = mp_mono_ms();
    http_server_stop(server, 3000);
    server = NULL;
    assert_true(mp_mono_ms() - from_ms < 1000);
    struct answer *answer = hear(waiting);
    assert_string_equal(answer->body, "blocked");
    assert_string_equal(field(answer, "Connection"), "close");
    assert_true(is_ended_within(waiting, REPLY_WAIT_MS));
    assert_true(is_ended_within(idle, REPLY_WAIT_MS));
    hang_up(waiting);
    hang_up(idle);
}

static void stopping_tells_a_handler_that_does_not_end_and_waits_for_it(void **state) {
    (void)state;
    struct client *client = dial(server);
    say(client, "GET /gone HTTP/1.1\r\nHost: a\r\n\r\n");
    mp_sleep_ms(30);
    int64_t from_ms = mp_mono_ms();
    atomic_store(&was_gone, true);
    http_server_stop(server, 200);
    server = NULL;
    int64_t took_ms = mp_mono_ms() - from_ms;
    assert_true(took_ms >= 200 && took_ms < 2000);
    assert_false(atomic_load(&was_gone)); /* it was told that the server stops */
    hang_up(client);
}

static void *release_later(void *arg) {
    (void)arg;
    mp_sleep_ms(300);
    hold(false);
    return NULL;
}

static void stopping_waits_for_a_reply_that_another_thread_owes(void **state) {
    (void)state;
    struct client *client = dial(server);
    pthread_t releaser;
    hold(true);
    say(client, "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na");
    wait_for_waiting(1);
    pthread_create(&releaser, NULL, release_later, NULL);
    http_server_stop(server, 50);
    server = NULL;
    pthread_join(releaser, NULL);
    assert_int_equal(atomic_load(&done_count), 1);
    hang_up(client);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH(a_reply_may_come_later_from_another_thread),
        EACH(many_that_wait_for_one_commit_are_all_answered),
        EACH(pipelined_requests_are_answered_in_order),
        EACH(a_handler_learns_that_its_client_has_gone),
        EACH(a_late_reply_to_a_client_that_has_gone_is_harmless),
        EACH(while_a_reply_is_long_in_coming_the_loops_rest),
        EACH(an_answer_is_made_once_and_sent_to_many),
        EACH(an_answer_ends_the_connection_where_another_reply_would),
        EACH(a_header_cannot_be_split_and_the_end_is_told_once),
        EACH(stopping_lets_requests_under_way_end_and_takes_no_new_ones),
        EACH(stopping_tells_a_handler_that_does_not_end_and_waits_for_it),
        EACH(stopping_waits_for_a_reply_that_another_thread_owes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
