#include "cmd/feed.h"

#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define PAUSE_MS_MIN 100
#define PAUSE_MS_MAX 5000
/* The same failure is logged again only after so long. */
#define LOG_AGAIN_MS 30000

struct feed {
    struct feed_parts parts;
    char load_dir[CMD_PATH_MAX];
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t stopped;
    bool is_stopping;
    struct load_summarise *summarise; /* NULL until the schema stands */
    struct load *load;                /* NULL until the loader runs */
    char last_error[sizeof(((struct load_stats *)0)->last_error)];
};

static void poke(void *arg, bool is_busy) {
    load_summarise_poke(arg, is_busy);
}

static int start_summarise(struct feed *feed, struct mp_error *err) {
    struct load_summarise *summarise;
    if (feed->summarise) {
        return MP_OK;
    }
    int code = load_summarise_start(feed->parts.store, feed->parts.summaries, &summarise, err);
    if (code == MP_OK) {
        pthread_mutex_lock(&feed->mutex);
        feed->summarise = summarise;
        pthread_mutex_unlock(&feed->mutex);
    }
    return code;
}

static int start_loader(struct feed *feed, struct load **out, struct mp_error *err) {
    const struct mp_config *config = feed->parts.config;
    int code = store_migrate(feed->parts.store, err);
    code = code == MP_OK ? start_summarise(feed, err) : code;
    struct load_config load = {.journal = feed->parts.journal,
                               .store = feed->parts.store,
                               .apps = feed->parts.apps,
                               .dir = feed->load_dir,
                               .batch_events_max = (uint32_t)config->batch_events_max,
                               .batch_wait_ms = config->batch_wait_ms,
                               .rollup_wait_ms = config->rollup_wait_ms,
                               .rollup_cache_bytes = (uint64_t)config->rollup_cache_bytes,
                               .on_rollup = poke,
                               .on_rollup_arg = feed->summarise,
                               .dedupe_ms = config->dedupe_hours * MP_MS_PER_HOUR,
                               .late_ms = config->late_hours * MP_MS_PER_HOUR};
    return code == MP_OK ? load_start(&load, out, err) : code;
}

/* Sleeps; true when stopping. */
static bool pause_for(struct feed *feed, int64_t ms) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&feed->mutex);
    int waited = 0;
    while (!feed->is_stopping && waited == 0) {
        waited = pthread_cond_timedwait(&feed->stopped, &feed->mutex, &until);
    }
    bool is_stopping = feed->is_stopping;
    pthread_mutex_unlock(&feed->mutex);
    return is_stopping;
}

static void publish(struct feed *feed, struct load *load, const char *error) {
    struct mp_str shown = mp_str_clip(mp_str_of(error), sizeof(feed->last_error) - 1);
    pthread_mutex_lock(&feed->mutex);
    feed->load = load;
    snprintf(feed->last_error, sizeof(feed->last_error), "%.*s", MP_STR_ARG(shown));
    pthread_mutex_unlock(&feed->mutex);
}

static void *run(void *arg) {
    struct feed *feed = arg;
    int64_t pause_ms = PAUSE_MS_MIN;
    int64_t began_ms = mp_mono_ms(), logged_ms = 0;
    do {
        struct mp_error err = {0};
        struct load *load = NULL;
        if (start_loader(feed, &load, &err) == MP_OK) {
            publish(feed, load, "");
            mp_log(MP_LOG_INFO, "serve", "loading", "after_ms=%lld",
                   (long long)(mp_mono_ms() - began_ms));
            return NULL;
        }
        publish(feed, NULL, err.message);
        /* An engine that is only just starting is no news. */
        int64_t now_ms = mp_mono_ms();
        if (now_ms - began_ms > PAUSE_MS_MAX &&
            (logged_ms == 0 || now_ms - logged_ms > LOG_AGAIN_MS)) {
            mp_log(MP_LOG_WARN, "serve", "not loading yet, events wait in the journal",
                   "code=%s message=\"%s\"", mp_code_name(err.code), err.message);
            logged_ms = now_ms;
        }
        pause_ms = pause_ms * 2 < PAUSE_MS_MAX ? pause_ms * 2 : PAUSE_MS_MAX;
    } while (!pause_for(feed, pause_ms));
    return NULL;
}

int feed_start(const struct feed_parts *parts, struct feed **out, struct mp_error *err) {
    struct feed *feed = calloc(1, sizeof(*feed));
    *out = NULL;
    if (!feed) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for the loader");
    }
    feed->parts = *parts;
    pthread_mutex_init(&feed->mutex, NULL);
    pthread_cond_init(&feed->stopped, NULL);
    snprintf(feed->last_error, sizeof(feed->last_error), "the engine has not answered yet");
    int code = cmd_path(parts->config, CMD_LOAD_DIR, feed->load_dir, err);
    if (code == MP_OK) {
        int failed = pthread_create(&feed->thread, NULL, run, feed);
        code = failed ? mp_fail_sys(err, failed, "", "cannot start the loader") : MP_OK;
    }
    if (code != MP_OK) {
        free(feed);
        return code;
    }
    *out = feed;
    return MP_OK;
}

void feed_stop(struct feed *feed) {
    if (!feed) {
        return;
    }
    pthread_mutex_lock(&feed->mutex);
    feed->is_stopping = true;
    pthread_cond_signal(&feed->stopped);
    pthread_mutex_unlock(&feed->mutex);
    pthread_join(feed->thread, NULL);
    if (feed->load) {
        load_stop(feed->load);
    }
    load_summarise_stop(feed->summarise);
    pthread_mutex_destroy(&feed->mutex);
    pthread_cond_destroy(&feed->stopped);
    free(feed);
}

bool feed_is_loading(struct feed *feed) {
    pthread_mutex_lock(&feed->mutex);
    bool is_loading = feed->load != NULL;
    pthread_mutex_unlock(&feed->mutex);
    return is_loading;
}

void feed_summarise_stats(struct feed *feed, struct load_summarise_stats *out) {
    pthread_mutex_lock(&feed->mutex);
    *out = (struct load_summarise_stats){0};
    if (feed->summarise) {
        load_summarise_stats(feed->summarise, out);
    }
    pthread_mutex_unlock(&feed->mutex);
}

/* What summaries do not have yet is not complete. */
static void put_back(struct feed *feed, struct load_stats *stats) {
    struct load_summarise_stats summed;
    load_summarise_stats(feed->summarise, &summed);
    int64_t until_ms = summed.fresh_at_ms - feed->parts.config->late_hours * MP_MS_PER_HOUR;
    if (summed.lag_ms > 0 && summed.fresh_at_ms > 0 && until_ms < stats->complete_until_ms) {
        stats->complete_until_ms = until_ms;
    }
}

void feed_stats(struct feed *feed, struct load_stats *out) {
    pthread_mutex_lock(&feed->mutex);
    *out = (struct load_stats){0};
    if (feed->load) {
        load_stats(feed->load, out);
        put_back(feed, out);
    } else {
        snprintf(out->last_error, sizeof(out->last_error), "%s", feed->last_error);
    }
    pthread_mutex_unlock(&feed->mutex);
}
