/*
 * Private to the import: shaped rows on their way to journal records. Rows with equal context are
 * decoded by collect/ as one upload; what it refuses is told row by row. Not thread-safe.
 */
#ifndef MP_CMD_IMPORT_BATCH_H
#define MP_CMD_IMPORT_BATCH_H

#include "cmd/import_shape.h"
#include "cmd/import_source.h"
#include "collect/collect.h"

/* Told for each row that was refused, with raw as far as it is known. */
typedef void import_refused(void *arg, const struct import_row *row,
                            const struct import_fault *fault);

struct import_batch;
/* What is pointed to outlives it. app: of a snapshot that is kept. NULL when memory is out. */
struct import_batch *import_batch_create(struct collect *collect, const struct mp_app *app,
                                         import_refused *refused, void *arg);
void import_batch_destroy(struct import_batch *batch); /* NULL is fine */
/* Adds a row. Errors as import_batch_seal. */
MP_MUST_CHECK int import_batch_add(struct import_batch *batch, const struct import_shaped *shaped,
                                   const struct import_row *row, struct mp_error *err);
/* Makes records of all rows that were added. MP_E_MEMORY, MP_E_DENIED (the app is gone). */
MP_MUST_CHECK int import_batch_seal(struct import_batch *batch, struct mp_error *err);
/* The records since the last clear, each with its length (mp_buf_append_lstr). */
struct mp_str import_batch_records(const struct import_batch *batch);
void import_batch_clear(struct import_batch *batch);
/* Events that were accepted since create. */
uint64_t import_batch_accepted(const struct import_batch *batch);

#endif
