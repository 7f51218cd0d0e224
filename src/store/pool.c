#include <time.h>

#include "base/clock.h"
#include "store/internal.h"

/* How often one who waits for a connection looks whether the caller has given up. */
#define WAIT_STEP_MS 100

int store_pool_init(struct store *store, struct mp_error *err) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    int sys = pthread_mutex_init(&store->mutex, NULL);
    if (sys == 0) {
        sys = pthread_cond_init(&store->is_idle, &monotonic);
    }
    pthread_condattr_destroy(&monotonic);
    return sys ? mp_fail_sys(err, sys, "store", "cannot make the connection pool") : 0;
}

void store_pool_deinit(struct store *store) {
    for (int i = 0; i < store->idle_count; i++) {
        curl_easy_cleanup(store->idle[i]);
    }
    pthread_cond_destroy(&store->is_idle);
    pthread_mutex_destroy(&store->mutex);
}

static bool is_cancelled(const struct store_options *options) {
    return options && options->is_cancelled && options->is_cancelled(options->is_cancelled_arg);
}

static void wait_a_step(struct store *store) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WAIT_STEP_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&store->is_idle, &store->mutex, &until);
}

/* With the mutex: an idle connection, a new one, or NULL with *code 0 when all are taken. */
static CURL *try_take(struct store *store, int *code, struct mp_error *err) {
    if (store->idle_count > 0) {
        return store->idle[--store->idle_count];
    }
    if (store->made_count == store->connections_max) {
        return NULL;
    }
    CURL *easy = curl_easy_init();
    if (!easy) {
        *code = mp_fail(err, MP_E_MEMORY, "store", "out of memory");
        return NULL;
    }
    store->made_count++;
    return easy;
}

int store_pool_take(struct store *store, const struct store_options *options, int64_t deadline_ms,
                    CURL **out, struct mp_error *err) {
    int code = 0;
    CURL *easy = NULL;
    pthread_mutex_lock(&store->mutex);
    while (!(easy = try_take(store, &code, err)) && code == 0) {
        if (mp_mono_ms() >= deadline_ms) {
            code = mp_fail(err, MP_E_FULL, "store", "all %d connections to the engine are busy",
                           store->connections_max);
        } else if (is_cancelled(options)) {
            code = mp_fail(err, MP_E_CANCELLED, "store", "cancelled by the caller");
        } else {
            wait_a_step(store);
        }
    }
    pthread_mutex_unlock(&store->mutex);
    *out = easy;
    return code;
}

void store_pool_give(struct store *store, CURL *easy) {
    pthread_mutex_lock(&store->mutex);
    store->idle[store->idle_count++] = easy;
    pthread_cond_signal(&store->is_idle);
    pthread_mutex_unlock(&store->mutex);
}
