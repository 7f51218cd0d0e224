#include "load/batch.h"

#include "load/rows.h"

#include "base/grow.h"
#include "base/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

/* What an idle batch may keep of its rows' memory. */
#define IDLE_BYTES_MAX (4u << 20)
#define MONTHS_FIRST 4u

/* Where and when an event of the record at hand goes, and its identity. */
struct event_place {
    struct seen_print print;
    int64_t time_ms;
    int32_t day;
    uint32_t month;
};

struct batch *batch_create(void) {
    struct batch *batch = calloc(1, sizeof(*batch));
    if (batch && trail_init(&batch->trail) != MP_OK) {
        free(batch);
        return NULL;
    }
    return batch;
}

void batch_destroy(struct batch *batch) {
    if (!batch) {
        return;
    }
    for (size_t i = 0; i < batch->month_capacity; i++) {
        store_block_destroy(batch->months[i].block);
    }
    touched_deinit(&batch->touched);
    trail_deinit(&batch->trail);
    free(batch->months);
    free(batch->prints);
    seq_deinit(&batch->seq);
    free(batch->places);
    free(batch);
}

void batch_trim(struct batch *batch) {
    for (size_t i = 0; i < batch->month_capacity; i++) {
        if (batch->months[i].block) {
            store_block_trim(batch->months[i].block, IDLE_BYTES_MAX);
        }
    }
    seq_deinit(&batch->seq);
    trail_trim(&batch->trail);
}

void batch_begin(struct batch *batch, uint32_t number, uint64_t begin_lsn) {
    for (size_t i = 0; i < batch->month_count; i++) {
        store_block_clear(batch->months[i].block);
    }
    seq_clear(&batch->seq);
    touched_clear(&batch->touched);
    trail_clear(&batch->trail);
    batch->number = number;
    batch->is_replay = false;
    batch->is_lossy = false;
    batch->has_profiles = false;
    batch->begin_lsn = begin_lsn;
    batch->end_lsn = begin_lsn;
    batch->month_count = 0;
    batch->print_count = 0;
    batch->first_day = INT32_MAX;
    batch->last_day = INT32_MIN;
    batch->records = batch->duplicates = batch->corrupt_records = 0;
    batch->bytes = 0;
    batch->first_received_ms = batch->last_received_ms = 0;
}

/* ---- Room ------------------------------------------------------------------------------- */

static uint32_t month_of(int32_t day) {
    struct mp_date date = mp_date_from_day(day);
    return (uint32_t)(date.year * 100 + date.month);
}

/* The batch's rows of that month, made when missing; NULL when memory is out. */
static struct batch_month *month_at(struct batch *batch, uint32_t month) {
    for (size_t i = batch->month_count; i > 0; i--) {
        if (batch->months[i - 1].month == month) {
            return &batch->months[i - 1];
        }
    }
    if (batch->month_count == batch->month_capacity) {
        size_t capacity = batch->month_capacity ? 2 * batch->month_capacity : MONTHS_FIRST;
        struct batch_month *grown = realloc(batch->months, capacity * sizeof(*grown));
        if (!grown) {
            return NULL;
        }
        batch->months = grown;
        memset(&grown[batch->month_capacity], 0,
               (capacity - batch->month_capacity) * sizeof(*grown));
        batch->month_capacity = capacity;
    }
    struct batch_month *fresh = &batch->months[batch->month_count];
    struct store_block *block = fresh->block ? fresh->block : event_block_create(BATCH_BYTES_MAX);
    *fresh = (struct batch_month){.month = month, .block = block};
    batch->month_count += block != NULL;
    return block ? fresh : NULL;
}

/* The event's day where it is one that the store can hold, else that of its receipt. */
static struct event_place place_of(const struct mp_zone *zone, const struct mp_event *event,
                                   const struct mp_context *context) {
    int64_t times_ms[] = {event->time_ms, context->received_ms, 0};
    struct event_place place = {0};
    for (size_t i = 0; i < sizeof(times_ms) / sizeof(times_ms[0]); i++) {
        place.time_ms = times_ms[i];
        place.day = mp_zone_day(zone, times_ms[i]);
        if (place.day >= 0 && place.day <= EVENT_DAY_MAX) {
            break;
        }
        place.day = 0;
    }
    place.month = month_of(place.day);
    return place;
}

struct record_plan {
    const struct mp_zone *zone;
    struct mp_context context;
    size_t context_bytes; /* of the record's, at its head */
    size_t events;
    int32_t first_day;
    int32_t last_day;
    bool is_corrupt;
};

/* First pass over a record: what it holds and where it goes. False when memory is out. */
static bool plan_record(struct batch *batch, const struct batch_maker *maker, struct mp_str record,
                        struct record_plan *plan) {
    struct mp_record_reader reader;
    struct mp_event event;
    struct mp_prop props[MP_EVENT_PROPS_MAX];
    int got = mp_record_open(&reader, record, &plan->context) == MP_OK ? 1 : -1;
    const struct mp_app *app = mp_apps_by_id(maker->apps, plan->context.app);
    plan->zone = app ? app->zone : maker->default_zone;
    size_t left = mp_reader_left(&reader.reader);
    plan->context_bytes = record.len - left;
    while (got == 1 && (got = mp_record_next(&reader, &event, props)) == 1) {
        struct event_place place = place_of(plan->zone, &event, &plan->context);
        struct batch_month *month = month_at(batch, place.month);
        if (!month || !mp_grow(&batch->places, &batch->place_capacity, plan->events + 1,
                               sizeof(*batch->places))) {
            return false;
        }
        place.print = seen_print_of(event.identity);
        seen_index_prefetch(maker->index, place.print);
        month->planned.rows++;
        month->planned.elements += event.prop_count;
        month->planned.bytes += left - mp_reader_left(&reader.reader);
        left = mp_reader_left(&reader.reader);
        batch->places[plan->events++] = place;
        plan->first_day = place.day < plan->first_day ? place.day : plan->first_day;
        plan->last_day = place.day > plan->last_day ? place.day : plan->last_day;
    }
    plan->is_corrupt = got < 0;
    return true;
}

/* Everything that the second pass would allocate. */
static int make_room(struct batch *batch, const struct batch_maker *maker,
                     const struct record_plan *plan, struct mp_error *err) {
    bool has_room = mp_grow(&batch->prints, &batch->print_capacity,
                            batch->print_count + plan->events, sizeof(*batch->prints)) &&
                    seq_reserve(&batch->seq, plan->events);
    for (size_t i = 0; has_room && i < batch->month_count; i++) {
        struct batch_month *month = &batch->months[i];
        /* All strings come from the record; the context's user may stand in many rows. */
        month->planned.bytes += plan->context_bytes + month->planned.rows * plan->context.user.len;
        has_room =
            month->planned.rows == 0 || store_block_reserve(month->block, &month->planned) == MP_OK;
    }
    if (!has_room) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for a batch of events");
    }
    return seen_index_reserve(maker->index, plan->events, err);
}

static void add_event(struct batch *batch, const struct record_plan *plan,
                      const struct mp_event *event, const struct event_place *place) {
    struct mp_str user = event->user.len > 0 ? event->user : plan->context.user;
    uint64_t user_hash = mp_hash_user(user);
    struct batch_month *month = month_at(batch, place->month);
    struct event_row row = {
        .event = event,
        .user = user,
        .user_hash = user_hash,
        .day = (uint16_t)place->day,
        .time_ms = place->time_ms,
        .batch = batch->number,
        .seq = seq_next(&batch->seq,
                        user_hash ^ mp_checksum(plan->context.app.ptr, plan->context.app.len))};
    event_row_put(month->block, &row);
    month->added++;
    batch->has_profiles |= mp_str_is(event->name, MP_EVENT_PROFILE);
    trail_add(&batch->trail, event,
              &(struct trail_place){user, user_hash, place->time_ms, place->day, plan->zone});
    batch->first_day = place->day < batch->first_day ? place->day : batch->first_day;
    batch->last_day = place->day > batch->last_day ? place->day : batch->last_day;
}

/* Second pass: drops duplicates and makes rows. */
static void take_events(struct batch *batch, const struct batch_maker *maker,
                        const struct record_plan *plan, struct mp_str record) {
    struct mp_record_reader reader;
    struct mp_context context;
    struct mp_event event;
    struct mp_prop props[MP_EVENT_PROPS_MAX];
    if (mp_record_open(&reader, record, &context) != MP_OK) {
        return;
    }
    trail_context(&batch->trail, &context);
    for (size_t i = 0; i < plan->events && mp_record_next(&reader, &event, props) == 1; i++) {
        const struct event_place *place = &batch->places[i];
        if (!seen_index_add(maker->index, place->print, batch->number)) {
            batch->duplicates++;
            continue;
        }
        batch->prints[batch->print_count++] = place->print;
        add_event(batch, plan, &event, place);
    }
    batch->bytes = 0;
    for (size_t i = 0; i < batch->month_count; i++) {
        struct batch_month *month = &batch->months[i];
        event_rows_share(month->block, &plan->context, month->added);
        month->rows += month->added;
        batch->bytes += store_block_bytes(month->block);
    }
}

int batch_add(struct batch *batch, const struct batch_maker *maker,
              const struct journal_record *record, struct mp_error *err) {
    struct record_plan plan = {.first_day = INT32_MAX, .last_day = INT32_MIN};
    for (size_t i = 0; i < batch->month_count; i++) {
        batch->months[i].planned = (struct store_room){0};
        batch->months[i].added = 0;
    }
    if (!plan_record(batch, maker, record->data, &plan)) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for a batch of events");
    }
    int code = make_room(batch, maker, &plan, err);
    /* Days of duplicates are touched too: recomputing them is harmless. */
    if (code == MP_OK && plan.events > 0 &&
        touched_add(&batch->touched, plan.context.app, plan.first_day, plan.last_day,
                    plan.events) != MP_OK) {
        code = mp_fail(err, MP_E_MEMORY, "", "no memory for a batch of events");
    }
    if (code != MP_OK) {
        return code;
    }
    take_events(batch, maker, &plan, record->data);
    if (plan.is_corrupt) {
        batch->corrupt_records++;
        mp_log(MP_LOG_ERROR, "load", "a record cannot be read",
               "lsn=%" PRIu64 " bytes=%zu events_before=%zu", record->lsn, record->data.len,
               plan.events);
    }
    int64_t received_ms = plan.context.received_ms;
    batch->first_received_ms = batch->records == 0 ? received_ms : batch->first_received_ms;
    batch->last_received_ms =
        received_ms > batch->last_received_ms ? received_ms : batch->last_received_ms;
    batch->records++;
    batch->end_lsn = record->next_lsn;
    return MP_OK;
}
