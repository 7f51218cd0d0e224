/* How opens and users of a range are distributed: by source, number of opens, dwell, depth. */
#include "report/spread.h"
#include "report/summed.h"

#include "base/grow.h"

#include <stdlib.h>

/* One more row; NULL when memory is out. */
static struct spread_row *next_row(struct spread *spread) {
    if (!mp_grow(&spread->rows, &spread->capacity, spread->count + 1, sizeof(*spread->rows))) {
        return NULL;
    }
    struct spread_row *row = &spread->rows[spread->count++];
    *row = (struct spread_row){0};
    return row;
}

static bool on_summed(void *arg, const int64_t keys[3], int64_t opens, int64_t users) {
    struct spread_row *row = next_row(arg);
    if (row) {
        *row = (struct spread_row){{keys[0], keys[1], keys[2]}, opens, users};
    }
    return row != NULL;
}

static int on_row(void *arg, struct mp_reader *row) {
    struct spread *spread = arg;
    struct spread_row *into = next_row(spread);
    if (!into) {
        return MP_E_MEMORY;
    }
    for (size_t i = 0; i < spread->key_count; i++) {
        into->keys[i] = (int64_t)mp_read_u64(row);
    }
    into->opens = (int64_t)mp_read_u64(row);
    into->users = spread->has_users ? (int64_t)mp_read_u64(row) : 0;
    return MP_OK;
}

static int compare_rows(const void *left, const void *right) {
    const struct spread_row *a = left;
    const struct spread_row *b = right;
    for (size_t i = 0; i < 3; i++) {
        if (a->keys[i] != b->keys[i]) {
            return a->keys[i] < b->keys[i] ? -1 : 1;
        }
    }
    return 0;
}

typedef int summed_spread(struct summary_app *app, const struct report_range *range,
                          summed_on_row *on_row, void *arg, struct mp_error *err);

/* The file of the question, the columns of its answer, and how summaries tell the same. */
struct way {
    const char *name;
    const char *columns;
    summed_spread *summed;
};
static const struct way ways[] = {
    [SPREAD_SOURCE] = {"source", "qqqqq", summed_source},
    [SPREAD_FREQUENCY] = {"frequency", "qq", summed_frequency},
    [SPREAD_OPENS] = {"opens", "qqq", summed_opens},
};

static int ask_store(struct spread *spread, const struct way *way, struct mp_error *err) {
    struct store_statement *statement;
    int code = report_statement(spread->question, way->name, &statement, err);
    if (code == MP_OK) {
        store_statement_flag(statement, "unknown_is_other", spread->unknown_is_other);
        code = report_ask(spread->question, statement, way->columns, on_row, spread, err);
    }
    return code;
}

int spread_ask(struct spread *spread, enum spread_kind kind, struct mp_error *err) {
    const struct way *way = &ways[kind];
    struct report_range range = spread->question->range;
    int code = report_range_widen(&range, err);
    if (code != MP_OK) {
        return code;
    }
    struct summary_app *app = spread->unknown_is_other ? NULL : summed_begin(spread->question);
    if (app) {
        code = way->summed(app, &range, on_summed, spread, err);
        summary_end(app);
    } else {
        code = ask_store(spread, way, err);
    }
    if (code == MP_OK && spread->count > 0) {
        qsort(spread->rows, spread->count, sizeof(*spread->rows), compare_rows);
    }
    return code;
}

/* The question of a distribution has no cycles. */
static struct report_question without_cycles(const struct report_question *question) {
    struct report_question asked = *question;
    asked.range.by = REPORT_DAY;
    return asked;
}

typedef void write_spread(struct report_rows *rows, const struct spread *spread);

/* Runs one question and writes the rows that it gives as the list "rows". */
static int answer(struct spread *spread, enum spread_kind kind, write_spread *write_rows,
                  struct mp_buf *out, struct mp_error *err) {
    struct report_rows rows;
    int code = spread_ask(spread, kind, err);
    if (code == MP_OK) {
        report_begin(&rows, spread->question, false, out);
        report_list_begin(&rows, "rows");
        write_rows(&rows, spread);
        report_list_end(&rows);
        code = report_end(&rows, err);
    }
    free(spread->rows);
    return code;
}

/* ---- Source ----------------------------------------------------------------------------- */

static void write_source(struct report_rows *rows, const struct spread_row *row) {
    report_row_begin(rows);
    report_cell_count(rows, "source_group", row->keys[SOURCE_GROUP]);
    if (row->keys[SOURCE_IS_SCENE]) {
        report_cell_count(rows, "scene", row->keys[SOURCE_SCENE]);
    } else {
        report_cell_null(rows, "scene");
    }
    report_cell_count(rows, "session_cnt", row->opens);
    report_cell_count(rows, "users", row->users);
    report_row_end(rows);
}

static void write_sources(struct report_rows *rows, const struct spread *spread) {
    static const struct spread_row nothing;
    if (report_needs_header(rows)) {
        write_source(rows, &nothing);
    }
    for (size_t i = 0; i < spread->count; i++) {
        write_source(rows, &spread->rows[i]);
    }
}

int report_source(const struct report_question *question, struct mp_buf *out,
                  struct mp_error *err) {
    struct report_question asked = without_cycles(question);
    struct spread spread = {.question = &asked, .key_count = 3, .has_users = true};
    return answer(&spread, SPREAD_SOURCE, write_sources, out, err);
}

/* ---- Frequency -------------------------------------------------------------------------- */

static void write_often(struct report_rows *rows, const struct spread_row *row) {
    report_row_begin(rows);
    report_cell_count(rows, "session_cnt", row->keys[0]);
    report_cell_count(rows, "users", row->opens);
    report_row_end(rows);
}

static void write_frequency(struct report_rows *rows, const struct spread *spread) {
    static const struct spread_row nothing;
    if (report_needs_header(rows)) {
        write_often(rows, &nothing);
    }
    for (size_t i = 0; i < spread->count; i++) {
        write_often(rows, &spread->rows[i]);
    }
}

int report_frequency(const struct report_question *question, struct mp_buf *out,
                     struct mp_error *err) {
    struct report_question asked = without_cycles(question);
    struct spread spread = {.question = &asked, .key_count = 1};
    return answer(&spread, SPREAD_FREQUENCY, write_frequency, out, err);
}

/* ---- Duration and depth ----------------------------------------------------------------- */

const struct spread_bucket spread_durations[SPREAD_BUCKETS] = {
    {1, 0, 2},   {2, 3, 5},   {3, 6, 10},   {4, 11, 20},
    {5, 21, 30}, {6, 31, 50}, {7, 51, 100}, {8, 101, SPREAD_NO_BOUND}};
const struct spread_bucket spread_depths[SPREAD_BUCKETS] = {
    {0, 0, 0}, {1, 1, 1}, {2, 2, 2},  {3, 3, 3},
    {4, 4, 4}, {5, 5, 5}, {6, 6, 10}, {7, 11, SPREAD_NO_BOUND}};

int64_t spread_opens(const struct spread *spread, int64_t is_depth,
                     const struct spread_bucket *bucket) {
    int64_t opens = 0;
    for (size_t i = 0; i < spread->count; i++) {
        const struct spread_row *row = &spread->rows[i];
        bool is_in = row->keys[OPENS_BOUND] == bucket->to && row->keys[OPENS_IS_DEPTH] == is_depth;
        opens += is_in ? row->opens : 0;
    }
    return opens;
}

static void write_bucket(struct report_rows *rows, const struct spread_bucket *bucket,
                         int64_t opens) {
    report_row_begin(rows);
    report_cell_count(rows, "key", bucket->key);
    report_cell_count(rows, "from", bucket->from);
    if (bucket->to == SPREAD_NO_BOUND) {
        report_cell_null(rows, "to");
    } else {
        report_cell_count(rows, "to", bucket->to);
    }
    report_cell_count(rows, "session_cnt", opens);
    report_row_end(rows);
}

/* All buckets, empty ones too. */
static void write_buckets(struct report_rows *rows, const struct spread *spread, int64_t is_depth,
                          const struct spread_bucket buckets[SPREAD_BUCKETS]) {
    if (report_needs_header(rows)) {
        write_bucket(rows, &buckets[0], 0);
    }
    for (size_t i = 0; i < SPREAD_BUCKETS; i++) {
        write_bucket(rows, &buckets[i], spread_opens(spread, is_depth, &buckets[i]));
    }
}

static void write_durations(struct report_rows *rows, const struct spread *spread) {
    write_buckets(rows, spread, 0, spread_durations);
}

static void write_depths(struct report_rows *rows, const struct spread *spread) {
    write_buckets(rows, spread, 1, spread_depths);
}

static int answer_opens(const struct report_question *question, write_spread *write_rows,
                        struct mp_buf *out, struct mp_error *err) {
    struct report_question asked = without_cycles(question);
    struct spread spread = {.question = &asked, .key_count = 2};
    return answer(&spread, SPREAD_OPENS, write_rows, out, err);
}

int report_duration(const struct report_question *question, struct mp_buf *out,
                    struct mp_error *err) {
    return answer_opens(question, write_durations, out, err);
}

int report_depth(const struct report_question *question, struct mp_buf *out, struct mp_error *err) {
    return answer_opens(question, write_depths, out, err);
}
