#include "helpers.h"

#define COPY_DIR_SUFFIX "/copy"

/* Two durable blocks; where the last one begins and ends in the first segment file. */
static void two_blocks(uint64_t *last_begin, uint64_t *last_end) {
    struct journal_stats stats;
    struct journal *journal = open_small();
    append_numbers(journal, 0, 1);
    journal_stats(journal, &stats);
    *last_begin = stats.durable_lsn - 1;
    append_numbers(journal, 1, 2);
    journal_stats(journal, &stats);
    *last_end = stats.durable_lsn - 1;
    journal_close(journal);
}

static struct journal *open_at(const char *dir) {
    struct journal_config config = small_config();
    config.dir = dir;
    return open_with(&config);
}

static void a_tail_torn_at_any_byte_is_cut_and_what_was_before_stays(void **state) {
    (void)state;
    uint64_t begin, end;
    char from[TEST_PATH_MAX], to[TEST_PATH_MAX], dir[TEST_PATH_MAX];
    two_blocks(&begin, &end);
    segment_file(from, test_dir, 1);
    snprintf(dir, sizeof(dir), "%s%s", test_dir, COPY_DIR_SUFFIX);
    segment_file(to, dir, 1);
    for (uint64_t cut = begin; cut < end; cut++) {
        uint64_t numbers[3];
        size_t damages;
        struct journal_stats stats;
        assert_int_equal(mkdir(dir, 0700), 0);
        copy_file(from, to, (off_t)cut);
        struct journal *journal = open_at(dir);
        journal_stats(journal, &stats);
        assert_int_equal(stats.durable_lsn, begin + 1);
        assert_true(stats.torn_bytes <= cut - begin);
        append_numbers(journal, 7, 8);
        journal_close(journal);
        journal = open_at(dir);
        assert_int_equal(read_numbers(journal, 0, numbers, 3, &damages), 2);
        assert_int_equal(damages, 0);
        assert_true(numbers[0] == 0 && numbers[1] == 7);
        journal_close(journal);
        remove_dir(dir);
    }
}

static void flip_bit(const char *path, off_t offset, int bit) {
    uint8_t byte;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, offset), 1);
    byte ^= (uint8_t)(1u << bit);
    assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
    close(fd);
}

static void a_bit_flipped_in_the_last_block_cuts_it(void **state) {
    (void)state;
    uint64_t begin, end;
    char path[TEST_PATH_MAX];
    two_blocks(&begin, &end);
    segment_file(path, test_dir, 1);
    for (uint64_t at = begin; at < end; at++) {
        uint64_t numbers[3];
        size_t damages;
        char dir[TEST_PATH_MAX], to[TEST_PATH_MAX];
        snprintf(dir, sizeof(dir), "%s%s", test_dir, COPY_DIR_SUFFIX);
        assert_int_equal(mkdir(dir, 0700), 0);
        segment_file(to, dir, 1);
        copy_file(path, to, 1 << 16);
        flip_bit(to, (off_t)at, (int)(at % 8));
        struct journal *journal = open_at(dir);
        struct journal_stats stats;
        journal_stats(journal, &stats);
        assert_int_equal(stats.durable_lsn, begin + 1);
        assert_true(stats.torn_bytes > 0);
        assert_int_equal(read_numbers(journal, 0, numbers, 3, &damages), 1);
        assert_int_equal(damages, 0);
        journal_close(journal);
        remove_dir(dir);
    }
}

enum { BLOCKS = 50 };

/* Reads all of a journal of BLOCKS numbers whose block `hurt` is damaged. */
static void expect_all_but(struct journal *journal, uint64_t hurt) {
    uint64_t numbers[BLOCKS];
    size_t damages;
    assert_int_equal(read_numbers(journal, 0, numbers, BLOCKS, &damages), BLOCKS - 1);
    assert_int_equal(damages, 1);
    for (uint64_t i = 0; i + 1 < BLOCKS; i++) {
        assert_int_equal(numbers[i], i < hurt ? i : i + 1);
    }
}

static void damage_in_the_middle_is_reported_and_skipped(void **state) {
    (void)state;
    static uint64_t ends[BLOCKS + 1] = {1};
    char path[TEST_PATH_MAX];
    struct journal *journal = open_small();
    for (uint64_t i = 0; i < BLOCKS; i++) {
        struct journal_stats stats;
        append_numbers(journal, i, i + 1);
        journal_stats(journal, &stats);
        ends[i + 1] = stats.durable_lsn;
    }
    journal_close(journal);
    segment_file(path, test_dir, 1);
    for (uint64_t hurt = 0; hurt + 1 < BLOCKS; hurt += 7) {
        uint64_t numbers[BLOCKS];
        size_t damages;
        off_t at = (off_t)(ends[hurt] - 1 + hurt % (ends[hurt + 1] - ends[hurt]));
        flip_bit(path, at, 3);
        journal = open_small();
        struct journal_stats stats;
        journal_stats(journal, &stats);
        assert_int_equal(stats.durable_lsn, ends[BLOCKS]);
        assert_int_equal(stats.torn_bytes, 0);
        expect_all_but(journal, hurt);
        /* A reader that stood before, at or behind the damage finds its place again. */
        assert_int_equal(read_numbers(journal, ends[hurt], numbers, BLOCKS, &damages),
                         BLOCKS - 1 - hurt);
        assert_int_equal(damages, 1);
        assert_int_equal(read_numbers(journal, ends[hurt + 1], numbers, BLOCKS, &damages),
                         BLOCKS - 1 - hurt);
        assert_int_equal(damages, 0);
        journal_close(journal);
        flip_bit(path, at, 3);
    }
}

static void a_damaged_older_segment_costs_only_its_own_records(void **state) {
    (void)state;
    enum { RECORDS = 300 };
    uint64_t numbers[RECORDS];
    size_t damages;
    char path[TEST_PATH_MAX];
    struct journal_config config = small_config();
    config.segment_bytes = 4096;
    struct journal *journal = open_with(&config);
    append_numbers(journal, 0, RECORDS);
    journal_close(journal);
    segment_file(path, test_dir, 1);
    assert_int_equal(truncate(path, 100), 0);
    journal = open_with(&config);
    size_t got = read_numbers(journal, 0, numbers, RECORDS, &damages);
    assert_int_equal(damages, 1);
    assert_true(got > RECORDS / 2 && got < RECORDS);
    /* The first records of the hurt segment, then without a gap all of the others. */
    uint64_t kept = numbers[1] == 1 ? 2 : 1;
    for (size_t i = kept; i < got; i++) {
        assert_int_equal(numbers[i], RECORDS - got + i);
    }
    journal_close(journal);
}

static void a_segment_that_was_never_finished_is_no_segment(void **state) {
    (void)state;
    char path[TEST_PATH_MAX];
    uint64_t numbers[2];
    size_t damages;
    struct journal *journal = open_small();
    append_numbers(journal, 0, 1);
    journal_close(journal);
    snprintf(path, sizeof(path), "%s/%020d.seg.new", test_dir, 99);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    journal = open_small();
    append_numbers(journal, 1, 2);
    assert_int_equal(read_numbers(journal, 0, numbers, 2, &damages), 2);
    assert_int_equal(access(path, F_OK), -1);
    journal_close(journal);
}

static void positions_from_before_a_cursor_was_saved_are_never_given_out_again(void **state) {
    (void)state;
    char path[TEST_PATH_MAX];
    uint64_t numbers[4];
    size_t damages;
    struct journal_stats before, after;
    struct mp_error err;
    struct journal *journal = open_small();
    append_numbers(journal, 0, 3);
    journal_stats(journal, &before);
    assert_int_equal(journal_cursor_save(journal, "load", 1, MP_STR(""), &err), MP_OK);
    journal_close(journal);
    segment_file(path, test_dir, 1);
    for (int is_gone = 0; is_gone <= 1; is_gone++) { /* the end is lost, then all is */
        assert_int_equal(is_gone ? unlink(path) : truncate(path, 60), 0);
        journal = open_small();
        journal_stats(journal, &after);
        assert_true(after.durable_lsn >= before.durable_lsn);
        append_numbers(journal, 9, 10);
        assert_true(read_numbers(journal, before.durable_lsn, numbers, 4, &damages) >= 1);
        assert_int_equal(numbers[0], 9);
        journal_close(journal);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH_IN_A_DIR(a_tail_torn_at_any_byte_is_cut_and_what_was_before_stays),
        EACH_IN_A_DIR(a_bit_flipped_in_the_last_block_cuts_it),
        EACH_IN_A_DIR(damage_in_the_middle_is_reported_and_skipped),
        EACH_IN_A_DIR(a_damaged_older_segment_costs_only_its_own_records),
        EACH_IN_A_DIR(a_segment_that_was_never_finished_is_no_segment),
        EACH_IN_A_DIR(positions_from_before_a_cursor_was_saved_are_never_given_out_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
