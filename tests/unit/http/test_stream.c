#include "helpers.h"

#include <sys/stat.h>

#define BYTES_TOTAL (50u << 20)

static char folder[64], socket_path[96], listen_at[128];
static struct http_server *server;
static atomic_int gone_seen;
static atomic_int waiting_seen;

/* What one exchange keeps, in its scratch. */
struct tally {
    uint64_t count;
    uint64_t sum;
};

static bool add_up(struct http_request *request, void *arg, struct mp_str data) {
    struct tally *tally = http_scratch(request);
    (void)arg;
    for (size_t i = 0; i < data.len; i++) {
        tally->sum += (uint64_t)(unsigned char)data.ptr[i] * (1 + (tally->count + i) % 251);
    }
    tally->count += data.len;
    return true;
}

static long give(void *arg, void *buf, size_t len) {
    struct tally *left = arg;
    size_t count = left->count < len ? (size_t)left->count : len;
    for (size_t i = 0; i < count; i++) {
        ((char *)buf)[i] = (char)((left->sum + i) * 31 >> 3);
    }
    left->sum += count;
    left->count -= count;
    return (long)count;
}

/* Tells what came, then sends as much back. */
static void send_back(struct http_request *request, void *arg) {
    struct tally *tally = http_scratch(request);
    char sum[32];
    (void)arg;
    snprintf(sum, sizeof(sum), "%llu", (unsigned long long)tally->sum);
    http_reply_header(request, "X-Sum", sum);
    tally->sum = 0;
    http_reply_stream(request, 200, "application/octet-stream", give, tally);
}

static bool refuse_at_once(struct http_request *request, void *arg, struct mp_str data) {
    (void)request, (void)arg, (void)data;
    return false;
}

static void tell_refused(struct http_request *request, void *arg) {
    (void)arg;
    http_reply(request, 400, "text/plain", MP_STR("refused"));
}

static long give_and_break(void *arg, void *buf, size_t len) {
    int *calls = arg;
    memset(buf, 'x', len < 10 ? len : 10);
    return (*calls)++ == 0 ? 10 : -1;
}

static void break_off(struct http_request *request, void *arg) {
    (void)arg;
    http_reply_stream(request, 200, "text/plain", give_and_break, http_scratch(request));
}

static void wait_until_gone(struct http_request *request, void *arg) {
    (void)arg;
    atomic_fetch_add(&waiting_seen, 1);
    for (int i = 0; i < REPLY_WAIT_MS && !http_client_gone(request); i++) {
        mp_sleep_ms(1);
    }
    atomic_fetch_add(&gone_seen, http_client_gone(request));
    http_reply_static(request, 200, "text/plain", MP_STR("late"));
}

static const struct http_route routes[] = {
    {.method = "POST",
     .path = "/back",
     .mode = HTTP_STREAM,
     .handler = send_back,
     .on_body = add_up},
    {.method = "POST",
     .path = "/refuse",
     .mode = HTTP_STREAM,
     .handler = tell_refused,
     .on_body = refuse_at_once},
    {.method = "GET",
     .path = "/break",
     .mode = HTTP_STREAM,
     .handler = break_off,
     .on_body = refuse_at_once},
    {.method = "GET",
     .path = "/wait",
     .mode = HTTP_STREAM,
     .handler = wait_until_gone,
     .on_body = refuse_at_once},
    {.method = "POST", .path = "/fast", .body_bytes_max = 100, .handler = echo, .arg = "fast"},
};

static int start(void **state) {
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/minipulse-http-XXXXXX");
    if (!mkdtemp(folder)) {
        return -1;
    }
    snprintf(socket_path, sizeof(socket_path), "%s/sock", folder);
    snprintf(listen_at, sizeof(listen_at), "unix:%s", socket_path);
    server = serve_with((struct http_config){
        .listen = listen_at, .routes = routes, .route_count = sizeof(routes) / sizeof(routes[0])});
    return 0;
}

static int stop(void **state) {
    (void)state;
    if (server) {
        http_server_stop(server, 500);
    }
    return rmdir(folder); /* the socket went with the server */
}

static void the_socket_is_for_our_user_only(void **state) {
    (void)state;
    struct stat info;
    assert_int_equal(stat(socket_path, &info), 0);
    assert_true(S_ISSOCK(info.st_mode));
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(http_server_port(server), 0);
}

/* Sends in chunks or, as here, with a promised length; on a thread, since both ways run at once. */
static void *send_total(void *arg) {
    static char piece[1u << 16];
    struct client *client = arg;
    char head[128];
    snprintf(head, sizeof(head), "POST /back HTTP/1.1\r\nHost: a\r\nContent-Length: %u\r\n\r\n",
             BYTES_TOTAL);
    say(client, head);
    for (size_t sent = 0; sent < BYTES_TOTAL; sent += sizeof(piece)) {
        for (size_t i = 0; i < sizeof(piece); i++) {
            piece[i] = (char)((sent + i) * 7 >> 2);
        }
        if (!put(client, piece, sizeof(piece))) {
            return NULL;
        }
    }
    return client;
}

static uint64_t expected_sum(void) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < BYTES_TOTAL; i++) {
        sum += (uint64_t)(unsigned char)(char)(i * 7 >> 2) * (1 + i % 251);
    }
    return sum;
}

/* Decodes a chunked body as it comes; what it held must be what give() makes. */
static void check_chunks(FILE *stream) {
    char line[64];
    uint64_t at = 0;
    unsigned long size = 1;
    while (size > 0 && fgets(line, sizeof(line), stream)) {
        size = strtoul(line, NULL, 16);
        for (unsigned long i = 0; i < size; i++, at++) {
            int byte = getc_unlocked(stream);
            if (byte != (unsigned char)(char)(at * 31 >> 3)) {
                fail_msg("byte %llu is %d", (unsigned long long)at, byte);
            }
        }
        assert_non_null(fgets(line, sizeof(line), stream));
    }
    assert_int_equal(size, 0);
    assert_int_equal(at, BYTES_TOTAL);
}

static void fifty_megabytes_stream_in_and_out_unharmed(void **state) {
    (void)state;
    struct client *client = dial_unix(socket_path);
    pthread_t sender;
    char line[256], sum[64] = "";
    pthread_create(&sender, NULL, send_total, client);
    FILE *stream = fdopen(dup(client->fd), "r");
    while (fgets(line, sizeof(line), stream) && strcmp(line, "\r\n") != 0) {
        sscanf(line, "X-Sum: %63s", sum);
    }
    check_chunks(stream);
    void *is_sent = NULL;
    pthread_join(sender, &is_sent);
    assert_non_null(is_sent);
    snprintf(line, sizeof(line), "%llu", (unsigned long long)expected_sum());
    assert_string_equal(sum, line);
    fclose(stream);
    hang_up(client);
}

static void chunks_come_in_and_the_connection_is_kept(void **state) {
    (void)state;
    struct client *client = dial_unix(socket_path);
    say(client, "POST /fast HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
    struct answer *answer = hear(client);
    assert_string_equal(answer->body, "fast /fast abcde");
    say(client, "POST /fast HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    assert_string_equal(hear(client)->body, "fast /fast x");
    hang_up(client);
}

static void a_body_that_is_refused_is_read_and_answered(void **state) {
    (void)state;
    struct client *client = dial_unix(socket_path);
    static char block[65536];
    say(client, "POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 6553600\r\n\r\n");
    for (int i = 0; i < 100; i++) {
        assert_true(put(client, block, sizeof(block)));
    }
    assert_string_equal(hear(client)->body, "refused");
    say(client, "POST /fast HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    assert_string_equal(hear(client)->body, "fast /fast x");
    hang_up(client);
}

static void a_stream_that_breaks_off_has_no_last_chunk(void **state) {
    (void)state;
    struct client *client = dial_unix(socket_path);
    say(client, "GET /break HTTP/1.1\r\nHost: a\r\n\r\n");
    while (get_more(client, REPLY_WAIT_MS) > 0) {
    }
    assert_non_null(strstr(client->kept, "xxxxxxxxxx"));
    assert_null(strstr(client->kept, "\r\n0\r\n"));
    hang_up(client);
}

static void a_handler_on_its_thread_learns_that_its_client_has_gone(void **state) {
    (void)state;
    atomic_store(&gone_seen, 0);
    atomic_store(&waiting_seen, 0);
    struct client *clients[8];
    for (int i = 0; i < 8; i++) {
        clients[i] = dial_unix(socket_path);
        say(clients[i], "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    struct client *other = dial_unix(socket_path); /* they do not stand in its way */
    say(other, "POST /fast HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    assert_string_equal(hear(other)->body, "fast /fast x");
    hang_up(other);
    /* Only who has been heard can be missed. */
    for (int i = 0; i < REPLY_WAIT_MS && atomic_load(&waiting_seen) < 8; i++) {
        mp_sleep_ms(1);
    }
    for (int i = 0; i < 8; i++) {
        hang_up(clients[i]);
    }
    for (int i = 0; i < REPLY_WAIT_MS && atomic_load(&gone_seen) < 8; i++) {
        mp_sleep_ms(1);
    }
    assert_int_equal(atomic_load(&gone_seen), 8);
}

static void stopping_tells_handlers_on_their_threads(void **state) {
    (void)state;
    atomic_store(&gone_seen, 0);
    struct client *client = dial_unix(socket_path);
    say(client, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    mp_sleep_ms(50);
    int64_t from_ms = mp_mono_ms();
    http_server_stop(server, 200);
    server = NULL;
    assert_true(mp_mono_ms() - from_ms < 2000);
    assert_int_equal(atomic_load(&gone_seen), 1);
    hang_up(client);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH(the_socket_is_for_our_user_only),
        EACH(fifty_megabytes_stream_in_and_out_unharmed),
        EACH(chunks_come_in_and_the_connection_is_kept),
        EACH(a_body_that_is_refused_is_read_and_answered),
        EACH(a_stream_that_breaks_off_has_no_last_chunk),
        EACH(a_handler_on_its_thread_learns_that_its_client_has_gone),
        EACH(stopping_tells_handlers_on_their_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
