#include "report/figures.h"

#include "base/zone.h"

#include <stdio.h>

static void write_row(struct report_rows *rows, const struct report_question *question,
                      int32_t start, const int64_t figures[FIGURE_COUNT]) {
    report_row_begin(rows);
    report_cycle_cells(rows, question, start);
    for (size_t i = 0; i < report_indicator_count; i++) {
        if (report_indicators[i].is_figure) {
            indicator_cell(rows, &report_indicators[i], figures);
        }
    }
    report_row_end(rows);
}

static void write_rows(struct report_rows *rows, const struct figures *figures) {
    static const int64_t nothing[FIGURE_COUNT];
    int32_t start = figures->range.from;
    report_list_begin(rows, "rows");
    if (report_needs_header(rows)) {
        write_row(rows, figures->question, start, nothing);
    }
    for (size_t i = 0; i < figures->cycle_count; i++) {
        write_row(rows, figures->question, start, figures->cycles[i]);
        start = report_cycle_end(figures->range.by, start) + 1;
    }
    report_list_end(rows);
}

static void write_compare(struct report_rows *rows, const struct figures *compare) {
    char day[11];
    mp_jw_key(&rows->writer, "compare");
    mp_jw_object_begin(&rows->writer);
    mp_day_format(compare->range.from, day);
    mp_jw_text_member(&rows->writer, "from", day);
    mp_day_format(compare->range.to, day);
    mp_jw_text_member(&rows->writer, "to", day);
    write_rows(rows, compare);
    mp_jw_object_end(&rows->writer);
}

int report_trend(const struct report_question *question, struct mp_buf *out, struct mp_error *err) {
    struct report_question asked = *question;
    struct figures figures = {0};
    struct figures compare = {0};
    struct report_rows rows;
    if (question->has_compare && question->format == REPORT_CSV) {
        return mp_fail(err, MP_E_ARGUMENT, "compare", "is for json only: ask for each range");
    }
    int code = figures_ask(&figures, &asked, &question->range, err);
    if (code == MP_OK && question->has_compare) {
        asked.compare.by = question->range.by;
        code = figures_ask(&compare, &asked, &asked.compare, err);
        if (code == MP_E_ARGUMENT) {
            snprintf(err->field, sizeof(err->field), "compare");
        }
    }
    if (code == MP_OK) {
        asked.range = figures.range;
        report_begin(&rows, &asked, true, out);
        write_rows(&rows, &figures);
        if (question->has_compare) {
            write_compare(&rows, &compare);
        }
        code = report_end(&rows, err);
    }
    figures_deinit(&figures);
    figures_deinit(&compare);
    return code;
}
