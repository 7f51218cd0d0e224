/* Source, frequency, duration and depth out of the days' summaries. */
#include "report/summed.h"

#include "base/event.h"

#include <stdlib.h>

#define SCENES 65536u
#define GROUPS 256u
#define OFTEN_BYTES_MAX ((size_t)1 << 30)

static int no_memory(struct mp_error *err) {
    return mp_fail(err, MP_E_MEMORY, "", "no memory for a report");
}

/* ---- Rows that are kept ------------------------------------------------------------------- */

struct row {
    int64_t keys[3];
    int64_t opens;
    int64_t users;
};

static void put_row(struct mp_buf *rows, const struct row *row) {
    mp_buf_append(rows, row, sizeof(*row));
}

static int give_rows(const struct mp_buf *rows, summed_on_row *on_row, void *arg,
                     struct mp_error *err) {
    const struct row *row = (const struct row *)(const void *)rows->ptr;
    bool is_done = !rows->failed;
    for (size_t i = 0; is_done && i < rows->len / sizeof(*row); i++) {
        is_done = on_row(arg, row[i].keys, row[i].opens, row[i].users);
    }
    return is_done ? MP_OK : no_memory(err);
}

typedef bool work_out(struct summary_app *app, const struct report_range *range,
                      struct mp_buf *rows);

/* The rows as they were worked out before, or now. */
static int answer(struct summary_app *app, const struct report_range *range, const char *what,
                  work_out *work, summed_on_row *on_row, void *arg, struct mp_error *err) {
    struct summary_key key = {.what = what, .from = range->from, .to = range->to};
    struct mp_buf rows;
    mp_buf_init(&rows, OFTEN_BYTES_MAX);
    bool is_done = summary_recall(app, &key, &rows);
    if (!is_done) {
        is_done = work(app, range, &rows) && !rows.failed;
        if (is_done) {
            summary_keep(app, &key, mp_buf_str(&rows));
        }
    }
    int code = is_done ? give_rows(&rows, on_row, arg, err) : no_memory(err);
    mp_buf_deinit(&rows);
    return code;
}

/* ---- Source ----------------------------------------------------------------------------- */

/* A scene of a day. */
struct part {
    uint32_t scene;
    uint32_t group;
    int64_t opens;
    struct summary_list users;
};

static int by_scene(const void *left, const void *right) {
    const struct part *a = left, *b = right;
    return (a->scene > b->scene) - (a->scene < b->scene);
}

static int by_group(const void *left, const void *right) {
    const struct part *a = left, *b = right;
    return (a->group > b->group) - (a->group < b->group);
}

/* The parts of one key: opens, and distinct users by way of the empty set bits. */
static void count_parts(const struct part *parts, size_t count, bool is_scene,
                        struct user_bits *bits, struct mp_buf *rows) {
    struct row row = {.keys = {parts[0].group, is_scene, is_scene ? parts[0].scene : 0}};
    for (size_t i = 0; i < count; i++) {
        row.opens += parts[i].opens;
        row.users += user_bits_add_list(bits, parts[i].users);
    }
    for (size_t i = 0; i < count; i++) {
        user_bits_clear_list(bits, parts[i].users);
    }
    put_row(rows, &row);
}

static void count_sources(struct part *parts, size_t count, bool is_scene, struct user_bits *bits,
                          struct mp_buf *rows) {
    if (count > 0) {
        qsort(parts, count, sizeof(*parts), is_scene ? by_scene : by_group);
    }
    for (size_t from = 0; from < count;) {
        size_t to = from + 1;
        while (to < count && (is_scene ? parts[to].scene == parts[from].scene
                                       : parts[to].group == parts[from].group)) {
            to++;
        }
        count_parts(&parts[from], to - from, is_scene, bits, rows);
        from = to;
    }
}

static bool work_out_source(struct summary_app *app, const struct report_range *range,
                            struct mp_buf *rows) {
    struct mp_buf parts;
    struct user_bits bits;
    bool is_done = user_bits_init(&bits, summary_user_bound(app));
    mp_buf_init(&parts, OFTEN_BYTES_MAX);
    for (size_t i = summary_day_index(app, range->from); i < summary_day_count(app); i++) {
        const struct summary_day *day = summary_day_at(app, i);
        for (size_t k = 0; day->day <= range->to && k < day->scenes.count; k++) {
            struct part part = {day->scenes.at[k], mp_scene_group((uint16_t)day->scenes.at[k]),
                                day->scene_opens[k], summary_posting(day, SUMMARY_SCENE_USERS, k)};
            mp_buf_append(&parts, &part, sizeof(part));
        }
    }
    is_done = is_done && !parts.failed;
    if (is_done) {
        struct part *list = (struct part *)(void *)parts.ptr;
        count_sources(list, parts.len / sizeof(*list), true, &bits, rows);
        count_sources(list, parts.len / sizeof(*list), false, &bits, rows);
    }
    mp_buf_deinit(&parts);
    user_bits_deinit(&bits);
    return is_done;
}

int summed_source(struct summary_app *app, const struct report_range *range, summed_on_row *on_row,
                  void *arg, struct mp_error *err) {
    return answer(app, range, "source", work_out_source, on_row, arg, err);
}

/* ---- Frequency -------------------------------------------------------------------------- */

/* Users' numbers of opens below it are counted in a table, the others one by one. */
#define OFTEN_MAX 4096u

static int compare_u32(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static void count_often(const uint32_t *opens, uint32_t bound, struct mp_buf *rows) {
    int64_t counts[OFTEN_MAX] = {0};
    struct mp_buf more;
    mp_buf_init(&more, OFTEN_BYTES_MAX);
    for (uint32_t user = 0; user < bound; user++) {
        if (opens[user] < OFTEN_MAX) {
            counts[opens[user]]++;
        } else {
            mp_buf_append_u32(&more, opens[user]);
        }
    }
    for (uint32_t n = 1; n < OFTEN_MAX; n++) {
        if (counts[n] > 0) {
            put_row(rows, &(struct row){.keys = {n}, .opens = counts[n]});
        }
    }
    uint32_t *many = (uint32_t *)(void *)more.ptr;
    size_t count = more.len / sizeof(*many);
    if (count > 0) {
        qsort(many, count, sizeof(*many), compare_u32);
    }
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && many[to] == many[from]; to++) {
        }
        put_row(rows, &(struct row){.keys = {many[from]}, .opens = (int64_t)(to - from)});
    }
    rows->failed |= more.failed;
    mp_buf_deinit(&more);
}

static bool work_out_frequency(struct summary_app *app, const struct report_range *range,
                               struct mp_buf *rows) {
    uint32_t bound = summary_user_bound(app);
    uint32_t *opens = calloc((size_t)bound + 1, sizeof(*opens));
    if (!opens) {
        return false;
    }
    for (size_t i = summary_day_index(app, range->from); i < summary_day_count(app); i++) {
        const struct summary_day *day = summary_day_at(app, i);
        for (size_t k = 0; day->day <= range->to && k < day->users.count; k++) {
            opens[day->users.at[k]] += day->opens[k];
        }
    }
    count_often(opens, bound, rows);
    free(opens);
    return true;
}

int summed_frequency(struct summary_app *app, const struct report_range *range,
                     summed_on_row *on_row, void *arg, struct mp_error *err) {
    return answer(app, range, "frequency", work_out_frequency, on_row, arg, err);
}

/* ---- Duration and depth ----------------------------------------------------------------- */

int summed_opens(struct summary_app *app, const struct report_range *range, summed_on_row *on_row,
                 void *arg, struct mp_error *err) {
    struct row rows[2][SUMMARY_BUCKETS] = {0};
    bool is_done = true;
    for (size_t i = summary_day_index(app, range->from); i < summary_day_count(app); i++) {
        const struct summary_day *day = summary_day_at(app, i);
        for (size_t k = 0; day->day <= range->to && k < SUMMARY_BUCKETS; k++) {
            rows[0][k].opens += day->durations[k];
            rows[1][k].opens += day->depths[k];
        }
    }
    for (size_t k = 0; k < 2 * SUMMARY_BUCKETS; k++) {
        const struct row *row = &rows[k / SUMMARY_BUCKETS][k % SUMMARY_BUCKETS];
        const int64_t *bounds =
            k < SUMMARY_BUCKETS ? summary_duration_bounds : summary_depth_bounds;
        int64_t keys[3] = {bounds[k % SUMMARY_BUCKETS], k >= SUMMARY_BUCKETS};
        is_done = is_done && (row->opens == 0 || on_row(arg, keys, row->opens, 0));
    }
    return is_done ? MP_OK : no_memory(err);
}
