/*
 * Private to the import: its road into the journal. While `minipulse serve` runs the journal is
 * serve's, and records go to it over the socket DATA_DIR/import.sock (see inlet.h); otherwise the
 * journal is opened here. What is acknowledged is on disk either way.
 */
#ifndef MP_CMD_IMPORT_ROAD_H
#define MP_CMD_IMPORT_ROAD_H

#include "base/buf.h"
#include "base/config.h"
#include "base/error.h"

struct import_road;
/* MP_E_UNAVAILABLE when serve holds the journal and its socket does not answer. */
MP_MUST_CHECK int import_road_open(const struct mp_config *config, struct import_road **out,
                                   struct mp_error *err);
void import_road_close(struct import_road *road); /* NULL is fine */
/* True: to a running serve. */
bool import_road_is_live(const struct import_road *road);
/* Asked while serve has no room, or takes none for a while; false stops. */
typedef bool import_road_go_on(void *arg);
/*
 * Sends records (each with its length, as mp_buf_append_lstr) and returns when all are on disk.
 * MP_E_FULL when the journal has no room (for a minute, with a serve that loads from it),
 * MP_E_CANCELLED, MP_E_UNAVAILABLE (serve went away), MP_E_IO: some may be on disk then.
 */
MP_MUST_CHECK int import_road_send(struct import_road *road, struct mp_str records,
                                   import_road_go_on *go_on, void *arg, struct mp_error *err);

#endif
