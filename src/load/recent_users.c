#include "load/recent_users.h"

#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#define HEADS_FIRST 1024u
#define EVENTS_FIRST 8u
/* What malloc adds to a piece, about. */
#define PIECE_BYTES 16u
/* Strings may take one part in this many of the bytes; they are only forgotten all at once. */
#define STRINGS_PART 4u

static uint64_t user_bytes(const struct recent_user *user) {
    return sizeof(*user) + user->capacity * sizeof(*user->events) + 2 * PIECE_BYTES;
}

static uint64_t string_bytes(const struct intern *strings) {
    return strings->arena.total_bytes +
           strings->capacity *
               (sizeof(*strings->strings) + sizeof(*strings->hashes) + 2 * sizeof(*strings->slots));
}

int recent_users_init(struct recent_users *users, uint64_t bytes_max) {
    *users = (struct recent_users){.bytes_max = bytes_max};
    users->heads = calloc(HEADS_FIRST, sizeof(struct recent_user *));
    users->head_count = HEADS_FIRST;
    if (!users->heads || getentropy(&users->salt, sizeof(users->salt)) != 0 ||
        intern_init(&users->strings) != MP_OK) {
        recent_users_deinit(users);
        return MP_E_MEMORY;
    }
    return MP_OK;
}

static void free_user(struct recent_user *user) {
    free(user->events);
    free(user);
}

void recent_users_deinit(struct recent_users *users) {
    for (struct recent_user *user = users->newest; user;) {
        struct recent_user *older = user->older;
        free_user(user);
        user = older;
    }
    free(users->heads);
    intern_deinit(&users->strings);
    *users = (struct recent_users){0};
}

bool recent_users_forget(struct recent_users *users) {
    uint64_t bytes_max = users->bytes_max;
    recent_users_deinit(users);
    malloc_trim(0);
    return recent_users_init(users, bytes_max) == MP_OK;
}

/* ---- Finding ---------------------------------------------------------------------------- */

static size_t head_of(const struct recent_users *users, uint32_t app, uint64_t user_hash) {
    uint64_t mixed = (user_hash ^ users->salt) * 0x9e3779b97f4a7c15u + app * 0xff51afd7ed558ccdu;
    return (size_t)(mixed >> 32) & (users->head_count - 1);
}

struct recent_user *recent_users_find(const struct recent_users *users, uint32_t app,
                                      uint64_t user_hash) {
    struct recent_user *user = users->heads[head_of(users, app, user_hash)];
    while (user && (user->user_hash != user_hash || user->app != app)) {
        user = user->next;
    }
    return user;
}

static void unlink_age(struct recent_users *users, struct recent_user *user) {
    *(user->newer ? &user->newer->older : &users->newest) = user->older;
    *(user->older ? &user->older->newer : &users->oldest) = user->newer;
}

static void link_newest(struct recent_users *users, struct recent_user *user) {
    user->newer = NULL;
    user->older = users->newest;
    *(users->newest ? &users->newest->newer : &users->oldest) = user;
    users->newest = user;
}

/* Longer chains when memory is out: slower, not wrong. */
static void grow_heads(struct recent_users *users) {
    size_t count = 2 * users->head_count;
    struct recent_user **heads = calloc(count, sizeof(struct recent_user *));
    if (!heads) {
        return;
    }
    free(users->heads);
    users->heads = heads;
    users->head_count = count;
    for (struct recent_user *user = users->newest; user; user = user->older) {
        size_t head = head_of(users, user->app, user->user_hash);
        user->next = heads[head];
        heads[head] = user;
    }
}

static struct recent_user *add(struct recent_users *users, uint32_t app, uint64_t user_hash) {
    struct recent_user *user = malloc(sizeof(*user));
    if (!user) {
        return NULL;
    }
    *user = (struct recent_user){.user_hash = user_hash,
                                 .app = app,
                                 .is_sorted = true,
                                 .from_day = RECENT_DAY_NONE,
                                 .is_fresh = true,
                                 .touched_first = INT32_MAX,
                                 .touched_last = INT32_MIN,
                                 .written = {USER_ROWS_DAY_NONE, USER_ROWS_DAY_NONE}};
    if (users->count >= users->head_count) {
        grow_heads(users);
    }
    size_t head = head_of(users, app, user_hash);
    user->next = users->heads[head];
    users->heads[head] = user;
    users->count++;
    users->bytes += user_bytes(user);
    return user;
}

struct recent_user *recent_users_touch(struct recent_users *users, uint32_t app,
                                       uint64_t user_hash) {
    struct recent_user *user = recent_users_find(users, app, user_hash);
    if (user) {
        unlink_age(users, user);
    } else if (!(user = add(users, app, user_hash))) {
        return NULL;
    }
    link_newest(users, user);
    return user;
}

/* ---- Events ----------------------------------------------------------------------------- */

bool recent_users_append(struct recent_users *users, struct recent_user *user,
                         const struct rollup_event *event) {
    if (user->count == user->capacity) {
        uint32_t capacity = user->capacity ? user->capacity + user->capacity / 2 : EVENTS_FIRST;
        struct rollup_event *grown =
            capacity > user->capacity ? realloc(user->events, capacity * sizeof(*grown)) : NULL;
        if (!grown) {
            return false;
        }
        users->bytes += (capacity - user->capacity) * sizeof(*grown);
        user->events = grown;
        user->capacity = capacity;
    }
    struct rollup_event *own = &user->events[user->count];
    *own = *event;
    own->order = user->next_order++;
    user->is_sorted &= user->count == 0 || own[-1].time_ms <= own->time_ms;
    user->count++;
    return true;
}

static int compare(const void *left, const void *right) {
    const struct rollup_event *a = left;
    const struct rollup_event *b = right;
    if (a->time_ms != b->time_ms) {
        return a->time_ms < b->time_ms ? -1 : 1;
    }
    return a->order < b->order ? -1 : 1;
}

void recent_user_sort(struct recent_user *user) {
    if (!user->is_sorted) {
        qsort(user->events, user->count, sizeof(*user->events), compare);
        user->is_sorted = true;
    }
}

void recent_user_put_first(struct recent_user *user, uint32_t first) {
    for (uint32_t i = 0; i < user->count; i++) {
        user->events[i].order += i < first ? user->count - first : -first;
    }
    user->is_sorted = false;
}

void recent_user_prune(struct recent_user *user, int32_t from_day) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < user->count; i++) {
        if (user->events[i].day >= from_day) {
            user->events[kept] = user->events[i];
            user->events[kept].order = kept;
            kept++;
        }
    }
    user->count = user->next_order = kept;
    user->from_day = user->from_day > from_day ? user->from_day : from_day;
}

/* ---- Room ------------------------------------------------------------------------------- */

static void forget_user(struct recent_users *users, struct recent_user *user) {
    struct recent_user **link = &users->heads[head_of(users, user->app, user->user_hash)];
    while (*link != user) {
        link = &(*link)->next;
    }
    *link = user->next;
    unlink_age(users, user);
    users->bytes -= user_bytes(user);
    users->count--;
    free_user(user);
}

bool recent_users_fit(struct recent_users *users) {
    uint64_t table = users->head_count * sizeof(struct recent_user *);
    uint64_t strings = string_bytes(&users->strings);
    for (struct recent_user *user = users->oldest;
         user && users->bytes + table + strings > users->bytes_max;) {
        struct recent_user *newer = user->newer;
        if (recent_user_is_touched(user)) {
            break; /* touched ones are the newest */
        }
        forget_user(users, user);
        user = newer;
    }
    return users->bytes + table + strings <= users->bytes_max &&
           strings <= users->bytes_max / STRINGS_PART;
}
