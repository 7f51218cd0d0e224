/* A thread a connection, the library's own: handlers and body callbacks may block there. */
#include "http/internal.h"

int threaded_start(struct loop *loop, struct mp_error *err) {
    loop->daemon =
        daemon_start(loop, MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
                               MHD_USE_POLL | MHD_USE_ITC);
    return loop->daemon
               ? MP_OK
               : mp_fail(err, MP_E_IO, "listen", "the HTTP library does not start (TLS files?)");
}

void threaded_stop(struct loop *loop) {
    if (loop->daemon) {
        /* Cuts every connection, then waits for each thread to come back from its handler. */
        MHD_stop_daemon(loop->daemon);
        loop->daemon = NULL;
    }
}
