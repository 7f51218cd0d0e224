#include "report/profile.h"
#include "report/summed.h"

#include "base/grow.h"

#include <stdlib.h>
#include <string.h>

static const char *const dimensions[PROFILE_DIMENSIONS] = {
    [PROFILE_PROVINCE] = "province", [PROFILE_CITY] = "city",   [PROFILE_GENDER] = "gender",
    [PROFILE_PLATFORM] = "platform", [PROFILE_MODEL] = "model", [PROFILE_AGE] = "age"};

static int put_row(struct profile *profile, size_t dimension, struct mp_str value,
                   int64_t new_users, int64_t active_users) {
    if (!mp_grow(&profile->rows, &profile->capacity, profile->count + 1, sizeof(*profile->rows))) {
        return MP_E_MEMORY;
    }
    char *copy = malloc(value.len + 1);
    if (!copy) {
        return MP_E_MEMORY;
    }
    memcpy(copy, value.ptr, value.len);
    profile->rows[profile->count++] =
        (struct profile_row){dimension, copy, value.len, new_users, active_users};
    return MP_OK;
}

static int on_row(void *arg, struct mp_reader *row) {
    size_t dimension = mp_read_byte(row);
    struct mp_str value = mp_read_lstr(row);
    int64_t new_users = (int64_t)mp_read_u64(row);
    int64_t active_users = (int64_t)mp_read_u64(row);
    return dimension < PROFILE_DIMENSIONS ? put_row(arg, dimension, value, new_users, active_users)
                                          : MP_E_CORRUPT;
}

static bool on_summed(void *arg, size_t dimension, struct mp_str value, int64_t new_users,
                      int64_t active_users) {
    return put_row(arg, dimension, value, new_users, active_users) == MP_OK;
}

static int compare_rows(const void *left, const void *right) {
    const struct profile_row *a = left;
    const struct profile_row *b = right;
    if (a->dimension != b->dimension) {
        return a->dimension < b->dimension ? -1 : 1;
    }
    if (a->active_users != b->active_users) {
        return a->active_users > b->active_users ? -1 : 1;
    }
    size_t shorter = a->value_len < b->value_len ? a->value_len : b->value_len;
    int order = memcmp(a->value, b->value, shorter);
    return order != 0 ? order : (a->value_len > b->value_len) - (a->value_len < b->value_len);
}

static int ask(const struct report_question *question, struct profile *profile,
               struct mp_error *err) {
    struct summary_app *app = summed_begin(question);
    struct store_statement *statement;
    if (app) {
        int code = summed_profile(app, &question->range, on_summed, profile, err);
        summary_end(app);
        return code;
    }
    int code = report_statement(question, "profile", &statement, err);
    return code == MP_OK ? report_ask(question, statement, "bsqq", on_row, profile, err) : code;
}

int profile_ask(struct profile *profile, const struct report_question *question,
                struct mp_error *err) {
    struct report_question asked = *question;
    asked.range.by = REPORT_DAY;
    struct report_range range = asked.range;
    int code = report_range_widen(&range, err);
    code = code == MP_OK ? ask(&asked, profile, err) : code;
    if (code == MP_OK && profile->count > 0) {
        qsort(profile->rows, profile->count, sizeof(*profile->rows), compare_rows);
    }
    return code;
}

void profile_deinit(struct profile *profile) {
    for (size_t i = 0; i < profile->count; i++) {
        free(profile->rows[i].value);
    }
    free(profile->rows);
    *profile = (struct profile){0};
}

/* ---- The report ------------------------------------------------------------------------- */

static void write_row(struct report_rows *rows, const struct profile_row *row) {
    report_row_begin(rows);
    report_cell_text(rows, "dimension", dimensions[row->dimension]);
    report_cell_str(rows, "value", mp_str_range(row->value, row->value_len));
    report_cell_count(rows, "visit_uv_new", row->new_users);
    report_cell_count(rows, "visit_uv", row->active_users);
    report_row_end(rows);
}

static int write_all(const struct report_question *question, const struct profile *profile,
                     struct mp_buf *out, struct mp_error *err) {
    static const struct profile_row nothing = {.value = ""};
    struct report_rows rows;
    report_begin(&rows, question, false, out);
    report_list_begin(&rows, "rows");
    if (report_needs_header(&rows)) {
        write_row(&rows, &nothing);
    }
    for (size_t i = 0; i < profile->count; i++) {
        write_row(&rows, &profile->rows[i]);
    }
    report_list_end(&rows);
    return report_end(&rows, err);
}

int report_profile(const struct report_question *question, struct mp_buf *out,
                   struct mp_error *err) {
    struct report_question asked = *question;
    struct profile profile = {0};
    asked.range.by = REPORT_DAY;
    int code = profile_ask(&profile, &asked, err);
    code = code == MP_OK ? write_all(&asked, &profile, out, err) : code;
    profile_deinit(&profile);
    return code;
}
