#include "live/seen.h"

struct print {
    uint64_t key;
    uint64_t place;
};

void live_seen_init(struct live_seen *seen, struct live_budget *budget) {
    *seen = (struct live_seen){0};
    live_table_init(&seen->now, sizeof(struct print), budget);
    live_table_init(&seen->before, sizeof(struct print), budget);
}

void live_seen_deinit(struct live_seen *seen) {
    live_table_deinit(&seen->now);
    live_table_deinit(&seen->before);
}

/* The older half goes. */
static void turn(struct live_seen *seen, int64_t now_ms) {
    struct live_table before = seen->before;
    live_table_deinit(&before);
    seen->before = seen->now;
    live_table_init(&seen->now, sizeof(struct print), before.budget);
    seen->began_ms = now_ms;
}

bool live_seen_elsewhere(struct live_seen *seen, struct mp_hash128 identity, uint64_t place,
                         int64_t now_ms) {
    uint64_t key = identity.lo ^ live_mix(identity.hi);
    seen->began_ms = seen->began_ms ? seen->began_ms : now_ms;
    if (seen->now.count >= LIVE_SEEN_EVENTS || now_ms - seen->began_ms >= LIVE_SEEN_MS) {
        turn(seen, now_ms);
    }
    const struct print *print = live_table_find(&seen->before, key);
    if (print) {
        return print->place != place;
    }
    bool is_new;
    struct print *made = live_table_put(&seen->now, key, &is_new);
    if (!made || !is_new) {
        return made && made->place != place;
    }
    made->place = place;
    return false;
}
