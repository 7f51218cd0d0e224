/* How guessing is slowed, by a clock of the test's own. */
#include "accounts/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ACCOUNT_BURST 10
#define ACCOUNT_MS 15000
#define ADDRESS_BURST 30
#define ADDRESS_MS 5000

static struct throttle throttle;

static int set_up(void **state) {
    (void)state;
    memset(&throttle, 0, sizeof(throttle));
    throttle_init(&throttle);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    throttle_deinit(&throttle);
    return 0;
}

/* From an address that differs each time. */
static int64_t try_name(const char *name, int64_t now_ms) {
    static int number = 0;
    char address[32];
    snprintf(address, sizeof(address), "10.%d.%d.1", number / 250, number % 250);
    number++;
    return throttle_charge(&throttle, mp_str_of(name), address, now_ms);
}

static void an_account_may_fail_ten_times_at_once_then_every_15_seconds(void **state) {
    (void)state;
    int64_t now_ms = 1000000;
    for (int i = 0; i < ACCOUNT_BURST; i++) {
        assert_int_equal(try_name("li", now_ms), 0);
    }
    assert_int_equal(try_name("li", now_ms), ACCOUNT_MS);
    assert_int_equal(try_name("wang", now_ms), 0);
    /* Trying in vain does not make it longer. */
    assert_int_equal(try_name("li", now_ms + ACCOUNT_MS - 1), 1);
    assert_int_equal(try_name("li", now_ms + ACCOUNT_MS), 0);
    assert_int_equal(try_name("li", now_ms + ACCOUNT_MS), ACCOUNT_MS);
    now_ms += (ACCOUNT_BURST + 1) * ACCOUNT_MS;
    for (int i = 0; i < ACCOUNT_BURST; i++) {
        assert_int_equal(try_name("li", now_ms), 0);
    }
}

static int64_t try_address(const char *address, int64_t now_ms) {
    static int number = 0;
    char name[16];
    snprintf(name, sizeof(name), "u%d", number++);
    return throttle_charge(&throttle, mp_str_of(name), address, now_ms);
}

static void an_address_may_fail_thirty_times_at_once_then_every_5_seconds(void **state) {
    (void)state;
    for (int i = 0; i < ADDRESS_BURST; i++) {
        assert_int_equal(try_address("192.0.2.1", 1000), 0);
    }
    assert_int_equal(try_address("192.0.2.1", 1000), ADDRESS_MS);
    assert_int_equal(try_address("192.0.2.2", 1000), 0);
    assert_int_equal(try_address("192.0.2.1", 1000 + ADDRESS_MS), 0);
}

static void a_whole_ipv6_network_of_64_bits_is_one_address(void **state) {
    (void)state;
    char address[ACCOUNTS_ADDRESS_SIZE];
    for (int i = 0; i < ADDRESS_BURST; i++) {
        snprintf(address, sizeof(address), "2001:db8:1:2:%x::%x", i, i);
        assert_int_equal(try_address(address, 1000), 0);
    }
    assert_int_equal(try_address("2001:db8:1:2::ffff", 1000), ADDRESS_MS);
    assert_int_equal(try_address("2001:db8:1:3::ffff", 1000), 0);
}

static void a_good_attempt_costs_nothing(void **state) {
    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(throttle_charge(&throttle, MP_STR("li"), "192.0.2.1", 1000), 0);
        throttle_forgive(&throttle, MP_STR("li"), "192.0.2.1");
    }
}

static void an_address_that_is_slowed_does_not_lock_an_account(void **state) {
    (void)state;
    for (int i = 0; i < ADDRESS_BURST; i++) {
        assert_int_equal(try_address("192.0.2.1", 1000), 0);
    }
    for (int i = 0; i < 100; i++) {
        assert_true(throttle_charge(&throttle, MP_STR("li"), "192.0.2.1", 1000) > 0);
    }
    assert_int_equal(throttle_charge(&throttle, MP_STR("li"), "192.0.2.2", 1000), 0);
}

/* Far more names than are remembered; each is tried once. */
static void a_flood_of_names_does_not_wash_away_the_one_being_guessed_at(void **state) {
    (void)state;
    int64_t wait_ms = 0;
    for (int i = 0; i < ACCOUNT_BURST; i++) {
        assert_int_equal(try_name("li", 1000), 0);
    }
    for (int i = 0; i < 20 * THROTTLE_SETS * THROTTLE_WAYS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "flood%d", i);
        wait_ms |= throttle_charge(&throttle, mp_str_of(name), name, 1001);
    }
    assert_int_equal(wait_ms, 0);
    assert_true(try_name("li", 1001) > 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(an_account_may_fail_ten_times_at_once_then_every_15_seconds),
        T(an_address_may_fail_thirty_times_at_once_then_every_5_seconds),
        T(a_whole_ipv6_network_of_64_bits_is_one_address),
        T(a_good_attempt_costs_nothing),
        T(an_address_that_is_slowed_does_not_lock_an_account),
        T(a_flood_of_names_does_not_wash_away_the_one_being_guessed_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
