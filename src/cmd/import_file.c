#include "cmd/import_file.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BAR_WIDTH 30
#define BAR_EVERY_MS 100
/* So many bytes of records, or rows, or so long, until they go to the journal and count as done. */
#define SEND_BYTES (2u << 20)
#define SEND_ROWS 20000
#define SEND_EVERY_MS 2000

struct importing {
    struct import_run *run;
    const char *path;
    struct import_source *source;
    enum import_format format;
    struct import_state *state; /* NULL: nothing is remembered */
    struct import_progress done;
    struct import_progress base; /* as done was at the begin */
    struct import_progress seen; /* as done will be when all that was read is sent */
    struct import_shaper *shaper;
    struct import_batch *batch;
    int64_t began_ms;
    int64_t sent_ms;
    int64_t drawn_ms;
};

/* ---- Progress ----------------------------------------------------------------------------- */

static void draw(struct importing *importing, bool is_end) {
    const struct import_progress *seen = &importing->seen;
    int64_t now_ms = mp_mono_ms();
    char bar[BAR_WIDTH + 1];
    if (!importing->run->is_terminal || (!is_end && now_ms - importing->drawn_ms < BAR_EVERY_MS)) {
        return;
    }
    importing->drawn_ms = now_ms;
    int64_t percent = seen->size > 0 ? seen->offset * 100 / seen->size : 0;
    for (int i = 0; i < BAR_WIDTH; i++) {
        bar[i] = i < percent * BAR_WIDTH / 100 ? '#' : '.';
    }
    bar[BAR_WIDTH] = '\0';
    int64_t rate = (seen->rows - importing->base.rows) * 1000 / (now_ms - importing->began_ms + 1);
    fprintf(stderr, "\r%s [%s] %3" PRId64 " %%  %" PRId64 " rows, %" PRId64 " a second%s",
            importing->path, bar, percent, seen->rows, rate, is_end ? "  \n" : "  ");
    fflush(stderr);
}

static bool go_on(void *arg) {
    struct importing *importing = arg;
    draw(importing, false);
    return !importing->run->is_stopped();
}

/* ---- Rows --------------------------------------------------------------------------------- */

/* All rows read so far into the journal; then they count as done. */
static int send_rows(struct importing *importing, struct mp_error *err) {
    struct import_run *run = importing->run;
    struct import_progress *seen = &importing->seen;
    int code = import_batch_seal(importing->batch, err);
    if (code == MP_OK && run->road) {
        code = import_road_send(run->road, import_batch_records(importing->batch), go_on, importing,
                                err);
    }
    code = code ? code : import_refusals_flush(run->refusals, &seen->reject_bytes, err);
    if (code != MP_OK) {
        return code;
    }
    import_batch_clear(importing->batch);
    seen->accepted = importing->base.accepted + (int64_t)import_batch_accepted(importing->batch);
    seen->refused = importing->base.refused + (int64_t)import_refusals_count(run->refusals);
    importing->done = *seen;
    importing->sent_ms = mp_mono_ms();
    return importing->state ? import_state_save(importing->state, &importing->done, err) : MP_OK;
}

static int take_row(struct importing *importing, const struct import_row *row,
                    struct mp_error *err) {
    struct import_shaped shaped;
    struct import_fault fault = {0};
    bool is_csv = importing->format == IMPORT_CSV;
    int64_t now_ms = mp_now_ms();
    importing->seen.rows++;
    importing->seen.offset = (int64_t)row->end;
    if (row->fault) {
        snprintf(fault.reason, sizeof(fault.reason), "%s", row->fault);
    } else if (is_csv
                   ? import_shape_cells(importing->shaper, import_source_cells(importing->source),
                                        now_ms, &shaped, &fault)
                   : import_shape_json(importing->shaper, mp_str_trim(row->raw), now_ms, &shaped,
                                       &fault)) {
        return import_batch_add(importing->batch, &shaped, row, err);
    }
    import_refusals_add(importing->run->refusals, row, &fault);
    return MP_OK;
}

static bool is_time_to_send(const struct importing *importing) {
    return import_batch_records(importing->batch).len >= SEND_BYTES ||
           importing->seen.rows - importing->done.rows >= SEND_ROWS ||
           mp_mono_ms() - importing->sent_ms >= SEND_EVERY_MS;
}

static int take_rows(struct importing *importing, struct mp_error *err) {
    struct import_row row;
    int got = 1, code = MP_OK;
    while (code == MP_OK && !importing->run->is_stopped() &&
           (got = import_source_next(importing->source, &row, err)) > 0) {
        code = take_row(importing, &row, err);
        importing->seen.line = (int64_t)import_source_line(importing->source);
        if (code == MP_OK && is_time_to_send(importing)) {
            code = send_rows(importing, err);
        }
        draw(importing, false);
    }
    code = code ? code : got < 0 ? -got : send_rows(importing, err);
    return code == MP_OK && got > 0 ? mp_fail(err, MP_E_CANCELLED, "", "stopped") : code;
}

/* ---- Where to begin ------------------------------------------------------------------------- */

static bool is_same(const struct importing *importing) {
    const struct import_progress *done = &importing->done;
    return done->size == import_source_size(importing->source) &&
           done->changed_ns == import_source_changed_ns(importing->source) &&
           done->options == importing->run->options;
}

static void begin_anew(struct importing *importing) {
    uint64_t offset, line;
    import_source_position(importing->source, &offset, &line);
    importing->done = (struct import_progress){
        .size = import_source_size(importing->source),
        .changed_ns = import_source_changed_ns(importing->source),
        .options = importing->run->options,
        .offset = (int64_t)offset,
        .line = (int64_t)line,
    };
}

/* What an earlier command left: nothing, a part, or all. */
static int find_begin(struct importing *importing, bool *is_done, struct mp_error *err) {
    struct import_run *run = importing->run;
    const struct import_progress *done = &importing->done;
    int code = MP_OK;
    *is_done = false;
    if (run->road && import_source_size(importing->source) >= 0) {
        code = import_state_open(run->config, run->app->id, importing->path, &importing->state,
                                 &importing->done, err);
    }
    if (code == MP_E_CORRUPT && run->restarts) {
        code = MP_OK;
    }
    if (code != MP_OK) {
        return code == MP_E_CORRUPT
                   ? mp_fail(err, MP_E_CORRUPT, importing->path,
                             "how far %s came cannot be read: give --restart", importing->path)
                   : code;
    }
    bool was_begun = importing->state && done->rows > 0 && !run->restarts;
    if (!was_begun || (done->ended_ms > 0 && !is_same(importing))) {
        begin_anew(importing);
        return MP_OK;
    }
    if (!is_same(importing)) {
        return mp_fail(err, MP_E_ARGUMENT, importing->path,
                       "%s, or how it is to be read, was changed since its import stopped after "
                       "%" PRId64 " rows: give --restart to begin again",
                       importing->path, done->rows);
    }
    *is_done = done->ended_ms > 0;
    return *is_done ? MP_OK
                    : import_source_seek(importing->source, (uint64_t)done->offset,
                                         (uint64_t)done->line, err);
}

/* ---- The file ------------------------------------------------------------------------------- */

static int prepare(struct importing *importing, struct mp_error *err) {
    struct import_run *run = importing->run;
    const struct mp_str *columns;
    bool is_fresh = importing->done.rows == 0;
    int64_t keep = !is_fresh ? importing->done.reject_bytes : run->keeps_rejects ? INT64_MAX : 0;
    int code = import_refusals_begin(run->refusals, importing->path, keep, err);
    if (code != MP_OK) {
        return code;
    }
    run->keeps_rejects = true;
    importing->shaper = import_shaper_create(run->map, run->zone);
    importing->batch =
        import_batch_create(run->collect, run->app, import_refusals_add, run->refusals);
    if (!importing->shaper || !importing->batch) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for an import");
    }
    if (importing->format == IMPORT_CSV) {
        size_t count = import_source_columns(importing->source, &columns);
        import_shaper_columns(importing->shaper, columns, count);
        code = import_map_check_columns(run->map, columns, count, err);
    }
    importing->base = importing->seen = importing->done;
    importing->began_ms = importing->sent_ms = mp_mono_ms();
    return code;
}

static int import_opened(struct importing *importing, bool *was_done, struct mp_error *err) {
    int code = find_begin(importing, was_done, err);
    if (code != MP_OK || *was_done) {
        importing->run->keeps_rejects = importing->run->keeps_rejects || *was_done;
        return code;
    }
    code = prepare(importing, err);
    if (code == MP_OK && importing->done.rows > 0) {
        fprintf(stderr, "%s: going on after %" PRId64 " rows\n", importing->path,
                importing->done.rows);
    }
    code = code ? code : take_rows(importing, err);
    if (code == MP_OK || importing->base.rows != importing->seen.rows) {
        draw(importing, true);
    }
    if (code == MP_OK && importing->state) {
        importing->done.ended_ms = mp_now_ms();
        code = import_state_save(importing->state, &importing->done, err);
    }
    return code;
}

int import_file(struct import_run *run, const char *path, enum import_format format,
                struct import_totals *totals, struct mp_error *err) {
    struct importing importing = {.run = run, .path = path, .format = format};
    bool was_done = false;
    int code = import_source_open(path, format, &importing.source, err);
    code = code ? code : import_opened(&importing, &was_done, err);
    totals->rows = (uint64_t)importing.done.rows;
    totals->accepted = (uint64_t)importing.done.accepted;
    totals->refused = (uint64_t)importing.done.refused;
    totals->was_done = was_done;
    import_batch_destroy(importing.batch);
    import_shaper_destroy(importing.shaper);
    import_state_close(importing.state);
    import_source_close(importing.source);
    return code;
}
