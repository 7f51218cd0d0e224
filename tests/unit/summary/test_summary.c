#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "summary/summary.h"
#include "unit/base/random.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define APP "shop"
#define USERS 60
#define DAYS 12
#define FIRST_DAY 20000

static char dir[] = "/tmp/minipulse-summary-XXXXXX";

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw) {
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int set_up(void **state) {
    struct mp_error err;
    struct summaries *summaries;
    memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
    assert_non_null(mkdtemp(dir));
    assert_int_equal(summaries_open(dir, &summaries, &err), 0);
    *state = summaries;
    return 0;
}

static int tear_down(void **state) {
    summaries_close(*state);
    return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void reopen(void **state) {
    struct mp_error err;
    struct summaries *summaries;
    summaries_close(*state);
    assert_int_equal(summaries_open(dir, &summaries, &err), 0);
    assert_int_equal(summaries_load(summaries, &err), 0);
    *state = summaries;
}

/* ---- Days made by hand -------------------------------------------------------------------- */

/* Who visited: a bit a user. A user's hash is its number and one. */
typedef uint64_t visitors;

static void put_users(struct mp_buf *sections, visitors who, const uint32_t *numbers) {
    /* In the order of numbers, as they are given. */
    for (uint32_t number = 0; number < USERS; number++) {
        for (uint32_t user = 0; user < USERS; user++) {
            if (numbers[user] == number) {
                bool is_here = who >> user & 1;
                mp_buf_append_u32(&sections[SUMMARY_SECTION_USERS], number);
                mp_buf_append_byte(&sections[SUMMARY_SECTION_VISITED], is_here);
                mp_buf_append_u32(&sections[SUMMARY_SECTION_USER_OPENS], is_here);
                mp_buf_append_byte(&sections[SUMMARY_SECTION_PLATFORMS], 1);
                mp_buf_append_u32(&sections[SUMMARY_SECTION_MODELS], 1);
                mp_buf_append_u32(&sections[SUMMARY_SECTION_REGIONS], 1);
            }
        }
    }
}

static void number_all(struct summaries *summaries, uint32_t numbers[USERS]) {
    struct mp_error err;
    uint64_t hashes[USERS];
    for (uint64_t i = 0; i < USERS; i++) {
        hashes[i] = i + 1;
    }
    assert_int_equal(summary_number(summaries, APP, hashes, USERS, numbers, &err), 0);
}

static void begin_sections(struct mp_buf *sections) {
    for (size_t i = 0; i < SUMMARY_SECTIONS; i++) {
        mp_buf_init(&sections[i], 1 << 20);
    }
}

static void end_sections(struct mp_buf *sections) {
    for (size_t i = 0; i < SUMMARY_SECTIONS; i++) {
        mp_buf_deinit(&sections[i]);
    }
}

/* A day of everything: one region and scene, one page that all have seen. */
static void make_sections(struct mp_buf *sections, visitors who, const uint32_t *numbers) {
    static const int64_t zeros[SUMMARY_BUCKETS + SUMMARY_TOTALS];
    begin_sections(sections);
    put_users(sections, who, numbers);
    mp_buf_append(&sections[SUMMARY_SECTION_TOTALS], zeros, SUMMARY_TOTALS * sizeof(int64_t));
    mp_buf_append(&sections[SUMMARY_SECTION_DURATIONS], zeros, SUMMARY_BUCKETS * sizeof(int64_t));
    mp_buf_append(&sections[SUMMARY_SECTION_DEPTHS], zeros, SUMMARY_BUCKETS * sizeof(int64_t));
    mp_buf_append_u32(&sections[SUMMARY_SECTION_REGION_TEXTS], 1);
    mp_buf_append_u32(&sections[SUMMARY_SECTION_REGION_TEXTS], 2);
    mp_buf_append_u32(&sections[SUMMARY_SECTION_PAYERS], 3);
    mp_buf_append_byte(&sections[SUMMARY_SECTION_PAYER_FLAGS], 0);
    mp_buf_append_u32(&sections[SUMMARY_SECTION_SHARERS], 4);
    mp_buf_append_u32(&sections[SUMMARY_SECTION_CHANGERS], 5);
    mp_buf_append_byte(&sections[SUMMARY_SECTION_CHANGER_FLAGS], SUMMARY_STATE_ADDED);
    mp_buf_append_u32(&sections[SUMMARY_SECTION_SCENES], 1001);
    mp_buf_append_u64(&sections[SUMMARY_SECTION_SCENE_OPENS], 1);
    mp_buf_append_u32(&sections[SUMMARY_SECTION_SCENE_ENDS], 1);
    mp_buf_append_u32(&sections[SUMMARY_SECTION_SCENE_USERS], 6);
    mp_buf_append_u32(&sections[SUMMARY_SECTION_PAGES], 2);
    mp_buf_append(&sections[SUMMARY_SECTION_PAGE_NUMBERS], zeros,
                  SUMMARY_PAGE_NUMBERS * sizeof(int64_t));
    mp_buf_append_u32(&sections[SUMMARY_SECTION_VIEWER_ENDS], 2);
    mp_buf_append_u32(&sections[SUMMARY_SECTION_VIEWERS], 7);
    mp_buf_append_u32(&sections[SUMMARY_SECTION_VIEWERS], 8);
    mp_buf_append_u32(&sections[SUMMARY_SECTION_PSHARER_ENDS], 1);
    mp_buf_append_u32(&sections[SUMMARY_SECTION_PSHARERS], 9);
    for (uint32_t end = 0; end < 3; end++) {
        mp_buf_append_u32(&sections[SUMMARY_SECTION_TEXT_ENDS], 4 * end);
    }
    mp_buf_append_text(&sections[SUMMARY_SECTION_TEXTS], "textpage");
}

static int put_day(struct summaries *summaries, int32_t day, visitors who) {
    struct mp_error err;
    struct mp_buf sections[SUMMARY_SECTIONS];
    uint32_t numbers[USERS];
    number_all(summaries, numbers);
    make_sections(sections, who, numbers);
    int code = summary_put_day(summaries, APP, day, (struct summary_mark){who, 1}, sections, &err);
    end_sections(sections);
    return code;
}

/* ---- Users ------------------------------------------------------------------------------ */

static void test_users_keep_their_numbers(void **state) {
    struct mp_error err;
    uint32_t numbers[USERS], again[USERS], more[2];
    number_all(*state, numbers);
    for (uint32_t i = 0; i < USERS; i++) {
        assert_int_equal(numbers[i], i);
    }
    reopen(state);
    uint64_t fresh[] = {777, 777};
    assert_int_equal(summary_number(*state, APP, fresh, 2, more, &err), 0);
    assert_int_equal(more[0], USERS);
    assert_int_equal(more[1], USERS);
    number_all(*state, again);
    assert_memory_equal(numbers, again, sizeof(numbers));
}

static void test_many_users_get_numbers_of_their_own(void **state) {
    enum { MANY = 20000 };
    struct mp_error err;
    uint64_t random = 7;
    uint64_t *hashes = malloc(MANY * sizeof(*hashes));
    uint32_t *numbers = malloc(MANY * sizeof(*numbers));
    bool *is_taken = calloc(MANY, sizeof(*is_taken));
    for (size_t i = 0; i < MANY; i++) {
        hashes[i] = random_next(&random);
    }
    for (size_t at = 0; at < MANY; at += 500) {
        assert_int_equal(summary_number(*state, APP, hashes + at, 500, numbers + at, &err), 0);
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_true(numbers[i] < MANY && !is_taken[numbers[i]]);
        is_taken[numbers[i]] = true;
    }
    free(hashes);
    free(numbers);
    free(is_taken);
}

/* ---- First days ------------------------------------------------------------------------- */

static void check_firsts(struct summaries *summaries, const visitors *days) {
    summary_set_complete(summaries, APP, true);
    struct summary_app *app = summary_begin(summaries, APP);
    int64_t counts[DAYS] = {0};
    assert_non_null(app);
    for (uint32_t user = 0; user < USERS; user++) {
        int wanted = 0;
        while (wanted < DAYS && !(days[wanted] >> user & 1)) {
            wanted++;
        }
        uint16_t first = summary_firsts(app, SUMMARY_VISIT)[user];
        assert_int_equal(first, wanted < DAYS ? FIRST_DAY + wanted : SUMMARY_DAY_NONE);
        if (wanted < DAYS) {
            counts[wanted]++;
        }
    }
    for (int32_t day = 0; day < DAYS; day++) {
        assert_int_equal(summary_first_count(app, SUMMARY_VISIT, FIRST_DAY + day, FIRST_DAY + day),
                         counts[day]);
    }
    summary_end(app);
}

static void test_first_days_follow_days_that_come_change_and_go(void **state) {
    uint64_t random = random_seed(__func__);
    visitors days[DAYS] = {0};
    uint32_t numbers[USERS];
    number_all(*state, numbers);
    for (int round = 0; round < 300; round++) {
        int32_t day = (int32_t)(random_next(&random) % DAYS);
        uint64_t what = random_next(&random) % 4;
        days[day] = what == 0 ? 0
                              : random_next(&random) & random_next(&random) & random_next(&random) &
                                    (((visitors)1 << USERS) - 1);
        if (what == 0) {
            summary_drop_day(*state, APP, FIRST_DAY + day);
        } else {
            assert_int_equal(put_day(*state, FIRST_DAY + day, days[day]), 0);
        }
        if (round % 50 == 49) {
            reopen(state);
        }
        if (round % 50 == 49 || round % 7 == 0) {
            /* An app without a day on disk is still known while its numbers are. */
            check_firsts(*state, days);
        }
    }
}

/* ---- What is not believed ----------------------------------------------------------------- */

static void test_sections_that_do_not_fit_together_are_refused(void **state) {
    struct mp_error err;
    uint32_t numbers[USERS];
    number_all(*state, numbers);
    for (size_t wrong = 0; wrong < SUMMARY_SECTIONS; wrong++) {
        static const uint32_t beyond = 1u << 30;
        struct mp_buf sections[SUMMARY_SECTIONS];
        make_sections(sections, 5, numbers);
        mp_buf_append(&sections[wrong], &beyond, sizeof(beyond));
        int code =
            summary_put_day(*state, APP, FIRST_DAY, (struct summary_mark){1, 1}, sections, &err);
        assert_int_equal(code, MP_E_CORRUPT);
        end_sections(sections);
    }
    assert_int_equal(put_day(*state, FIRST_DAY, 5), 0);
}

static void test_users_without_a_number_are_refused(void **state) {
    static const enum summary_section lists[] = {
        SUMMARY_SECTION_SHARERS,     SUMMARY_SECTION_PAYERS,  SUMMARY_SECTION_CHANGERS,
        SUMMARY_SECTION_SCENE_USERS, SUMMARY_SECTION_VIEWERS, SUMMARY_SECTION_PSHARERS};
    struct mp_error err;
    uint32_t numbers[USERS], nobody = USERS;
    number_all(*state, numbers);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct mp_buf sections[SUMMARY_SECTIONS];
        make_sections(sections, 5, numbers);
        memcpy(sections[lists[i]].ptr, &nobody, sizeof(nobody));
        int code =
            summary_put_day(*state, APP, FIRST_DAY, (struct summary_mark){1, 1}, sections, &err);
        assert_int_equal(code, MP_E_CORRUPT);
        end_sections(sections);
    }
}

static void test_a_file_with_any_byte_changed_is_not_read(void **state) {
    char path[128];
    int32_t day;
    snprintf(path, sizeof(path), "%s/" APP "/%d.day", dir, FIRST_DAY);
    assert_int_equal(put_day(*state, FIRST_DAY, 0xf0f), 0);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    for (long at = 0; at < info.st_size; at += 1 + at / 64) {
        assert_int_equal(put_day(*state, FIRST_DAY, 0xf0f), 0);
        FILE *file = fopen(path, "r+b");
        assert_non_null(file);
        fseek(file, at, SEEK_SET);
        int byte = fgetc(file);
        fseek(file, at, SEEK_SET);
        fputc(byte ^ 0x20, file);
        fclose(file);
        reopen(state);
        assert_false(summary_has_day(*state, APP, 0, &day));
    }
    assert_int_equal(put_day(*state, FIRST_DAY, 0xf0f), 0);
    reopen(state);
    assert_true(summary_has_day(*state, APP, 0, &day));
}

static void test_an_app_that_is_no_name_has_no_folder(void **state) {
    struct mp_error err;
    uint64_t hash = 1;
    uint32_t number;
    static const char *const names[] = {"", "..", "a/b", "A", "."};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(summary_number(*state, names[i], &hash, 1, &number, &err), MP_E_ARGUMENT);
    }
}

/* ---- What was worked out ------------------------------------------------------------------ */

static bool knows(struct summaries *summaries, int32_t from, int32_t to) {
    struct summary_key key = {.what = "test", .arguments = {from}, .from = from, .to = to};
    struct summary_app *app = summary_begin(summaries, APP);
    struct mp_buf bytes;
    mp_buf_init(&bytes, 64);
    assert_non_null(app);
    bool is_known = summary_recall(app, &key, &bytes);
    if (!is_known) {
        summary_keep(app, &key, MP_STR("result"));
    } else {
        assert_true(mp_str_is(mp_buf_str(&bytes), "result"));
    }
    summary_end(app);
    mp_buf_deinit(&bytes);
    return is_known;
}

static void test_results_are_forgotten_when_a_day_of_theirs_changes_and_only_then(void **state) {
    assert_int_equal(put_day(*state, FIRST_DAY, 1), 0);
    assert_int_equal(put_day(*state, FIRST_DAY + 5, 1), 0);
    summary_set_complete(*state, APP, true);
    assert_false(knows(*state, FIRST_DAY, FIRST_DAY + 4));
    assert_false(knows(*state, FIRST_DAY + 3, FIRST_DAY + 9));
    assert_true(knows(*state, FIRST_DAY, FIRST_DAY + 4));
    assert_int_equal(put_day(*state, FIRST_DAY + 5, 3), 0);
    assert_true(knows(*state, FIRST_DAY, FIRST_DAY + 4));
    assert_false(knows(*state, FIRST_DAY + 3, FIRST_DAY + 9));
    summary_drop_day(*state, APP, FIRST_DAY);
    assert_false(knows(*state, FIRST_DAY, FIRST_DAY + 4));
    assert_true(knows(*state, FIRST_DAY + 3, FIRST_DAY + 9));
}

static void test_an_app_is_read_only_when_it_is_complete(void **state) {
    assert_null(summary_begin(*state, APP));
    assert_int_equal(put_day(*state, FIRST_DAY, 1), 0);
    assert_null(summary_begin(*state, APP));
    summary_set_complete(*state, APP, true);
    summary_end(summary_begin(*state, APP));
    assert_null(summary_begin(*state, "tea"));
    reopen(state);
    assert_null(summary_begin(*state, APP));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_users_keep_their_numbers),
        TEST(test_many_users_get_numbers_of_their_own),
        TEST(test_first_days_follow_days_that_come_change_and_go),
        TEST(test_sections_that_do_not_fit_together_are_refused),
        TEST(test_users_without_a_number_are_refused),
        TEST(test_a_file_with_any_byte_changed_is_not_read),
        TEST(test_an_app_that_is_no_name_has_no_folder),
        TEST(test_results_are_forgotten_when_a_day_of_theirs_changes_and_only_then),
        TEST(test_an_app_is_read_only_when_it_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
