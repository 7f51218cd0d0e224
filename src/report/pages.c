#include "report/pages.h"

#include "base/grow.h"

#include "report/summed.h"

#include <stdlib.h>
#include <string.h>

/* The columns of sql/pages.sql to sort by; NULL: a flag of the statement says by what. */
static const char *const sort_columns[] = {
    [REPORT_SORT_VIEWS] = "page_visit_pv",
    [REPORT_SORT_USERS] = "page_visit_uv",
    [REPORT_SORT_STAYTIME] = NULL,
    [REPORT_SORT_ENTRIES] = "entrypage_pv",
    [REPORT_SORT_EXITS] = "exitpage_pv",
    [REPORT_SORT_EXIT_RATE] = NULL,
    [REPORT_SORT_SHARES] = "page_share_pv",
    [REPORT_SORT_SHARERS] = "page_share_uv",
    [REPORT_SORT_PAGE] = NULL,
};

static int on_page(void *arg, struct mp_reader *row) {
    struct pages *pages = arg;
    if (!mp_grow(&pages->rows, &pages->capacity, pages->count + 1, sizeof(*pages->rows))) {
        return MP_E_MEMORY;
    }
    struct mp_str page = mp_read_lstr(row);
    struct page_row *into = &pages->rows[pages->count];
    *into = (struct page_row){.page = malloc(page.len + 1), .page_len = page.len};
    if (!into->page) {
        return MP_E_MEMORY;
    }
    memcpy(into->page, page.ptr, page.len);
    pages->count++;
    int64_t *const numbers[] = {&into->views, &into->viewers, &into->dwell_ms, &into->entries,
                                &into->exits, &into->shares,  &into->sharers};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        *numbers[i] = (int64_t)mp_read_u64(row);
    }
    return MP_OK;
}

static int on_total(void *arg, struct mp_reader *row) {
    struct pages *pages = arg;
    pages->total = (int64_t)mp_read_u64(row);
    pages->total_entries = (int64_t)mp_read_u64(row);
    pages->total_views = (int64_t)mp_read_u64(row);
    return MP_OK;
}

static void bind_search(struct store_statement *statement, const struct report_question *question) {
    store_statement_flag(statement, "searched", question->search.len > 0);
    store_bind_str(statement, "search", question->search);
}

static void bind_order(struct store_statement *statement, const struct report_question *question) {
    const char *column = sort_columns[question->sort];
    store_statement_flag(statement, "by_column", column != NULL);
    store_statement_flag(statement, "by_staytime", question->sort == REPORT_SORT_STAYTIME);
    store_statement_flag(statement, "by_exit_rate", question->sort == REPORT_SORT_EXIT_RATE);
    store_statement_flag(statement, "by_path", question->sort == REPORT_SORT_PAGE);
    store_statement_flag(statement, "descending", !question->is_ascending);
    store_bind_identifier(statement, "sort", mp_str_of(column ? column : "path"));
    store_bind_u64(statement, "limit", question->limit);
    store_bind_u64(statement, "offset", question->offset);
}

static int ask_store(struct pages *pages, const struct report_question *question,
                     struct mp_error *err) {
    struct store_statement *statement;
    int code = report_statement(question, "pages", &statement, err);
    if (code == MP_OK) {
        bind_search(statement, question);
        bind_order(statement, question);
        code = report_ask(question, statement, "sqqqqqqq", on_page, pages, err);
    }
    code = code == MP_OK ? report_statement(question, "pages_total", &statement, err) : code;
    if (code == MP_OK) {
        bind_search(statement, question);
        code = report_ask(question, statement, "qqq", on_total, pages, err);
    }
    return code;
}

int pages_ask(struct pages *pages, const struct report_question *question, struct mp_error *err) {
    struct summary_app *app = summed_can_search(question->search) ? summed_begin(question) : NULL;
    if (!app) {
        return ask_store(pages, question, err);
    }
    int code = summed_pages(app, question, pages, err);
    summary_end(app);
    return code;
}

void pages_deinit(struct pages *pages) {
    for (size_t i = 0; i < pages->count; i++) {
        free(pages->rows[i].page);
    }
    free(pages->rows);
    *pages = (struct pages){0};
}

/* ---- The report ------------------------------------------------------------------------- */

static void write_page(struct report_rows *rows, const struct page_row *page) {
    double views = (double)page->views;
    report_row_begin(rows);
    report_cell_str(rows, "page", mp_str_range(page->page, page->page_len));
    report_cell_count(rows, "page_visit_pv", page->views);
    report_cell_count(rows, "page_visit_uv", page->viewers);
    report_cell_ratio(rows, "page_staytime_pv",
                      (struct report_ratio){(double)page->dwell_ms / 1000, views});
    report_cell_count(rows, "entrypage_pv", page->entries);
    report_cell_count(rows, "exitpage_pv", page->exits);
    report_cell_ratio(rows, "exit_rate", (struct report_ratio){(double)page->exits, views});
    report_cell_count(rows, "page_share_pv", page->shares);
    report_cell_count(rows, "page_share_uv", page->sharers);
    report_row_end(rows);
}

static int write_all(const struct report_question *question, const struct pages *pages,
                     struct mp_buf *out, struct mp_error *err) {
    static const struct page_row nothing = {.page = ""};
    struct report_rows rows;
    report_begin(&rows, question, false, out);
    if (question->format == REPORT_JSON) {
        mp_jw_key(&rows.writer, "total");
        mp_jw_i64(&rows.writer, pages->total);
    }
    report_list_begin(&rows, "rows");
    if (report_needs_header(&rows)) {
        write_page(&rows, &nothing);
    }
    for (size_t i = 0; i < pages->count; i++) {
        write_page(&rows, &pages->rows[i]);
    }
    report_list_end(&rows);
    return report_end(&rows, err);
}

int report_pages(const struct report_question *question, struct mp_buf *out, struct mp_error *err) {
    struct report_question asked = *question;
    struct report_range range = question->range;
    struct pages pages = {0};
    range.by = asked.range.by = REPORT_DAY;
    int code = report_range_widen(&range, err);
    code = code == MP_OK ? pages_ask(&pages, &asked, err) : code;
    code = code == MP_OK ? write_all(&asked, &pages, out, err) : code;
    pages_deinit(&pages);
    return code;
}
