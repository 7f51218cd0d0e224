#include "base/clock.h"

#include <errno.h>
#include <time.h>

static int64_t read_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000LL + now.tv_nsec;
}

int64_t mp_now_ms(void) {
    return read_ns(CLOCK_REALTIME) / 1000000;
}

int64_t mp_mono_ms(void) {
    return read_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t mp_mono_ns(void) {
    return read_ns(CLOCK_MONOTONIC);
}

void mp_sleep_ms(int64_t ms) {
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}
