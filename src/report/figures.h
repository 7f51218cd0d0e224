/* Private to report/: what is counted, cycle by cycle, and the indicators made of it. */
#ifndef MP_REPORT_FIGURES_H
#define MP_REPORT_FIGURES_H

#include "report/internal.h"

/* What the store counts, in the order of the columns of sql/figures.sql, firsts.sql,
 * paid_before.sql and additions.sql; then what is made of them here. */
enum figure {
    FIGURE_OPENS,
    FIGURE_VIEWS,
    FIGURE_DWELL_MS,
    FIGURE_DEPTH,
    FIGURE_SHARES,
    FIGURE_PAYMENTS,
    FIGURE_PAID_FEN,
    FIGURE_REFUNDS,
    FIGURE_REFUNDED_FEN,
    FIGURE_VISITORS,
    FIGURE_RETAINED,
    FIGURE_FRESH, /* visitors who were never there before, or only after */
    FIGURE_SHARERS,
    FIGURE_PAYERS,
    FIGURE_PAYERS_REPEAT,
    FIGURE_FIRST_VISITS,
    FIGURE_FIRST_PAYMENTS,
    FIGURE_PAID_FEN_BEFORE,
    FIGURE_ADDED_NET,
    FIGURE_REMOVED,
    FIGURE_RETURNED,
    FIGURE_EVER_VISITED, /* up to the end of the cycle, as all that follow */
    FIGURE_EVER_PAID_FEN,
    FIGURE_HAVE_ADDED,
    FIGURE_COUNT
};

struct figures {
    const struct report_question *question;
    struct report_range range; /* widened */
    size_t cycle_count;        /* of those that have begun */
    int64_t before[FIGURE_COUNT];
    int64_t (*cycles)[FIGURE_COUNT];
};

/* Asks for all figures of a range, which is widened first. figures_deinit frees, also after an
 * error. */
MP_MUST_CHECK int figures_ask(struct figures *figures, const struct report_question *question,
                              const struct report_range *range, struct mp_error *err);
void figures_deinit(struct figures *figures);

/* ---- Indicators ------------------------------------------------------------------------- */

enum indicator_unit { UNIT_COUNT, UNIT_USERS, UNIT_SECONDS, UNIT_PAGES, UNIT_YUAN, UNIT_RATIO };

/* One indicator: a figure, or one figure over another. Those of pages have no figure here. */
struct indicator {
    const char *id;
    const char *name_zh;
    const char *name_en;
    const char *group; /* access, share, add, pay, page, retention */
    enum indicator_unit unit;
    const char *grain;  /* "cycle": a number a cycle; "cohort": one a cycle and N; "page" */
    const char *report; /* which gives it */
    const char *formula_zh;
    const char *formula_en;
    bool is_figure;
    enum figure figure;
    enum figure below; /* FIGURE_COUNT = the indicator is the figure itself */
};

extern const struct indicator report_indicators[];
extern const size_t report_indicator_count;

/* The figure above and below in the indicator's own unit (seconds; fen for yuan); below is 1 when
 * it is the figure itself. */
struct report_ratio indicator_ratio(const struct indicator *indicator,
                                    const int64_t figures[FIGURE_COUNT]);
/* Writes the indicator of a cycle as a cell. */
void indicator_cell(struct report_rows *rows, const struct indicator *indicator,
                    const int64_t figures[FIGURE_COUNT]);

#endif
