/* The reader's rests: pace.h with a clock, the journal and the machine. */
#include "load/internal.h"

#include "base/clock.h"
#include "base/event.h"

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

/* Without the machine. */
static struct pace_place journal_place(struct load *load) {
    struct journal_stats journal;
    journal_stats(load->config.journal, &journal);
    return (struct pace_place){.mono_ms = mp_mono_ms(),
                               .records = journal.appended_records,
                               .commits = journal.commits,
                               .waiting_bytes = journal.durable_lsn - load->next_lsn};
}

static struct pace_place place_of(struct load *load) {
    struct pace_place place = journal_place(load);
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
        struct pace_place now = journal_place(load);
        is_burst = pace_is_burst(&place, &now);
        place = now;
    }
}

/* Of the record at hand, which is the oldest that waits. */
static int64_t received_ms(const struct load *load) {
    struct mp_record_reader reader;
    struct mp_context context;
    return mp_record_open(&reader, load->record.data, &context) == MP_OK ? context.received_ms
                                                                         : mp_now_ms();
}

void load_let_burst_pass(struct load *load) {
    struct pace_place place = place_of(load);
    if (pace_rest_ms(&load->pace, &place) == 0) {
        return;
    }
    pthread_mutex_lock(&load->mutex);
    load->resting_since = received_ms(load);
    await_writer(load);
    place = place_of(load);
    int64_t from_ms = place.mono_ms;
    rest_until(load, place, from_ms + pace_rest_ms(&load->pace, &place));
    load->stats.rest_ms += mp_mono_ms() - from_ms;
    load->resting_since = 0;
    pthread_cond_broadcast(&load->changed);
    pthread_mutex_unlock(&load->mutex);
}

void load_begin_work(struct load *load) {
    struct pace_place place = place_of(load);
    pace_begin(&load->pace, &place);
}
