#include "helpers.h"

#include "base/event.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* Stand between the journal and the system: the disk's faults, on demand. */
static atomic_int fdatasync_faults;
static atomic_int write_faults;
static atomic_int fallocate_faults;

int fdatasync(int fd) {
    if (atomic_load(&fdatasync_faults) > 0) {
        atomic_fetch_sub(&fdatasync_faults, 1);
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

/* A faulty write puts the first half in place, as a disk that fills up does. */
ssize_t pwrite(int fd, const void *data, size_t len, off_t offset) {
    if (atomic_load(&write_faults) > 0) {
        if (len > 1) {
            return syscall(SYS_pwrite64, fd, data, len / 2, offset);
        }
        atomic_fetch_sub(&write_faults, 1);
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, data, len, offset);
}

int posix_fallocate(int fd, off_t offset, off_t len) {
    if (atomic_load(&fallocate_faults) > 0) {
        return ENOSPC;
    }
    return syscall(SYS_fallocate, fd, 0, offset, len) == 0 ? 0 : errno;
}

static int append(struct journal *journal, uint64_t number) {
    return journal_append_wait(journal, mp_str_range((const char *)&number, sizeof(number)));
}

static void expect_numbers(struct journal *journal, const uint64_t *expected, size_t count) {
    uint64_t numbers[16];
    size_t damages;
    assert_int_equal(read_numbers(journal, 0, numbers, 16, &damages), count);
    assert_int_equal(damages, 0);
    assert_memory_equal(numbers, expected, count * sizeof(*expected));
}

/* In the callback of a refused append: what a crash right after the refusal would find. */
static char copy_dir[TEST_PATH_MAX];
static atomic_int copy_result;

static void copy_when_refused(void *arg, int result) {
    char from[TEST_PATH_MAX], to[TEST_PATH_MAX];
    (void)arg;
    segment_file(from, test_dir, 1);
    segment_file(to, copy_dir, 1);
    copy_file(from, to, 1 << 20);
    atomic_store(&copy_result, result);
}

static void refuse_one(struct journal *journal, uint64_t number, int expected) {
    atomic_store(&copy_result, -1);
    assert_int_equal(journal_append(journal, mp_str_range((const char *)&number, sizeof(number)),
                                    copy_when_refused, NULL),
                     MP_OK);
    while (atomic_load(&copy_result) == -1) {
        usleep(100);
    }
    assert_int_equal(atomic_load(&copy_result), expected);
}

static void expect_in_copy(const uint64_t *expected, size_t count) {
    struct journal_config config = small_config();
    config.dir = copy_dir;
    struct journal *journal = open_with(&config);
    expect_numbers(journal, expected, count);
    journal_close(journal);
}

static void a_record_whose_sync_failed_is_refused_and_never_read(void **state) {
    (void)state;
    const uint64_t before[] = {1}, after[] = {1, 3};
    snprintf(copy_dir, sizeof(copy_dir), "%s/copy", test_dir);
    assert_int_equal(mkdir(copy_dir, 0700), 0);
    struct journal *journal = open_small();
    assert_int_equal(append(journal, 1), MP_OK);
    atomic_store(&fdatasync_faults, 1);
    refuse_one(journal, 2, MP_E_IO);
    expect_in_copy(before, 1);
    assert_int_equal(append(journal, 3), MP_OK);
    expect_numbers(journal, after, 2);
    journal_close(journal);
    journal = open_small();
    expect_numbers(journal, after, 2);
    journal_close(journal);
}

static void a_record_written_in_part_is_refused_and_never_read(void **state) {
    (void)state;
    const uint64_t before[] = {1}, after[] = {1, 3};
    snprintf(copy_dir, sizeof(copy_dir), "%s/copy", test_dir);
    assert_int_equal(mkdir(copy_dir, 0700), 0);
    struct journal *journal = open_small();
    assert_int_equal(append(journal, 1), MP_OK);
    atomic_store(&write_faults, 1);
    refuse_one(journal, 2, MP_E_FULL);
    expect_in_copy(before, 1);
    assert_int_equal(append(journal, 3), MP_OK);
    expect_numbers(journal, after, 2);
    journal_close(journal);
    journal = open_small();
    expect_numbers(journal, after, 2);
    journal_close(journal);
}

static struct journal *full_journal(struct journal_config *config) {
    *config = small_config();
    config->segment_bytes = 4096;
    config->max_bytes = 4 * 4096;
    struct journal *journal = open_with(config);
    uint64_t number = 0;
    while (append(journal, number) == MP_OK) {
        assert_true(number++ < 1000);
    }
    return journal;
}

static void at_its_size_the_journal_refuses_until_segments_are_released(void **state) {
    (void)state;
    struct journal_config config;
    struct journal_stats stats;
    struct mp_error err;
    struct journal *journal = full_journal(&config);
    assert_int_equal(append(journal, 5), MP_E_FULL);
    journal_stats(journal, &stats);
    assert_true(stats.is_full);
    assert_true(stats.disk_bytes <= config.max_bytes);
    assert_int_equal(journal_release(journal, stats.durable_lsn, &err), MP_OK);
    assert_int_equal(append(journal, 6), MP_OK);
    journal_stats(journal, &stats);
    assert_false(stats.is_full);
    assert_true(stats.first_lsn > 1);
    journal_close(journal);
}

static void fullness_ends_by_itself_when_there_is_room_though_nobody_appends(void **state) {
    (void)state;
    struct journal_config config;
    struct journal_stats stats;
    struct mp_error err;
    struct journal *journal = full_journal(&config);
    journal_stats(journal, &stats);
    assert_int_equal(journal_release(journal, stats.durable_lsn, &err), MP_OK);
    for (int i = 0; i < 500 && stats.is_full; i++) {
        usleep(10000);
        journal_stats(journal, &stats);
    }
    assert_false(stats.is_full);
    journal_close(journal);
}

static void even_a_journal_of_one_full_segment_is_freed_by_release(void **state) {
    (void)state;
    struct journal_config config = small_config();
    struct journal_stats stats;
    struct mp_error err;
    config.segment_bytes = config.max_bytes = 4096;
    struct journal *journal = open_with(&config);
    uint64_t number = 0;
    while (append(journal, number) == MP_OK) {
        assert_true(number++ < 1000);
    }
    journal_stats(journal, &stats);
    assert_int_equal(journal_release(journal, stats.durable_lsn, &err), MP_OK);
    assert_int_equal(append(journal, 7), MP_OK);
    journal_stats(journal, &stats);
    assert_true(stats.disk_bytes <= config.max_bytes);
    journal_close(journal);
}

static void a_full_disk_refuses_at_a_new_segment_and_recovers_with_room(void **state) {
    (void)state;
    struct journal_config config = small_config();
    uint64_t number = 0, numbers[1000];
    size_t damages;
    config.segment_bytes = 4096;
    struct journal *journal = open_with(&config);
    atomic_store(&fallocate_faults, 1);
    while (append(journal, number) == MP_OK) {
        assert_true(number++ < 1000);
    }
    assert_int_equal(append(journal, 999), MP_E_FULL);
    atomic_store(&fallocate_faults, 0);
    int code = MP_E_FULL;
    for (int i = 0; i < 500 && code == MP_E_FULL; i++) {
        usleep(10000);
        code = append(journal, number);
    }
    assert_int_equal(code, MP_OK);
    assert_int_equal(read_numbers(journal, 0, numbers, 1000, &damages), number + 1);
    assert_int_equal(damages, 0);
    journal_close(journal);
}

static void a_full_disk_at_start_does_not_keep_the_journal_closed(void **state) {
    (void)state;
    const uint64_t kept[] = {1};
    struct journal *journal = open_small();
    assert_int_equal(append(journal, 1), MP_OK);
    journal_close(journal);
    atomic_store(&fallocate_faults, 1);
    journal = open_small();
    assert_int_equal(append(journal, 2), MP_E_FULL);
    expect_numbers(journal, kept, 1);
    atomic_store(&fallocate_faults, 0);
    int code = MP_E_FULL;
    for (int i = 0; i < 500 && code == MP_E_FULL; i++) {
        usleep(10000);
        code = append(journal, 3);
    }
    assert_int_equal(code, MP_OK);
    journal_close(journal);
}

static void a_limit_on_file_sizes_counts_as_a_full_disk(void **state) {
    (void)state;
    struct rlimit old, tight;
    struct journal *journal = open_small();
    char *bytes = malloc(2u << 20);
    fill_record(bytes, 2u << 20, 1, false);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight = (struct rlimit){1u << 20, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    assert_int_equal(journal_append_wait(journal, mp_str_range(bytes, 2u << 20)), MP_E_FULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    int code = MP_E_FULL;
    for (int i = 0; i < 500 && code == MP_E_FULL; i++) {
        usleep(10000);
        code = journal_append_wait(journal, mp_str_range(bytes, 2u << 20));
    }
    assert_int_equal(code, MP_OK);
    free(bytes);
    journal_close(journal);
}

static void released_segments_are_deleted_and_reading_before_them_is_refused(void **state) {
    (void)state;
    struct journal_config config = small_config();
    struct journal_stats stats;
    struct journal_reader *reader;
    struct mp_error err;
    char path[TEST_PATH_MAX];
    uint64_t numbers[300];
    size_t damages;
    config.segment_bytes = 4096;
    struct journal *journal = open_with(&config);
    append_numbers(journal, 0, 300);
    segment_file(path, test_dir, 1);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(journal_release(journal, 5000, &err), MP_OK);
    assert_int_equal(access(path, F_OK), -1);
    journal_stats(journal, &stats);
    assert_true(stats.first_lsn > 1 && stats.first_lsn <= 5000);
    assert_int_equal(journal_reader_open(journal, 1, &reader, &err), MP_E_NOT_FOUND);
    size_t left = read_numbers(journal, 0, numbers, 300, &damages);
    assert_true(left > 0 && left < 300 && numbers[left - 1] == 299 && damages == 0);
    journal_close(journal);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH_IN_A_DIR(a_record_whose_sync_failed_is_refused_and_never_read),
        EACH_IN_A_DIR(a_record_written_in_part_is_refused_and_never_read),
        EACH_IN_A_DIR(at_its_size_the_journal_refuses_until_segments_are_released),
        EACH_IN_A_DIR(fullness_ends_by_itself_when_there_is_room_though_nobody_appends),
        EACH_IN_A_DIR(even_a_journal_of_one_full_segment_is_freed_by_release),
        EACH_IN_A_DIR(a_full_disk_refuses_at_a_new_segment_and_recovers_with_room),
        EACH_IN_A_DIR(a_full_disk_at_start_does_not_keep_the_journal_closed),
        EACH_IN_A_DIR(a_limit_on_file_sizes_counts_as_a_full_disk),
        EACH_IN_A_DIR(released_segments_are_deleted_and_reading_before_them_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
