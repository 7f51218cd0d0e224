/*
 * Private to the demo: records on their way into the journal, many in flight, none lost when it is
 * full for a while.
 */
#ifndef MP_CMD_DEMO_FEED_H
#define MP_CMD_DEMO_FEED_H

#include "base/buf.h"
#include "journal/journal.h"

/* Asked while waiting for room; false stops. */
typedef bool demo_feed_go_on(void *arg);

/* Appends count records and returns when all are durable. MP_E_FULL after a minute without room,
 * MP_E_IO, MP_E_CANCELLED. */
MP_MUST_CHECK int demo_feed(struct journal *journal, const struct mp_str *records, size_t count,
                            demo_feed_go_on *go_on, void *arg, struct mp_error *err);

#endif
