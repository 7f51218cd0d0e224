#include "collect/internal.h"

void correct_time(const struct batch *batch, struct mp_event *event, int64_t client_ms) {
    int64_t received_ms = batch->input->received_ms;
    int64_t time_ms = client_ms + batch->offset_ms;
    if (batch->offset_ms != 0) {
        event->flags |= MP_EVENT_TIME_CORRECTED;
    }
    if (time_ms > received_ms + COLLECT_FUTURE_MS) {
        time_ms = received_ms;
        event->flags |= MP_EVENT_CLAMPED_FUTURE;
    } else if (time_ms < received_ms - batch->worker->collect->late_ms) {
        time_ms = received_ms;
        event->flags |= MP_EVENT_CLAMPED_LATE;
    }
    event->time_ms = time_ms;
}
