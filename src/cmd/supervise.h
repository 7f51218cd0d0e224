/*
 * Private to cmd/: keeps the child process `minipulse engine` alive. A thread of its own starts
 * it, waits until it answers, watches it, and starts it again when it ends or hangs, with longer
 * and longer pauses while it keeps failing. Whatever the engine does, the collector goes on.
 */
#ifndef MP_CMD_SUPERVISE_H
#define MP_CMD_SUPERVISE_H

#include "base/config.h"
#include "store/store.h"

#include <sys/types.h>

struct supervise;

/* Starts the thread; does not wait for the engine. config and store live until supervise_stop. */
MP_MUST_CHECK int supervise_start(const struct mp_config *config, struct store *store,
                                  struct supervise **out, struct mp_error *err);
/* Asks the engine to end, kills it when it has not after wait_ms; frees. NULL is fine. */
void supervise_stop(struct supervise *supervise, int64_t wait_ms);
/* Kills the engine at once and for good: calls that wait for it fail. Any thread. */
void supervise_kill(struct supervise *supervise);

struct supervise_stats {
    pid_t pid;         /* 0 = none runs at present */
    bool is_answering; /* /ping was answered at the last look */
    uint64_t starts;   /* since supervise_start */
};
void supervise_stats(struct supervise *supervise, struct supervise_stats *out);

#endif
