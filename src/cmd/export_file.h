/*
 * Private to the export: where a file goes: standard output, or a file that appears whole or not at
 * all.
 */
#ifndef MP_CMD_EXPORT_FILE_H
#define MP_CMD_EXPORT_FILE_H

#include "base/error.h"

struct export_file;
/* path NULL = standard output. */
MP_MUST_CHECK int export_file_open(const char *path, struct export_file **out,
                                   struct mp_error *err);
/* A report_on_bytes; arg is the file. What failed is told by export_file_close. */
int export_file_write(void *file, struct mp_str bytes);
/* is_whole: puts the file in its place; else it is as if it had never been begun. Frees. MP_E_IO,
 * or what a write had failed with. */
MP_MUST_CHECK int export_file_close(struct export_file *file, bool is_whole, struct mp_error *err);

#endif
