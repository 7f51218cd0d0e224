#include "engine/internal.h"

#include <errno.h>
#include <time.h>

#define LOOK_EVERY_NS 50000000L /* for a client that left */
#define SECOND_NS 1000000000L

void gate_init(struct gate *gate, int count) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&gate->mutex, NULL);
    pthread_cond_init(&gate->freed, &attributes);
    pthread_condattr_destroy(&attributes);
    gate->free_count = count;
}

void gate_deinit(struct gate *gate) {
    pthread_mutex_destroy(&gate->mutex);
    pthread_cond_destroy(&gate->freed);
}

bool gate_enter(struct gate *gate, struct http_request *request) {
    bool is_in = false;
    pthread_mutex_lock(&gate->mutex);
    for (;;) {
        if (gate->free_count > 0) {
            gate->free_count--;
            is_in = true;
            break;
        }
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_EVERY_NS;
        until.tv_sec += until.tv_nsec / SECOND_NS;
        until.tv_nsec %= SECOND_NS;
        if (pthread_cond_timedwait(&gate->freed, &gate->mutex, &until) == ETIMEDOUT &&
            http_client_gone(request)) {
            break;
        }
    }
    pthread_mutex_unlock(&gate->mutex);
    return is_in;
}

void gate_leave(struct gate *gate) {
    pthread_mutex_lock(&gate->mutex);
    gate->free_count++;
    pthread_cond_signal(&gate->freed);
    pthread_mutex_unlock(&gate->mutex);
}
