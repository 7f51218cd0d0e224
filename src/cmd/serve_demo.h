/* Private to cmd/: `serve --demo`: a thread that fills the app `demo` while serve runs. */
#ifndef MP_CMD_SERVE_DEMO_H
#define MP_CMD_SERVE_DEMO_H

#include "accounts/accounts.h"
#include "base/apps.h"
#include "base/config.h"
#include "journal/journal.h"

struct serve_demo;

/*
 * Makes the app when it is missing, tells how to ask, with a new token in place of the last
 * start's, and starts the thread, unless the data were made before. What was begun and not finished
 * is made again to the same moment: the loader drops what it has. What is pointed to lives until
 * serve_demo_stop.
 */
MP_MUST_CHECK int serve_demo_start(const struct mp_config *config, struct mp_apps *apps,
                                   struct accounts *accounts, struct journal *journal,
                                   const char *address, struct serve_demo **out,
                                   struct mp_error *err);
/* Ends within a moment; frees. NULL is fine. */
void serve_demo_stop(struct serve_demo *demo);

#endif
