/* trend: the figures of each cycle, from rollups only. */
#include "report/internal.h"

#include "base/json_write.h"
#include "base/zone.h"
#include "store/rows.h"

#include <inttypes.h>
#include <stdlib.h>

#define MS_PER_SECOND 1000.0

struct figures {
    struct cycle cycle;
    uint64_t visit_total;
    uint64_t visit_uv_new;
    uint64_t session_cnt;
    uint64_t visit_pv;
    uint64_t visit_uv;
    uint64_t dwell_ms;
    uint64_t depth_sum;
};

struct trend {
    const struct report_range *range;
    struct figures *rows;
    size_t count;
    uint64_t total_before; /* users whose first visit lies before the range */
};

/* A ratio is undefined, and null, when its denominator is 0. */
struct ratio {
    bool is_defined;
    double value;
};

static struct ratio ratio_of(double numerator, uint64_t denominator) {
    return denominator == 0 ? (struct ratio){false, 0}
                            : (struct ratio){true, numerator / (double)denominator};
}

static struct figures *row_of(struct trend *trend, int32_t day) {
    int32_t start = cycle_start(day, trend->range->by);
    size_t low = 0, high = trend->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (trend->rows[middle].cycle.from < start) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < trend->count && trend->rows[low].cycle.from == start ? &trend->rows[low] : NULL;
}

static int on_days(void *arg, struct mp_reader *reader) {
    struct trend *trend = arg;
    int32_t first = mp_read_u16(reader);
    struct figures read = {.visit_uv = 0};
    /* One statement each: the order of the columns must be the order of the reads. */
    read.visit_uv = mp_read_u64(reader);
    read.visit_pv = mp_read_u64(reader);
    read.dwell_ms = mp_read_u64(reader);
    read.session_cnt = mp_read_u64(reader);
    read.depth_sum = mp_read_u64(reader);
    struct figures *row = row_of(trend, first);
    if (row) {
        read.cycle = row->cycle;
        *row = read;
    }
    return 0;
}

static int on_firsts(void *arg, struct mp_reader *reader) {
    struct trend *trend = arg;
    int32_t first_day = mp_read_u16(reader);
    uint64_t users = mp_read_u64(reader);
    struct figures *row = first_day >= trend->range->from ? row_of(trend, first_day) : NULL;
    if (row) {
        row->visit_uv_new += users;
    } else if (first_day < trend->range->from) {
        trend->total_before += users;
    }
    return 0;
}

/* Every cycle of the range that has begun, so that empty ones show too. */
static int lay_out(struct trend *trend, int32_t today, struct mp_error *err) {
    trend->rows = calloc(REPORT_CYCLES_MAX + 1, sizeof(*trend->rows));
    if (!trend->rows) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory");
    }
    int32_t at = trend->range->from;
    while (at <= trend->range->to && at <= today && trend->count < REPORT_CYCLES_MAX) {
        struct cycle cycle = cycle_at(at, trend->range->by);
        trend->rows[trend->count++].cycle = cycle;
        at = cycle.to + 1;
    }
    return MP_OK;
}

static int ask_days(const struct report_context *context, struct trend *trend,
                    struct mp_error *err) {
    struct store_statement *statement;
    int code = report_statement(context, "trend_days", &statement, err);
    if (code != MP_OK) {
        return code;
    }
    store_bind_str(statement, "app", mp_str_of(context->app->id));
    store_bind_day(statement, "from", trend->range->from);
    store_bind_day(statement, "to", trend->range->to);
    store_bind_identifier(statement, "cycle", mp_str_of(cycle_function(trend->range->by)));
    code =
        store_run_rows(context->store, statement, context->options, "wqqqqq", on_days, trend, err);
    store_statement_destroy(statement);
    return code;
}

static int ask_firsts(const struct report_context *context, struct trend *trend,
                      struct mp_error *err) {
    struct store_statement *statement;
    int code = report_statement(context, "trend_firsts", &statement, err);
    if (code != MP_OK) {
        return code;
    }
    store_bind_str(statement, "app", mp_str_of(context->app->id));
    store_bind_day(statement, "to", trend->range->to);
    code = store_run_rows(context->store, statement, context->options, "wq", on_firsts, trend, err);
    store_statement_destroy(statement);
    return code;
}

static void add_up(struct trend *trend) {
    uint64_t total = trend->total_before;
    for (size_t i = 0; i < trend->count; i++) {
        total += trend->rows[i].visit_uv_new;
        trend->rows[i].visit_total = total;
    }
}

static void put_ratio(struct mp_json_writer *writer, const char *key, struct ratio ratio) {
    mp_jw_key(writer, key);
    if (ratio.is_defined) {
        mp_jw_f64(writer, ratio.value);
    } else {
        mp_jw_null(writer);
    }
}

static void put_count(struct mp_json_writer *writer, const char *key, uint64_t value) {
    mp_jw_key(writer, key);
    mp_jw_u64(writer, value);
}

static void put_day(struct mp_json_writer *writer, const char *key, int32_t day) {
    char text[11];
    mp_day_format(day, text);
    mp_jw_key(writer, key);
    mp_jw_text(writer, text);
}

static void put_row(struct mp_json_writer *writer, const struct figures *row, enum report_cycle by,
                    int32_t today) {
    char name[CYCLE_NAME_BYTES];
    cycle_name(row->cycle, by, name);
    mp_jw_object_begin(writer);
    mp_jw_key(writer, "cycle");
    mp_jw_text(writer, name);
    put_day(writer, "from", row->cycle.from);
    put_day(writer, "to", row->cycle.to);
    mp_jw_key(writer, "is_running");
    mp_jw_bool(writer, row->cycle.to >= today);
    put_count(writer, "visit_total", row->visit_total);
    put_count(writer, "visit_uv_new", row->visit_uv_new);
    put_count(writer, "session_cnt", row->session_cnt);
    put_count(writer, "visit_pv", row->visit_pv);
    put_count(writer, "visit_uv", row->visit_uv);
    double dwell_s = (double)row->dwell_ms / MS_PER_SECOND;
    put_ratio(writer, "stay_time_uv", ratio_of(dwell_s, row->visit_uv));
    put_ratio(writer, "stay_time_session", ratio_of(dwell_s, row->session_cnt));
    put_ratio(writer, "visit_depth", ratio_of((double)row->depth_sum, row->session_cnt));
    mp_jw_object_end(writer);
}

static void put_json(const struct report_context *context, const struct trend *trend, int32_t today,
                     struct mp_buf *out) {
    struct mp_json_writer writer;
    char now[25], complete[25];
    mp_time_format(context->now_ms, now);
    mp_time_format(context->complete_until_ms, complete);
    mp_jw_init(&writer, out);
    mp_jw_object_begin(&writer);
    mp_jw_key(&writer, "app");
    mp_jw_text(&writer, context->app->id);
    mp_jw_key(&writer, "by");
    mp_jw_text(&writer, cycle_word(trend->range->by));
    put_day(&writer, "from", trend->range->from);
    put_day(&writer, "to", trend->range->to);
    mp_jw_key(&writer, "zone");
    mp_jw_text(&writer, mp_zone_name(context->app->zone));
    mp_jw_key(&writer, "now");
    mp_jw_text(&writer, now);
    mp_jw_key(&writer, "complete_until");
    mp_jw_text(&writer, complete);
    mp_jw_key(&writer, "rows");
    mp_jw_array_begin(&writer);
    for (size_t i = 0; i < trend->count; i++) {
        put_row(&writer, &trend->rows[i], trend->range->by, today);
    }
    mp_jw_array_end(&writer);
    mp_jw_object_end(&writer);
}

static void put_csv_ratio(struct mp_buf *out, struct ratio ratio) {
    struct mp_json_writer writer;
    mp_buf_append_byte(out, ',');
    if (ratio.is_defined) {
        mp_jw_init(&writer, out);
        mp_jw_f64(&writer, ratio.value);
    }
}

/* RFC 4180; every cell is a number, a date or a fixed word, so none needs quotes. */
static void put_csv(const struct trend *trend, int32_t today, struct mp_buf *out) {
    mp_buf_append_text(out, "cycle,from,to,is_running,visit_total,visit_uv_new,session_cnt,"
                            "visit_pv,visit_uv,stay_time_uv,stay_time_session,visit_depth\r\n");
    for (size_t i = 0; i < trend->count; i++) {
        const struct figures *row = &trend->rows[i];
        char name[CYCLE_NAME_BYTES], from[11], to[11];
        cycle_name(row->cycle, trend->range->by, name);
        mp_day_format(row->cycle.from, from);
        mp_day_format(row->cycle.to, to);
        double dwell_s = (double)row->dwell_ms / MS_PER_SECOND;
        mp_buf_printf(out, "%s,%s,%s,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64,
                      name, from, to, row->cycle.to >= today ? "true" : "false", row->visit_total,
                      row->visit_uv_new, row->session_cnt, row->visit_pv, row->visit_uv);
        put_csv_ratio(out, ratio_of(dwell_s, row->visit_uv));
        put_csv_ratio(out, ratio_of(dwell_s, row->session_cnt));
        put_csv_ratio(out, ratio_of((double)row->depth_sum, row->session_cnt));
        mp_buf_append_text(out, "\r\n");
    }
}

int report_trend(const struct report_context *context, const struct report_range *range,
                 enum report_format format, struct mp_buf *out, struct mp_error *err) {
    struct report_range widened = *range;
    struct trend trend = {.range = &widened};
    int32_t today = mp_zone_day(context->app->zone, context->now_ms);
    int code = report_range_widen(&widened, err);
    if (code == MP_OK) {
        code = lay_out(&trend, today, err);
    }
    if (code == MP_OK) {
        code = ask_days(context, &trend, err);
    }
    if (code == MP_OK) {
        code = ask_firsts(context, &trend, err);
    }
    if (code == MP_OK) {
        add_up(&trend);
        if (format == REPORT_CSV) {
            put_csv(&trend, today, out);
        } else {
            put_json(context, &trend, today, out);
        }
        if (out->failed) {
            code = mp_fail(err, MP_E_TOO_LARGE, "", "the answer is too large");
        }
    }
    free(trend.rows);
    return code;
}
