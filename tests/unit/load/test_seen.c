#include "load/seen.h"

#include "base/error.h"
#include "helpers.h"

static struct mp_error err;

static struct seen_print print_of(uint64_t number) {
    struct mp_hash128 identity = mp_hash128(&number, sizeof(number));
    return seen_print_of(identity);
}

static struct seen_index *open_index(void) {
    struct seen_index *index;
    assert_int_equal(seen_index_open(test_dir, &index, &err), 0);
    return index;
}

static struct seen_log *open_log(struct seen_index *index, uint32_t replay_batch) {
    struct seen_log *log;
    assert_int_equal(seen_log_open(test_dir, index, replay_batch, &log, &err), 0);
    return log;
}

static void append(struct seen_log *log, uint32_t batch, int64_t time_ms, uint64_t from,
                   size_t count) {
    struct seen_print *prints = calloc(count, sizeof(*prints));
    for (size_t i = 0; i < count; i++) {
        prints[i] = print_of(from + i);
    }
    assert_int_equal(seen_log_append(log, batch, time_ms, prints, count, &err), 0);
    free(prints);
}

/* How many of the numbers the index did not have. */
static size_t add_all(struct seen_index *index, uint64_t from, size_t count, uint32_t batch) {
    size_t fresh = 0;
    assert_int_equal(seen_index_reserve(index, count, &err), 0);
    for (size_t i = 0; i < count; i++) {
        fresh += seen_index_add(index, print_of(from + i), batch);
    }
    return fresh;
}

static void an_identity_is_new_once(void **state) {
    (void)state;
    struct seen_index *index = open_index();
    assert_int_equal(add_all(index, 0, 1000, 1), 1000);
    assert_int_equal(add_all(index, 500, 1000, 2), 500);
    seen_index_close(index);
}

static void the_index_grows_and_forgets_nothing(void **state) {
    (void)state;
    struct seen_index *index = open_index();
    for (uint32_t batch = 1; batch <= 40; batch++) {
        assert_int_equal(add_all(index, batch * 50000, 50000, batch), 50000);
    }
    assert_int_equal(add_all(index, 50000, 2000000, 99), 0);
    seen_index_close(index);
}

static void forgotten_batches_are_new_again_and_give_their_room_back(void **state) {
    (void)state;
    struct seen_index *index = open_index();
    for (uint32_t batch = 1; batch <= 200; batch++) {
        seen_index_forget(index, batch > 2 ? batch - 2 : 0);
        assert_int_equal(add_all(index, batch * 10000, 10000, batch), 10000);
    }
    assert_int_equal(add_all(index, 200 * 10000, 10000, 201), 0);
    assert_int_equal(add_all(index, 197 * 10000, 10000, 201), 10000);
    assert_int_equal(add_all(index, 197 * 10000, 10000, 202), 0);
    char path[128];
    struct stat info;
    snprintf(path, sizeof(path), "%s/seen.index", test_dir);
    assert_int_equal(stat(path, &info), 0);
    assert_true(info.st_size <= 16 << 20);
    seen_index_close(index);
}

static void the_log_brings_back_what_was_appended(void **state) {
    (void)state;
    struct seen_index *index = open_index();
    struct seen_log *log = open_log(index, 0);
    assert_int_equal(seen_log_last_batch(log), 0);
    append(log, 3, 1000, 0, 100);
    append(log, 4, 1000, 100, 1);
    append(log, 5, 1000, 0, 0);
    seen_log_close(log);
    seen_index_close(index);
    index = open_index();
    log = open_log(index, 0);
    assert_int_equal(seen_log_last_batch(log), 4);
    assert_int_equal(add_all(index, 0, 102, 6), 1);
    append(log, 6, 1000, 101, 1);
    seen_log_close(log);
    seen_index_close(index);
    index = open_index();
    log = open_log(index, 0);
    assert_int_equal(add_all(index, 0, 103, 7), 1);
    seen_log_close(log);
    seen_index_close(index);
}

static void a_batch_that_is_replayed_is_not_its_own_duplicate(void **state) {
    (void)state;
    struct seen_index *index = open_index();
    struct seen_log *log = open_log(index, 0);
    append(log, 3, 1000, 0, 10);
    append(log, 4, 1000, 10, 10);
    seen_log_close(log);
    seen_index_close(index);
    index = open_index();
    log = open_log(index, 4);
    assert_int_equal(seen_log_last_batch(log), 4);
    assert_int_equal(add_all(index, 0, 20, 4), 10);
    append(log, 4, 1000, 10, 10);
    seen_log_close(log);
    seen_index_close(index);
    index = open_index();
    log = open_log(index, 0);
    assert_int_equal(add_all(index, 0, 20, 5), 0);
    seen_log_close(log);
    seen_index_close(index);
}

/* Cuts the only segment to a length, or flips a bit in it, and counts what comes back. */
static size_t count_after(off_t length, off_t flip) {
    char path[128];
    uint8_t byte;
    snprintf(path, sizeof(path), "%s/seen-0000000003.log", test_dir);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    if (length >= 0) {
        assert_int_equal(ftruncate(fd, length), 0);
    }
    if (flip >= 0) {
        assert_int_equal(pread(fd, &byte, 1, flip), 1);
        byte ^= 4;
        assert_int_equal(pwrite(fd, &byte, 1, flip), 1);
    }
    close(fd);
    struct seen_index *index = open_index();
    struct seen_log *log = open_log(index, 0);
    size_t fresh = add_all(index, 0, 20, 9);
    seen_log_close(log);
    seen_index_close(index);
    return 20 - fresh;
}

static void a_torn_or_damaged_block_is_left_out_whole(void **state) {
    (void)state;
    const off_t block = 32 + 10 * 12;
    struct seen_index *index = open_index();
    struct seen_log *log = open_log(index, 0);
    append(log, 3, 1000, 0, 10);
    append(log, 4, 1000, 10, 10);
    seen_log_close(log);
    seen_index_close(index);
    mp_log_setup(MP_LOG_ERROR + 1, false);
    assert_int_equal(count_after(-1, -1), 20);
    for (off_t at = block; at < 2 * block; at++) {
        assert_int_equal(count_after(-1, at), 10);
        assert_int_equal(count_after(-1, at), 20);
    }
    assert_int_equal(count_after(2 * block - 1, -1), 10);
    assert_int_equal(count_after(block + 5, -1), 10);
    assert_int_equal(count_after(block, -1), 10);
    assert_int_equal(count_after(20, -1), 0);
    assert_int_equal(count_after(0, -1), 0);
}

static void old_segments_go_as_a_whole(void **state) {
    (void)state;
    uint32_t first = 0;
    struct seen_index *index = open_index();
    struct seen_log *log = open_log(index, 0);
    append(log, 1, 1000, 0, 10);
    append(log, 2, 1000 + SEEN_SEGMENT_MS, 10, 10); /* still in the first */
    append(log, 3, 1002 + SEEN_SEGMENT_MS, 20, 10);
    append(log, 4, 5000 + 3 * SEEN_SEGMENT_MS, 30, 10);
    assert_int_equal(seen_log_expire(log, 1000 + SEEN_SEGMENT_MS, &first, &err), 0);
    assert_int_equal(first, 1);
    assert_int_equal(seen_log_expire(log, 1001 + SEEN_SEGMENT_MS, &first, &err), 0);
    assert_int_equal(first, 3);
    /* The last one stays, however old. */
    assert_int_equal(seen_log_expire(log, INT64_MAX, &first, &err), 0);
    assert_int_equal(first, 4);
    seen_log_close(log);
    seen_index_close(index);
    index = open_index();
    log = open_log(index, 0);
    assert_int_equal(add_all(index, 0, 40, 9), 30);
    seen_log_close(log);
    seen_index_close(index);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH_IN_A_DIR(an_identity_is_new_once),
        EACH_IN_A_DIR(the_index_grows_and_forgets_nothing),
        EACH_IN_A_DIR(forgotten_batches_are_new_again_and_give_their_room_back),
        EACH_IN_A_DIR(the_log_brings_back_what_was_appended),
        EACH_IN_A_DIR(a_batch_that_is_replayed_is_not_its_own_duplicate),
        EACH_IN_A_DIR(a_torn_or_damaged_block_is_left_out_whole),
        EACH_IN_A_DIR(old_segments_go_as_a_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
