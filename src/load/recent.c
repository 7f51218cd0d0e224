#include "load/recent.h"

#include "base/grow.h"

#include "load/ask.h"
#include "load/recent_users.h"
#include "load/remake.h"

#include <stdlib.h>

#define SELECT_TIMEOUT_MS (10 * 60 * 1000LL)
/* Users of one question. */
#define FETCH_USERS_MAX 20000u
/* Rows are written when so many are gathered. */
#define INSERT_ROWS_FULL 100000u
/* Rows of these days around an event depend on it, and they on events of so many more. */
#define DAYS_NEEDED (ROLLUP_DAYS_BACK + ROLLUP_DAYS_AHEAD)

struct recent {
    struct store *store;
    struct recent_users users;
    struct user_rows rows;
    struct recent_user **touched; /* since the last roll-up; touched_count of touched_capacity */
    size_t touched_count;
    size_t touched_capacity;
    uint32_t *numbers; /* by another intern's number: ours, 0 = not looked up yet */
    size_t number_capacity;
    struct recent_stats stats;
};

int recent_create(struct store *store, const char *query_prefix, uint64_t bytes,
                  struct recent **out, struct mp_error *err) {
    struct recent *recent = calloc(1, sizeof(*recent));
    *out = NULL;
    if (!recent || recent_users_init(&recent->users, bytes) != MP_OK) {
        free(recent);
        return mp_fail(err, MP_E_MEMORY, "", "no memory for recent users");
    }
    recent->store = store;
    int code = user_rows_init(&recent->rows, store, query_prefix, err);
    if (code != MP_OK) {
        recent_destroy(recent);
        return code;
    }
    *out = recent;
    return MP_OK;
}

void recent_destroy(struct recent *recent) {
    if (recent) {
        recent_users_deinit(&recent->users);
        user_rows_deinit(&recent->rows);
        free(recent->touched);
        free(recent->numbers);
        free(recent);
    }
}

bool recent_is_empty(const struct recent *recent) {
    return recent->users.count == 0;
}

void recent_stats(const struct recent *recent, struct recent_stats *out) {
    *out = recent->stats;
}

/* Room for count numbers, all 0. */
static bool clear_numbers(struct recent *recent, size_t count) {
    if (count > recent->number_capacity) {
        free(recent->numbers);
        recent->number_capacity = 0;
        recent->numbers = calloc(2 * count, sizeof(*recent->numbers));
        if (!recent->numbers) {
            return false;
        }
        recent->number_capacity = 2 * count;
        return true;
    }
    memset(recent->numbers, 0, count * sizeof(*recent->numbers));
    return true;
}

void recent_forget(struct recent *recent) {
    recent->touched_count = 0;
    free(recent->touched);
    free(recent->numbers);
    recent->touched = NULL;
    recent->numbers = NULL;
    recent->touched_capacity = recent->number_capacity = 0;
    user_rows_clear(&recent->rows);
    /* Without memory nothing is remembered, and taking fails. */
    if (!recent_users_forget(&recent->users)) {
        recent->users.bytes_max = 0;
    }
}

/* ---- Strings of one intern as numbers of another ---------------------------------------- */

/* The strings of an event, by the place of their number in it. */
static const size_t string_places[] = {
    offsetof(struct rollup_event, open_id), offsetof(struct rollup_event, page),
    offsetof(struct rollup_event, model),   offsetof(struct rollup_event, app_version),
    offsetof(struct rollup_event, country), offsetof(struct rollup_event, province),
    offsetof(struct rollup_event, city),
};
#define STRING_PLACES (sizeof(string_places) / sizeof(string_places[0]))

static bool translate(struct recent *recent, const struct intern *from, struct intern *to,
                      uint32_t *number) {
    uint32_t known = *number == 0 ? 0 : recent->numbers[*number];
    if (known == 0 && *number != 0) {
        if (!intern_add(to, intern_str(from, *number), &known)) {
            return false;
        }
        recent->numbers[*number] = known;
    }
    *number = known;
    return true;
}

static bool translate_event(struct recent *recent, const struct intern *from, struct intern *to,
                            struct rollup_event *event) {
    bool has_room = true;
    for (size_t i = 0; i < STRING_PLACES; i++) {
        uint32_t *number = (uint32_t *)(void *)((char *)event + string_places[i]);
        has_room &= translate(recent, from, to, number);
    }
    return has_room;
}

/* ---- Taking ----------------------------------------------------------------------------- */

static bool list_touched(struct recent *recent, struct recent_user *user) {
    if (!mp_grow(&recent->touched, &recent->touched_capacity, recent->touched_count + 1,
                 sizeof(struct recent_user *))) {
        return false;
    }
    recent->touched[recent->touched_count++] = user;
    return true;
}

static bool take_event(struct recent *recent, const struct trail *trail, struct recent_user *user,
                       const struct rollup_event *event) {
    struct rollup_event own = *event;
    if ((!recent_user_is_touched(user) && !list_touched(recent, user)) ||
        !translate_event(recent, &trail->strings, &recent->users.strings, &own) ||
        !recent_users_append(&recent->users, user, &own)) {
        return false;
    }
    user->touched_first = own.day < user->touched_first ? own.day : user->touched_first;
    user->touched_last = own.day > user->touched_last ? own.day : user->touched_last;
    return true;
}

static bool take_run(struct recent *recent, const struct trail *trail,
                     const struct trail_run *run) {
    uint32_t app = run->app;
    uint32_t name = run->user;
    struct intern *strings = &recent->users.strings;
    if (!translate(recent, &trail->strings, strings, &app) ||
        !translate(recent, &trail->strings, strings, &name)) {
        return false;
    }
    struct recent_user *user = recent_users_touch(&recent->users, app, run->user_hash);
    if (!user) {
        return false;
    }
    user->user = name;
    for (size_t i = 0; i < run->count; i++) {
        if (!take_event(recent, trail, user, &trail->events[run->first + i])) {
            return false;
        }
    }
    /* A window of days that one remake could not take either. */
    return user->touched_last - user->touched_first < REMAKE_DAYS_MAX;
}

bool recent_take(struct recent *recent, const struct trail *trail) {
    bool is_taken = !trail->is_broken && clear_numbers(recent, trail->strings.count);
    for (size_t i = 0; is_taken && i < trail->run_count; i++) {
        is_taken = take_run(recent, trail, &trail->runs[i]);
    }
    return is_taken && recent_users_fit(&recent->users);
}

/* ---- Reading what is not remembered ------------------------------------------------------ */

static int32_t day_needed(const struct recent_user *user) {
    return user_rows_calendar_day((int64_t)user->touched_first - DAYS_NEEDED);
}

static bool is_missing(const struct recent_user *user) {
    return user->from_day > day_needed(user);
}

/* By app, day needed, and whether all is read or only what came before. */
static int compare_missing(const void *left, const void *right) {
    const struct recent_user *a = *(struct recent_user *const *)left;
    const struct recent_user *b = *(struct recent_user *const *)right;
    if (a->app != b->app) {
        return a->app < b->app ? -1 : 1;
    }
    if (day_needed(a) != day_needed(b)) {
        return day_needed(a) < day_needed(b) ? -1 : 1;
    }
    return a->is_fresh - b->is_fresh;
}

struct fetch {
    struct recent *recent;
    const struct mp_zone *zone;
    uint32_t app;
    int32_t from_day;
    bool is_before;           /* what comes was before all that is here; else it takes its place */
    struct recent_user *user; /* whose events are coming */
    uint32_t had;             /* events before they came */
};

static void end_user(struct fetch *fetch) {
    if (fetch->user && fetch->is_before) {
        recent_user_put_first(fetch->user, fetch->had);
    }
}

/* Whose events come next. False when nobody asked for them. */
static bool begin_user(struct fetch *fetch, uint64_t user_hash) {
    end_user(fetch);
    fetch->user = recent_users_find(&fetch->recent->users, fetch->app, user_hash);
    if (!fetch->user) {
        return false;
    }
    if (!fetch->is_before) {
        fetch->user->count = fetch->user->next_order = 0;
        fetch->user->is_sorted = true;
    }
    fetch->had = fetch->user->count;
    return true;
}

static int on_event(void *arg, struct mp_reader *row) {
    struct fetch *fetch = arg;
    struct recent_users *users = &fetch->recent->users;
    struct rollup_event event = {0};
    struct mp_str name;
    uint64_t user_hash = mp_read_u64(row);
    bool is_same = fetch->user && fetch->user->user_hash == user_hash;
    if (!is_same && !begin_user(fetch, user_hash)) {
        return MP_E_CORRUPT; /* an answer to another question */
    }
    event.day = mp_read_u16(row);
    if (!user_event_read(row, &users->strings, fetch->zone, &event, &name) ||
        !recent_users_append(users, fetch->user, &event)) {
        return MP_E_MEMORY;
    }
    return users->bytes > users->bytes_max && !recent_users_fit(users) ? MP_E_FULL : MP_OK;
}

static int fetch_some(struct recent *recent, const struct recent_roll_up *how,
                      struct recent_user **missing, size_t count, struct mp_error *err) {
    struct store_statement *statement;
    struct store_options options = {.timeout_ms = SELECT_TIMEOUT_MS,
                                    .is_cancelled = how->is_cancelled,
                                    .is_cancelled_arg = how->is_cancelled_arg,
                                    .is_read_only = true};
    struct mp_str app = intern_str(&recent->users.strings, missing[0]->app);
    const struct mp_app *known = mp_apps_by_id(how->apps, app);
    struct fetch fetch = {.recent = recent,
                          .zone = known ? known->zone : how->default_zone,
                          .app = missing[0]->app,
                          .from_day = day_needed(missing[0]),
                          .is_before = missing[0]->is_fresh};
    uint64_t *hashes = count > 0 ? malloc(count * sizeof(*hashes)) : NULL;
    if (!hashes) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for users to read");
    }
    int code = load_statement(recent->store, "user_history", &statement, err);
    if (code == MP_OK) {
        for (size_t i = 0; i < count; i++) {
            hashes[i] = missing[i]->user_hash;
            missing[i]->from_day = RECENT_DAY_NONE; /* until all is read */
            missing[i]->is_fresh = false;
        }
        store_bind_str(statement, "app", app);
        store_bind_u64s(statement, "users", hashes, count);
        store_bind_day(statement, "from", fetch.from_day);
        store_bind_u64(statement, "up_to", fetch.is_before ? how->before : how->up_to);
        code = store_run_rows(recent->store, statement, &options, USER_EVENT_COLUMNS, on_event,
                              &fetch, err);
        store_statement_destroy(statement);
        end_user(&fetch);
    }
    for (size_t i = 0; code == MP_OK && i < count; i++) {
        missing[i]->from_day = fetch.from_day;
    }
    recent->stats.fetched += code == MP_OK ? count : 0;
    free(hashes);
    return code;
}

/* Missing users of one app that need events from the same day on are asked for at once. */
static int fetch_missing(struct recent *recent, const struct recent_roll_up *how,
                         struct mp_error *err) {
    size_t count = 0;
    struct recent_user **missing =
        malloc((recent->touched_count + 1) * sizeof(struct recent_user *));
    if (!missing) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for users to read");
    }
    for (size_t i = 0; i < recent->touched_count; i++) {
        if (is_missing(recent->touched[i])) {
            missing[count++] = recent->touched[i];
        }
    }
    qsort(missing, count, sizeof(struct recent_user *), compare_missing);
    int code = MP_OK;
    for (size_t from = 0, to = 0; code == MP_OK && from < count; from = to) {
        while (to < count && to - from < FETCH_USERS_MAX &&
               compare_missing(&missing[from], &missing[to]) == 0) {
            to++;
        }
        code = fetch_some(recent, how, missing + from, to - from, err);
    }
    free(missing);
    return code;
}

/* ---- Rolling up ------------------------------------------------------------------------- */

/* Copies the events that the user's rows depend on, numbered for that user alone. */
static bool give_events(struct recent *recent, struct recent_user *user) {
    int32_t first = day_needed(user);
    int64_t last = (int64_t)user->touched_last + DAYS_NEEDED;
    struct intern *own = &recent->rows.strings;
    bool has_room = true;
    recent_user_sort(user);
    for (uint32_t i = 0; has_room && i < user->count; i++) {
        if (user->events[i].day < first || user->events[i].day > last) {
            continue;
        }
        struct rollup_event *event = user_rows_next(&recent->rows);
        if (!event) {
            return false;
        }
        *event = user->events[i];
        has_room = translate_event(recent, &recent->users.strings, own, event);
        user_rows_take(&recent->rows);
    }
    return has_room;
}

/* What the user's strings left in recent->numbers goes. */
static void reset_numbers(struct recent *recent, const struct recent_user *user) {
    for (uint32_t i = 0; i < user->count; i++) {
        for (size_t place = 0; place < STRING_PLACES; place++) {
            const char *at = (const char *)&user->events[i] + string_places[place];
            recent->numbers[*(const uint32_t *)(const void *)at] = 0;
        }
    }
}

static int roll_up_user(struct recent *recent, const struct recent_roll_up *how,
                        struct recent_user *user, struct mp_error *err) {
    struct mp_str app = intern_str(&recent->users.strings, user->app);
    const struct mp_app *known = mp_apps_by_id(how->apps, app);
    struct user_rows_firsts found;
    struct user_rows_owner owner = {.app = app,
                                    .user_hash = user->user_hash,
                                    .user = intern_str(&recent->users.strings, user->user),
                                    .version = how->version,
                                    .timeout_ms =
                                        known ? known->open_timeout_ms : MP_OPEN_TIMEOUT_MS_DEFAULT,
                                    .first_day = user->touched_first,
                                    .last_day = user->touched_last};
    bool has_room = give_events(recent, user);
    reset_numbers(recent, user);
    int code =
        has_room ? user_rows_finish(&recent->rows, &owner, &user->written, &found) : MP_E_MEMORY;
    if (code != MP_OK) {
        return mp_fail(err, (enum mp_code)code, "rollup", "no room for the rows of users");
    }
    user->written.visit = found.visit < user->written.visit ? found.visit : user->written.visit;
    user->written.payment =
        found.payment < user->written.payment ? found.payment : user->written.payment;
    return MP_OK;
}

static int write_rows(struct recent *recent, struct mp_error *err) {
    int code = user_rows_insert(&recent->rows, err);
    user_rows_clear(&recent->rows);
    return code;
}

static int roll_up_touched(struct recent *recent, const struct recent_roll_up *how,
                           struct mp_error *err) {
    int code = MP_OK;
    if (!clear_numbers(recent, recent->users.strings.count)) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for rollups");
    }
    user_rows_clear(&recent->rows);
    for (size_t i = 0; code == MP_OK && i < recent->touched_count; i++) {
        code = roll_up_user(recent, how, recent->touched[i], err);
        if (code == MP_OK && store_block_rows(recent->rows.day_rows) >= INSERT_ROWS_FULL) {
            code = write_rows(recent, err);
        }
    }
    return code == MP_OK ? write_rows(recent, err) : code;
}

static void settle(struct recent *recent) {
    for (size_t i = 0; i < recent->touched_count; i++) {
        struct recent_user *user = recent->touched[i];
        int32_t last = user->events[user->count - 1].day;
        recent_user_prune(user, user_rows_calendar_day((int64_t)last - DAYS_NEEDED));
        user->touched_first = INT32_MAX;
        user->touched_last = INT32_MIN;
        user->is_fresh = false;
    }
    recent->stats.users += recent->touched_count;
    recent->touched_count = 0;
}

int recent_roll_up(struct recent *recent, const struct recent_roll_up *how, struct mp_error *err) {
    int code = fetch_missing(recent, how, err);
    if (code == MP_OK && !recent_users_fit(&recent->users)) {
        code = mp_fail(err, MP_E_FULL, "rollup_cache_bytes", "too many users at once to remember");
    }
    code = code == MP_OK ? roll_up_touched(recent, how, err) : code;
    if (code != MP_OK) {
        /* Of what was written nobody knows. */
        for (size_t i = 0; i < recent->touched_count; i++) {
            recent->touched[i]->written =
                (struct user_rows_firsts){USER_ROWS_DAY_NONE, USER_ROWS_DAY_NONE};
        }
        return code;
    }
    settle(recent);
    return MP_OK;
}
