/* Private to report/: cycles, asking, and writing rows. */
#ifndef MP_REPORT_INTERNAL_H
#define MP_REPORT_INTERNAL_H

#include "base/json_write.h"
#include "report/report.h"
#include "store/rows.h"

/* ---- cycle.c: pure ---------------------------------------------------------------------- */

/* "day", "week", "month". */
const char *report_cycle_name(enum report_cycle by);
/* How many cycles a widened range has. */
size_t report_cycle_count(const struct report_range *range);
/* How many of them begin no later than that day. */
size_t report_cycles_begun(const struct report_range *range, int32_t today);
/* Which cycle of a widened range has that day; the day must not be before range->from. */
size_t report_cycle_index(const struct report_range *range, int32_t day);
/* First and last day of the cycle that has that day. */
int32_t report_cycle_start(enum report_cycle by, int32_t day);
int32_t report_cycle_end(enum report_cycle by, int32_t day);
/* Cycles numbered one by one, as sql/part_cycle_number.sql does. */
int64_t report_cycle_number(enum report_cycle by, int32_t day);
/* The last day of the cycle so many later, of the calendar at most. */
int32_t report_cycle_end_after(enum report_cycle by, int32_t day, uint32_t later);
#define REPORT_LABEL_BYTES 24
/* "2026-11-23", "2026-11-16/2026-11-22" or "2026-11". */
void report_cycle_label(enum report_cycle by, int32_t start, char out[REPORT_LABEL_BYTES]);
/* Today in the app's zone. */
int32_t report_today(const struct report_question *question);

/* Scenes that may be in a source group other than 0 and MP_SCENE_GROUP_OTHER. */
#define REPORT_SCENE_FIRST 1001
#define REPORT_SCENE_LAST 1200

/* ---- ask.c ------------------------------------------------------------------------------ */

/* The statement of sql/NAME.sql with its parts put in; bound to app, range and filters as far as it
 * has places for them. The caller binds the rest. */
MP_MUST_CHECK int report_statement(const struct report_question *question, const char *name,
                                   struct store_statement **out, struct mp_error *err);
/* Runs it and gives it back. columns, on_row: as store_run_rows. */
MP_MUST_CHECK int report_ask(const struct report_question *question,
                             struct store_statement *statement, const char *columns,
                             store_on_row *on_row, void *arg, struct mp_error *err);
/* Whether any filter is set. */
bool report_is_filtered(const struct report_filters *filters);

/* ---- rows.c: a document, in either format ------------------------------------------------- */

/* A ratio; undefined, and null, when below is 0. */
struct report_ratio {
    double above;
    double below;
};

struct report_rows {
    struct mp_json_writer writer;
    struct mp_buf *out;
    enum report_format format;
    bool is_header; /* CSV: cells write their names */
    bool has_cells; /* CSV: of this row */
};

/* Begins the document with what all have. by is written where has_by. */
void report_begin(struct report_rows *rows, const struct report_question *question, bool has_by,
                  struct mp_buf *out);
/* MP_E_TOO_LARGE when out was full. */
MP_MUST_CHECK int report_end(struct report_rows *rows, struct mp_error *err);
/* A list of rows. CSV has one list, and report_list_begin is followed by one row that gives the
 * names, where report_needs_header says so. */
void report_list_begin(struct report_rows *rows, const char *name);
void report_list_end(struct report_rows *rows);
bool report_needs_header(const struct report_rows *rows);
void report_row_begin(struct report_rows *rows);
void report_row_end(struct report_rows *rows);
void report_cell_str(struct report_rows *rows, const char *name, struct mp_str value);
void report_cell_text(struct report_rows *rows, const char *name, const char *value);
void report_cell_count(struct report_rows *rows, const char *name, int64_t value);
void report_cell_bool(struct report_rows *rows, const char *name, bool value);
void report_cell_ratio(struct report_rows *rows, const char *name, struct report_ratio value);
void report_cell_null(struct report_rows *rows, const char *name);
/* Fen as yuan with two decimals; a mean of fen is rounded half up. */
void report_cell_fen(struct report_rows *rows, const char *name, int64_t fen);
void report_cell_mean_fen(struct report_rows *rows, const char *name, int64_t fen, int64_t count);
/* cycle, from, to, is_running. */
void report_cycle_cells(struct report_rows *rows, const struct report_question *question,
                        int32_t start);
/* A cell of RFC 4180, quoted where needed. Text that a spreadsheet would take for a formula gets a
 * leading apostrophe. */
void report_csv_text(struct mp_buf *out, struct mp_str text);

#endif
