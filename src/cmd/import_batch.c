#include "cmd/import_batch.h"

#include "base/clock.h"
#include "base/event.h"

#include <stdio.h>
#include <stdlib.h>

/* Rows of one upload together, as JSON. */
#define UPLOAD_BYTES_MAX COLLECT_BODY_BYTES_MAX
/* One row may be longer than that by itself. */
#define EVENTS_BYTES_MAX (16u << 20)
#define RAW_BYTES_MAX (UPLOAD_BYTES_MAX + IMPORT_ROW_BYTES_MAX)
#define RECORDS_BYTES_MAX (64u << 20)

struct pending {
    size_t event_end; /* in events */
    size_t raw_end;   /* in raws */
    uint64_t line;
    uint64_t row_end;
    uint8_t flags;
    bool is_refused;
};

struct import_batch {
    struct collect_worker *worker;
    const struct mp_app *app;
    import_refused *refused;
    void *arg;
    struct pending rows[MP_EVENT_PER_RECORD_MAX];
    size_t count;
    struct mp_buf shared; /* of all rows in it */
    struct mp_buf events; /* each with a comma behind it */
    struct mp_buf raws;
    struct mp_buf body;
    struct mp_buf record;  /* as collect/ made it */
    struct mp_buf records; /* done */
    struct collect_result result;
    uint64_t accepted;
};

struct import_batch *import_batch_create(struct collect *collect, const struct mp_app *app,
                                         import_refused *refused, void *arg) {
    struct import_batch *batch = calloc(1, sizeof(*batch));
    if (!batch) {
        return NULL;
    }
    batch->app = app;
    batch->refused = refused;
    batch->arg = arg;
    mp_buf_init(&batch->shared, EVENTS_BYTES_MAX);
    mp_buf_init(&batch->events, EVENTS_BYTES_MAX);
    mp_buf_init(&batch->raws, RAW_BYTES_MAX);
    mp_buf_init(&batch->body, 2 * EVENTS_BYTES_MAX);
    mp_buf_init(&batch->record, MP_RECORD_BYTES_MAX);
    mp_buf_init(&batch->records, RECORDS_BYTES_MAX);
    batch->worker = collect_worker_create(collect);
    if (!batch->worker) {
        import_batch_destroy(batch);
        return NULL;
    }
    return batch;
}

void import_batch_destroy(struct import_batch *batch) {
    if (batch) {
        collect_worker_destroy(batch->worker);
        mp_buf_deinit(&batch->shared);
        mp_buf_deinit(&batch->events);
        mp_buf_deinit(&batch->raws);
        mp_buf_deinit(&batch->body);
        mp_buf_deinit(&batch->record);
        mp_buf_deinit(&batch->records);
        free(batch);
    }
}

/* ---- Refusing ----------------------------------------------------------------------------- */

static void refuse_row(struct import_batch *batch, size_t index, const char *field,
                       const char *reason) {
    struct pending *pending = &batch->rows[index];
    size_t raw_begin = index > 0 ? batch->rows[index - 1].raw_end : 0;
    struct import_fault fault;
    const struct import_row row = {
        .line = pending->line,
        .end = pending->row_end,
        .raw = mp_str_range(batch->raws.ptr ? batch->raws.ptr + raw_begin : "",
                            pending->raw_end - raw_begin),
    };
    snprintf(fault.field, sizeof(fault.field), "%s", field);
    snprintf(fault.reason, sizeof(fault.reason), "%s", reason);
    pending->is_refused = true;
    batch->refused(batch->arg, &row, &fault);
}

/* "events[3].props.coupon" → "props.coupon" */
static const char *field_of(const char *told) {
    const char *dot = strchr(told, '.');
    return dot ? dot + 1 : "";
}

/* ---- One upload --------------------------------------------------------------------------- */

static void make_body(struct import_batch *batch, const struct import_shared *shared, size_t first,
                      size_t count) {
    size_t begin = first > 0 ? batch->rows[first - 1].event_end : 0;
    size_t end = batch->rows[first + count - 1].event_end;
    mp_buf_clear(&batch->body);
    mp_buf_append_text(&batch->body, "{\"v\":1,\"context\":");
    mp_buf_append_str(&batch->body, shared->context);
    mp_buf_append_text(&batch->body, ",\"events\":[");
    mp_buf_append(&batch->body, batch->events.ptr + begin, end - begin - 1);
    mp_buf_append_text(&batch->body, "]}");
}

/* Puts into the record what no upload can say: the region, flags. */
static int finish_record(struct import_batch *batch, const struct import_shared *shared,
                         size_t first, size_t count, struct mp_buf *out) {
    struct mp_prop props[MP_EVENT_PROPS_MAX];
    struct mp_record_reader reader;
    struct mp_context context;
    struct mp_event event;
    int code = mp_record_open(&reader, mp_buf_str(&batch->record), &context);
    if (shared->country.len + shared->province.len + shared->city.len > 0) {
        context.country = shared->country;
        context.province = shared->province;
        context.city = shared->city;
    }
    if (shared->is_other_platform) {
        context.platform = MP_PLATFORM_OTHER;
    }
    mp_record_begin(out, &context);
    for (size_t i = first; i < first + count && code == MP_OK; i++) {
        if (batch->rows[i].is_refused) {
            continue;
        }
        if (mp_record_next(&reader, &event, props) != 1) {
            code = MP_E_CORRUPT;
        }
        event.flags |= batch->rows[i].flags;
        mp_record_add(out, &event);
    }
    return out->failed ? MP_E_MEMORY : code;
}

/* All rows of the upload are wrong for the same reason: their context is. */
static void refuse_all(struct import_batch *batch, size_t first, size_t count,
                       const struct mp_error *err) {
    for (size_t i = first; i < first + count; i++) {
        refuse_row(batch, i, err->field, err->message);
    }
}

static int keep_record(struct import_batch *batch, const struct import_shared *shared, size_t first,
                       size_t count, struct mp_error *err) {
    const struct collect_result *result = &batch->result;
    struct mp_buf finished;
    for (uint32_t i = 0; i < result->rejected; i++) {
        refuse_row(batch, first + result->faults[i].index, field_of(result->faults[i].field),
                   result->faults[i].reason);
    }
    if (result->accepted == 0) {
        return MP_OK;
    }
    mp_buf_init(&finished, 2 * MP_RECORD_BYTES_MAX);
    int code = finish_record(batch, shared, first, count, &finished);
    mp_buf_append_lstr(&batch->records, mp_buf_str(&finished));
    batch->accepted += result->accepted;
    mp_buf_deinit(&finished);
    return code == MP_OK && !batch->records.failed
               ? MP_OK
               : mp_fail(err, code == MP_E_CORRUPT ? MP_E_CORRUPT : MP_E_MEMORY, "",
                         "cannot keep the rows' record");
}

/* Decodes rows as one upload. *is_told: false when more were refused than it tells one by one, or
 * the record overflowed; nothing has been kept then. */
static int collect_rows(struct import_batch *batch, const struct import_shared *shared,
                        size_t first, size_t count, bool *is_told, struct mp_error *err) {
    make_body(batch, shared, first, count);
    const struct collect_input input = {.body = mp_buf_str(&batch->body),
                                        .key = mp_str_of(batch->app->write_key),
                                        .peer = shared->ip,
                                        .user_agent = shared->user_agent,
                                        .received_ms = mp_now_ms()};
    mp_buf_clear(&batch->record);
    *is_told = true;
    int code = batch->body.failed
                   ? mp_fail(err, MP_E_TOO_LARGE, "", "is longer than an event may be")
                   : collect_native(batch->worker, &input, &batch->record, &batch->result, err);
    if (code == MP_OK && batch->result.rejected <= COLLECT_ERRORS_MAX) {
        return keep_record(batch, shared, first, count, err);
    }
    if (code == MP_OK || (code == MP_E_TOO_LARGE && count > 1)) {
        *is_told = false;
        return MP_OK;
    }
    if (code == MP_E_ARGUMENT || code == MP_E_TOO_LARGE) {
        refuse_all(batch, first, count, err);
        return MP_OK;
    }
    return code;
}

/* Rows in pieces so small that every refused one is told, then one by one. */
static int collect_pieces(struct import_batch *batch, const struct import_shared *shared,
                          size_t piece, size_t first, size_t count, struct mp_error *err) {
    for (size_t done = 0; done < count; done += piece) {
        size_t part = count - done < piece ? count - done : piece;
        bool is_told;
        int code = collect_rows(batch, shared, first + done, part, &is_told, err);
        for (size_t i = 0; i < part && !is_told && code == MP_OK; i++) {
            bool is_alone_told;
            code = collect_rows(batch, shared, first + done + i, 1, &is_alone_told, err);
        }
        if (code != MP_OK) {
            return code;
        }
    }
    return MP_OK;
}

int import_batch_seal(struct import_batch *batch, struct mp_error *err) {
    struct import_shared shared;
    bool is_told = true;
    if (batch->count == 0) {
        return MP_OK;
    }
    int code = import_shared_read(mp_buf_str(&batch->shared), &shared)
                   ? collect_rows(batch, &shared, 0, batch->count, &is_told, err)
                   : mp_fail(err, MP_E_CORRUPT, "", "rows' context cannot be read back");
    if (code == MP_OK && !is_told) {
        code = collect_pieces(batch, &shared, COLLECT_ERRORS_MAX, 0, batch->count, err);
    }
    batch->count = 0;
    mp_buf_clear(&batch->shared);
    mp_buf_clear(&batch->events);
    mp_buf_clear(&batch->raws);
    return code;
}

/* ---- Rows --------------------------------------------------------------------------------- */

int import_batch_add(struct import_batch *batch, const struct import_shaped *shaped,
                     const struct import_row *row, struct mp_error *err) {
    bool is_fitting =
        batch->count == 0 || (batch->count < MP_EVENT_PER_RECORD_MAX &&
                              batch->events.len + shaped->event.len < UPLOAD_BYTES_MAX &&
                              batch->raws.len + row->raw.len < UPLOAD_BYTES_MAX &&
                              mp_str_eq(mp_buf_str(&batch->shared), shaped->shared));
    int code = is_fitting ? MP_OK : import_batch_seal(batch, err);
    if (code != MP_OK) {
        return code;
    }
    if (batch->count == 0) {
        mp_buf_append_str(&batch->shared, shaped->shared);
    }
    mp_buf_append_str(&batch->events, shaped->event);
    mp_buf_append_byte(&batch->events, ',');
    mp_buf_append_str(&batch->raws, row->raw);
    if (batch->shared.failed || batch->events.failed || batch->raws.failed) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for rows");
    }
    batch->rows[batch->count++] = (struct pending){.event_end = batch->events.len,
                                                   .raw_end = batch->raws.len,
                                                   .line = row->line,
                                                   .row_end = row->end,
                                                   .flags = shaped->flags};
    return MP_OK;
}

struct mp_str import_batch_records(const struct import_batch *batch) {
    return mp_buf_str(&batch->records);
}

void import_batch_clear(struct import_batch *batch) {
    mp_buf_clear(&batch->records);
}

uint64_t import_batch_accepted(const struct import_batch *batch) {
    return batch->accepted;
}
