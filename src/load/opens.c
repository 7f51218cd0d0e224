#include "load/opens.h"

#include "base/event.h"

/* An open lives on the day it began and the next one. */
#define OPEN_DAYS_MAX 2u

enum event_kind event_kind_of(struct mp_str name) {
    static const struct {
        struct mp_str name;
        enum event_kind kind;
    } names[] = {
        {MP_STR(MP_EVENT_PAGE_VIEW), EVENT_PAGE_VIEW},
        {MP_STR(MP_EVENT_PAGE_LEAVE), EVENT_PAGE_LEAVE},
        {MP_STR(MP_EVENT_SHOW), EVENT_SHOW},
        {MP_STR(MP_EVENT_HIDE), EVENT_HIDE},
        {MP_STR(MP_EVENT_LAUNCH), EVENT_LAUNCH},
        {MP_STR(MP_EVENT_SHARE), EVENT_SHARE},
        {MP_STR(MP_EVENT_ADD), EVENT_ADD},
        {MP_STR(MP_EVENT_REMOVE), EVENT_REMOVE},
        {MP_STR(MP_EVENT_PAY), EVENT_PAY},
        {MP_STR(MP_EVENT_REFUND), EVENT_REFUND},
        {MP_STR(MP_EVENT_IDENTIFY), EVENT_IDENTIFY},
        {MP_STR(MP_EVENT_PROFILE), EVENT_PROFILE},
    };
    if (name.len == 0 || name.ptr[0] != '$') {
        return EVENT_OTHER;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (mp_str_eq(name, names[i].name)) {
            return names[i].kind;
        }
    }
    return EVENT_OTHER;
}

int32_t open_start_day(const struct rollup_event *event, const struct mp_zone *zone) {
    bool is_given = event->open_id != 0 && event->open_start_ms > 0;
    return is_given ? mp_zone_day(zone, event->open_start_ms) : 0;
}

/* Payments, refunds and what is known of a user also come from servers, and profiles are sent
 * before the launch: without an open id they tell nothing of an open. */
static bool shows_presence(const struct rollup_event *event) {
    return event->kind != EVENT_PAY && event->kind != EVENT_REFUND &&
           event->kind != EVENT_IDENTIFY && event->kind != EVENT_PROFILE;
}

/* A chain goes on only to the same or the next day: what is further away need not be looked at. */
static bool is_near(const struct open_chain *chain, int32_t day) {
    int64_t step = (int64_t)day - chain->last_day;
    return chain->days > 0 && step >= -1 && step <= 1;
}

static bool launch_joins(const struct open_chain *chain, const struct rollup_event *launch) {
    return chain->began_with_show && !chain->has_launch &&
           launch->time_ms - chain->begin_ms < OPEN_REORDER_MS;
}

static bool dwell_covers(const struct rollup_event *event, int64_t gap_ms) {
    return (event->kind == EVENT_PAGE_LEAVE || event->kind == EVENT_HIDE) &&
           event->dwell_ms >= gap_ms - OPEN_REORDER_MS;
}

/* Whether an event without an open id goes on with the chain, last_ms being the time of the event
 * before it. */
static bool goes_on(const struct open_chain *chain, const struct rollup_event *event,
                    int64_t last_ms, int64_t timeout_ms) {
    if (!is_near(chain, event->day)) {
        return false;
    }
    if (event->kind == EVENT_LAUNCH) {
        return launch_joins(chain, event);
    }
    int64_t gap_ms = event->time_ms - last_ms;
    return gap_ms < timeout_ms || dwell_covers(event, gap_ms);
}

static uint32_t add_open(struct opens_output *output, int64_t begin_ms, int32_t begin_day) {
    output->opens[output->open_count] = (struct open){begin_ms, begin_day};
    return (uint32_t)output->open_count++;
}

static void begin(struct opens_output *output, struct open_chain *chain,
                  const struct rollup_event *event) {
    *chain = (struct open_chain){.begin_ms = event->time_ms,
                                 .last_day = event->day,
                                 .days = 1,
                                 .began_with_show =
                                     event->kind == EVENT_SHOW || event->kind == EVENT_PAGE_VIEW};
    int64_t begin_ms = event->time_ms;
    int32_t begin_day = event->day;
    /* The client says when the open began; its first events may be lost or still to come. */
    if (event->open_id != 0 && event->open_start_ms > 0 && event->open_start_ms <= event->time_ms &&
        event->open_start_day >= event->day - 1 && event->open_start_day <= event->day) {
        begin_ms = event->open_start_ms;
        begin_day = event->open_start_day;
        chain->days += begin_day < event->day;
    }
    chain->open = add_open(output, begin_ms, begin_day);
}

static void go_on(struct opens_output *output, struct open_chain *chain,
                  const struct rollup_event *event) {
    if (event->day == chain->last_day) {
        return;
    }
    chain->last_day = event->day;
    chain->days++;
    if (chain->days > OPEN_DAYS_MAX) {
        chain->open = add_open(output, event->time_ms, event->day);
    }
}

void opens_derive(const struct opens_input *input, struct opens_output *output) {
    struct open_chain derived = {0};
    int64_t last_ms = 0;
    output->open_count = 0;
    memset(output->ids, 0, input->open_ids * sizeof(*output->ids));
    for (size_t i = 0; i < input->count; i++) {
        const struct rollup_event *event = &input->events[i];
        struct open_chain *chain = event->open_id ? &output->ids[event->open_id] : &derived;
        output->open_of[i] = OPEN_NONE;
        if (event->open_id == 0 && !shows_presence(event)) {
            continue;
        }
        bool is_linked = event->open_id ? is_near(chain, event->day)
                                        : goes_on(chain, event, last_ms, input->timeout_ms);
        if (is_linked) {
            go_on(output, chain, event);
        } else {
            begin(output, chain, event);
        }
        chain->has_launch |= event->kind == EVENT_LAUNCH;
        last_ms = event->open_id ? last_ms : event->time_ms;
        output->open_of[i] = chain->open;
    }
}
