/*
 * Private to the import: the rows of one file, one in memory at a time, with the line where each
 * begins and the place where the next one does. A byte order mark is passed over. A row that
 * cannot be read is told and costs nothing else.
 */
#ifndef MP_CMD_IMPORT_SOURCE_H
#define MP_CMD_IMPORT_SOURCE_H

#include "base/csv.h"
#include "base/error.h"

/* As many bytes as a request of POST /v1/collect. */
#define IMPORT_ROW_BYTES_MAX (1u << 20)

enum import_format { IMPORT_CSV, IMPORT_NDJSON };

struct import_row {
    uint64_t line;     /* where it begins, from 1 */
    uint64_t end;      /* the byte behind it */
    struct mp_str raw; /* as it stands there, without its line end; empty when it is too long */
    const char *fault; /* why it cannot be read; NULL = raw, or the cells, hold it */
};

struct import_source;

/* path "-" = standard input. Of CSV the header line is read: MP_E_ARGUMENT when there is none or it
 * is wrong. Otherwise errors of the file: MP_E_NOT_FOUND, MP_E_IO. */
MP_MUST_CHECK int import_source_open(const char *path, enum import_format format,
                                     struct import_source **out, struct mp_error *err);
void import_source_close(struct import_source *source); /* NULL is fine */
/* Bytes in the file and when it was changed; -1 and 0 of what is no file (a pipe). */
int64_t import_source_size(const struct import_source *source);
int64_t import_source_changed_ns(const struct import_source *source);
/* Where the first row may begin. */
void import_source_position(const struct import_source *source, uint64_t *offset, uint64_t *line);
/* The line on which reading stands, behind the last row. */
uint64_t import_source_line(const struct import_source *source);
/* Goes on at a row's end, which is on that line. MP_E_IO for a pipe. */
MP_MUST_CHECK int import_source_seek(struct import_source *source, uint64_t offset, uint64_t line,
                                     struct mp_error *err);
/* 1 = a row, 0 = the end, negative = -(enum mp_code). What row points to lives until the next. */
MP_MUST_CHECK int import_source_next(struct import_source *source, struct import_row *row,
                                     struct mp_error *err);
/* CSV: the names in the header, and the cells of the row at hand. */
size_t import_source_columns(const struct import_source *source, const struct mp_str **out);
const struct mp_csv *import_source_cells(const struct import_source *source);

#endif
