/*
 * Private to live/: which events were counted already. Each is remembered for LIVE_SEEN_MS, unless
 * LIVE_SEEN_EVENTS others come sooner, and for twice as long at most. One that comes again later is
 * counted twice until the day is filled anew from the store. One thread at a time.
 */
#ifndef MP_LIVE_SEEN_H
#define MP_LIVE_SEEN_H

#include "base/hash.h"
#include "live/table.h"

#define LIVE_SEEN_EVENTS 1000000u
#define LIVE_SEEN_MS (2LL * 3600 * 1000)

struct live_seen {
    struct live_table now;
    struct live_table before;
    int64_t began_ms; /* of now */
};

void live_seen_init(struct live_seen *seen, struct live_budget *budget);
void live_seen_deinit(struct live_seen *seen);
/* True when an event at another place of the journal has that identity. One that is read again at
 * its own place is not its own repetition. */
bool live_seen_elsewhere(struct live_seen *seen, struct mp_hash128 identity, uint64_t place,
                         int64_t now_ms);

#endif
