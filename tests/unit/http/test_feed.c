/* Replies that are pushed piece by piece. */
#include "helpers.h"

#define FEEDS_MAX 64

static struct {
    pthread_mutex_t mutex;
    struct http_feed *feeds[FEEDS_MAX];
    int count;
} kept = {.mutex = PTHREAD_MUTEX_INITIALIZER};
static struct http_server *server;
static atomic_int done_count;

static void keep(struct http_request *request, void *arg) {
    (void)arg;
    http_reply_header(request, "X-Feed", "yes");
    struct http_feed *feed = http_reply_feed(request, 200, "text/event-stream");
    pthread_mutex_lock(&kept.mutex);
    kept.feeds[kept.count++] = feed;
    pthread_mutex_unlock(&kept.mutex);
}

static void on_done(const struct http_request *request, int status, int64_t duration_us,
                    void *arg) {
    (void)request, (void)status, (void)duration_us, (void)arg;
    atomic_fetch_add(&done_count, 1);
}

static const struct http_route routes[] = {
    {.method = "GET", .path = "/fast", .handler = keep},
    {.method = "GET", .path = "/blocking", .mode = HTTP_BLOCKING, .handler = keep},
};

static int start(void **state) {
    (void)state;
    kept.count = 0;
    atomic_store(&done_count, 0);
    server = serve_with((struct http_config){
        .routes = routes, .route_count = sizeof(routes) / sizeof(routes[0]), .on_done = on_done});
    return 0;
}

static int stop(void **state) {
    (void)state;
    if (server) {
        http_server_stop(server, 1000);
        server = NULL;
    }
    for (int i = 0; i < kept.count; i++) {
        http_feed_close(kept.feeds[i]);
    }
    return 0;
}

static struct http_feed *feed_at(int index) {
    for (int i = 0; i < REPLY_WAIT_MS; i++) {
        pthread_mutex_lock(&kept.mutex);
        struct http_feed *feed = kept.count > index ? kept.feeds[index] : NULL;
        pthread_mutex_unlock(&kept.mutex);
        if (feed) {
            return feed;
        }
        mp_sleep_ms(1);
    }
    fail_msg("no feed");
    return NULL;
}

static enum http_feed_push push(struct http_feed *feed, const char *text) {
    struct http_piece *piece = http_piece_create(mp_str_of(text));
    enum http_feed_push result = http_feed_push(feed, piece);
    http_piece_release(piece);
    return result;
}

/* Until the client has got the text; what came before stays. */
static void hear_text(struct client *client, const char *text) {
    while (client->kept_len == 0 || !strstr(client->kept, text)) {
        if (get_more(client, REPLY_WAIT_MS) <= 0) {
            fail_msg("%s did not come: %s", text, client->kept_len ? client->kept : "");
        }
    }
}

static void open_feed(struct client *client, const char *path) {
    char text[128];
    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
    say(client, text);
}

static void pieces_come_when_they_are_pushed(void **state) {
    (void)state;
    const char *paths[] = {"/fast", "/blocking"};
    for (int i = 0; i < 2; i++) {
        struct client *client = dial(server);
        open_feed(client, paths[i]);
        hear_text(client, "\r\n\r\n"); /* the head comes before the first piece */
        assert_non_null(strstr(client->kept, "X-Feed: yes"));
        struct http_feed *feed = feed_at(i);
        for (int j = 0; j < 50; j++) {
            char text[32];
            snprintf(text, sizeof(text), "piece %d;", j);
            assert_int_equal(push(feed, text), HTTP_FEED_TAKEN);
            hear_text(client, text);
        }
        hang_up(client);
    }
}

static void a_closed_feed_ends_its_body_and_the_connection_serves_on(void **state) {
    (void)state;
    struct client *client = dial(server);
    open_feed(client, "/fast");
    assert_int_equal(push(feed_at(0), "last words"), HTTP_FEED_TAKEN);
    http_feed_close(feed_at(0));
    hear_text(client, "last words\r\n0\r\n\r\n");
    client->kept_len = 0;
    open_feed(client, "/fast");
    push(feed_at(1), "again");
    hear_text(client, "again");
    hang_up(client);
    kept.feeds[0] = kept.feeds[1];
    kept.count = 1;
}

static void a_client_that_leaves_is_noticed(void **state) {
    (void)state;
    struct client *client = dial(server);
    open_feed(client, "/blocking");
    hear_text(client, "\r\n\r\n");
    struct http_feed *feed = feed_at(0);
    hang_up(client);
    for (int i = 0; i < REPLY_WAIT_MS && atomic_load(&done_count) == 0; i++) {
        mp_sleep_ms(1);
    }
    assert_int_equal(atomic_load(&done_count), 1);
    assert_int_equal(push(feed, "nobody hears this"), HTTP_FEED_OVER);
}

static void a_slow_client_has_a_bounded_number_of_pieces_waiting(void **state) {
    (void)state;
    static char large[1 << 20];
    memset(large, 'x', sizeof(large) - 1);
    struct client *client = dial(server);
    open_feed(client, "/fast");
    struct http_feed *feed = feed_at(0);
    struct http_piece *piece = http_piece_create(mp_str_of(large));
    int taken = 0;
    while (taken < 100 && http_feed_push(feed, piece) == HTTP_FEED_TAKEN) {
        taken++;
    }
    http_piece_release(piece);
    assert_in_range(taken, HTTP_FEED_PIECES_MAX, 99);
    assert_true(http_feed_waiting(feed) > 0);
    hang_up(client);
}

static void a_stopping_server_ends_feeds_in_good_order_and_at_once(void **state) {
    (void)state;
    enum { CLIENTS = 20 };
    static struct client *clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = dial(server);
        open_feed(clients[i], i % 2 ? "/fast" : "/blocking");
        hear_text(clients[i], "\r\n\r\n");
    }
    for (int i = 0; i < CLIENTS; i++) {
        push(feed_at(i), "before the end");
    }
    int64_t began_ms = mp_mono_ms();
    http_server_stop(server, 5000);
    server = NULL;
    assert_true(mp_mono_ms() - began_ms < 2000);
    for (int i = 0; i < CLIENTS; i++) {
        hear_text(clients[i], "before the end\r\n0\r\n\r\n");
        assert_int_equal(push(feed_at(i), "too late"), HTTP_FEED_OVER);
        hang_up(clients[i]);
    }
}

static void head_has_no_body_and_its_feed_is_over(void **state) {
    (void)state;
    struct client *client = dial(server);
    say(client, "HEAD /fast HTTP/1.1\r\nHost: a\r\n\r\n");
    hear_text(client, "\r\n\r\n");
    open_feed(client, "/fast");
    push(feed_at(1), "hello");
    hear_text(client, "hello");
    assert_int_equal(push(feed_at(0), "nobody hears this"), HTTP_FEED_OVER);
    hang_up(client);
}

static struct http_piece *shared;

static void *push_shared(void *arg) {
    for (int i = 0; i < 300;) {
        i += http_feed_push(arg, shared) == HTTP_FEED_TAKEN;
    }
    return NULL;
}

static void threads_may_push_at_once_and_nothing_is_lost(void **state) {
    (void)state;
    enum { THREADS = 3, BYTES = THREADS * 300 * 5 };
    pthread_t threads[THREADS];
    shared = http_piece_create(MP_STR("12345"));
    struct client *client = dial(server);
    open_feed(client, "/fast");
    struct http_feed *feed = feed_at(0);
    hear_text(client, "\r\n\r\n");
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, push_shared, feed), 0);
    }
    int heard = 0;
    while (heard < BYTES / 5) {
        size_t before = client->kept_len;
        assert_true(get_more(client, REPLY_WAIT_MS) > 0);
        (void)before;
        heard = 0;
        for (const char *at = client->kept; (at = strstr(at, "12345")); at += 5) {
            heard++;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(heard, BYTES / 5);
    http_piece_release(shared);
    hang_up(client);
}

#define FEED_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        FEED_TEST(pieces_come_when_they_are_pushed),
        FEED_TEST(a_closed_feed_ends_its_body_and_the_connection_serves_on),
        FEED_TEST(a_client_that_leaves_is_noticed),
        FEED_TEST(a_slow_client_has_a_bounded_number_of_pieces_waiting),
        FEED_TEST(a_stopping_server_ends_feeds_in_good_order_and_at_once),
        FEED_TEST(head_has_no_body_and_its_feed_is_over),
        FEED_TEST(threads_may_push_at_once_and_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
