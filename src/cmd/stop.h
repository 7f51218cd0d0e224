/*
 * Private to cmd/: for commands that work for long and can stop in good order. The first SIGINT,
 * SIGTERM or SIGHUP asks for it, the second ends the process.
 */
#ifndef MP_CMD_STOP_H
#define MP_CMD_STOP_H

#include <stdbool.h>

void stop_catch_signals(void);
/* True since the first signal. */
bool stop_is_asked(void);
/* 128 and the signal's number, for the exit code; 0 without one. */
int stop_exit_code(void);

#endif
