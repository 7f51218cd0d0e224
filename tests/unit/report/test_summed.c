#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/summed.h"
#include "report/texts.h"

#include <stdio.h>

#define BOUND 1000

static void test_a_set_counts_its_users(void **state) {
    static const uint32_t some[] = {0, 1, 63, 64, 65, 999}, others[] = {1, 64, 500};
    struct summary_list list = {some, 6}, other = {others, 3};
    struct user_bits a, b;
    (void)state;
    assert_true(user_bits_init(&a, BOUND) && user_bits_init(&b, BOUND));
    assert_int_equal(user_bits_add_list(&a, list), 6);
    assert_int_equal(user_bits_add_list(&a, list), 0);
    assert_int_equal(user_bits_add_list(&b, other), 3);
    assert_int_equal(user_bits_count(&a), 6);
    assert_int_equal(user_bits_count_both(&a, &b), 2);
    assert_true(user_bits_has(&a, 63) && !user_bits_has(&a, 62));
    user_bits_remove(&a, 63);
    assert_false(user_bits_has(&a, 63));
    assert_true(user_bits_has(&a, 0) && user_bits_has(&a, 64));
    assert_int_equal(user_bits_add_list(&a, other), 1);
    user_bits_clear_list(&a, list);
    user_bits_clear_list(&a, other);
    assert_int_equal(user_bits_count(&a), 0);
    user_bits_clear(&b);
    assert_int_equal(user_bits_count(&b), 0);
    user_bits_deinit(&a);
    user_bits_deinit(&b);
}

static void test_equal_texts_have_one_number(void **state) {
    enum { MANY = 3000 };
    static char names[MANY][16];
    struct texts texts = {0};
    (void)state;
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "page %u", i);
        assert_int_equal(texts_add(&texts, mp_str_of(names[i])), i);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        char copy[16];
        memcpy(copy, names[i], sizeof(copy));
        assert_int_equal(texts_add(&texts, mp_str_of(copy)), i);
    }
    assert_int_equal(texts.count, MANY);
    texts_deinit(&texts);
}

static void test_only_the_engine_searches_for_letters_whose_cases_it_alone_knows(void **state) {
    (void)state;
    assert_true(summed_can_search(MP_STR("")));
    assert_true(summed_can_search(MP_STR("Pages/ME")));
    assert_true(summed_can_search(MP_STR("me/中文")));
    assert_false(summed_can_search(MP_STR("é")));
    assert_false(summed_can_search(MP_STR("Я")));
    assert_false(summed_can_search(MP_STR("Ａ")));       /* full width */
    assert_false(summed_can_search(MP_STR("\xe4\xb8"))); /* cut off */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_set_counts_its_users),
        cmocka_unit_test(test_equal_texts_have_one_number),
        cmocka_unit_test(test_only_the_engine_searches_for_letters_whose_cases_it_alone_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
