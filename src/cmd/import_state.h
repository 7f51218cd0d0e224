/*
 * Private to the import: how far a file has come, in DATA_DIR/import/, so that the same command
 * goes on after a kill and does not begin again after the end. Written when rows are durable in the
 * journal; locked while the import runs.
 */
#ifndef MP_CMD_IMPORT_STATE_H
#define MP_CMD_IMPORT_STATE_H

#include "base/config.h"
#include "base/error.h"
#include "cmd/cmd.h"

#define CMD_IMPORT_DIR "import"

struct import_progress {
    int64_t size; /* of the file, and when it was changed: another file is another import */
    int64_t changed_ns;
    int64_t options;      /* checksum of what shapes its rows */
    int64_t offset;       /* the rows before it are done */
    int64_t line;         /* of the offset */
    int64_t rows;         /* done */
    int64_t accepted;     /* of them */
    int64_t refused;      /* of them */
    int64_t reject_bytes; /* of --reject-file */
    int64_t ended_ms;     /* when all was done; 0 = it is not */
};

struct import_state;
/* Takes the state of this app's import of the file. MP_E_EXISTS when another process holds it;
 * MP_E_CORRUPT when it cannot be read (progress is zeros; import_state_save makes it whole). */
MP_MUST_CHECK int import_state_open(const struct mp_config *config, const char *app,
                                    const char *path, struct import_state **out,
                                    struct import_progress *progress, struct mp_error *err);
/* NULL is fine. */
void import_state_close(struct import_state *state);
/* Survives a kill -9 whole; after a power cut an older one may stand there. */
MP_MUST_CHECK int import_state_save(struct import_state *state,
                                    const struct import_progress *progress, struct mp_error *err);

#endif
