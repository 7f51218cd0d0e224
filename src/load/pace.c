#include "load/pace.h"

void pace_begin(struct pace *pace, const struct pace_place *place) {
    pace->began = *place;
}

bool pace_is_burst(const struct pace_place *from, const struct pace_place *to) {
    uint64_t commits = to->commits - from->commits;
    return commits > 0 && to->records - from->records >= PACE_CROWD * commits;
}

static bool is_machine_busy(const struct pace_place *from, const struct pace_place *to) {
    return PACE_IDLE_PARTS * (to->idle_ticks - from->idle_ticks) < to->ticks - from->ticks;
}

int64_t pace_rest_ms(struct pace *pace, const struct pace_place *place) {
    if (!pace_is_burst(&pace->began, place) || !is_machine_busy(&pace->began, place) ||
        place->waiting_bytes >= pace->rest_bytes_max) {
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
