/* The reader's rests: pace.h with a clock, the journal and the machine. */
#include "load/internal.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>

/* How often a rest looks whether the burst is over. */
#define REST_LOOK_MS 50

/* Idle time and all time of all processors, in ticks; zeros where the system does not tell, which
 * reads as "not busy". */
static void processor_times(struct pace_place *place) {
    uint64_t user = 0, nice = 0, system = 0, idle = 0, disk = 0, irq = 0, soft = 0, stolen = 0;
    FILE *file = fopen("/proc/stat", "re");
    if (!file) {
        return;
    }
    if (fscanf(file,
               "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %" SCNu64 " %" SCNu64,
               &user, &nice, &system, &idle, &disk, &irq, &soft, &stolen) == 8) {
        place->idle_ticks = idle + disk;
        place->ticks = user + nice + system + idle + disk + irq + soft + stolen;
    }
    fclose(file);
}

static struct pace_place place_of(struct load *load) {
    struct journal_stats journal;
    journal_stats(load->config.journal, &journal);
    struct pace_place place = {.mono_ms = mp_mono_ms(),
                               .records = journal.appended_records,
                               .commits = journal.commits,
                               .waiting_bytes = journal.durable_lsn - load->next_lsn};
    processor_times(&place);
    return place;
}

static bool is_wanted(struct load *load) {
    return load_is_stopping(load) || load->drains > 0;
}

/* Until the store has all that was handed over: that is work too. Mutex held. */
static void await_writer(struct load *load) {
    while (!is_wanted(load) && load->committed < load->handed_over) {
        load_wait(load, INT64_MAX);
    }
}

/* Mutex held. */
static void rest_until(struct load *load, struct pace_place place, int64_t until_ms) {
    bool is_burst = true;
    while (is_burst && place.mono_ms < until_ms && !is_wanted(load)) {
        int64_t look_ms = place.mono_ms + REST_LOOK_MS;
        while (mp_mono_ms() < look_ms && !is_wanted(load)) {
            load_wait(load, look_ms);
        }
        struct pace_place now = place_of(load);
        is_burst = pace_is_burst(&place, &now);
        place = now;
    }
}

void load_let_burst_pass(struct load *load) {
    struct pace_place place = place_of(load);
    if (pace_rest_ms(&load->pace, &place) > 0) {
        pthread_mutex_lock(&load->mutex);
        load->is_resting = true;
        await_writer(load);
        place = place_of(load);
        int64_t from_ms = place.mono_ms;
        rest_until(load, place, from_ms + pace_rest_ms(&load->pace, &place));
        place = place_of(load);
        load->stats.rest_ms += place.mono_ms - from_ms;
        load->is_resting = false;
        pthread_cond_broadcast(&load->changed);
        pthread_mutex_unlock(&load->mutex);
    }
    pace_begin(&load->pace, &place);
}
