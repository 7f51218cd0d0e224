#include "load/pace.h"

void pace_begin(struct pace *pace, const struct pace_place *place) {
    pace->began = *place;
}

int64_t pace_rest_ms(struct pace *pace, const struct pace_place *place) {
    uint64_t came = place->durable_lsn - pace->began.durable_lsn;
    uint64_t loaded = place->next_lsn - pace->began.next_lsn;
    uint64_t waiting = place->durable_lsn - place->next_lsn;
    if (!place->is_full || came <= loaded || waiting >= pace->rest_bytes_max) {
        return 0;
    }
    if (pace->behind_since_ms == 0) {
        pace->behind_since_ms = place->mono_ms;
    }
    int64_t left_ms = pace->behind_since_ms + pace->rest_ms_max - place->mono_ms;
    int64_t rest_ms = PACE_REST_PARTS * (place->mono_ms - pace->began.mono_ms);
    rest_ms = rest_ms < PACE_REST_MS_MAX ? rest_ms : PACE_REST_MS_MAX;
    rest_ms = rest_ms < left_ms ? rest_ms : left_ms;
    return rest_ms > 0 ? rest_ms : 0;
}

void pace_caught_up(struct pace *pace) {
    pace->behind_since_ms = 0;
}
