/*
 * Private to the import: rows that were refused. The first are shown on standard error as
 * FILE:LINE: field: reason, all are counted, and written with their text to --reject-file.
 */
#ifndef MP_CMD_IMPORT_REFUSALS_H
#define MP_CMD_IMPORT_REFUSALS_H

#include "cmd/import_shape.h"
#include "cmd/import_source.h"

struct import_refusals;
/* reject_path NULL = no file; else it is made when missing. */
MP_MUST_CHECK int import_refusals_open(const char *reject_path, uint64_t shown_max,
                                       struct import_refusals **out, struct mp_error *err);
void import_refusals_close(struct import_refusals *refusals); /* NULL is fine */
/* The file that rows come from now; path outlives its rows. What the reject file has behind
 * keep_bytes is cut off: it was written by an attempt whose rows come again. */
MP_MUST_CHECK int import_refusals_begin(struct import_refusals *refusals, const char *path,
                                        int64_t keep_bytes, struct mp_error *err);
/* An import_refused. */
void import_refusals_add(void *refusals, const struct import_row *row,
                         const struct import_fault *fault);
/* Since begin. */
uint64_t import_refusals_count(const struct import_refusals *refusals);
/* Puts the reject file's new lines into it; its size then. MP_E_IO, MP_E_MEMORY. */
MP_MUST_CHECK int import_refusals_flush(struct import_refusals *refusals, int64_t *bytes,
                                        struct mp_error *err);

#endif
