#include "cmd/pour.h"

#include "base/clock.h"

#include <pthread.h>

/* In flight at once; a few megabytes, which the journal takes at once. */
#define WINDOW_RECORDS 2048
#define FULL_PAUSE_MS 200

struct window;

struct slot {
    struct window *window;
    int result;
};

struct window {
    pthread_mutex_t mutex;
    pthread_cond_t finished;
    size_t in_flight;
    struct slot slots[WINDOW_RECORDS];
};

static void on_done(void *arg, int result) {
    struct slot *slot = arg;
    struct window *window = slot->window;
    pthread_mutex_lock(&window->mutex);
    slot->result = result;
    if (--window->in_flight == 0) {
        pthread_cond_signal(&window->finished);
    }
    pthread_mutex_unlock(&window->mutex);
}

/* Sends those whose result is not MP_OK yet, and waits for all answers. */
static void send(struct journal *journal, struct window *window, const struct mp_str *records,
                 size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct slot *slot = &window->slots[i];
        if (slot->result == MP_OK) {
            continue;
        }
        pthread_mutex_lock(&window->mutex);
        window->in_flight++;
        pthread_mutex_unlock(&window->mutex);
        int code = journal_append(journal, records[i], on_done, slot);
        if (code != MP_OK) {
            on_done(slot, code);
        }
    }
    pthread_mutex_lock(&window->mutex);
    while (window->in_flight > 0) {
        pthread_cond_wait(&window->finished, &window->mutex);
    }
    pthread_mutex_unlock(&window->mutex);
}

/* The worst answer: MP_E_FULL may pass, others do not. */
static int worst(const struct window *window, size_t count) {
    int code = MP_OK;
    for (size_t i = 0; i < count; i++) {
        int result = window->slots[i].result;
        if (result != MP_OK && code != MP_E_IO) {
            code = result;
        }
    }
    return code;
}

static int pour_window(struct journal *journal, struct window *window, const struct mp_str *records,
                       size_t count, const struct pour_options *options, struct mp_error *err) {
    int64_t since_ms = mp_mono_ms();
    for (size_t i = 0; i < count; i++) {
        window->slots[i] = (struct slot){window, -1};
    }
    for (;;) {
        send(journal, window, records, count);
        int code = worst(window, count);
        if (code == MP_OK) {
            return MP_OK;
        }
        if (code != MP_E_FULL || mp_mono_ms() - since_ms >= options->full_wait_ms) {
            return mp_fail(err, (enum mp_code)code, "journal",
                           code == MP_E_FULL ? "the journal is full and nobody reads it"
                                             : "the journal cannot be written");
        }
        if (options->go_on && !options->go_on(options->arg)) {
            return mp_fail(err, MP_E_CANCELLED, "", "stopped");
        }
        mp_sleep_ms(FULL_PAUSE_MS);
    }
}

int pour(struct journal *journal, const struct mp_str *records, size_t count,
         const struct pour_options *options, struct mp_error *err) {
    struct window window = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                            .finished = PTHREAD_COND_INITIALIZER};
    int code = MP_OK;
    for (size_t at = 0; at < count && code == MP_OK; at += WINDOW_RECORDS) {
        size_t left = count - at;
        code = pour_window(journal, &window, records + at,
                           left < WINDOW_RECORDS ? left : WINDOW_RECORDS, options, err);
    }
    return code;
}
