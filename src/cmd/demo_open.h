/*
 * Private to the demo: one open of the shop, from launch to hide, as the SDK would tell it.
 */
#ifndef MP_CMD_DEMO_OPEN_H
#define MP_CMD_DEMO_OPEN_H

#include "cmd/demo_people.h"

/* Takes a finished record (one upload of the SDK) and when it was sent. */
typedef void demo_take_record(void *arg, int64_t sent_ms, struct mp_str record, uint32_t events);

struct demo_open {
    const struct demo_people *people;
    const struct demo_person *person;
    struct demo_memory *memory; /* of that user; written */
    uint32_t user;
    int32_t day; /* counted from the first */
    int64_t start_ms;
    int64_t now_ms; /* nothing happens after it */
    demo_take_record *take;
    void *arg;
    struct mp_buf *scratch; /* for a record; max at least MP_RECORD_BYTES_MAX */
};

/* Returns when it ended. */
int64_t demo_open_run(const struct demo_open *open, struct demo_random *random);

#endif
