/*
 * Private to load/recent.c: the users remembered, found by app and hash, in the order of their last
 * touch, and what they take in memory. Not thread-safe.
 */
#ifndef MP_LOAD_RECENT_USERS_H
#define MP_LOAD_RECENT_USERS_H

#include "load/intern.h"
#include "load/opens.h"
#include "load/user_rows.h"

#define RECENT_DAY_NONE INT32_MAX

struct recent_user {
    struct recent_user *next;  /* in the chain of the table */
    struct recent_user *newer; /* by the last touch */
    struct recent_user *older;
    uint64_t user_hash;
    uint32_t app; /* numbers of recent_users.strings */
    uint32_t user;
    struct rollup_event *events;
    uint32_t count;
    uint32_t capacity;
    uint32_t next_order;
    bool is_sorted;
    /* All events of this day and later are here; RECENT_DAY_NONE = only those of touched days that
     * came since the last roll-up. */
    int32_t from_day;
    bool is_fresh; /* only events that came since the last roll-up are here */
    /* Days of events that came since the last roll-up; first > last = none did. */
    int32_t touched_first;
    int32_t touched_last;
    struct user_rows_firsts written; /* first days that users has at the latest */
};

struct recent_users {
    struct intern strings;
    struct recent_user **heads; /* a power of two */
    size_t head_count;
    size_t count;
    struct recent_user *newest;
    struct recent_user *oldest;
    uint64_t salt;
    uint64_t bytes; /* of users and their events */
    uint64_t bytes_max;
};

MP_MUST_CHECK int recent_users_init(struct recent_users *users, uint64_t bytes_max);
void recent_users_deinit(struct recent_users *users);
/* Forgets all and gives the memory back. False when the little that stays cannot be had. */
MP_MUST_CHECK bool recent_users_forget(struct recent_users *users);

struct recent_user *recent_users_find(const struct recent_users *users, uint32_t app,
                                      uint64_t user_hash);
/* Found or made, and the newest now. NULL when memory is out. */
struct recent_user *recent_users_touch(struct recent_users *users, uint32_t app,
                                       uint64_t user_hash);
static inline bool recent_user_is_touched(const struct recent_user *user) {
    return user->touched_first <= user->touched_last;
}

/* Appends a copy of the event; false when memory is out. */
MP_MUST_CHECK bool recent_users_append(struct recent_users *users, struct recent_user *user,
                                       const struct rollup_event *event);
/* Puts the events in the order (time, order). */
void recent_user_sort(struct recent_user *user);
/* Those from the index `first` on were before the others, as far as their times are equal. */
void recent_user_put_first(struct recent_user *user, uint32_t first);
/* Drops the events before that day; the rest is complete from it on, if it was before. */
void recent_user_prune(struct recent_user *user, int32_t from_day);

/* Forgets untouched users, oldest first, until the bytes allowed are kept. False when touched users
 * and strings alone take more. */
MP_MUST_CHECK bool recent_users_fit(struct recent_users *users);

#endif
