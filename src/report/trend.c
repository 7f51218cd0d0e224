/* The question of sql/trend.sql: binds it, adds its rows up by cycle and writes the answer. */
#include <assert.h>
#include <stdlib.h>

#include "base/embedded.h"
#include "base/json_write.h"
#include "base/zone.h"
#include "report/internal.h"
#include "store/rows.h"

extern const struct mp_embedded report_sql_files[];

struct trend_cycle {
    uint64_t visit_uv_new;
    uint64_t session_cnt;
    uint64_t visit_pv;
    uint64_t visit_uv;
    uint64_t dwell_ms;
    uint64_t depth_sum;
};

struct trend {
    const struct report_context *context;
    struct report_range range; /* whole cycles */
    int32_t today;
    size_t cycle_count;    /* of those that are reported */
    uint64_t users_before; /* whose first visit was before the range */
    struct trend_cycle cycles[REPORT_CYCLES_MAX];
};

/* ---- Asking ----------------------------------------------------------------------------- */

static int on_row(void *arg, struct mp_reader *row) {
    struct trend *trend = arg;
    uint64_t day = mp_read_u64(row);
    uint64_t visit_uv_new = mp_read_u64(row);
    if (day < (uint64_t)trend->range.from) {
        trend->users_before += visit_uv_new;
        return 0;
    }
    size_t index = day <= (uint64_t)trend->range.to
                       ? report_cycle_index(&trend->range, (int32_t)day)
                       : REPORT_CYCLES_MAX;
    if (index >= trend->cycle_count) {
        return 0; /* begins after today */
    }
    struct trend_cycle *cycle = &trend->cycles[index];
    cycle->visit_uv_new += visit_uv_new;
    cycle->session_cnt += mp_read_u64(row);
    cycle->visit_pv += mp_read_u64(row);
    cycle->visit_uv += mp_read_u64(row);
    cycle->dwell_ms += mp_read_u64(row);
    cycle->depth_sum += mp_read_u64(row);
    return 0;
}

static int ask(struct trend *trend, struct mp_error *err) {
    const struct report_context *context = trend->context;
    const struct mp_embedded *file = mp_embedded_find(report_sql_files, "trend");
    assert(file);
    struct store_options options = {0};
    if (context->options) {
        options = *context->options;
    }
    options.is_read_only = true;
    struct store_statement *statement;
    int code = store_statement_create(context->store, mp_str_range(file->data, file->len),
                                      &statement, err);
    if (code == 0) {
        store_bind_str(statement, "app", mp_str_of(context->app->id));
        store_bind_day(statement, "from", trend->range.from);
        store_bind_day(statement, "to", trend->range.to);
        store_bind_u64(statement, "by", (uint64_t)trend->range.by);
        code = store_run_rows(context->store, statement, &options, "qqqqqqq", on_row, trend, err);
    }
    store_statement_destroy(statement);
    return code;
}

/* ---- Figures ---------------------------------------------------------------------------- */

#define FIGURE_COUNT 8

struct figure {
    const char *name;
    bool is_ratio;
    uint64_t count;
    double numerator;
    uint64_t denominator; /* 0 = the ratio is undefined */
};

static void figures_of(const struct trend_cycle *cycle, uint64_t visit_total,
                       struct figure out[FIGURE_COUNT]) {
    double dwell_s = (double)cycle->dwell_ms / 1000.0;
    const struct figure figures[FIGURE_COUNT] = {
        {"visit_total", false, visit_total, 0, 0},
        {"visit_uv_new", false, cycle->visit_uv_new, 0, 0},
        {"session_cnt", false, cycle->session_cnt, 0, 0},
        {"visit_pv", false, cycle->visit_pv, 0, 0},
        {"visit_uv", false, cycle->visit_uv, 0, 0},
        {"stay_time_uv", true, 0, dwell_s, cycle->visit_uv},
        {"stay_time_session", true, 0, dwell_s, cycle->session_cnt},
        {"visit_depth", true, 0, (double)cycle->depth_sum, cycle->session_cnt},
    };
    memcpy(out, figures, sizeof(figures));
}

/* What identifies a cycle, in both formats. */
struct cycle_head {
    char label[REPORT_LABEL_BYTES];
    char from[11];
    char to[11];
    bool is_running;
};

static struct cycle_head head_of(const struct trend *trend, int32_t start) {
    struct cycle_head head;
    int32_t end = report_cycle_end(trend->range.by, start);
    report_cycle_label(trend->range.by, start, head.label);
    mp_day_format(start, head.from);
    mp_day_format(end, head.to);
    head.is_running = end >= trend->today;
    return head;
}

/* ---- Writing ---------------------------------------------------------------------------- */

static void write_json_row(struct mp_json_writer *writer, const struct cycle_head *head,
                           const struct figure figures[FIGURE_COUNT]) {
    mp_jw_object_begin(writer);
    mp_jw_key(writer, "cycle");
    mp_jw_text(writer, head->label);
    mp_jw_key(writer, "from");
    mp_jw_text(writer, head->from);
    mp_jw_key(writer, "to");
    mp_jw_text(writer, head->to);
    mp_jw_key(writer, "is_running");
    mp_jw_bool(writer, head->is_running);
    for (int i = 0; i < FIGURE_COUNT; i++) {
        mp_jw_key(writer, figures[i].name);
        if (!figures[i].is_ratio) {
            mp_jw_u64(writer, figures[i].count);
        } else if (figures[i].denominator == 0) {
            mp_jw_null(writer);
        } else {
            mp_jw_f64(writer, figures[i].numerator / (double)figures[i].denominator);
        }
    }
    mp_jw_object_end(writer);
}

static void write_json_head(struct mp_json_writer *writer, const struct trend *trend) {
    const struct report_context *context = trend->context;
    char text[25];
    mp_jw_key(writer, "app");
    mp_jw_text(writer, context->app->id);
    mp_jw_key(writer, "by");
    mp_jw_text(writer, report_cycle_name(trend->range.by));
    mp_day_format(trend->range.from, text);
    mp_jw_key(writer, "from");
    mp_jw_text(writer, text);
    mp_day_format(trend->range.to, text);
    mp_jw_key(writer, "to");
    mp_jw_text(writer, text);
    mp_jw_key(writer, "zone");
    mp_jw_text(writer, mp_zone_name(context->app->zone));
    mp_time_format(context->now_ms, text);
    mp_jw_key(writer, "now");
    mp_jw_text(writer, text);
    mp_jw_key(writer, "complete_until");
    if (context->complete_until_ms > 0) {
        mp_time_format(context->complete_until_ms, text);
        mp_jw_text(writer, text);
    } else {
        mp_jw_null(writer);
    }
}

static void write_json(const struct trend *trend, struct mp_buf *out) {
    struct mp_json_writer writer;
    uint64_t visit_total = trend->users_before;
    int32_t start = trend->range.from;
    mp_jw_init(&writer, out);
    mp_jw_object_begin(&writer);
    write_json_head(&writer, trend);
    mp_jw_key(&writer, "rows");
    mp_jw_array_begin(&writer);
    for (size_t i = 0; i < trend->cycle_count; i++) {
        struct figure figures[FIGURE_COUNT];
        struct cycle_head head = head_of(trend, start);
        visit_total += trend->cycles[i].visit_uv_new;
        figures_of(&trend->cycles[i], visit_total, figures);
        write_json_row(&writer, &head, figures);
        start = report_cycle_end(trend->range.by, start) + 1;
    }
    mp_jw_array_end(&writer);
    mp_jw_object_end(&writer);
}

static void write_csv_number(struct mp_buf *out, const struct figure *figure) {
    struct mp_json_writer writer;
    mp_jw_init(&writer, out);
    mp_buf_append_byte(out, ',');
    if (!figure->is_ratio) {
        mp_jw_u64(&writer, figure->count);
    } else if (figure->denominator > 0) {
        mp_jw_f64(&writer, figure->numerator / (double)figure->denominator);
    }
}

static void write_csv_row(struct mp_buf *out, const struct cycle_head *head,
                          const struct figure figures[FIGURE_COUNT]) {
    report_csv_text(out, mp_str_of(head->label));
    mp_buf_append_byte(out, ',');
    report_csv_text(out, mp_str_of(head->from));
    mp_buf_append_byte(out, ',');
    report_csv_text(out, mp_str_of(head->to));
    mp_buf_append_text(out, head->is_running ? ",true" : ",false");
    for (int i = 0; i < FIGURE_COUNT; i++) {
        write_csv_number(out, &figures[i]);
    }
    mp_buf_append_text(out, "\r\n");
}

static void write_csv(const struct trend *trend, struct mp_buf *out) {
    struct figure figures[FIGURE_COUNT];
    uint64_t visit_total = trend->users_before;
    int32_t start = trend->range.from;
    figures_of(&trend->cycles[0], 0, figures);
    mp_buf_append_text(out, "cycle,from,to,is_running");
    for (int i = 0; i < FIGURE_COUNT; i++) {
        mp_buf_printf(out, ",%s", figures[i].name);
    }
    mp_buf_append_text(out, "\r\n");
    for (size_t i = 0; i < trend->cycle_count; i++) {
        struct cycle_head head = head_of(trend, start);
        visit_total += trend->cycles[i].visit_uv_new;
        figures_of(&trend->cycles[i], visit_total, figures);
        write_csv_row(out, &head, figures);
        start = report_cycle_end(trend->range.by, start) + 1;
    }
}

/* ---- The report ------------------------------------------------------------------------- */

/* How many cycles begin no later than today. */
static size_t count_begun(const struct trend *trend) {
    if (trend->today < trend->range.from) {
        return 0;
    }
    bool is_past = trend->today > trend->range.to;
    return is_past ? report_cycle_count(&trend->range)
                   : report_cycle_index(&trend->range, trend->today) + 1;
}

int report_trend(const struct report_context *context, const struct report_range *range,
                 enum report_format format, struct mp_buf *out, struct mp_error *err) {
    struct trend *trend = calloc(1, sizeof(*trend));
    if (!trend) {
        return mp_fail(err, MP_E_MEMORY, "trend", "out of memory");
    }
    trend->context = context;
    trend->range = *range;
    trend->today = mp_zone_day(context->app->zone, context->now_ms);
    int code = report_range_widen(&trend->range, err);
    if (code == 0) {
        trend->cycle_count = count_begun(trend);
        code = ask(trend, err);
    }
    if (code == 0) {
        format == REPORT_CSV ? write_csv(trend, out) : write_json(trend, out);
        if (out->failed) {
            code = mp_fail(err, MP_E_TOO_LARGE, "trend", "the answer is over %zu bytes", out->max);
        }
    }
    free(trend);
    return code;
}
