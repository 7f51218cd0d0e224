#include "report/cohorts.h"
#include "report/summed.h"

#include <stdio.h>
#include <stdlib.h>

/* N of each cycle: Weixin's days, and what a heat table shows of weeks and months. */
static const uint64_t day_offsets[] = {1, 2, 3, 4, 5, 6, 7, 14, 30};
static const uint64_t week_offsets[] = {1, 2, 3, 4, 5, 6, 7, 8};
static const uint64_t month_offsets[] = {1, 2, 3, 4, 5, 6};

static struct cohorts_offsets offsets_of(enum report_cycle by) {
    switch (by) {
    case REPORT_WEEK:
        return (struct cohorts_offsets){week_offsets,
                                        sizeof(week_offsets) / sizeof(week_offsets[0])};
    case REPORT_MONTH:
        return (struct cohorts_offsets){month_offsets,
                                        sizeof(month_offsets) / sizeof(month_offsets[0])};
    default:
        return (struct cohorts_offsets){day_offsets, sizeof(day_offsets) / sizeof(day_offsets[0])};
    }
}

static int on_row(void *arg, struct mp_reader *row) {
    struct cohorts *cohorts = arg;
    const struct report_range *range = &cohorts->question.range;
    int64_t number = (int64_t)mp_read_u64(row);
    uint64_t later = mp_read_u64(row);
    int64_t users = (int64_t)mp_read_u64(row);
    int64_t index = number - report_cycle_number(range->by, range->from);
    if (index < 0 || (uint64_t)index >= cohorts->cycle_count) {
        return MP_OK;
    }
    size_t slot = 0;
    while (later != 0 && slot < cohorts->offsets.count && cohorts->offsets.values[slot] != later) {
        slot++;
    }
    if (later == 0 || slot < cohorts->offsets.count) {
        cohorts->users[index][later == 0 ? 0 : slot + 1] = users;
    }
    return MP_OK;
}

static int ask_summaries(struct cohorts *cohorts, struct summary_app *app, struct mp_error *err) {
    struct summed_cohorts asked = {.range = cohorts->question.range,
                                   .cohort = cohorts->question.cohort,
                                   .offsets = cohorts->offsets.values,
                                   .offset_count = cohorts->offsets.count,
                                   .cycle_count = cohorts->cycle_count,
                                   .users = cohorts->users[0],
                                   .stride = COHORTS_OFFSETS_MAX + 1};
    return summed_retention(app, &asked, err);
}

static int ask_store(struct cohorts *cohorts, struct mp_error *err) {
    const struct report_question *question = &cohorts->question;
    const struct report_range *range = &question->range;
    uint32_t farthest = (uint32_t)cohorts->offsets.values[cohorts->offsets.count - 1];
    struct store_statement *statement;
    int code = report_statement(question, "retention", &statement, err);
    if (code != MP_OK) {
        return code;
    }
    store_statement_flag(statement, "of_new", question->cohort == REPORT_NEW_USERS);
    store_bind_day(statement, "until", report_cycle_end_after(range->by, range->to, farthest));
    store_bind_u64s(statement, "offsets", cohorts->offsets.values, cohorts->offsets.count);
    return report_ask(question, statement, "qqq", on_row, cohorts, err);
}

static int ask(struct cohorts *cohorts, struct mp_error *err) {
    struct summary_app *app = summed_begin(&cohorts->question);
    if (!app) {
        return ask_store(cohorts, err);
    }
    int code = ask_summaries(cohorts, app, err);
    summary_end(app);
    return code;
}

int cohorts_ask(struct cohorts *cohorts, const struct report_question *question,
                struct mp_error *err) {
    *cohorts = (struct cohorts){.question = *question, .offsets = offsets_of(question->range.by)};
    struct report_range *range = &cohorts->question.range;
    int code = report_range_widen(range, err);
    if (code != MP_OK) {
        return code;
    }
    cohorts->cycle_count = report_cycles_begun(range, report_today(question));
    cohorts->users = calloc(cohorts->cycle_count + 1, sizeof(*cohorts->users));
    if (!cohorts->users) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for a report");
    }
    return cohorts->cycle_count > 0 ? ask(cohorts, err) : MP_OK;
}

void cohorts_deinit(struct cohorts *cohorts) {
    free(cohorts->users);
    *cohorts = (struct cohorts){0};
}

/* ---- Writing ---------------------------------------------------------------------------- */

/* A cycle that has not begun tells nothing yet. */
static bool has_begun(const struct cohorts *cohorts, int32_t start, uint64_t later) {
    enum report_cycle by = cohorts->question.range.by;
    int32_t before = report_cycle_end_after(by, start, (uint32_t)later - 1);
    return before < report_today(&cohorts->question);
}

static bool is_nested(const struct cohorts *cohorts) {
    return cohorts->question.format == REPORT_JSON && !cohorts->question.is_flat;
}

static void write_later(struct report_rows *rows, const struct cohorts *cohorts, int32_t start,
                        size_t slot, const int64_t *users) {
    char name[2][32] = {"users", "ratio"};
    uint64_t later = cohorts->offsets.values[slot];
    if (is_nested(cohorts)) {
        report_row_begin(rows);
        report_cell_count(rows, "n", (int64_t)later);
    } else {
        snprintf(name[0], sizeof(name[0]), "users_%d", (int)later);
        snprintf(name[1], sizeof(name[1]), "ratio_%d", (int)later);
    }
    if (has_begun(cohorts, start, later)) {
        report_cell_count(rows, name[0], users[slot + 1]);
        report_cell_ratio(rows, name[1],
                          (struct report_ratio){(double)users[slot + 1], (double)users[0]});
    } else {
        report_cell_null(rows, name[0]);
        report_cell_null(rows, name[1]);
    }
    if (is_nested(cohorts)) {
        report_row_end(rows);
    }
}

static void write_cohort(struct report_rows *rows, const struct cohorts *cohorts, int32_t start,
                         const int64_t *users) {
    report_row_begin(rows);
    report_cycle_cells(rows, &cohorts->question, start);
    report_cell_count(rows, "users", users[0]);
    if (is_nested(cohorts)) {
        report_list_begin(rows, "retained");
    }
    for (size_t i = 0; i < cohorts->offsets.count; i++) {
        write_later(rows, cohorts, start, i, users);
    }
    if (is_nested(cohorts)) {
        report_list_end(rows);
    }
    report_row_end(rows);
}

static int write_all(const struct cohorts *cohorts, struct mp_buf *out, struct mp_error *err) {
    static const int64_t nothing[COHORTS_OFFSETS_MAX + 1];
    struct report_rows rows;
    int32_t start = cohorts->question.range.from;
    report_begin(&rows, &cohorts->question, true, out);
    report_list_begin(&rows, "rows");
    if (report_needs_header(&rows)) {
        write_cohort(&rows, cohorts, start, nothing);
    }
    for (size_t i = 0; i < cohorts->cycle_count; i++) {
        write_cohort(&rows, cohorts, start, cohorts->users[i]);
        start = report_cycle_end(cohorts->question.range.by, start) + 1;
    }
    report_list_end(&rows);
    return report_end(&rows, err);
}

int report_retention(const struct report_question *question, struct mp_buf *out,
                     struct mp_error *err) {
    struct cohorts cohorts;
    int code = cohorts_ask(&cohorts, question, err);
    code = code == MP_OK ? write_all(&cohorts, out, err) : code;
    cohorts_deinit(&cohorts);
    return code;
}
