/*
 * The load generator of bench/run.py: one thread, many connections kept alive, POSTs of one open's
 * ten events each, every event id new. Ids and times are written into a ready request in place, so
 * that making a request costs next to nothing and the same load can be put on any server.
 *
 * load HOST PORT WRITE_KEY CONNECTIONS SECONDS REQUESTS RUN
 *   ends after SECONDS or REQUESTS, what comes first; RUN makes the ids of this run unlike others'.
 * Prints one line of JSON: requests answered with 2xx, others, seconds, p50 and p99 in µs, body.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define REQUEST_BYTES_MAX 4096
#define ANSWER_BYTES_MAX 4096
#define PATCHES_MAX 48
#define USERS 200000u
#define LATENCY_BUCKETS 200000 /* of 10 µs: up to 2 s */

/* In the template: 12 digits that number the open, 8 of the user, 13 of a time. */
#define OPEN_MARK "OOOOOOOOOOOO"
#define USER_MARK "UUUUUUUU"
#define TIME_MARK "TTTTTTTTTTTTT"

struct patch {
    size_t at;
    size_t len;
    int offset_ms; /* of a time, after the open's start */
};

struct template {
    char bytes[REQUEST_BYTES_MAX];
    size_t len;
    size_t body_len;
    struct patch patches[PATCHES_MAX];
    size_t patch_count;
};

struct connection {
    int fd;
    char request[REQUEST_BYTES_MAX];
    size_t sent;
    char answer[ANSWER_BYTES_MAX];
    size_t got;
    uint64_t began_ns;
    bool is_idle;
};

struct load {
    struct template template;
    struct sockaddr_in address;
    struct connection connections[CONNECTIONS_MAX];
    int connection_count;
    int epoll;
    uint64_t run;
    uint64_t number; /* of requests begun */
    uint64_t requests_max;
    uint64_t end_ns;
    uint64_t ok;
    uint64_t other;
    uint32_t latencies[LATENCY_BUCKETS];
};

static uint64_t now_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* One open as an SDK tells it: launch, show, three pages, a tap, hide. */
static const char head[] =
    "{\"v\":1,\"user\":\"o" USER_MARK "\",\"sent\":" TIME_MARK ",\"open\":{\"id\":\"" OPEN_MARK
    "\",\"start\":" TIME_MARK "},\"context\":{\"app_version\":\"2.6.1\","
    "\"sdk\":\"minipulse/0.1.0\",\"platform\":\"ios\",\"brand\":\"iPhone\","
    "\"model\":\"iPhone 15 Pro<iPhone16,1>\",\"os_version\":\"iOS 17.6.1\","
    "\"client_version\":\"8.0.53\",\"library_version\":\"3.6.6\",\"screen_width\":393,"
    "\"screen_height\":852,\"language\":\"zh_CN\",\"network\":\"wifi\"},\"events\":[";

static const struct {
    const char *name;
    const char *members; /* JSON */
} body_events[] = {
    {"$launch", "\"scene\":1089,\"page\":\"pages/index/index\""},
    {"$show", "\"scene\":1089,\"page\":\"pages/index/index\""},
    {"$page_view", "\"page\":\"pages/index/index\",\"title\":\"首页\""},
    {"$page_leave", "\"page\":\"pages/index/index\",\"dwell_ms\":8123"},
    {"$page_view", "\"page\":\"pages/goods/list?cat=3\",\"referrer\":\"pages/index/index\","
                   "\"title\":\"商品列表\""},
    {"$page_leave", "\"page\":\"pages/goods/list?cat=3\",\"dwell_ms\":14086"},
    {"$page_view", "\"page\":\"pages/goods/detail?id=10017\",\"referrer\":\"pages/goods/list\","
                   "\"title\":\"商品详情\""},
    {"$click", "\"page\":\"pages/goods/detail?id=10017\",\"element\":\"add_cart\""},
    {"$page_leave", "\"page\":\"pages/goods/detail?id=10017\",\"dwell_ms\":21544"},
    {"$hide", "\"page\":\"pages/goods/detail\",\"dwell_ms\":44210"},
};

static size_t make_body(char *out, size_t size) {
    size_t count = sizeof(body_events) / sizeof(body_events[0]);
    size_t len = (size_t)snprintf(out, size, "%s", head);
    for (size_t i = 0; i < count && len < size; i++) {
        len += (size_t)snprintf(
            out + len, size - len,
            "{\"id\":\"" OPEN_MARK ".%zu\",\"name\":\"%s\",\"time\":" TIME_MARK ",%s}%s", i,
            body_events[i].name, body_events[i].members, i + 1 < count ? "," : "]}");
    }
    return len;
}

static void find_patches(struct template *template, const char *mark) {
    size_t len = strlen(mark);
    int times = 0;
    char *at = template->bytes;
    while ((at = memmem(at, template->len - (size_t)(at - template->bytes), mark, len))) {
        if (template->patch_count == PATCHES_MAX) {
            abort();
        }
        template->patches[template->patch_count++] =
            (struct patch){(size_t)(at - template->bytes), len, times * 4000};
        times++;
        at += len;
    }
}

static void make_template(struct template *template, const char *host, const char *key) {
    char body[REQUEST_BYTES_MAX];
    template->body_len = make_body(body, sizeof(body));
    int len = snprintf(template->bytes, sizeof(template->bytes),
                       "POST /v1/collect HTTP/1.1\r\nHost: %s\r\nX-Minipulse-Key: %s\r\n"
                       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                       host, key, template->body_len, body);
    if (len < 0 || (size_t)len >= sizeof(template->bytes)) {
        abort();
    }
    template->len = (size_t)len;
    find_patches(template, OPEN_MARK);
    find_patches(template, USER_MARK);
    find_patches(template, TIME_MARK);
}

static void put_number(char *at, size_t digits, uint64_t number, uint32_t base) {
    for (size_t i = digits; i > 0; i--) {
        at[i - 1] = "0123456789abcdef"[number % base];
        number /= base;
    }
}

/* Writes the numbers of the next open into the connection's request. */
static void make_request(struct load *load, struct connection *connection) {
    const struct template *template = &load->template;
    uint64_t number = load->number++;
    uint64_t open = load->run << 32 | number;
    uint64_t user = number * 0x9e3779b97f4a7c15u % USERS;
    uint64_t start_ms = now_ns(CLOCK_REALTIME) / 1000000 - 60000;
    for (size_t i = 0; i < template->patch_count; i++) {
        const struct patch *patch = &template->patches[i];
        char *at = connection->request + patch->at;
        if (patch->len == strlen(OPEN_MARK)) {
            put_number(at, patch->len, open, 16);
        } else if (patch->len == strlen(USER_MARK)) {
            put_number(at, patch->len, user, 16);
        } else {
            put_number(at, patch->len, start_ms + (uint64_t)patch->offset_ms, 10);
        }
    }
    connection->sent = 0;
    connection->got = 0;
    connection->began_ns = now_ns(CLOCK_MONOTONIC);
}

static void open_connection(struct load *load, struct connection *connection) {
    int one = 1;
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connection->fd < 0 ||
        connect(connection->fd, (struct sockaddr *)&load->address, sizeof(load->address)) != 0) {
        perror("load: connect");
        exit(1);
    }
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    memcpy(connection->request, load->template.bytes, load->template.len);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(load->epoll, EPOLL_CTL_ADD, connection->fd, &event);
}

/* Loopback takes a whole request at once; what is left is sent in a loop. */
static void send_request(struct load *load, struct connection *connection) {
    if (load->number >= load->requests_max || now_ns(CLOCK_MONOTONIC) >= load->end_ns) {
        connection->is_idle = true;
        return;
    }
    make_request(load, connection);
    while (connection->sent < load->template.len) {
        ssize_t put = send(connection->fd, connection->request + connection->sent,
                           load->template.len - connection->sent, MSG_NOSIGNAL);
        if (put <= 0) {
            perror("load: send");
            exit(1);
        }
        connection->sent += (size_t)put;
    }
}

/* The status of a whole answer, 0 while some of it is missing. */
static int whole_answer(struct connection *connection) {
    connection->answer[connection->got] = '\0';
    char *end = strstr(connection->answer, "\r\n\r\n");
    if (!end) {
        return 0;
    }
    char *length = strcasestr(connection->answer, "\r\nContent-Length:");
    size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
    size_t head = (size_t)(end + 4 - connection->answer);
    return connection->got >= head + body ? (int)strtol(connection->answer + 9, NULL, 10) : 0;
}

static void receive(struct load *load, struct connection *connection) {
    ssize_t got = recv(connection->fd, connection->answer + connection->got,
                       ANSWER_BYTES_MAX - 1 - connection->got, 0);
    if (got <= 0) { /* closed by the server: the request is lost, the load goes on */
        load->other++;
        close(connection->fd);
        open_connection(load, connection);
        send_request(load, connection);
        return;
    }
    connection->got += (size_t)got;
    int status = whole_answer(connection);
    if (status == 0) {
        return;
    }
    uint64_t bucket = (now_ns(CLOCK_MONOTONIC) - connection->began_ns) / 10000;
    load->latencies[bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1]++;
    if (status / 100 == 2) {
        load->ok++;
    } else {
        load->other++;
    }
    send_request(load, connection);
}

static uint64_t percentile_us(const struct load *load, double part) {
    uint64_t total = 0, so_far = 0;
    for (int i = 0; i < LATENCY_BUCKETS; i++) {
        total += load->latencies[i];
    }
    for (int i = 0; i < LATENCY_BUCKETS; i++) {
        so_far += load->latencies[i];
        if ((double)so_far >= part * (double)total) {
            return (uint64_t)i * 10 + 10;
        }
    }
    return 0;
}

static void run(struct load *load) {
    struct epoll_event events[256];
    for (int i = 0; i < load->connection_count; i++) {
        open_connection(load, &load->connections[i]);
        send_request(load, &load->connections[i]);
    }
    for (;;) {
        bool is_over = true;
        for (int i = 0; i < load->connection_count && is_over; i++) {
            is_over = load->connections[i].is_idle;
        }
        if (is_over) {
            return;
        }
        int count = epoll_wait(load->epoll, events, 256, 10000);
        if (count == 0) {
            fprintf(stderr, "load: no answer for 10 s\n");
            exit(1);
        }
        for (int i = 0; i < count; i++) {
            receive(load, events[i].data.ptr);
        }
    }
}

int main(int argc, char **argv) {
    static struct load load;
    if (argc != 8) {
        fprintf(stderr, "load HOST PORT WRITE_KEY CONNECTIONS SECONDS REQUESTS RUN\n");
        return 2;
    }
    make_template(&load.template, argv[1], argv[3]);
    load.address = (struct sockaddr_in){.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10))};
    inet_pton(AF_INET, argv[1], &load.address.sin_addr);
    load.connection_count = (int)strtol(argv[4], NULL, 10);
    load.requests_max = strtoull(argv[6], NULL, 10);
    load.run = strtoull(argv[7], NULL, 10) & 0xffff;
    if (load.connection_count < 1 || load.connection_count > CONNECTIONS_MAX) {
        return 2;
    }
    load.epoll = epoll_create1(0);
    uint64_t began_ns = now_ns(CLOCK_MONOTONIC);
    load.end_ns = began_ns + strtoull(argv[5], NULL, 10) * 1000000000u;
    run(&load);
    double seconds = (double)(now_ns(CLOCK_MONOTONIC) - began_ns) / 1e9;
    printf("{\"ok\":%llu,\"other\":%llu,\"seconds\":%.3f,\"p50_us\":%llu,\"p99_us\":%llu,"
           "\"body_bytes\":%zu}\n",
           (unsigned long long)load.ok, (unsigned long long)load.other, seconds,
           (unsigned long long)percentile_us(&load, 0.5),
           (unsigned long long)percentile_us(&load, 0.99), load.template.body_len);
    return 0;
}
