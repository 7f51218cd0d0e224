#include "load/internal.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BACK_OFF_MS_MIN 100
#define BACK_OFF_MS_MAX 10000
#define BACK_OFF_DOUBLINGS 7

/* Added to the loader's threads' nice value: taking events in goes before loading them, which can
 * catch up, on a machine that has not enough for both. */
#define LOADER_NICE 10

void load_step_back(void) {
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), LOADER_NICE);
}

/* ---- Waiting ---------------------------------------------------------------------------- */

void load_wait(struct load *load, int64_t until_ms) {
    if (until_ms == INT64_MAX) {
        pthread_cond_wait(&load->changed, &load->mutex);
        return;
    }
    struct timespec until = {until_ms / 1000, until_ms % 1000 * 1000000};
    pthread_cond_timedwait(&load->changed, &load->mutex, &until);
}

/* Between half and all of the doubling time, so that many loaders do not knock in step. */
static int64_t back_off_ms(unsigned attempt) {
    int64_t ms = BACK_OFF_MS_MIN << (attempt < BACK_OFF_DOUBLINGS ? attempt : BACK_OFF_DOUBLINGS);
    ms = ms < BACK_OFF_MS_MAX ? ms : BACK_OFF_MS_MAX;
    uint32_t random = 0;
    if (getentropy(&random, sizeof(random)) != 0) {
        return ms;
    }
    return ms / 2 + random % (ms / 2);
}

int64_t load_failed(struct load *load, unsigned attempt, const char *what,
                    const struct mp_error *err) {
    int64_t ms = back_off_ms(attempt);
    struct mp_str shown = mp_str_clip(mp_str_of(err->message), sizeof(load->stats.last_error) - 1);
    mp_log(MP_LOG_WARN, "load", what, "code=%s attempt=%u again_in_ms=%" PRId64 " reason=\"%s\"",
           mp_code_name(err->code), attempt + 1, ms, err->message);
    pthread_mutex_lock(&load->mutex);
    load->stats.retries++;
    snprintf(load->stats.last_error, sizeof(load->stats.last_error), "%.*s", MP_STR_ARG(shown));
    pthread_mutex_unlock(&load->mutex);
    return ms;
}

bool load_back_off(struct load *load, unsigned attempt, const char *what,
                   const struct mp_error *err) {
    int64_t until_ms = mp_mono_ms() + load_failed(load, attempt, what, err);
    pthread_mutex_lock(&load->mutex);
    while (!load_is_stopping(load) && mp_mono_ms() < until_ms) {
        load_wait(load, until_ms);
    }
    pthread_mutex_unlock(&load->mutex);
    return !load_is_stopping(load);
}

void load_succeeded(struct load *load) {
    pthread_mutex_lock(&load->mutex);
    load->stats.last_error[0] = '\0';
    pthread_mutex_unlock(&load->mutex);
}

/* ---- Life ------------------------------------------------------------------------------- */

static void destroy(struct load *load) {
    journal_reader_close(load->reader);
    seen_log_close(load->seen_log);
    seen_index_close(load->seen_index);
    remake_destroy(load->remake);
    recent_destroy(load->recent);
    touched_deinit(&load->touched);
    for (size_t i = 0; i < load->free_count; i++) {
        batch_destroy(load->free_batches[i]);
    }
    mp_zone_close(load->default_zone);
    pthread_cond_destroy(&load->changed);
    pthread_mutex_destroy(&load->mutex);
    free(load);
}

static struct load *create(const struct load_config *config) {
    struct load *load = calloc(1, sizeof(*load));
    pthread_condattr_t monotonic;
    if (!load) {
        return NULL;
    }
    load->config = *config;
    load->is_saved = true;
    load->handed_over_ms = mp_mono_ms();
    pthread_mutex_init(&load->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&load->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    touched_init(&load->touched);
    while (load->free_count < LOAD_BATCHES) {
        struct batch *batch = batch_create();
        if (!batch) {
            destroy(load);
            return NULL;
        }
        load->free_batches[load->free_count++] = batch;
    }
    return load;
}

static int prepare(struct load *load, struct mp_error *err) {
    char prefix[64];
    char recent_prefix[64];
    if (mkdir(load->config.dir, 0700) != 0 && errno != EEXIST) {
        return mp_fail_sys(err, errno, load->config.dir, "cannot make the loader's folder");
    }
    int code = mp_zone_open(mp_str_of(MP_ZONE_DEFAULT), &load->default_zone, err);
    code = code == MP_OK ? load_recover(load, err) : code;
    if (code != MP_OK) {
        return code;
    }
    snprintf(prefix, sizeof(prefix), "minipulse-rollup-%016" PRIx64 "-%016" PRIx64,
             load->note.token, (uint64_t)mp_now_ms());
    snprintf(recent_prefix, sizeof(recent_prefix), "minipulse-recent-%016" PRIx64 "-%016" PRIx64,
             load->note.token, (uint64_t)mp_now_ms());
    if (load->touched.count > 0) {
        load->committed = 1; /* stands for the batches of the former process */
        load->handed_over = 1;
        load->is_recent_behind = true;
        load->has_profiles = true;
        load->touched_since = mp_now_ms();
        load->touched_since_mono = mp_mono_ms();
    }
    load->read_lsn = load->next_lsn;
    load->stats.cursor_lsn = load->cursor_lsn;
    load->stats.cursor_batch = load->note.batch - load->note.is_intent;
    code = remake_create(load->config.store, prefix, &load->remake, err);
    return code == MP_OK ? recent_create(load->config.store, recent_prefix,
                                         load->config.rollup_cache_bytes, &load->recent, err)
                         : code;
}

static void request_stop(struct load *load) {
    pthread_mutex_lock(&load->mutex);
    atomic_store(&load->is_stopping, true);
    pthread_cond_broadcast(&load->changed);
    pthread_mutex_unlock(&load->mutex);
}

int load_start(const struct load_config *config, struct load **out, struct mp_error *err) {
    struct load *load = create(config);
    *out = NULL;
    if (!load) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for the loader");
    }
    int code = prepare(load, err);
    int sys = 0;
    if (code == MP_OK &&
        (sys = pthread_create(&load->reader_thread, NULL, load_reader_main, load)) != 0) {
        code = mp_fail_sys(err, sys, "", "cannot start the loader");
    }
    if (code == MP_OK &&
        (sys = pthread_create(&load->writer_thread, NULL, load_writer_main, load)) != 0) {
        request_stop(load);
        pthread_join(load->reader_thread, NULL);
        code = mp_fail_sys(err, sys, "", "cannot start the loader");
    }
    if (code != MP_OK) {
        destroy(load);
        return code;
    }
    *out = load;
    return MP_OK;
}

void load_stop(struct load *load) {
    if (!load) {
        return;
    }
    request_stop(load);
    pthread_join(load->reader_thread, NULL);
    pthread_join(load->writer_thread, NULL);
    batch_destroy(load->ready);
    destroy(load);
}

/* ---- For others ------------------------------------------------------------------------- */

int load_drain(struct load *load, int64_t timeout_ms) {
    struct journal_stats journal;
    journal_stats(load->config.journal, &journal);
    int64_t until_ms = mp_mono_ms() + timeout_ms;
    uint64_t wanted = UINT64_MAX; /* batches, known once the reader is that far */
    pthread_mutex_lock(&load->mutex);
    load->drains++;
    pthread_cond_broadcast(&load->changed);
    for (;;) {
        if (wanted == UINT64_MAX && load->read_lsn >= journal.durable_lsn) {
            wanted = load->handed_over;
        }
        if (load->rolled_up >= wanted || mp_mono_ms() >= until_ms || load_is_stopping(load)) {
            break;
        }
        load_wait(load, until_ms);
    }
    bool is_drained = load->rolled_up >= wanted;
    load->drains--;
    pthread_mutex_unlock(&load->mutex);
    return is_drained ? MP_OK : MP_E_TIMEOUT;
}

static int64_t age_ms(int64_t since_ms, int64_t now_ms) {
    return since_ms > 0 && since_ms < now_ms ? now_ms - since_ms : 0;
}

static int64_t older(int64_t since_ms, int64_t than_ms) {
    return since_ms > 0 && since_ms < than_ms ? since_ms : than_ms;
}

/* With the mutex; durable_lsn was the journal's end at now_ms. What a former process left to roll
 * up is of unknown age: until that is done, nothing is sure. */
static int64_t loaded_until_ms(const struct load *load, int64_t now_ms, uint64_t durable_lsn) {
    if (load->rolled_up == 0 && load->committed > 0) {
        return 0;
    }
    int64_t read_until_ms = load->read_lsn >= durable_lsn ? now_ms : load->read_until_ms;
    return older(load->pending_since, older(load->touched_since, read_until_ms));
}

void load_stats(struct load *load, struct load_stats *out) {
    int64_t now_ms = mp_now_ms();
    struct journal_stats journal;
    journal_stats(load->config.journal, &journal);
    pthread_mutex_lock(&load->mutex);
    *out = load->stats;
    out->lag_ms = age_ms(load->pending_since, now_ms);
    int64_t pending_since = load->pending_since > 0 ? load->pending_since : INT64_MAX;
    out->rollup_lag_ms = age_ms(older(load->touched_since, pending_since), now_ms);
    out->loaded_until_ms = loaded_until_ms(load, now_ms, journal.durable_lsn);
    out->complete_until_ms =
        older(load->pending_since, older(load->touched_since, now_ms)) - load->config.late_ms;
    pthread_mutex_unlock(&load->mutex);
}
