#include "live/day.h"

#include "live/opening.h"
#include "live/table.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_MS 60000
#define NEVER UINT32_MAX

/* Whether a visitor came before that day. */
enum live_past { PAST_UNKNOWN, PAST_NEW, PAST_KNOWN };

struct user {
    uint64_t hash;
    uint32_t first_minute; /* of a view of any page; NEVER */
    uint32_t past;         /* enum live_past */
    struct live_opening opening;
};

struct open {
    uint64_t key;     /* of user and begin */
    uint64_t entry;   /* hash of the page; 0 = no page yet */
    int64_t entry_ms; /* when it was seen; INT64_MIN = the store says so */
    int64_t begin_ms;
};

struct board {
    uint64_t page;          /* hash; 0 = all pages */
    struct live_table seen; /* a key for each user and step in which they viewed it */
    struct live_series series;
};

struct live_day {
    struct live_day_config config;
    struct live_table users;
    struct live_table opens;
    size_t unknown; /* visitors of whom nothing is known */
    bool is_whole;
    size_t board_count;
    struct board *boards[LIVE_PAGES_MAX + 1];
};

static uint64_t page_hash(struct mp_str page) {
    uint64_t hash = mp_checksum(page.ptr, page.len);
    return hash ? hash : 1;
}

static struct board *board_create(const struct live_day *day, uint64_t page) {
    struct board *board = calloc(1, sizeof(*board));
    if (board) {
        board->page = page;
        board->series.day = day->config.day;
        board->series.start_ms = day->config.start_ms;
        board->series.end_ms = day->config.end_ms;
        live_table_init(&board->seen, sizeof(uint64_t), day->config.budget);
    }
    return board;
}

struct live_day *live_day_create(const struct live_day_config *config) {
    struct live_day *day = calloc(1, sizeof(*day));
    if (!day) {
        return NULL;
    }
    day->config = *config;
    day->is_whole = true;
    live_table_init(&day->users, sizeof(struct user), config->budget);
    live_table_init(&day->opens, sizeof(struct open), config->budget);
    day->boards[0] = board_create(day, 0);
    day->board_count = 1;
    if (!day->boards[0]) {
        live_day_destroy(day);
        return NULL;
    }
    return day;
}

void live_day_destroy(struct live_day *day) {
    if (!day) {
        return;
    }
    for (size_t i = 0; i < day->board_count; i++) {
        if (day->boards[i]) {
            live_table_deinit(&day->boards[i]->seen);
            free(day->boards[i]);
        }
    }
    live_table_deinit(&day->users);
    live_table_deinit(&day->opens);
    free(day);
}

size_t live_day_add_page(struct live_day *day, struct mp_str page) {
    if (day->board_count > LIVE_PAGES_MAX) {
        return 0;
    }
    struct board *board = board_create(day, page_hash(page));
    if (!board) {
        return 0;
    }
    day->boards[day->board_count] = board;
    return day->board_count++;
}

/* ---- Steps ------------------------------------------------------------------------------- */

/* A view is counted in the step of each length that it falls in. */
struct slot {
    size_t row;
    uint64_t key;
};

static struct slot slot_of(enum live_step step, uint32_t minute, uint64_t user) {
    size_t row = live_step_first(step) + minute / live_step_minutes(step);
    return (struct slot){row, live_mix(user ^ live_mix(row + 1))};
}

static uint32_t minute_of(const struct live_day *day, int64_t time_ms) {
    int64_t minute = (time_ms - day->config.start_ms) / MINUTE_MS;
    return minute < LIVE_MINUTES_MAX ? (uint32_t)minute : LIVE_MINUTES_MAX - 1;
}

/* ---- New visitors ------------------------------------------------------------------------ */

/* Adds a new visitor, or takes one away, where the step of the first visit has a view of theirs. */
static void count_new(struct live_day *day, const struct user *user, int32_t by) {
    for (size_t i = 0; i < day->board_count; i++) {
        struct board *board = day->boards[i];
        for (int step = 0; step < LIVE_STEPS; step++) {
            struct slot slot = slot_of((enum live_step)step, user->first_minute, user->hash);
            if (live_table_find(&board->seen, slot.key)) {
                board->series.rows[slot.row].new_visitors += (uint32_t)by;
            }
        }
    }
}

static void set_past(struct live_day *day, struct user *user, enum live_past past) {
    if (user->past == past) {
        return;
    }
    bool is_visitor = user->first_minute != NEVER;
    if (user->past == PAST_NEW) {
        count_new(day, user, -1);
    }
    day->unknown -= is_visitor && user->past == PAST_UNKNOWN;
    user->past = past;
    if (past == PAST_NEW) {
        count_new(day, user, 1);
    }
}

static struct user *user_of(struct live_day *day, uint64_t hash) {
    bool is_new;
    struct user *user = live_table_put(&day->users, hash, &is_new);
    day->is_whole &= user != NULL;
    if (user && is_new) {
        user->first_minute = NEVER;
    }
    return user;
}

/* ---- Views ------------------------------------------------------------------------------- */

static void add_views(struct live_day *day, struct board *board, const struct user *user,
                      uint32_t minute, uint32_t views) {
    for (int step = 0; step < LIVE_STEPS; step++) {
        struct slot slot = slot_of((enum live_step)step, minute, user->hash);
        struct live_counts *counts = &board->series.rows[slot.row];
        bool is_new;
        counts->views += views;
        if (!live_table_put(&board->seen, slot.key, &is_new)) {
            day->is_whole = false;
        } else if (is_new) {
            size_t first = live_step_first((enum live_step)step) +
                           user->first_minute / live_step_minutes((enum live_step)step);
            counts->visitors++;
            counts->new_visitors += user->past == PAST_NEW && first == slot.row;
        }
    }
}

/* A visit moves the moment of the first one back. */
static void note_first(struct live_day *day, struct user *user, uint32_t minute) {
    if (minute >= user->first_minute) {
        return;
    }
    bool is_new = user->past == PAST_NEW;
    if (is_new) {
        count_new(day, user, -1);
    }
    day->unknown += user->first_minute == NEVER && user->past == PAST_UNKNOWN;
    user->first_minute = minute;
    if (is_new) {
        count_new(day, user, 1);
    }
}

static void view(struct live_day *day, struct user *user, uint32_t minute, uint64_t page) {
    note_first(day, user, minute);
    for (size_t i = 0; i < day->board_count; i++) {
        if (i == 0 || day->boards[i]->page == page) {
            add_views(day, day->boards[i], user, minute, 1);
        }
    }
}

/* ---- Opens ------------------------------------------------------------------------------- */

static void count_open(struct live_day *day, const struct open *open, int32_t by, bool is_all) {
    if (open->begin_ms < day->config.start_ms) {
        return;
    }
    uint32_t minute = minute_of(day, open->begin_ms);
    for (size_t i = is_all ? 0 : 1; i < day->board_count; i++) {
        struct board *board = day->boards[i];
        for (int step = 0; step < LIVE_STEPS && (i == 0 || board->page == open->entry); step++) {
            size_t row = slot_of((enum live_step)step, minute, 0).row;
            board->series.rows[row].opens += (uint32_t)by;
        }
    }
}

/* The open that began then, counted when it is new. NULL when there is no room. */
static struct open *open_at(struct live_day *day, uint64_t user, int64_t begin_ms) {
    bool is_new;
    struct open *open =
        live_table_put(&day->opens, live_mix(user ^ live_mix((uint64_t)begin_ms)), &is_new);
    day->is_whole &= open != NULL;
    if (open && is_new) {
        open->begin_ms = begin_ms;
        count_open(day, open, 1, true);
    }
    return open;
}

static void enter(struct live_day *day, struct open *open, uint64_t page, int64_t time_ms) {
    if (open->entry != 0 && time_ms >= open->entry_ms) {
        return;
    }
    if (open->entry != 0) {
        count_open(day, open, -1, false);
    }
    open->entry = page;
    open->entry_ms = time_ms;
    count_open(day, open, 1, false);
}

/* ---- Filling ----------------------------------------------------------------------------- */

void live_day_fill_views(struct live_day *day, size_t board, uint64_t hash, uint32_t minute,
                         uint32_t views) {
    struct user *user = user_of(day, hash);
    minute = minute < LIVE_MINUTES_MAX ? minute : LIVE_MINUTES_MAX - 1;
    if (user) {
        note_first(day, user, minute);
        add_views(day, day->boards[board], user, minute, views);
    }
}

void live_day_fill_open(struct live_day *day, uint64_t hash, int64_t begin_ms, int64_t end_ms,
                        struct mp_str entry) {
    struct user *user = user_of(day, hash);
    if (!user || begin_ms >= day->config.end_ms) {
        return;
    }
    live_opening_resume(&user->opening, begin_ms, end_ms);
    struct open *open = open_at(day, hash, begin_ms);
    if (open && entry.len > 0) {
        enter(day, open, page_hash(entry), INT64_MIN);
    }
}

void live_day_fill_known(struct live_day *day, uint64_t hash) {
    struct user *user = user_of(day, hash);
    if (user) {
        set_past(day, user, PAST_KNOWN);
    }
}

void live_day_fill_done(struct live_day *day) {
    size_t at = 0;
    for (struct user *user; (user = live_table_next(&day->users, &at)) != NULL;) {
        if (user->past == PAST_UNKNOWN && user->first_minute != NEVER) {
            set_past(day, user, PAST_NEW);
        }
    }
}

/* ---- Events ------------------------------------------------------------------------------ */

static void apply_open(struct live_day *day, struct user *user, const struct mp_event *event) {
    struct live_opening_rules rules = {.before_ms = day->config.before_ms,
                                       .start_ms = day->config.start_ms,
                                       .timeout_ms = day->config.open_timeout_ms};
    int64_t begin_ms;
    if (!live_opening_next(&user->opening, &rules, event, &begin_ms)) {
        return;
    }
    struct open *open = open_at(day, user->hash, begin_ms);
    if (open && mp_str_is(event->name, MP_EVENT_PAGE_VIEW)) {
        enter(day, open, page_hash(event->page), event->time_ms);
    }
}

void live_day_apply(struct live_day *day, const struct mp_context *context,
                    const struct mp_event *event) {
    uint64_t hash = mp_hash_user(event->user.len > 0 ? event->user : context->user);
    bool is_view = mp_str_is(event->name, MP_EVENT_PAGE_VIEW);
    if (event->time_ms >= day->config.end_ms ||
        (event->time_ms < day->config.before_ms && !is_view)) {
        return;
    }
    struct user *user = user_of(day, hash);
    if (!user) {
        return;
    }
    if (is_view && event->time_ms < day->config.start_ms) {
        set_past(day, user, PAST_KNOWN);
    }
    if (event->time_ms >= day->config.before_ms) {
        apply_open(day, user, event);
    }
    if (is_view && event->time_ms >= day->config.start_ms) {
        view(day, user, minute_of(day, event->time_ms), page_hash(event->page));
    }
}

size_t live_day_unknown(const struct live_day *day, uint64_t *users, size_t max) {
    size_t at = 0, count = 0;
    if (day->unknown == 0) {
        return 0;
    }
    for (struct user *user; count < max && (user = live_table_next(&day->users, &at)) != NULL;) {
        if (user->past == PAST_UNKNOWN && user->first_minute != NEVER) {
            users[count++] = user->hash;
        }
    }
    return count;
}

static int compare(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

void live_day_answer(struct live_day *day, const uint64_t *asked, size_t asked_count,
                     const uint64_t *known, size_t known_count) {
    for (size_t i = 0; i < asked_count; i++) {
        struct user *user = live_table_find(&day->users, asked[i]);
        if (user && user->past == PAST_UNKNOWN && user->first_minute != NEVER) {
            bool is_known =
                known_count > 0 && bsearch(&asked[i], known, known_count, sizeof(*known), compare);
            set_past(day, user, is_known ? PAST_KNOWN : PAST_NEW);
        }
    }
}

/* ---- Figures ----------------------------------------------------------------------------- */

const struct live_series *live_day_series(const struct live_day *day, size_t board) {
    return &day->boards[board]->series;
}

bool live_day_is_whole(const struct live_day *day) {
    return day->is_whole;
}
