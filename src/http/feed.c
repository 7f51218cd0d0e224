/*
 * Replies whose body comes piece by piece, for as long as the client stays. While there is nothing
 * to send the library does not look at the connection; who pushes a piece puts the feed on its
 * loop's list, as who replies does, and the loop wakes the connection. A feed is held by who pushes
 * and by the library's response, and for a moment by the loop's list.
 */
#include "http/internal.h"

#include <poll.h>
#include <stdlib.h>

#define FEED_BLOCK_BYTES (16u * 1024)
#define FEED_POLLS_MAX 256 /* connections looked at in one system call */

struct http_piece {
    atomic_int holders;
    size_t len;
    char bytes[];
};

struct http_feed {
    atomic_int holders;
    struct http_request *request; /* while the connection lasts */
    struct loop *loop;
    int fd;
    struct http_feed *next; /* on the loop's list of those to wake */
    /* The loop's own: its feeds. */
    struct http_feed *older;
    struct http_feed *newer;
    bool is_broken; /* the client has left */

    pthread_mutex_t mutex;
    struct http_piece *pieces[HTTP_FEED_PIECES_MAX];
    size_t first;
    size_t count;
    size_t sent; /* of the first piece */
    bool is_closed;
    bool is_over;
    bool is_asleep;
    bool is_posted;
};

/* ---- Pieces ------------------------------------------------------------------------------ */

struct http_piece *http_piece_create(struct mp_str bytes) {
    struct http_piece *piece = malloc(sizeof(*piece) + bytes.len);
    if (piece) {
        atomic_init(&piece->holders, 1);
        piece->len = bytes.len;
        memcpy(piece->bytes, bytes.ptr, bytes.len);
    }
    return piece;
}

void http_piece_release(struct http_piece *piece) {
    if (piece && atomic_fetch_sub(&piece->holders, 1) == 1) {
        free(piece);
    }
}

/* ---- Holding ----------------------------------------------------------------------------- */

static void release(struct http_feed *feed) {
    if (atomic_fetch_sub(&feed->holders, 1) > 1) {
        return;
    }
    for (size_t i = 0; i < feed->count; i++) {
        http_piece_release(feed->pieces[(feed->first + i) % HTTP_FEED_PIECES_MAX]);
    }
    pthread_mutex_destroy(&feed->mutex);
    free(feed);
}

static void enlist(struct loop *loop, struct http_feed *feed) {
    feed->older = loop->feeds;
    if (feed->older) {
        feed->older->newer = feed;
    }
    loop->feeds = feed;
}

static void delist(struct loop *loop, struct http_feed *feed) {
    if (feed->older) {
        feed->older->newer = feed->newer;
    }
    if (feed->newer) {
        feed->newer->older = feed->older;
    } else if (loop->feeds == feed) {
        loop->feeds = feed->older;
    }
}

/* ---- On the loop's thread ---------------------------------------------------------------- */

/* Puts what there is of the first piece into buf. Mutex held. */
static size_t take(struct http_feed *feed, char *buf, size_t max) {
    struct http_piece *piece = feed->pieces[feed->first];
    size_t left = piece->len - feed->sent;
    size_t len = left < max ? left : max;
    memcpy(buf, piece->bytes + feed->sent, len);
    feed->sent += len;
    if (feed->sent == piece->len) {
        http_piece_release(piece);
        feed->first = (feed->first + 1) % HTTP_FEED_PIECES_MAX;
        feed->count--;
        feed->sent = 0;
    }
    return len;
}

static ssize_t feed_read(void *arg, uint64_t position, char *buf, size_t max) {
    struct http_feed *feed = arg;
    ssize_t got = 0;
    (void)position;
    if (feed->is_broken) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    visit_enter(feed->request, VISIT_SENDS);
    pthread_mutex_lock(&feed->mutex);
    if (feed->count > 0) {
        got = (ssize_t)take(feed, buf, max);
    } else if (feed->is_closed || atomic_load(&feed->loop->server->is_draining)) {
        got = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        feed->is_asleep = true;
    }
    pthread_mutex_unlock(&feed->mutex);
    if (got == 0) {
        /* What is pushed from here on is on the loop's list, which is looked at after this. */
        visit_enter(feed->request, VISIT_WAITS);
        MHD_suspend_connection(feed->request->connection);
    }
    return got;
}

static void wake(struct http_feed *feed) {
    pthread_mutex_lock(&feed->mutex);
    bool was_asleep = feed->is_asleep && !feed->is_over;
    feed->is_asleep = false;
    feed->is_posted = false;
    pthread_mutex_unlock(&feed->mutex);
    if (was_asleep) {
        MHD_resume_connection(feed->request->connection);
    }
}

/* The library has let the response go: the reply is complete, or its connection has ended. */
static void feed_free(void *arg) {
    struct http_feed *feed = arg;
    delist(feed->loop, feed);
    pthread_mutex_lock(&feed->mutex);
    feed->is_over = true;
    pthread_mutex_unlock(&feed->mutex);
    release(feed);
}

void feed_begin(struct http_request *request) {
    struct http_feed *feed = request->feed;
    if (feed) {
        request->feed = NULL;
        enlist(feed->loop, feed);
    }
}

bool feeds_take(struct loop *loop) {
    struct http_feed *feed = atomic_exchange(&loop->pushed, NULL);
    bool has_some = feed != NULL;
    while (feed) {
        struct http_feed *next = feed->next;
        wake(feed);
        release(feed);
        feed = next;
    }
    return has_some;
}

void feeds_wake_all(struct loop *loop) {
    for (struct http_feed *feed = loop->feeds; feed; feed = feed->older) {
        wake(feed);
    }
}

/* The library does not see that the client of a sleeping connection leaves. */
void feeds_sweep(struct loop *loop) {
    struct http_feed *feed = loop->feeds;
    while (feed) {
        struct pollfd fds[FEED_POLLS_MAX];
        struct http_feed *first = feed;
        nfds_t count = 0;
        for (; feed && count < FEED_POLLS_MAX; feed = feed->older) {
            fds[count++] = (struct pollfd){.fd = feed->fd, .events = POLLRDHUP};
        }
        if (poll(fds, count, 0) <= 0) {
            continue;
        }
        for (nfds_t i = 0; i < count; i++, first = first->older) {
            if (fds[i].revents != 0) {
                first->is_broken = true;
                wake(first);
            }
        }
    }
}

/* ---- Any thread -------------------------------------------------------------------------- */

struct http_feed *http_reply_feed(struct http_request *request, int status,
                                  const char *content_type) {
    struct http_feed *feed = calloc(1, sizeof(*feed));
    if (!feed) {
        reply_with(request, status, content_type, NULL);
        return NULL;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    atomic_init(&feed->holders, 2);
    pthread_mutex_init(&feed->mutex, NULL);
    feed->request = request;
    feed->loop = request->loop;
    feed->fd = info ? info->connect_fd : -1;
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, FEED_BLOCK_BYTES, feed_read, feed, feed_free);
    if (!response) {
        release(feed);
        release(feed);
        feed = NULL;
    }
    request->feed = feed;
    reply_with(request, status, content_type, response);
    return feed;
}

/* On the loop's list of those to wake. */
static void post(struct http_feed *feed) {
    struct loop *loop = feed->loop;
    atomic_fetch_add(&feed->holders, 1);
    struct http_feed *first = atomic_load_explicit(&loop->pushed, memory_order_relaxed);
    do {
        feed->next = first;
    } while (!atomic_compare_exchange_weak(&loop->pushed, &first, feed));
    if (!first) {
        loop_wake(loop);
    }
}

enum http_feed_push http_feed_push(struct http_feed *feed, struct http_piece *piece) {
    enum http_feed_push result = HTTP_FEED_TAKEN;
    bool is_to_wake = false;
    pthread_mutex_lock(&feed->mutex);
    if (feed->is_over) {
        result = HTTP_FEED_OVER;
    } else if (feed->count == HTTP_FEED_PIECES_MAX) {
        result = HTTP_FEED_FULL;
    } else if (piece->len > 0) {
        atomic_fetch_add(&piece->holders, 1);
        feed->pieces[(feed->first + feed->count++) % HTTP_FEED_PIECES_MAX] = piece;
        is_to_wake = feed->is_asleep && !feed->is_posted;
        feed->is_posted |= is_to_wake;
    }
    pthread_mutex_unlock(&feed->mutex);
    if (is_to_wake) {
        post(feed);
    }
    return result;
}

size_t http_feed_waiting(struct http_feed *feed) {
    pthread_mutex_lock(&feed->mutex);
    size_t count = feed->count;
    pthread_mutex_unlock(&feed->mutex);
    return count;
}

void http_feed_close(struct http_feed *feed) {
    pthread_mutex_lock(&feed->mutex);
    bool is_to_wake = feed->is_asleep && !feed->is_posted && !feed->is_over;
    feed->is_closed = true;
    feed->is_posted |= is_to_wake;
    pthread_mutex_unlock(&feed->mutex);
    if (is_to_wake) {
        post(feed);
    }
    release(feed);
}
