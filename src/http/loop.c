/*
 * The event loops. Each thread turns a daemon of the library from outside (MHD_run_wait), for three
 * reasons. The library's own epoll threads, when exactly 128 events come at once, wait for more
 * before they look at those: seconds, if no more come. Waking a sleeping connection costs them a
 * system call each, while here hundreds of replies of one commit cost one. And connections are
 * dealt out in turn, where the library's threads race for them.
 */
#include "http/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MS 1000
#define AWAKE_TICK_MS 1     /* while requests await their replies awake */
#define FULL_TICK_MS 20     /* while connections_max is reached: how soon to look again */
#define ACCEPTS_A_TURN 64   /* so that accepting starves nobody */
#define ACCEPT_PAUSE_MS 100 /* when the system has no file descriptors left */

/* A connection on its way from the first loop to the one that will serve it. */
struct arrival {
    struct arrival *next;
    int fd;
    struct sockaddr_storage address;
    socklen_t address_len;
};

void loop_wake(struct loop *loop) {
    uint64_t one = 1;
    while (write(loop->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
}

void loop_post(struct loop *loop, struct http_request *request) {
    struct http_request *first = atomic_load_explicit(&loop->ready, memory_order_relaxed);
    do {
        request->next = first;
    } while (!atomic_compare_exchange_weak(&loop->ready, &first, request));
    if (!first) {
        loop_wake(loop); /* whoever comes next finds it being woken */
    }
}

/* Takes the replies that have come; false when there are none. */
static bool take_replies(struct loop *loop) {
    struct http_request *request = atomic_exchange(&loop->ready, NULL);
    bool has_some = request != NULL;
    while (request) {
        struct http_request *next = request->next;
        dispatch_replied(request);
        request = next;
    }
    return has_some;
}

static void add(struct loop *loop, const struct arrival *arrival) {
    /* On failure the library has closed the socket. */
    if (MHD_add_connection(loop->daemon, arrival->fd,
                           (const struct sockaddr *)(const void *)&arrival->address,
                           arrival->address_len) != MHD_YES) {
        mp_log(MP_LOG_WARN, "http", "a connection could not be taken", "errno=%d", errno);
    }
}

static void add_arrivals(struct loop *loop) {
    struct arrival *arrival = atomic_exchange(&loop->arrivals, NULL);
    while (arrival) {
        struct arrival *next = arrival->next;
        add(loop, arrival);
        free(arrival);
        arrival = next;
    }
}

/* Deals the connection to the next loop in turn. */
static void deal(struct http_server *server, const struct arrival *arrival) {
    struct loop *loop = &server->loops[server->next_loop];
    server->next_loop = (server->next_loop + 1) % server->loop_count;
    struct arrival *sent = loop == &server->loops[0] ? NULL : malloc(sizeof(*sent));
    if (!sent) {
        add(&server->loops[0], arrival);
        return;
    }
    *sent = *arrival;
    sent->next = atomic_load(&loop->arrivals);
    while (!atomic_compare_exchange_weak(&loop->arrivals, &sent->next, sent)) {
    }
    loop_wake(loop);
}

static bool may_accept(const struct loop *loop) {
    struct http_server *server = loop->server;
    return loop == &server->loops[0] && !atomic_load(&server->is_draining) &&
           loop->now_ms >= loop->accept_again_ms &&
           atomic_load(&server->connections) < server->config.connections_max;
}

static void accept_some(struct loop *loop) {
    struct http_server *server = loop->server;
    for (int i = 0; i < ACCEPTS_A_TURN && may_accept(loop); i++) {
        struct arrival arrival = {.address_len = sizeof(arrival.address)};
        arrival.fd = accept4(server->listen_fd, (struct sockaddr *)(void *)&arrival.address,
                             &arrival.address_len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (arrival.fd >= 0) {
            deal(server, &arrival);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            mp_log(MP_LOG_WARN, "http", "no connection can be accepted at the moment", "errno=%d",
                   errno);
            loop->accept_again_ms = loop->now_ms + ACCEPT_PAUSE_MS;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

/* For requests awake the library says that there is always something to do. It may be right, for
 * another connection's sake, so the tick is short. */
static int longest_wait_ms(struct loop *loop, bool accepts) {
    MHD_UNSIGNED_LONG_LONG left_ms = 0;
    bool is_first = loop == &loop->server->loops[0];
    int wait_ms = is_first && !accepts ? FULL_TICK_MS : TICK_MS;
    if (loop->awake > 0) {
        return AWAKE_TICK_MS;
    }
    if (MHD_get_timeout(loop->daemon, &left_ms) == MHD_YES &&
        left_ms < (MHD_UNSIGNED_LONG_LONG)wait_ms) {
        wait_ms = (int)left_ms;
    }
    return wait_ms;
}

/* Waits until there is something to do; true when a client is at the door. */
static bool wait_for_work(struct loop *loop) {
    uint64_t count;
    bool accepts = may_accept(loop);
    struct pollfd fds[] = {{.fd = loop->daemon_fd, .events = POLLIN},
                           {.fd = loop->wake_fd, .events = POLLIN},
                           {.fd = accepts ? loop->server->listen_fd : -1, .events = POLLIN}};
    if (poll(fds, 3, longest_wait_ms(loop, accepts)) > 0 && fds[1].revents) {
        /* Before the lists are taken: what is pushed after that wakes us again. */
        (void)!read(loop->wake_fd, &count, sizeof(count));
    }
    loop->now_ms = mp_mono_ms();
    return fds[2].revents != 0;
}

/* Wakes the feeds that have something to send; once the server is about to stop, all: they end. */
static bool take_feeds(struct loop *loop) {
    bool has_some = feeds_take(loop);
    if (!loop->is_draining && atomic_load(&loop->server->is_draining)) {
        loop->is_draining = true;
        feeds_wake_all(loop);
        has_some = true;
    }
    return has_some;
}

static void *loop_main(void *arg) {
    struct loop *loop = arg;
    while (!atomic_load(&loop->must_end)) {
        bool is_knocked = wait_for_work(loop);
        bool has_replies = take_replies(loop);
        has_replies |= take_feeds(loop);
        add_arrivals(loop);
        if (is_knocked) {
            accept_some(loop);
        }
        MHD_run_wait(loop->daemon, 0);
        if (has_replies) {
            MHD_run_wait(loop->daemon, 0); /* made ready above, sent here */
        }
        if (loop->now_ms - loop->swept_ms >= TICK_MS) {
            loop->swept_ms = loop->now_ms;
            visits_sweep(loop);
            feeds_sweep(loop);
        }
    }
    /* Nobody is awaited any more; all sleepers are on the list, and none may be left asleep. */
    take_replies(loop);
    feeds_take(loop);
    feeds_wake_all(loop);
    add_arrivals(loop);
    MHD_stop_daemon(loop->daemon);
    return NULL;
}

int loop_start(struct loop *loop, struct mp_error *err) {
    loop->now_ms = mp_mono_ms();
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->wake_fd < 0) {
        return mp_fail_sys(err, errno, "http_threads", "cannot make an event loop");
    }
    loop->daemon = daemon_start(loop, MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME);
    if (!loop->daemon) {
        return mp_fail(err, MP_E_IO, "listen", "the HTTP library does not start (TLS files?)");
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    loop->daemon_fd = info->listen_fd;
    int failed = pthread_create(&loop->thread, NULL, loop_main, loop);
    loop->has_thread = failed == 0;
    return failed == 0 ? MP_OK
                       : mp_fail_sys(err, failed, "http_threads", "cannot start an event loop");
}

void loop_stop(struct loop *loop) {
    if (loop->has_thread) {
        atomic_store(&loop->must_end, true);
        loop_wake(loop);
        pthread_join(loop->thread, NULL);
    } else if (loop->daemon) {
        MHD_stop_daemon(loop->daemon);
    }
    if (loop->wake_fd >= 0) {
        close(loop->wake_fd);
    }
}
