#include "http/internal.h"

#include "base/log.h"

#include <stdio.h>

/* A connection's memory: the URL and headers of a request must fit, and half of it is the room in
 * which bodies arrive. The library clears all of it after each request (of 32 KB that is a seventh
 * of the time of a small POST), so it is larger only where bodies are. */
#define LOOP_MEMORY_BYTES (16u * 1024)
#define THREAD_MEMORY_BYTES (256u * 1024)

static void on_error(void *arg, const char *format, va_list args) {
    char text[512];
    (void)arg;
    int len = vsnprintf(text, sizeof(text), format, args);
    while (len > 0 && (size_t)len < sizeof(text) && text[len - 1] == '\n') {
        text[--len] = '\0';
    }
    mp_log(MP_LOG_DEBUG, "http", "libmicrohttpd", "text=\"%s\"", text);
}

struct MHD_Daemon *daemon_start(struct loop *loop, unsigned flags) {
    struct http_server *server = loop->server;
    const struct http_config *config = &server->config;
    struct MHD_OptionItem options[HTTP_OPTIONS_MAX];
    size_t count = 0;
    flags |= MHD_USE_ERROR_LOG;
    if (server->is_threaded) {
        options[count++] =
            (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET, server->listen_fd, NULL};
    } else {
        flags |= MHD_USE_NO_LISTEN_SOCKET;
    }
    options[count++] =
        (struct MHD_OptionItem){MHD_OPTION_CONNECTION_LIMIT, config->connections_max, NULL};
    options[count++] =
        (struct MHD_OptionItem){MHD_OPTION_CONNECTION_TIMEOUT, config->idle_timeout_s, NULL};
    options[count++] = (struct MHD_OptionItem){
        MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        server->is_threaded ? THREAD_MEMORY_BYTES : LOOP_MEMORY_BYTES, NULL};
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL};
    if (server->cert) {
        flags |= MHD_USE_TLS;
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, server->cert};
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, server->key};
    }
    options[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return MHD_start_daemon(
        flags, 0, NULL, NULL, dispatch_request, loop, MHD_OPTION_EXTERNAL_LOGGER, on_error, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, dispatch_completed, loop, MHD_OPTION_NOTIFY_CONNECTION,
        server->is_threaded ? NULL : visit_notify, loop, MHD_OPTION_UNESCAPE_CALLBACK,
        request_unescape, NULL, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}
