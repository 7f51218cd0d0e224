/*
 * Private to the import: one file, from where an earlier attempt came to its end.
 */
#ifndef MP_CMD_IMPORT_FILE_H
#define MP_CMD_IMPORT_FILE_H

#include "cmd/import_batch.h"
#include "cmd/import_refusals.h"
#include "cmd/import_road.h"
#include "cmd/import_state.h"

/* What all files of one command share. */
struct import_run {
    const struct mp_config *config;
    const struct mp_app *app;
    const struct import_map *map;
    const struct mp_zone *zone;
    struct collect *collect;
    struct import_road *road; /* NULL: rows are only checked */
    struct import_refusals *refusals;
    int64_t options;    /* checksum of what shapes rows */
    bool restarts;      /* begin again, whatever was done */
    bool is_terminal;   /* a bar moves on standard error */
    bool keeps_rejects; /* a file before this one has lines in the reject file */
    bool (*is_stopped)(void);
};

struct import_totals {
    uint64_t rows;
    uint64_t accepted;
    uint64_t refused;
    bool was_done; /* by an earlier command: nothing was to do */
};
/* format: of the rows. MP_E_CANCELLED when is_stopped; what is done is kept then. */
MP_MUST_CHECK int import_file(struct import_run *run, const char *path, enum import_format format,
                              struct import_totals *totals, struct mp_error *err);

#endif
