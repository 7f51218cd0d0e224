#include "cmd/stop.h"

#include <signal.h>

static volatile sig_atomic_t stopped_by;

static void on_signal(int signal) {
    stopped_by = signal;
}

void stop_catch_signals(void) {
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

bool stop_is_asked(void) {
    return stopped_by != 0;
}

int stop_exit_code(void) {
    return stopped_by != 0 ? 128 + stopped_by : 0;
}
