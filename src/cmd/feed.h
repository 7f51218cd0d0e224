/*
 * Private to cmd/: the way from the journal into the store, kept up in the background of serve.
 * A thread of its own migrates the schema, as often as it takes until the engine is there, then
 * starts the loader, and the thread that keeps summaries behind it. Collecting does not wait for
 * them.
 */
#ifndef MP_CMD_FEED_H
#define MP_CMD_FEED_H

#include "base/apps.h"
#include "base/config.h"
#include "journal/journal.h"
#include "load/load.h"
#include "load/summarise.h"
#include "store/store.h"

struct feed;

struct feed_parts {
    const struct mp_config *config;
    struct journal *journal;
    struct store *store;
    struct mp_apps *apps;
    struct summaries *summaries;
};

/* What is pointed to lives until feed_stop. */
MP_MUST_CHECK int feed_start(const struct feed_parts *parts, struct feed **out,
                             struct mp_error *err);
/* Ends after the batch under way; frees. NULL is fine. */
void feed_stop(struct feed *feed);
/* True once the schema stands and the loader runs. Any thread. */
bool feed_is_loading(struct feed *feed);
/* The loader's figures, complete_until_ms put back to what summaries have; zeros with last_error
 * set before it runs. Any thread. */
void feed_stats(struct feed *feed, struct load_stats *out);
/* The same of summing up. */
void feed_summarise_stats(struct feed *feed, struct load_summarise_stats *out);

#endif
