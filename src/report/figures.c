#include "report/figures.h"

#include "report/summed.h"

#include <stdlib.h>

/* A question that counts something, and the figures that its columns after the cycle give. */
struct counting {
    const char *name;
    const char *columns;
    enum figure first;
    size_t count;
};

static const struct counting countings[] = {
    {"figures", "wqqqqqqqqqqqqqqq", FIGURE_OPENS, FIGURE_FIRST_VISITS - FIGURE_OPENS},
    {"firsts", "wqq", FIGURE_FIRST_VISITS, 2},
    {"paid_before", "wq", FIGURE_PAID_FEN_BEFORE, 1},
    {"additions", "wqq", FIGURE_ADDED_NET, 2},
};

struct taking {
    struct figures *figures;
    const struct counting *counting;
};

static int on_row(void *arg, struct mp_reader *row) {
    const struct taking *taking = arg;
    struct figures *figures = taking->figures;
    int32_t cycle = mp_read_u16(row);
    int64_t *into = figures->before;
    if (cycle >= figures->range.from && cycle <= figures->range.to) {
        size_t index = report_cycle_index(&figures->range, cycle);
        if (index >= figures->cycle_count) {
            return MP_OK; /* begins after today */
        }
        into = figures->cycles[index];
    }
    for (size_t i = 0; i < taking->counting->count; i++) {
        into[taking->counting->first + i] += (int64_t)mp_read_u64(row);
    }
    return MP_OK;
}

static int count(struct figures *figures, const struct counting *counting, struct mp_error *err) {
    struct report_question question = *figures->question;
    struct taking taking = {figures, counting};
    struct store_statement *statement;
    question.range = figures->range;
    int code = report_statement(&question, counting->name, &statement, err);
    return code == MP_OK ? report_ask(&question, statement, counting->columns, on_row, &taking, err)
                         : code;
}

static int count_all(struct figures *figures, struct mp_error *err) {
    struct summary_app *app = summed_begin(figures->question);
    int code = MP_OK;
    if (app) {
        code = summed_figures(figures, app, err);
        summary_end(app);
        return code;
    }
    for (size_t i = 0; code == MP_OK && i < sizeof(countings) / sizeof(countings[0]); i++) {
        code = count(figures, &countings[i], err);
    }
    return code;
}

/* What runs up from cycle to cycle, and what is the difference of others. */
static void derive(struct figures *figures) {
    int64_t visited = figures->before[FIGURE_FIRST_VISITS];
    int64_t paid_fen = figures->before[FIGURE_PAID_FEN_BEFORE];
    int64_t added = figures->before[FIGURE_ADDED_NET];
    for (size_t i = 0; i < figures->cycle_count; i++) {
        int64_t *cycle = figures->cycles[i];
        visited += cycle[FIGURE_FIRST_VISITS];
        paid_fen += cycle[FIGURE_PAID_FEN];
        added += cycle[FIGURE_ADDED_NET];
        cycle[FIGURE_EVER_VISITED] = visited;
        cycle[FIGURE_EVER_PAID_FEN] = paid_fen;
        cycle[FIGURE_HAVE_ADDED] = added;
        cycle[FIGURE_RETURNED] =
            cycle[FIGURE_VISITORS] - cycle[FIGURE_RETAINED] - cycle[FIGURE_FRESH];
    }
}

int figures_ask(struct figures *figures, const struct report_question *question,
                const struct report_range *range, struct mp_error *err) {
    *figures = (struct figures){.question = question, .range = *range};
    int code = report_range_widen(&figures->range, err);
    if (code != MP_OK) {
        return code;
    }
    figures->cycle_count = report_cycles_begun(&figures->range, report_today(question));
    figures->cycles = calloc(figures->cycle_count + 1, sizeof(*figures->cycles));
    if (!figures->cycles) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for a report");
    }
    code = figures->cycle_count > 0 ? count_all(figures, err) : MP_OK;
    derive(figures);
    return code;
}

void figures_deinit(struct figures *figures) {
    free(figures->cycles);
    *figures = (struct figures){0};
}
