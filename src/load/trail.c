#include "load/trail.h"

#include "base/grow.h"

#include <stdlib.h>

int trail_init(struct trail *trail) {
    *trail = (struct trail){0};
    return intern_init(&trail->strings);
}

void trail_deinit(struct trail *trail) {
    intern_deinit(&trail->strings);
    free(trail->events);
    free(trail->runs);
    *trail = (struct trail){0};
}

void trail_clear(struct trail *trail) {
    intern_reset(&trail->strings);
    trail->event_count = trail->run_count = 0;
    trail->is_broken = false;
}

void trail_trim(struct trail *trail) {
    trail_clear(trail);
    free(trail->events);
    free(trail->runs);
    trail->events = NULL;
    trail->runs = NULL;
    trail->event_capacity = trail->run_capacity = 0;
}

static void add_string(struct trail *trail, struct mp_str s, uint32_t *number) {
    trail->is_broken |= !intern_add(&trail->strings, s, number);
}

/* Most events of an open repeat the open's id and, every other one, the page. */
static void add_repeated(struct trail *trail, struct mp_str s, uint32_t last, uint32_t *number) {
    if (mp_str_eq(intern_str(&trail->strings, last), s)) {
        *number = last;
    } else {
        add_string(trail, s, number);
    }
}

void trail_context(struct trail *trail, const struct mp_context *context) {
    struct rollup_event *shared = &trail->context;
    *shared = (struct rollup_event){.platform = context->platform};
    trail->last = *shared;
    add_string(trail, context->app, &trail->app);
    add_string(trail, context->model, &shared->model);
    add_string(trail, context->app_version, &shared->app_version);
    add_string(trail, context->country, &shared->country);
    add_string(trail, context->province, &shared->province);
    add_string(trail, context->city, &shared->city);
}

/* The run that the next event belongs to. */
static struct trail_run *run_of(struct trail *trail, const struct trail_place *place) {
    struct trail_run *last = trail->run_count > 0 ? &trail->runs[trail->run_count - 1] : NULL;
    if (last && last->user_hash == place->user_hash && last->app == trail->app) {
        return last;
    }
    struct trail_run *run = &trail->runs[trail->run_count++];
    *run = (struct trail_run){
        .app = trail->app, .user_hash = place->user_hash, .first = trail->event_count};
    add_string(trail, place->user, &run->user);
    return run;
}

void trail_add(struct trail *trail, const struct mp_event *event, const struct trail_place *place) {
    if (trail->is_broken ||
        !mp_grow(&trail->events, &trail->event_capacity, trail->event_count + 1,
                 sizeof(*trail->events)) ||
        !mp_grow(&trail->runs, &trail->run_capacity, trail->run_count + 1, sizeof(*trail->runs))) {
        trail->is_broken = true;
        return;
    }
    struct trail_run *run = run_of(trail, place);
    struct rollup_event *own = &trail->events[trail->event_count++];
    *own = trail->context;
    own->time_ms = place->time_ms;
    own->day = place->day;
    own->kind = (uint8_t)event_kind_of(event->name);
    own->open_start_ms = event->open_start_ms;
    own->scene = event->scene;
    own->dwell_ms = event->dwell_ms;
    own->amount_fen = event->amount_fen;
    own->password_free = event->password_free;
    add_repeated(trail, event->open_id, trail->last.open_id, &own->open_id);
    add_repeated(trail, event->page, trail->last.page, &own->page);
    own->open_start_day = open_start_day(own, place->zone);
    trail->last = *own;
    run->count++;
}
