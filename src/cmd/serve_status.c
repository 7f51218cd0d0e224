/* What a running serve tells about its parts: /readyz and /metrics. */
#include "cmd/serve.h"

#include <inttypes.h>
#include <stdio.h>

int serve_append(void *arg, struct mp_str record, void (*done)(void *arg, int result),
                 void *done_arg) {
    struct serve *serve = arg;
    return journal_append(serve->journal, record, done, done_arg);
}

void serve_health(void *arg, struct api_health *out) {
    struct serve *serve = arg;
    struct journal_stats journal;
    struct load_stats load;
    bool is_engine_up = true;
    journal_stats(serve->journal, &journal);
    feed_stats(serve->feed, &load);
    if (serve->supervise) {
        struct supervise_stats engine;
        supervise_stats(serve->supervise, &engine);
        is_engine_up = engine.is_answering;
    }
    *out = (struct api_health){
        .is_store_ready = feed_is_loading(serve->feed) && is_engine_up,
        .is_journal_open = !journal.is_full,
        .load_lag_ms = load.lag_ms,
        .loaded_until_ms = load.loaded_until_ms,
        .complete_until_ms = load.complete_until_ms,
    };
    if (journal.is_full) {
        snprintf(out->reason, sizeof(out->reason), "the journal is full");
    } else if (!is_engine_up) {
        snprintf(out->reason, sizeof(out->reason), "the engine does not answer");
    } else {
        memcpy(out->reason, load.last_error, sizeof(out->reason));
    }
}

_Static_assert(sizeof(((struct api_health *)0)->reason) ==
                   sizeof(((struct load_stats *)0)->last_error),
               "copied whole");

static void put(struct mp_buf *out, const char *type, const char *name, const char *help,
                double value) {
    mp_buf_printf(out, "# HELP minipulse_%s %s\n# TYPE minipulse_%s %s\nminipulse_%s %.17g\n", name,
                  help, name, type, name, value);
}

static void put_journal(struct mp_buf *out, const struct journal_stats *journal) {
    put(out, "gauge", "journal_first_lsn", "Oldest position kept.", (double)journal->first_lsn);
    put(out, "gauge", "journal_durable_lsn", "End of what is on disk.",
        (double)journal->durable_lsn);
    put(out, "gauge", "journal_bytes", "Disk taken by the journal.", (double)journal->disk_bytes);
    put(out, "counter", "journal_records_total", "Records appended.",
        (double)journal->appended_records);
    put(out, "counter", "journal_commits_total", "Disk syncs.", (double)journal->commits);
    put(out, "gauge", "journal_full", "1 while records are refused.", journal->is_full);
}

static void put_load(struct mp_buf *out, const struct load_stats *load, bool is_loading) {
    put(out, "gauge", "loading", "1 once the schema stands and the loader runs.", is_loading);
    put(out, "gauge", "load_cursor_lsn", "Everything before it is in events.",
        (double)load->cursor_lsn);
    put(out, "gauge", "load_lag_seconds", "Age of the oldest record not loaded.",
        (double)load->lag_ms / 1000);
    put(out, "gauge", "rollup_lag_seconds", "How far reports are behind events.",
        (double)load->rollup_lag_ms / 1000);
    put(out, "counter", "load_batches_total", "Batches loaded.", (double)load->batches);
    put(out, "counter", "load_events_total", "Events inserted.", (double)load->events);
    put(out, "counter", "load_duplicates_total", "Events sent again and dropped.",
        (double)load->duplicates);
    put(out, "counter", "load_corrupt_blocks_total", "Damaged parts of the journal passed over.",
        (double)load->corrupt_blocks);
    put(out, "counter", "load_corrupt_records_total", "Records that could not be read whole.",
        (double)load->corrupt_records);
    put(out, "counter", "load_retries_total", "Attempts on the store that failed.",
        (double)load->retries);
}

static void put_summaries(struct mp_buf *out, const struct load_summarise_stats *summed) {
    put(out, "gauge", "summary_lag_seconds", "How far summaries are behind rollups.",
        (double)summed->lag_ms / 1000);
    put(out, "counter", "summary_days_total", "Days summed up.", (double)summed->days);
    put(out, "counter", "summary_seconds_total", "Time that summing up took.",
        (double)summed->work_ms / 1000);
    put(out, "counter", "summary_failures_total", "Times that summing up failed.",
        (double)summed->failures);
}

void serve_metrics(void *arg, struct mp_buf *out) {
    struct serve *serve = arg;
    struct journal_stats journal;
    struct load_stats load;
    struct load_summarise_stats summed;
    /* The journal first: whoever compares the two never sees a cursor that seems to have caught up
     * with a journal that has moved on. */
    journal_stats(serve->journal, &journal);
    feed_stats(serve->feed, &load);
    feed_summarise_stats(serve->feed, &summed);
    put_journal(out, &journal);
    put_load(out, &load, feed_is_loading(serve->feed));
    put_summaries(out, &summed);
    if (serve->supervise) {
        struct supervise_stats engine;
        supervise_stats(serve->supervise, &engine);
        put(out, "gauge", "engine_up", "1 while the engine answers.", engine.is_answering);
        put(out, "counter", "engine_starts_total", "Starts of the engine.", (double)engine.starts);
    }
}
