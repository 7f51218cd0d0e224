/* Private to report/: pages and their indicators, for the list of pages and the overview. */
#ifndef MP_REPORT_PAGES_H
#define MP_REPORT_PAGES_H

#include "report/internal.h"

struct page_row {
    char *page; /* page_len bytes */
    size_t page_len;
    int64_t views;
    int64_t viewers;
    int64_t dwell_ms;
    int64_t entries;
    int64_t exits;
    int64_t shares;
    int64_t sharers;
};

struct pages {
    struct page_row *rows;
    size_t count;
    size_t capacity;
    int64_t total;         /* pages there are */
    int64_t total_entries; /* of all pages */
    int64_t total_views;
};

/* The pages of question's range as its sort, search, limit and offset say, and the totals. pages
 * begins as {0}; pages_deinit frees, also after an error. */
MP_MUST_CHECK int pages_ask(struct pages *pages, const struct report_question *question,
                            struct mp_error *err);
void pages_deinit(struct pages *pages);

#endif
