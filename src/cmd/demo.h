/*
 * A believable shop mini program, day by day up to now, written into the journal like any event:
 * growth, retention, rhythm of week and hour, scenes, cities, phones, a page graph, payments.
 * Called by `minipulse demo` and, in its own process, by `serve --demo`. Deterministic: the same
 * seed, users, days, app and last day give the same events with the same identities, so a second
 * run on the same day adds only what happened since.
 */
#ifndef MP_CMD_DEMO_H
#define MP_CMD_DEMO_H

#include "base/apps.h"
#include "base/error.h"
#include "journal/journal.h"

#define DEMO_APP_ID "demo"
#define DEMO_APP_NAME "示例商城"
/* About a million events. */
#define DEMO_USERS_DEFAULT 10800
#define DEMO_USERS_MAX 1000000
#define DEMO_DAYS_DEFAULT 90
#define DEMO_DAYS_MAX 730

struct demo_options {
    uint64_t seed;
    int64_t users;  /* who ever come, 1 … DEMO_USERS_MAX */
    int32_t days;   /* 1 … DEMO_DAYS_MAX, today among them */
    int64_t now_ms; /* the last moment */
};

struct demo_state {
    int32_t days_done;
    int32_t days;
    int32_t day;     /* done last, a calendar day */
    uint64_t events; /* durable in the journal */
};
/* Told often, on the caller's thread; false stops: MP_E_CANCELLED. May be NULL. */
typedef bool demo_progress(void *arg, const struct demo_state *state);

/*
 * Blocks until all is durable. app comes from a snapshot (its zone is used). MP_E_ARGUMENT,
 * MP_E_MEMORY, MP_E_CANCELLED, MP_E_IO, MP_E_FULL when the journal stays full for a minute: where
 * a loader reads it, room comes by itself and this waits.
 */
MP_MUST_CHECK int demo_generate(struct journal *journal, const struct mp_app *app,
                                const struct demo_options *options, demo_progress *progress,
                                void *arg, struct mp_error *err);

#endif
