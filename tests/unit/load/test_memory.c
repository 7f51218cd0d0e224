/* What the loader keeps in memory: interned strings, touched days, counters, the cursor's note. */
#include "load/intern.h"
#include "load/note.h"
#include "load/seq.h"
#include "load/touched.h"

#include "helpers.h"

static void equal_strings_get_equal_numbers(void **state) {
    (void)state;
    struct intern intern;
    uint32_t number;
    char text[32];
    assert_int_equal(intern_init(&intern), 0);
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 5000; i++) {
            snprintf(text, sizeof(text), "string %u", i);
            assert_true(intern_add(&intern, mp_str_of(text), &number));
            assert_int_equal(number, i + 1);
        }
        for (uint32_t i = 0; i < 5000; i += 7) {
            snprintf(text, sizeof(text), "string %u", i);
            assert_true(intern_add(&intern, mp_str_of(text), &number));
            assert_int_equal(number, i + 1);
            assert_true(mp_str_is(intern_str(&intern, number), text));
        }
        assert_true(intern_add(&intern, mp_str_of(""), &number));
        assert_int_equal(number, 0);
        intern_reset(&intern);
        for (size_t slot = 0; slot < 2 * intern.capacity; slot++) {
            assert_int_equal(intern.slots[slot], 0);
        }
    }
    intern_deinit(&intern);
}

static void days_of_an_app_are_kept_as_one_range(void **state) {
    (void)state;
    struct touched touched, more;
    char app[32];
    touched_init(&touched);
    touched_init(&more);
    for (int32_t i = 0; i < 300; i++) {
        snprintf(app, sizeof(app), "app-%d", i % 100);
        assert_int_equal(touched_add(&touched, mp_str_of(app), 1000 - i, 1000 + i, 2), 0);
    }
    assert_int_equal(touched.count, 100);
    assert_string_equal(touched.apps[99].app, "app-99");
    assert_int_equal(touched.apps[99].first_day, 1000 - 299);
    assert_int_equal(touched.apps[99].last_day, 1000 + 299);
    assert_int_equal(touched.apps[99].events, 6);
    assert_int_equal(touched_merge(&more, &touched), 0);
    assert_int_equal(touched_merge(&more, &touched), 0);
    assert_int_equal(more.count, 100);
    assert_int_equal(more.apps[99].events, 12);
    touched_clear(&more);
    assert_int_equal(more.count, 0);
    assert_int_equal(touched_add(&more, MP_STR("app-99"), 1, 1, 1), 0);
    assert_int_equal(more.apps[0].events, 1);
    touched_deinit(&touched);
    touched_deinit(&more);
}

static void every_user_has_a_count_of_its_own(void **state) {
    (void)state;
    struct seq seq = {0};
    for (uint32_t round = 1; round <= 3; round++) {
        for (uint64_t user = 0; user < 5000; user++) {
            assert_true(seq_reserve(&seq, 1));
            assert_int_equal(seq_next(&seq, user << 40), round);
        }
    }
    seq_clear(&seq);
    assert_int_equal(seq_next(&seq, 0), 1);
    seq_deinit(&seq);
}

static void a_note_comes_back_whole_or_not_at_all(void **state) {
    (void)state;
    struct load_note note = {.token = UINT64_MAX - 1,
                             .batch = 7,
                             .is_intent = true,
                             .end_lsn = (uint64_t)1 << 60,
                             .rolled_up = 5,
                             .touched_min = INT32_MAX,
                             .touched_max = INT32_MIN};
    struct load_note back;
    char bytes[LOAD_NOTE_BYTES];
    size_t len = load_note_encode(&note, bytes);
    assert_int_equal(load_note_decode(mp_str_range(bytes, len), &back), MP_OK);
    assert_true(back.token == note.token && back.batch == 7 && back.is_intent);
    assert_true(back.end_lsn == note.end_lsn && back.rolled_up == 5);
    assert_true(back.touched_min == INT32_MAX && back.touched_max == INT32_MIN);
    for (size_t short_len = 0; short_len < len; short_len++) {
        assert_int_equal(load_note_decode(mp_str_range(bytes, short_len), &back), MP_E_CORRUPT);
    }
    bytes[0] = 9;
    assert_int_equal(load_note_decode(mp_str_range(bytes, len), &back), MP_E_CORRUPT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_strings_get_equal_numbers),
        cmocka_unit_test(days_of_an_app_are_kept_as_one_range),
        cmocka_unit_test(every_user_has_a_count_of_its_own),
        cmocka_unit_test(a_note_comes_back_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
