/* Figures and retention as Weixin's server API answers them: same fields, same keys. */
#include "report/datacube.h"

#include "base/zone.h"
#include "report/cohorts.h"
#include "report/figures.h"

#include <assert.h>
#include <stdio.h>

#define MS_PER_SECOND 1000.0

/* ---- Writing ---------------------------------------------------------------------------- */

static void write_day(int32_t day, char out[DATACUBE_DATE_BYTES]) {
    struct mp_date date = mp_date_from_day(day);
    snprintf(out, DATACUBE_DATE_BYTES, "%04d%02d%02d", (int)date.year, (int)date.month,
             (int)date.day);
}

void datacube_ref_date(const struct report_range *range, char out[DATACUBE_DATE_BYTES]) {
    write_day(range->from, out);
    if (range->by == REPORT_MONTH) {
        out[6] = '\0';
    } else if (range->from != range->to) {
        out[8] = '-';
        char last[DATACUBE_DATE_BYTES];
        write_day(range->to, last);
        memcpy(out + 9, last, 9);
    }
}

void datacube_begin(struct mp_json_writer *json, struct mp_buf *out) {
    mp_jw_init(json, out);
    mp_jw_object_begin(json);
}

int datacube_end(struct mp_json_writer *json, struct mp_error *err) {
    mp_jw_object_end(json);
    return json->out->failed ? mp_fail(err, MP_E_TOO_LARGE, "report",
                                       "the answer is over %zu bytes", json->out->max)
                             : MP_OK;
}

void datacube_count(struct mp_json_writer *json, const char *key, int64_t value) {
    mp_jw_key(json, key);
    mp_jw_i64(json, value);
}

void datacube_ratio(struct mp_json_writer *json, const char *key, double above, double below) {
    mp_jw_key(json, key);
    mp_jw_f64(json, below == 0 ? 0 : above / below);
}

void datacube_key_value(struct mp_json_writer *json, int64_t key, int64_t value) {
    mp_jw_object_begin(json);
    datacube_count(json, "key", key);
    datacube_count(json, "value", value);
    mp_jw_object_end(json);
}

/* ---- Summary and visits ----------------------------------------------------------------- */

typedef void write_figures(struct mp_json_writer *json, const int64_t figures[FIGURE_COUNT]);

static void write_summary(struct mp_json_writer *json, const int64_t figures[FIGURE_COUNT]) {
    datacube_count(json, "visit_total", figures[FIGURE_EVER_VISITED]);
    datacube_count(json, "share_pv", figures[FIGURE_SHARES]);
    datacube_count(json, "share_uv", figures[FIGURE_SHARERS]);
}

static void write_visits(struct mp_json_writer *json, const int64_t figures[FIGURE_COUNT]) {
    double dwell_s = (double)figures[FIGURE_DWELL_MS] / MS_PER_SECOND;
    double opens = (double)figures[FIGURE_OPENS];
    datacube_count(json, "session_cnt", figures[FIGURE_OPENS]);
    datacube_count(json, "visit_pv", figures[FIGURE_VIEWS]);
    datacube_count(json, "visit_uv", figures[FIGURE_VISITORS]);
    datacube_count(json, "visit_uv_new", figures[FIGURE_FIRST_VISITS]);
    datacube_ratio(json, "stay_time_uv", dwell_s, (double)figures[FIGURE_VISITORS]);
    datacube_ratio(json, "stay_time_session", dwell_s, opens);
    datacube_ratio(json, "visit_depth", (double)figures[FIGURE_DEPTH], opens);
}

/* {"list": [a row a cycle]} */
static int answer_figures(const struct report_question *question, write_figures *write,
                          struct mp_buf *out, struct mp_error *err) {
    struct mp_json_writer json;
    struct figures figures;
    char date[DATACUBE_DATE_BYTES];
    int code = figures_ask(&figures, question, &question->range, err);
    if (code == MP_OK) {
        datacube_begin(&json, out);
        mp_jw_key(&json, "list");
        mp_jw_array_begin(&json);
        struct report_range cycle = figures.range;
        for (size_t i = 0; i < figures.cycle_count; i++) {
            cycle.to = report_cycle_end(cycle.by, cycle.from);
            datacube_ref_date(&cycle, date);
            mp_jw_object_begin(&json);
            mp_jw_text_member(&json, "ref_date", date);
            write(&json, figures.cycles[i]);
            mp_jw_object_end(&json);
            cycle.from = cycle.to + 1;
        }
        mp_jw_array_end(&json);
        code = datacube_end(&json, err);
    }
    figures_deinit(&figures);
    return code;
}

int report_datacube_summary(const struct report_question *question, struct mp_buf *out,
                            struct mp_error *err) {
    return answer_figures(question, write_summary, out, err);
}

int report_datacube_visits(const struct report_question *question, struct mp_buf *out,
                           struct mp_error *err) {
    return answer_figures(question, write_visits, out, err);
}

/* ---- Retention -------------------------------------------------------------------------- */

/* The farthest cycle that Weixin tells of. */
static uint64_t farthest_of(enum report_cycle by) {
    return by == REPORT_WEEK ? 4 : by == REPORT_MONTH ? 1 : 30;
}

/* The first cycle's users, as {key, value}: those of cycles whose figures are ready. */
static void write_cohort(struct mp_json_writer *json, const char *name,
                         const struct cohorts *cohorts) {
    const struct report_question *question = &cohorts->question;
    const struct report_range *range = &question->range;
    mp_jw_key(json, name);
    mp_jw_array_begin(json);
    datacube_key_value(json, 0, cohorts->users[0][0]);
    for (size_t i = 0; i < cohorts->offsets.count; i++) {
        uint64_t later = cohorts->offsets.values[i];
        int32_t end = report_cycle_end_after(range->by, range->from, (uint32_t)later);
        if (later <= farthest_of(range->by) && end <= question->ready_day) {
            datacube_key_value(json, (int64_t)later, cohorts->users[0][i + 1]);
        }
    }
    mp_jw_array_end(json);
}

int report_datacube_retention(const struct report_question *question, struct mp_buf *out,
                              struct mp_error *err) {
    struct report_question asked = *question;
    struct cohorts fresh = {0}, active = {0};
    char date[DATACUBE_DATE_BYTES];
    asked.cohort = REPORT_NEW_USERS;
    int code = cohorts_ask(&fresh, &asked, err);
    asked.cohort = REPORT_ACTIVE_USERS;
    code = code ? code : cohorts_ask(&active, &asked, err);
    if (code == MP_OK) {
        struct mp_json_writer json;
        assert(fresh.cycle_count == 1 && active.cycle_count == 1);
        datacube_begin(&json, out);
        datacube_ref_date(&question->range, date);
        mp_jw_text_member(&json, "ref_date", date);
        write_cohort(&json, "visit_uv_new", &fresh);
        write_cohort(&json, "visit_uv", &active);
        code = datacube_end(&json, err);
    }
    cohorts_deinit(&fresh);
    cohorts_deinit(&active);
    return code;
}
