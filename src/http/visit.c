/* Patience with clients. The library's idle timeout starts anew with each byte, so a client that
 * trickles could hold its connection for ever; these limits do not. */
#include "http/internal.h"

#include <stdlib.h>
#include <sys/socket.h>

static int64_t receive_until_ms(const struct loop *loop) {
    const struct http_config *config = &loop->server->config;
    return loop->now_ms + (config->idle_timeout_s + config->receive_timeout_s) * 1000LL;
}

static void begin(struct loop *loop, struct MHD_Connection *connection, void **out) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct visit *visit = calloc(1, sizeof(*visit));
    if (!visit) {
        return; /* only its limits are lost */
    }
    visit->fd = info->connect_fd;
    visit->until_ms = receive_until_ms(loop);
    visit->next = loop->visits;
    if (visit->next) {
        visit->next->previous = visit;
    }
    loop->visits = visit;
    *out = visit;
}

static void end(struct loop *loop, struct visit *visit) {
    if (!visit) {
        return;
    }
    if (visit->next) {
        visit->next->previous = visit->previous;
    }
    if (visit->previous) {
        visit->previous->next = visit->next;
    } else {
        loop->visits = visit->next;
    }
    free(visit);
}

void visit_notify(void *arg, struct MHD_Connection *connection, void **visit,
                  enum MHD_ConnectionNotificationCode code) {
    struct loop *loop = arg;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        atomic_fetch_add(&loop->server->connections, 1);
        begin(loop, connection, visit);
    } else {
        end(loop, *visit);
        *visit = NULL;
        atomic_fetch_sub(&loop->server->connections, 1);
    }
}

void visit_enter(const struct http_request *request, enum visit_phase phase) {
    const struct loop *loop = request->loop;
    if (loop->server->is_threaded) {
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct visit *visit = info->socket_context;
    if (!visit) {
        return;
    }
    switch (phase) {
    case VISIT_RECEIVES:
        visit->until_ms = receive_until_ms(loop);
        break;
    case VISIT_WAITS:
        visit->until_ms = INT64_MAX;
        break;
    case VISIT_SENDS:
        visit->until_ms = loop->now_ms + HTTP_SEND_MS_MAX;
        break;
    }
}

void visits_sweep(struct loop *loop) {
    for (struct visit *visit = loop->visits; visit; visit = visit->next) {
        if (loop->now_ms > visit->until_ms) {
            /* The library sees the end of the stream and closes. */
            shutdown(visit->fd, SHUT_RDWR);
            visit->until_ms = INT64_MAX;
        }
    }
}
