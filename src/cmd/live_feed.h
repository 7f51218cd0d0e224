/*
 * Private to cmd/: what keeps the real-time figures of serve (live/live.h) going. One thread reads
 * the journal behind the committer, one asks the store.
 */
#ifndef MP_CMD_LIVE_FEED_H
#define MP_CMD_LIVE_FEED_H

#include "cmd/feed.h"
#include "live/live.h"

struct live_feed;

/* What is pointed to lives until live_feed_stop. */
MP_MUST_CHECK int live_feed_start(struct live *live, struct journal *journal, struct store *store,
                                  struct feed *feed, struct live_feed **out, struct mp_error *err);
/* After live_stop. NULL is fine. */
void live_feed_stop(struct live_feed *feed);

#endif
