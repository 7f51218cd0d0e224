/* Pages out of the days' summaries. */
#include "report/summed.h"
#include "report/texts.h"

#include "base/hash.h"

#include <ctype.h>
#include <stdlib.h>

#define BYTES_MAX ((size_t)1 << 30)

/* A page of a day: where it is. */
struct place {
    uint32_t page; /* its number among all */
    uint32_t index;
    const struct summary_day *day;
};

struct book {
    struct summary_app *app;
    const struct report_question *question;
    struct texts names;
    struct page_row *rows; /* by number; names are borrowed */
    struct mp_buf places;
    size_t *place_ends; /* by number, once places are sorted */
    struct user_bits bits;
};

/* ---- Search ----------------------------------------------------------------------------- */

/* Texts in which only ASCII letters have cases: where all other bytes are of characters from
 * U+3000 to U+9FFF. What the engine makes of the others' cases, it alone knows. */
bool summed_can_search(struct mp_str search) {
    for (size_t i = 0; i < search.len; i++) {
        uint8_t byte = (uint8_t)search.ptr[i];
        if (byte >= 0xc0 && (byte < 0xe3 || byte > 0xe9)) {
            return false;
        }
    }
    return mp_str_is_utf8(search);
}

static bool is_same_in_any_case(const char *a, const char *b, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (a[i] != b[i] && tolower((uint8_t)a[i]) != tolower((uint8_t)b[i])) {
            return false;
        }
    }
    return true;
}

static bool is_found(struct mp_str name, struct mp_str search) {
    for (size_t i = 0; i + search.len <= name.len; i++) {
        if (is_same_in_any_case(name.ptr + i, search.ptr, search.len)) {
            return true;
        }
    }
    return false;
}

/* ---- Adding up -------------------------------------------------------------------------- */

/* The page's number, UINT32_MAX when memory is out; its row is there. */
static uint32_t number_of(struct book *book, struct mp_str name) {
    size_t capacity = book->names.capacity, count = book->names.count;
    uint32_t page = texts_add(&book->names, name);
    if (page != UINT32_MAX && (book->names.capacity > capacity || !book->rows)) {
        struct page_row *rows = realloc(book->rows, book->names.capacity * sizeof(*rows));
        if (!rows) {
            return UINT32_MAX;
        }
        book->rows = rows;
    }
    if (page != UINT32_MAX && book->names.count > count) {
        book->rows[page] = (struct page_row){.page = (char *)name.ptr, .page_len = name.len};
    }
    return page;
}

static bool add_day(struct book *book, const struct summary_day *day) {
    struct mp_str search = book->question->search;
    for (uint32_t i = 0; i < day->pages.count; i++) {
        struct mp_str name = summary_text(day, day->pages.at[i]);
        if (search.len > 0 && !is_found(name, search)) {
            continue;
        }
        const int64_t *numbers = day->page_numbers[i];
        struct place place = {number_of(book, name), i, day};
        if (place.page == UINT32_MAX) {
            return false;
        }
        struct page_row *row = &book->rows[place.page];
        row->views += numbers[SUMMARY_PAGE_VIEWS];
        row->dwell_ms += numbers[SUMMARY_PAGE_DWELL_MS];
        row->entries += numbers[SUMMARY_PAGE_ENTRIES];
        row->exits += numbers[SUMMARY_PAGE_EXITS];
        row->shares += numbers[SUMMARY_PAGE_SHARES];
        mp_buf_append(&book->places, &place, sizeof(place));
    }
    return !book->places.failed;
}

/* ---- Users ------------------------------------------------------------------------------ */

static int by_page(const void *left, const void *right) {
    const struct place *a = left, *b = right;
    if (a->page != b->page) {
        return a->page < b->page ? -1 : 1;
    }
    return (a->day->day > b->day->day) - (a->day->day < b->day->day);
}

static bool sort_places(struct book *book) {
    struct place *places = (struct place *)(void *)book->places.ptr;
    size_t count = book->places.len / sizeof(*places);
    book->place_ends = calloc(book->names.count + 1, sizeof(*book->place_ends));
    if (!book->place_ends || !user_bits_init(&book->bits, summary_user_bound(book->app))) {
        return false;
    }
    if (count > 0) {
        qsort(places, count, sizeof(*places), by_page);
    }
    for (size_t i = 0; i < count; i++) {
        book->place_ends[places[i].page] = i + 1;
    }
    return true;
}

static int64_t count_users(struct book *book, size_t page, enum summary_posting kind) {
    const struct place *places = (const struct place *)(const void *)book->places.ptr;
    size_t from = page > 0 ? book->place_ends[page - 1] : 0;
    int64_t users = 0;
    for (size_t i = from; i < book->place_ends[page]; i++) {
        users +=
            user_bits_add_list(&book->bits, summary_posting(places[i].day, kind, places[i].index));
    }
    for (size_t i = from; i < book->place_ends[page]; i++) {
        user_bits_clear_list(&book->bits, summary_posting(places[i].day, kind, places[i].index));
    }
    return users;
}

/* ---- Order ------------------------------------------------------------------------------ */

static double ratio(int64_t above, int64_t views) {
    return views == 0 ? -1 : (double)above / (double)views;
}

static double rank_of(const struct page_row *row, enum report_page_sort sort) {
    switch (sort) {
    case REPORT_SORT_VIEWS:
        return (double)row->views;
    case REPORT_SORT_USERS:
        return (double)row->viewers;
    case REPORT_SORT_STAYTIME:
        return ratio(row->dwell_ms, row->views);
    case REPORT_SORT_ENTRIES:
        return (double)row->entries;
    case REPORT_SORT_EXITS:
        return (double)row->exits;
    case REPORT_SORT_EXIT_RATE:
        return ratio(row->exits, row->views);
    case REPORT_SORT_SHARES:
        return (double)row->shares;
    case REPORT_SORT_SHARERS:
        return (double)row->sharers;
    default:
        return 0;
    }
}

struct ranked {
    double rank;
    struct mp_str name;
    size_t page;
    bool is_by_name; /* and downwards */
};

/* Least first; those of one rank by name. */
static int upwards(const void *left, const void *right) {
    const struct ranked *a = left, *b = right;
    int order = mp_str_compare(a->name, b->name);
    return a->rank != b->rank ? (a->rank > b->rank) - (a->rank < b->rank) : order;
}

static int downwards(const void *left, const void *right) {
    const struct ranked *a = left, *b = right;
    int order = mp_str_compare(a->name, b->name);
    order = a->is_by_name ? -order : order;
    return a->rank != b->rank ? (a->rank < b->rank) - (a->rank > b->rank) : order;
}

static struct ranked *rank_all(const struct book *book) {
    const struct report_question *question = book->question;
    size_t count = book->names.count;
    struct ranked *ranked = calloc(count + 1, sizeof(*ranked));
    for (size_t i = 0; ranked && i < count; i++) {
        ranked[i] = (struct ranked){.rank = rank_of(&book->rows[i], question->sort),
                                    .name = book->names.list[i],
                                    .page = i,
                                    .is_by_name = question->sort == REPORT_SORT_PAGE};
    }
    if (ranked && count > 0) {
        qsort(ranked, count, sizeof(*ranked), question->is_ascending ? upwards : downwards);
    }
    return ranked;
}

/* ---- The answer ------------------------------------------------------------------------- */

static bool copy_page(struct pages *pages, const struct page_row *row) {
    struct page_row *into = &pages->rows[pages->count];
    *into = *row;
    into->page = malloc(row->page_len + 1);
    if (!into->page) {
        return false;
    }
    memcpy(into->page, row->page, row->page_len);
    pages->count++;
    return true;
}

static bool write_pages(struct book *book, const struct ranked *ranked, struct pages *pages) {
    const struct report_question *question = book->question;
    size_t count = book->names.count;
    size_t from = question->offset < count ? (size_t)question->offset : count;
    size_t to = question->limit < count - from ? from + (size_t)question->limit : count;
    for (size_t i = 0; i < count; i++) {
        pages->total_entries += book->rows[i].entries;
        pages->total_views += book->rows[i].views;
    }
    pages->total = (int64_t)count;
    pages->rows = calloc(to - from + 1, sizeof(*pages->rows));
    pages->capacity = to - from + 1;
    bool is_done = pages->rows != NULL;
    for (size_t i = from; is_done && i < to; i++) {
        struct page_row *row = &book->rows[ranked[i].page];
        row->viewers = count_users(book, ranked[i].page, SUMMARY_VIEWERS);
        row->sharers = count_users(book, ranked[i].page, SUMMARY_PAGE_SHARERS);
        is_done = copy_page(pages, row);
    }
    return is_done;
}

static bool answer(struct book *book, struct pages *pages) {
    const struct report_question *question = book->question;
    const struct report_range *range = &question->range;
    for (size_t i = summary_day_index(book->app, range->from); i < summary_day_count(book->app);
         i++) {
        const struct summary_day *day = summary_day_at(book->app, i);
        if (day->day <= range->to && !add_day(book, day)) {
            return false;
        }
    }
    if (!sort_places(book)) {
        return false;
    }
    for (size_t page = 0; page < book->names.count; page++) {
        if (question->sort == REPORT_SORT_USERS) {
            book->rows[page].viewers = count_users(book, page, SUMMARY_VIEWERS);
        } else if (question->sort == REPORT_SORT_SHARERS) {
            book->rows[page].sharers = count_users(book, page, SUMMARY_PAGE_SHARERS);
        }
    }
    struct ranked *ranked = rank_all(book);
    bool is_done = ranked && write_pages(book, ranked, pages);
    free(ranked);
    return is_done;
}

/* ---- Answers that are kept ---------------------------------------------------------------- */

static struct summary_key key_of(const struct report_question *question) {
    struct mp_str search = question->search;
    uint64_t found = search.len > 0 ? mp_checksum(search.ptr, search.len) : 0;
    uint64_t order = (uint64_t)question->sort << 1 | question->is_ascending;
    uint64_t part[] = {question->offset, question->limit};
    return (struct summary_key){
        .what = "pages",
        .arguments = {(int64_t)found, (int64_t)order, (int64_t)mp_checksum(part, sizeof(part))},
        .from = question->range.from,
        .to = question->range.to};
}

static void pack(const struct pages *pages, struct mp_buf *out) {
    mp_buf_append_u64(out, (uint64_t)pages->total);
    mp_buf_append_u64(out, (uint64_t)pages->total_entries);
    mp_buf_append_u64(out, (uint64_t)pages->total_views);
    mp_buf_append_u64(out, pages->count);
    for (size_t i = 0; i < pages->count; i++) {
        const struct page_row *row = &pages->rows[i];
        mp_buf_append_lstr(out, mp_str_range(row->page, row->page_len));
        mp_buf_append(out, row, sizeof(*row));
    }
}

static bool unpack(struct pages *pages, const struct mp_buf *bytes) {
    struct mp_reader in;
    mp_reader_init(&in, bytes->ptr, bytes->len);
    pages->total = (int64_t)mp_read_u64(&in);
    pages->total_entries = (int64_t)mp_read_u64(&in);
    pages->total_views = (int64_t)mp_read_u64(&in);
    pages->capacity = (size_t)mp_read_u64(&in);
    pages->rows = calloc(pages->capacity + 1, sizeof(*pages->rows));
    bool is_done = pages->rows != NULL;
    for (size_t i = 0; is_done && i < pages->capacity; i++) {
        struct mp_str name = mp_read_lstr(&in);
        struct page_row row;
        memcpy(&row, in.at, sizeof(row));
        in.at += sizeof(row);
        row.page = (char *)name.ptr;
        is_done = copy_page(pages, &row);
    }
    return is_done;
}

static bool work_out(struct summary_app *app, const struct report_question *question,
                     struct pages *pages) {
    struct book book = {.app = app, .question = question};
    mp_buf_init(&book.places, BYTES_MAX);
    bool is_done = answer(&book, pages);
    texts_deinit(&book.names);
    free(book.rows);
    mp_buf_deinit(&book.places);
    free(book.place_ends);
    user_bits_deinit(&book.bits);
    return is_done;
}

int summed_pages(struct summary_app *app, const struct report_question *question,
                 struct pages *pages, struct mp_error *err) {
    struct summary_key key = key_of(question);
    struct mp_buf bytes;
    mp_buf_init(&bytes, BYTES_MAX);
    bool is_done;
    if (summary_recall(app, &key, &bytes)) {
        is_done = unpack(pages, &bytes);
    } else {
        is_done = work_out(app, question, pages);
        pack(pages, &bytes);
        if (is_done && !bytes.failed) {
            summary_keep(app, &key, mp_buf_str(&bytes));
        }
    }
    mp_buf_deinit(&bytes);
    return is_done ? MP_OK : mp_fail(err, MP_E_MEMORY, "", "no memory for a report");
}
