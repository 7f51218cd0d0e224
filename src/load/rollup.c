#include "load/rollup.h"

#include "load/dwell.h"

#include <assert.h>
#include <stdlib.h>

/* marks */
#define IS_ENTRY 1u
#define IS_EXIT 2u

struct rollup {
    size_t event_capacity;
    size_t string_capacity;
    struct dwell_end *ends;    /* by event */
    uint8_t *marks;            /* by event: is_entry, is_exit */
    uint32_t *open_of;         /* by event */
    uint32_t *grouped;         /* events, open by open */
    uint32_t *group_ends;      /* by open: behind its last in grouped */
    struct open *derived;      /* by open */
    struct rollup_open *opens; /* by open */
    struct rollup_open *day_opens;
    struct open_chain *chains; /* by string */
    uint32_t *stamps;          /* by string: open + 1 that saw the page last */
    uint32_t *day_slots;       /* by string: index in pages + 1, within a day */
    struct rollup_page *pages; /* of a day */
    size_t page_count;
};

struct rollup *rollup_create(void) {
    return calloc(1, sizeof(struct rollup));
}

void rollup_destroy(struct rollup *rollup) {
    if (!rollup) {
        return;
    }
    free(rollup->ends);
    free(rollup->marks);
    free(rollup->open_of);
    free(rollup->grouped);
    free(rollup->group_ends);
    free(rollup->derived);
    free(rollup->opens);
    free(rollup->day_opens);
    free(rollup->chains);
    free(rollup->stamps);
    free(rollup->day_slots);
    free(rollup->pages);
    free(rollup);
}

static bool renew(void *array, size_t count, size_t size) {
    void **place = array;
    free(*place);
    *place = calloc(count, size);
    return *place != NULL;
}

static size_t enough(size_t capacity, size_t need) {
    capacity = capacity ? capacity : 256;
    while (capacity < need) {
        capacity *= 2;
    }
    return capacity;
}

static bool make_room(struct rollup *rollup, size_t events, size_t strings) {
    if (events > rollup->event_capacity) {
        size_t n = enough(rollup->event_capacity, events);
        rollup->event_capacity = 0;
        if (!renew(&rollup->ends, n, sizeof(*rollup->ends)) ||
            !renew(&rollup->marks, n, sizeof(*rollup->marks)) ||
            !renew(&rollup->open_of, n, sizeof(*rollup->open_of)) ||
            !renew(&rollup->grouped, n, sizeof(*rollup->grouped)) ||
            !renew(&rollup->group_ends, n, sizeof(*rollup->group_ends)) ||
            !renew(&rollup->derived, n, sizeof(*rollup->derived)) ||
            !renew(&rollup->opens, n, sizeof(*rollup->opens)) ||
            !renew(&rollup->day_opens, n, sizeof(*rollup->day_opens))) {
            return false;
        }
        rollup->event_capacity = n;
    }
    if (strings > rollup->string_capacity) {
        size_t n = enough(rollup->string_capacity, strings);
        rollup->string_capacity = 0;
        if (!renew(&rollup->chains, n, sizeof(*rollup->chains)) ||
            !renew(&rollup->stamps, n, sizeof(*rollup->stamps)) ||
            !renew(&rollup->day_slots, n, sizeof(*rollup->day_slots)) ||
            !renew(&rollup->pages, n, sizeof(*rollup->pages))) {
            return false;
        }
        rollup->string_capacity = n;
    }
    return true;
}

/* ---- Opens ------------------------------------------------------------------------------ */

/* Counting sort of events by open, stable. */
static void group_by_open(struct rollup *rollup, const struct rollup_input *input,
                          size_t open_count) {
    memset(rollup->group_ends, 0, open_count * sizeof(*rollup->group_ends));
    for (size_t i = 0; i < input->count; i++) {
        if (rollup->open_of[i] != OPEN_NONE) {
            rollup->group_ends[rollup->open_of[i]]++;
        }
    }
    uint32_t at = 0;
    for (size_t open = 0; open < open_count; open++) {
        uint32_t size = rollup->group_ends[open];
        rollup->group_ends[open] = at; /* where it begins, and moves on as it fills */
        at += size;
    }
    for (size_t i = 0; i < input->count; i++) {
        if (rollup->open_of[i] != OPEN_NONE) {
            rollup->grouped[rollup->group_ends[rollup->open_of[i]]++] = (uint32_t)i;
        }
    }
}

static void see_page(struct rollup *rollup, struct rollup_open *open, uint32_t open_index,
                     uint32_t page) {
    if (open->page_views == 0) {
        open->entry = page;
    }
    open->page_views++;
    open->exit = page;
    if (rollup->stamps[page] != open_index + 1) {
        rollup->stamps[page] = open_index + 1;
        open->depth++;
    }
}

static void walk_open(struct rollup *rollup, const struct rollup_input *input, uint32_t index,
                      uint32_t from, uint32_t to) {
    struct rollup_open *open = &rollup->opens[index];
    struct dwell_walk walk = {
        .events = input->events, .ends = rollup->ends, .timeout_ms = input->timeout_ms};
    uint32_t last_view = 0;
    *open = (struct rollup_open){.begin_ms = rollup->derived[index].begin_ms};
    for (uint32_t i = from; i < to; i++) {
        uint32_t at = rollup->grouped[i];
        const struct rollup_event *event = &input->events[at];
        open->end_ms = event->time_ms;
        open->scene = open->scene ? open->scene : event->scene;
        dwell_next(&walk, at);
        if (event->kind == EVENT_PAGE_VIEW) {
            rollup->marks[at] = open->page_views == 0 ? IS_ENTRY : 0;
            last_view = at;
            see_page(rollup, open, index, event->page);
        }
    }
    if (open->page_views > 0) {
        rollup->marks[last_view] |= IS_EXIT;
    }
    for (uint32_t i = from; i < to; i++) {
        open->dwell_ms += (uint64_t)rollup->ends[rollup->grouped[i]].ms;
    }
}

/* ---- Days ------------------------------------------------------------------------------- */

static struct rollup_page *page_of(struct rollup *rollup, uint32_t page) {
    if (rollup->day_slots[page] == 0) {
        rollup->pages[rollup->page_count] = (struct rollup_page){.page = page};
        rollup->day_slots[page] = (uint32_t)++rollup->page_count;
    }
    return &rollup->pages[rollup->day_slots[page] - 1];
}

static void count_event(struct rollup_day *day, const struct rollup_event *event) {
    switch (event->kind) {
    case EVENT_PAGE_VIEW:
        day->visit_pv++;
        break;
    case EVENT_SHARE:
        day->shares++;
        break;
    case EVENT_ADD:
        day->adds++;
        day->is_added_at_end = 1;
        break;
    case EVENT_REMOVE:
        day->removes++;
        day->is_added_at_end = -1;
        break;
    case EVENT_PAY:
        day->pay_cnt += !event->password_free;
        day->pay_fen += event->password_free ? 0 : event->amount_fen;
        break;
    case EVENT_REFUND:
        day->refund_cnt++;
        day->refund_fen += event->amount_fen;
        break;
    default:
        break;
    }
}

/* Each field from the last event that has it; a region is one field. */
static void note_attributes(struct rollup_day *day, const struct rollup_event *event) {
    day->platform = event->platform ? event->platform : day->platform;
    day->model = event->model ? event->model : day->model;
    day->app_version = event->app_version ? event->app_version : day->app_version;
    if (event->country || event->province || event->city) {
        day->country = event->country;
        day->province = event->province;
        day->city = event->city;
    }
}

static void count_pages(struct rollup *rollup, const struct rollup_event *event, size_t index) {
    const struct dwell_end *end = &rollup->ends[index];
    if (event->kind == EVENT_PAGE_VIEW) {
        struct rollup_page *page = page_of(rollup, event->page);
        page->views++;
        page->entries += (rollup->marks[index] & IS_ENTRY) != 0;
        page->exits += (rollup->marks[index] & IS_EXIT) != 0;
    } else if (event->kind == EVENT_SHARE && event->page != 0) {
        page_of(rollup, event->page)->shares++;
    }
    if (end->ms > 0) {
        page_of(rollup, end->page)->dwell_ms += (uint64_t)end->ms;
    }
}

static void add_opens(struct rollup *rollup, size_t open_count, struct rollup_day *day) {
    for (size_t i = 0; i < open_count; i++) {
        if (rollup->derived[i].begin_day == day->day) {
            rollup->day_opens[day->open_count++] = rollup->opens[i];
            day->depth_sum += rollup->opens[i].depth;
        }
    }
    day->opens = rollup->day_opens;
    day->scene = day->open_count > 0 ? day->opens[0].scene : 0;
}

static int emit_day(struct rollup *rollup, const struct rollup_input *input, size_t open_count,
                    int32_t which, rollup_emit *emit, void *arg) {
    struct rollup_day day = {.day = which};
    rollup->page_count = 0;
    for (size_t i = 0; i < input->count; i++) {
        const struct rollup_event *event = &input->events[i];
        if (event->day == which) {
            count_event(&day, event);
            note_attributes(&day, event);
            count_pages(rollup, event, i);
            day.dwell_ms += (uint64_t)rollup->ends[i].ms;
        }
    }
    add_opens(rollup, open_count, &day);
    day.pages = rollup->pages;
    day.page_count = rollup->page_count;
    int code = emit(arg, &day);
    for (size_t i = 0; i < rollup->page_count; i++) {
        rollup->day_slots[rollup->pages[i].page] = 0;
    }
    return code;
}

/* Marks the wanted days on which there is something. */
static void find_days(const struct rollup *rollup, const struct rollup_input *input,
                      size_t open_count, bool has[ROLLUP_DAYS_MAX]) {
    for (size_t i = 0; i < input->count; i++) {
        int32_t day = input->events[i].day;
        if (day >= input->first_day && day <= input->last_day) {
            has[day - input->first_day] = true;
        }
    }
    for (size_t i = 0; i < open_count; i++) {
        int32_t day = rollup->derived[i].begin_day;
        if (day >= input->first_day && day <= input->last_day) {
            has[day - input->first_day] = true;
        }
    }
}

static size_t derive(struct rollup *rollup, const struct rollup_input *input) {
    struct opens_input in = {input->events, input->count, input->strings, input->timeout_ms};
    struct opens_output out = {rollup->open_of, rollup->derived, 0, rollup->chains};
    opens_derive(&in, &out);
    memset(rollup->ends, 0, input->count * sizeof(*rollup->ends));
    memset(rollup->marks, 0, input->count * sizeof(*rollup->marks));
    memset(rollup->stamps, 0, input->strings * sizeof(*rollup->stamps));
    group_by_open(rollup, input, out.open_count);
    uint32_t from = 0;
    for (uint32_t open = 0; open < out.open_count; open++) {
        walk_open(rollup, input, open, from, rollup->group_ends[open]);
        from = rollup->group_ends[open];
    }
    return out.open_count;
}

int rollup_user(struct rollup *rollup, const struct rollup_input *input, rollup_emit *emit,
                void *arg) {
    bool has[ROLLUP_DAYS_MAX] = {false};
    assert(input->last_day - input->first_day < ROLLUP_DAYS_MAX);
    if (input->count == 0) {
        return MP_OK;
    }
    if (!make_room(rollup, input->count, input->strings)) {
        return MP_E_MEMORY;
    }
    size_t open_count = derive(rollup, input);
    find_days(rollup, input, open_count, has);
    int code = MP_OK;
    for (int32_t day = input->first_day; code == MP_OK && day <= input->last_day; day++) {
        if (has[day - input->first_day]) {
            code = emit_day(rollup, input, open_count, day, emit, arg);
        }
    }
    return code;
}
