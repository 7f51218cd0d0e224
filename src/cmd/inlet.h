/*
 * Private to cmd/: the socket DATA_DIR/import.sock of a running serve, by which `minipulse import`
 * puts records into serve's journal. Only who may open the socket (mode 0600, our user's) can. A
 * thread of its own; imports step back for collecting: while the loader is behind by
 * INLET_BACKLOG_BYTES_MAX, or the journal is more than half full, the answer is MP_E_FULL.
 *
 * A request: INLET_MAGIC, the payload's length (both 4 bytes, little-endian), the payload: records,
 * each with its length as a varint. The answer, when all are on disk: an enum mp_code, 4 bytes.
 * MP_E_NOT_FOUND: serve does not know the app of a record yet.
 */
#ifndef MP_CMD_INLET_H
#define MP_CMD_INLET_H

#include "base/apps.h"
#include "base/config.h"
#include "cmd/feed.h"
#include "journal/journal.h"

#define INLET_SOCKET "import.sock"
#define INLET_MAGIC 0x3149504du /* "MPI1" */
#define INLET_HEAD_BYTES 8
#define INLET_PAYLOAD_BYTES_MAX (16u << 20)
#define INLET_RECORDS_MAX 65536
#define INLET_BACKLOG_BYTES_MAX (UINT64_C(32) << 20)
#define INLET_CONNECTIONS_MAX 4

struct inlet;
/* What is pointed to lives until inlet_stop. */
MP_MUST_CHECK int inlet_start(const struct mp_config *config, struct mp_apps *apps,
                              struct journal *journal, struct feed *feed, struct inlet **out,
                              struct mp_error *err);
/* Ends after the request under way; frees. NULL is fine. */
void inlet_stop(struct inlet *inlet);

/* An address of DATA_DIR/name however long DATA_DIR is: by way of *dir_fd, to be closed. */
struct sockaddr_un;
MP_MUST_CHECK int inlet_address(const struct mp_config *config, struct sockaddr_un *address,
                                int *dir_fd, struct mp_error *err);

#endif
