#include "collect/internal.h"

int64_t clock_offset_ms(const struct batch *batch, int64_t sent_ms) {
    int64_t offset = batch->input->received_ms - sent_ms;
    bool is_latency = offset >= -COLLECT_CLOCK_SLACK_MS && offset <= COLLECT_CLOCK_SLACK_MS;
    return is_latency ? 0 : offset;
}

void correct_time(const struct batch *batch, struct mp_event *event) {
    int64_t received_ms = batch->input->received_ms;
    if (batch->offset_ms != 0) {
        event->flags |= MP_EVENT_TIME_CORRECTED;
        event->time_ms += batch->offset_ms;
    }
    if (event->time_ms > received_ms + COLLECT_FUTURE_MS) {
        event->time_ms = received_ms;
        event->flags |= MP_EVENT_CLAMPED_FUTURE;
    } else if (event->time_ms < received_ms - batch->worker->collect->late_ms) {
        event->time_ms = received_ms;
        event->flags |= MP_EVENT_CLAMPED_LATE;
    }
    if (event->open_id.len > 0) {
        event->open_start_ms += batch->offset_ms;
        /* An open does not begin after what happened in it. */
        if (event->open_start_ms > event->time_ms) {
            event->open_start_ms = event->time_ms;
        }
    }
}
