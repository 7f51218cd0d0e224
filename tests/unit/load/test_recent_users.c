#include "load/recent_users.h"

#include "helpers.h"

static struct recent_users users;

static int begin(void **state) {
    (void)state;
    return recent_users_init(&users, 1 << 20);
}

static int end(void **state) {
    (void)state;
    recent_users_deinit(&users);
    return 0;
}

static void append(struct recent_user *user, int64_t time_ms, uint32_t page) {
    struct rollup_event event = page_at(time_ms, EVENT_PAGE_VIEW, page);
    assert_true(recent_users_append(&users, user, &event));
}

static void check_pages(struct recent_user *user, const uint32_t *pages, uint32_t count) {
    recent_user_sort(user);
    assert_int_equal(user->count, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(user->events[i].page, pages[i]);
    }
}

static void events_of_one_time_stay_in_the_order_in_which_they_came(void **state) {
    (void)state;
    struct recent_user *user = recent_users_touch(&users, 1, 7);
    append(user, 5, 2);
    append(user, 5, 3);
    append(user, 4, 1);
    check_pages(user, (uint32_t[]){1, 2, 3}, 3);
}

static void what_was_before_goes_before_events_of_the_same_time(void **state) {
    (void)state;
    struct recent_user *user = recent_users_touch(&users, 1, 7);
    append(user, 5, 3);
    append(user, 5, 4);
    append(user, 9, 6);
    append(user, 3, 0);
    recent_user_sort(user);
    uint32_t had = user->count;
    append(user, 5, 1);
    append(user, 5, 2);
    append(user, 9, 5);
    recent_user_put_first(user, had);
    append(user, 9, 7);
    check_pages(user, (uint32_t[]){0, 1, 2, 3, 4, 5, 6, 7}, 8);
}

static void users_of_different_apps_are_different(void **state) {
    (void)state;
    struct recent_user *user = recent_users_touch(&users, 1, 7);
    assert_ptr_not_equal(recent_users_touch(&users, 2, 7), user);
    assert_ptr_equal(recent_users_find(&users, 1, 7), user);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_of_one_time_stay_in_the_order_in_which_they_came,
                                        begin, end),
        cmocka_unit_test_setup_teardown(what_was_before_goes_before_events_of_the_same_time, begin,
                                        end),
        cmocka_unit_test_setup_teardown(users_of_different_apps_are_different, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
