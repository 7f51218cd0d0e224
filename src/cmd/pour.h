/*
 * Private to cmd/: records on their way into the journal, many in flight, none lost when it is
 * full for a while. For the demo and for imports.
 */
#ifndef MP_CMD_POUR_H
#define MP_CMD_POUR_H

#include "base/buf.h"
#include "journal/journal.h"

/* Asked while waiting for room; false stops. */
typedef bool pour_go_on(void *arg);

struct pour_options {
    int64_t full_wait_ms; /* how long a full journal is waited for */
    pour_go_on *go_on;    /* NULL = always */
    void *arg;
};

/* Appends count records and returns when all are durable. MP_E_FULL after full_wait_ms without
 * room, MP_E_IO, MP_E_CANCELLED: some of them may be durable then. */
MP_MUST_CHECK int pour(struct journal *journal, const struct mp_str *records, size_t count,
                       const struct pour_options *options, struct mp_error *err);

#endif
