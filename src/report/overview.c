#include "report/figures.h"
#include "report/pages.h"

#include "base/zone.h"

/* The days that the last day of the range is compared with. */
struct compared_day {
    const char *name;
    int32_t day;
};
#define COMPARED 3

/* The same day of the month before, or its last day when it is shorter. */
static int32_t month_ago(int32_t day) {
    struct mp_date date = mp_date_from_day(day);
    int32_t month_end = mp_day_month_start(day) - 1;
    int32_t same = mp_day_month_start(month_end) + date.day - 1;
    return same < month_end ? same : month_end;
}

static struct report_ratio change_of(const struct report_ratio *now,
                                     const struct report_ratio *then) {
    /* now / then - 1, where both are ratios: undefined where either is, or then is 0. */
    bool is_known = now->below != 0 && then->below != 0 && then->above != 0;
    if (!is_known) {
        return (struct report_ratio){0, 0};
    }
    return (struct report_ratio){now->above / now->below / (then->above / then->below) - 1, 1};
}

static void write_indicator(struct report_rows *rows, const struct indicator *indicator,
                            const struct figures *figures, int32_t day,
                            const struct compared_day *compared) {
    const int64_t *now = figures->cycles[day - figures->range.from];
    struct report_ratio value = indicator_ratio(indicator, now);
    struct indicator unnamed = *indicator;
    unnamed.id = "value";
    report_row_begin(rows);
    report_cell_text(rows, "id", indicator->id);
    indicator_cell(rows, &unnamed, now);
    for (size_t i = 0; i < COMPARED; i++) {
        const int64_t *then = figures->cycles[compared[i].day - figures->range.from];
        struct report_ratio other = indicator_ratio(indicator, then);
        mp_jw_key(&rows->writer, compared[i].name);
        report_row_begin(rows);
        indicator_cell(rows, &unnamed, then);
        report_cell_ratio(rows, "change", change_of(&value, &other));
        report_row_end(rows);
    }
    report_row_end(rows);
}

static void write_figures(struct report_rows *rows, const struct figures *figures, int32_t day,
                          const struct compared_day *compared) {
    char text[11];
    mp_day_format(day, text);
    mp_jw_text_member(&rows->writer, "day", text);
    for (size_t i = 0; i < COMPARED; i++) {
        mp_day_format(compared[i].day, text);
        mp_jw_text_member(&rows->writer, compared[i].name, text);
    }
    report_list_begin(rows, "figures");
    for (size_t i = 0; i < report_indicator_count; i++) {
        if (report_indicators[i].is_figure) {
            write_indicator(rows, &report_indicators[i], figures, day, compared);
        }
    }
    report_list_end(rows);
}

/* ---- Pages ------------------------------------------------------------------------------ */

static void write_pages(struct report_rows *rows, const struct pages *pages, bool is_entry) {
    report_list_begin(rows, is_entry ? "entry_pages" : "visited_pages");
    for (size_t i = 0; i < pages->count; i++) {
        const struct page_row *page = &pages->rows[i];
        int64_t count = is_entry ? page->entries : page->views;
        int64_t total = is_entry ? pages->total_entries : pages->total_views;
        if (count > 0) {
            report_row_begin(rows);
            report_cell_str(rows, "page", mp_str_range(page->page, page->page_len));
            report_cell_count(rows, is_entry ? "entrypage_pv" : "page_visit_pv", count);
            report_cell_ratio(rows, "share", (struct report_ratio){(double)count, (double)total});
            report_row_end(rows);
        }
    }
    report_list_end(rows);
}

static int add_pages(struct report_rows *rows, const struct report_question *question,
                     bool is_entry, struct mp_error *err) {
    struct report_question asked = *question;
    struct pages pages = {0};
    asked.range.by = REPORT_DAY;
    asked.sort = is_entry ? REPORT_SORT_ENTRIES : REPORT_SORT_VIEWS;
    asked.is_ascending = false;
    asked.search = mp_str_range("", 0);
    asked.offset = 0;
    int code = pages_ask(&pages, &asked, err);
    if (code == MP_OK) {
        write_pages(rows, &pages, is_entry);
    }
    pages_deinit(&pages);
    return code;
}

/* ---- The report ------------------------------------------------------------------------- */

int report_overview(const struct report_question *question, struct mp_buf *out,
                    struct mp_error *err) {
    struct report_range range = question->range;
    struct figures figures = {0};
    struct report_rows rows;
    int32_t day = range.to;
    if (question->format == REPORT_CSV) {
        return mp_fail(err, MP_E_ARGUMENT, "format", "the overview is json only");
    }
    range.by = REPORT_DAY;
    int code = report_range_widen(&range, err);
    if (code != MP_OK) {
        return code;
    }
    if (day > report_today(question)) {
        return mp_fail(err, MP_E_ARGUMENT, "to", "has not begun");
    }
    struct compared_day compared[COMPARED] = {
        {"day_before", day - 1}, {"week_ago", day - 7}, {"month_ago", month_ago(day)}};
    if (compared[COMPARED - 1].day < 0) {
        return mp_fail(err, MP_E_ARGUMENT, "to", "is less than a month after the calendar's first");
    }
    range.from = compared[COMPARED - 1].day;
    code = figures_ask(&figures, question, &range, err);
    if (code == MP_OK) {
        report_begin(&rows, question, false, out);
        write_figures(&rows, &figures, day, compared);
        code = add_pages(&rows, question, true, err);
        code = code == MP_OK ? add_pages(&rows, question, false, err) : code;
        code = code == MP_OK ? report_end(&rows, err) : code;
    }
    figures_deinit(&figures);
    return code;
}
