#include "load/dwell.h"

static int64_t bounded_gap(const struct dwell_walk *walk, uint32_t from, uint32_t to) {
    int64_t gap_ms = walk->events[to].time_ms - walk->events[from].time_ms;
    return gap_ms < walk->timeout_ms ? gap_ms : walk->timeout_ms;
}

static struct dwell_view *view_back(struct dwell_walk *walk, uint32_t steps) {
    return &walk->views[(walk->view_count - 1 - steps) % DWELL_VIEWS_BACK];
}

/* A page view or hide ends the view before it, unless a leave did already or comes yet. */
static void close_view(struct dwell_walk *walk, uint32_t event) {
    if (walk->view_count == 0) {
        return;
    }
    struct dwell_view *view = view_back(walk, 0);
    if (view->is_closed) {
        return;
    }
    view->is_closed = true;
    view->closed_by = event;
    if (!view->is_left) {
        walk->ends[event].ms = bounded_gap(walk, view->event, event);
        walk->ends[event].page = walk->events[view->event].page;
    }
}

static void open_view(struct dwell_walk *walk, uint32_t event) {
    walk->view_count++;
    *view_back(walk, 0) = (struct dwell_view){.event = event};
}

/* The view that a leave belongs to: the latest one of its page that was not left, and was not
 * closed too long ago for events that were reordered. */
static struct dwell_view *left_view(struct dwell_walk *walk, const struct rollup_event *leave) {
    const struct rollup_event *events = walk->events;
    uint32_t back = walk->view_count < DWELL_VIEWS_BACK ? walk->view_count : DWELL_VIEWS_BACK;
    for (uint32_t i = 0; i < back; i++) {
        struct dwell_view *view = view_back(walk, i);
        if (view->is_closed && leave->time_ms - events[view->closed_by].time_ms > OPEN_REORDER_MS) {
            return NULL;
        }
        if (!view->is_left && (leave->page == 0 || leave->page == events[view->event].page)) {
            return view;
        }
    }
    return NULL;
}

static void leave_view(struct dwell_walk *walk, uint32_t event) {
    const struct rollup_event *leave = &walk->events[event];
    struct dwell_end *end = &walk->ends[event];
    struct dwell_view *view = left_view(walk, leave);
    end->page = leave->page;
    if (leave->dwell_ms >= 0) {
        end->ms = leave->dwell_ms;
    }
    if (!view) {
        return;
    }
    view->is_left = true;
    if (leave->dwell_ms < 0) {
        end->ms = bounded_gap(walk, view->event, event);
    }
    if (end->page == 0) {
        end->page = walk->events[view->event].page;
    }
    if (view->is_closed) {
        walk->ends[view->closed_by].ms = 0;
        walk->ends[view->closed_by].page = 0;
    }
}

void dwell_next(struct dwell_walk *walk, uint32_t event) {
    switch (walk->events[event].kind) {
    case EVENT_PAGE_VIEW:
        close_view(walk, event);
        open_view(walk, event);
        break;
    case EVENT_HIDE:
        close_view(walk, event);
        break;
    case EVENT_PAGE_LEAVE:
        leave_view(walk, event);
        break;
    default:
        break;
    }
}
