#include "collect/internal.h"

#include <stdarg.h>
#include <stdio.h>

struct batch collect_batch_begin(struct collect_worker *worker, const struct collect_input *input,
                                 struct mp_buf *out, struct collect_result *result) {
    struct batch batch = {.worker = worker,
                          .input = input,
                          .result = result,
                          .out = out,
                          .within = "",
                          .list = "events",
                          .arena = &worker->arena};
    result->accepted = 0;
    result->rejected = 0;
    result->app[0] = '\0';
    result->note[0] = '\0';
    mp_arena_reset(&worker->arena);
    return batch;
}

bool complain(struct batch *batch, struct mp_str field, const char *format, ...) {
    struct complaint *complaint = &batch->complaint;
    struct mp_str shown = mp_str_clip(field, 40);
    va_list args;
    snprintf(complaint->field, sizeof(complaint->field), "%s%.*s%s", batch->within,
             MP_STR_ARG(shown), shown.len < field.len ? "…" : "");
    va_start(args, format);
    vsnprintf(complaint->reason, sizeof(complaint->reason), format, args);
    va_end(args);
    return false;
}

void batch_next(struct batch *batch) {
    batch->arena = &batch->worker->event_arena;
    mp_arena_reset(batch->arena);
    batch->prop_count = batch->common_props;
    batch->within = "";
}

void batch_accept(struct batch *batch, struct mp_event *event) {
    if (!batch->has_head) {
        batch->context.app = mp_str_of(batch->app->id);
        batch->context.received_ms = batch->input->received_ms;
        if (!batch->is_from_server) {
            if (batch->context.user.len == 0) {
                batch->context.user = event->user;
            }
            enrich(batch);
        }
        mp_record_begin(batch->out, &batch->context);
        batch->has_head = true;
    }
    if (mp_str_eq(event->user, batch->context.user)) {
        event->user = MP_STR("");
    }
    event->props = batch->worker->props;
    event->prop_count = batch->prop_count;
    mp_record_add(batch->out, event);
    batch->result->accepted++;
}

void batch_refuse(struct batch *batch) {
    struct collect_result *result = batch->result;
    const struct complaint *complaint = &batch->complaint;
    if (result->rejected < COLLECT_ERRORS_MAX) {
        struct collect_fault *fault = &result->faults[result->rejected];
        fault->index = batch->index;
        snprintf(fault->field, sizeof(fault->field), "%s[%u]%s%s", batch->list, batch->index,
                 complaint->field[0] ? "." : "", complaint->field);
        snprintf(fault->reason, sizeof(fault->reason), "%s", complaint->reason);
    }
    result->rejected++;
}

int batch_fail(const struct batch *batch, struct mp_error *err) {
    return mp_fail(err, MP_E_ARGUMENT, batch->complaint.field, "%s", batch->complaint.reason);
}

int batch_end(struct batch *batch, struct mp_error *err) {
    if (!batch->out->failed) {
        return MP_OK;
    }
    mp_buf_clear(batch->out);
    batch->result->accepted = 0;
    batch->result->rejected = 0;
    return mp_fail(err, MP_E_TOO_LARGE, batch->list, "they take more than %u bytes together",
                   MP_RECORD_BYTES_MAX);
}
