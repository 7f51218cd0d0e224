/* What the journal's tests share: a directory that goes away, small journals, whole reads. */
#ifndef MP_TESTS_JOURNAL_HELPERS_H
#define MP_TESTS_JOURNAL_HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/log.h"
#include "journal/journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEST_PATH_MAX 512
#define PENDING_BYTES (8u << 20)

/* Each test has test_dir to itself. */
#define EACH_IN_A_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, drop_dir)

static char test_dir[TEST_PATH_MAX / 2];

__attribute__((unused)) static void remove_dir(const char *dir) {
    char path[TEST_PATH_MAX];
    DIR *list = opendir(dir);
    if (!list) {
        return;
    }
    for (struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof(path), "%.200s/%.200s", dir, entry->d_name);
            if (unlink(path) != 0) {
                remove_dir(path);
            }
        }
    }
    closedir(list);
    rmdir(dir);
}

__attribute__((unused)) static int make_dir(void **state) {
    (void)state;
    mp_log_setup(MP_LOG_ERROR, false);
    snprintf(test_dir, sizeof(test_dir), "/tmp/minipulse-journal-XXXXXX");
    return mkdtemp(test_dir) ? 0 : -1;
}

__attribute__((unused)) static int drop_dir(void **state) {
    (void)state;
    remove_dir(test_dir);
    return 0;
}

__attribute__((unused)) static struct journal_config small_config(void) {
    return (struct journal_config){
        .dir = test_dir,
        .segment_bytes = 1u << 20,
        .max_bytes = 256u << 20,
        .pending_bytes_max = PENDING_BYTES,
    };
}

__attribute__((unused)) static struct journal *open_with(const struct journal_config *config) {
    struct journal *journal = NULL;
    struct mp_error err = {0};
    if (journal_open(config, &journal, &err) != MP_OK) {
        fail_msg("journal_open: %s", err.message);
    }
    return journal;
}

__attribute__((unused)) static struct journal *open_small(void) {
    struct journal_config config = small_config();
    return open_with(&config);
}

/* Deterministic bytes that differ a lot from number to number; compressible when asked. */
__attribute__((unused)) static void fill_record(char *to, size_t len, uint64_t number,
                                                bool is_plain) {
    uint64_t x = number * 0x9e3779b97f4a7c15u + 1;
    for (size_t i = 0; i < len; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        to[i] = is_plain ? (char)('a' + number % 26) : (char)x;
    }
    if (len >= sizeof(number)) {
        memcpy(to, &number, sizeof(number));
    }
}

/* Appends records that hold only their number, each durable before the next: one block each. */
__attribute__((unused)) static void append_numbers(struct journal *journal, uint64_t from,
                                                   uint64_t to) {
    for (uint64_t i = from; i < to; i++) {
        struct mp_str record = {(const char *)&i, sizeof(i)};
        assert_int_equal(journal_append_wait(journal, record), MP_OK);
    }
}

/* Reads all that is there: numbers into out, damages counted. Returns how many numbers. */
__attribute__((unused)) static size_t read_numbers(struct journal *journal, uint64_t from_lsn,
                                                   uint64_t *out, size_t max, size_t *damages) {
    struct journal_reader *reader;
    struct journal_record record;
    struct mp_error err;
    size_t count = 0;
    *damages = 0;
    assert_int_equal(journal_reader_open(journal, from_lsn, &reader, &err), MP_OK);
    for (;;) {
        int got = journal_read(reader, 0, &record, &err);
        if (got == 0) {
            break;
        }
        if (got < 0) {
            assert_int_equal(got, -MP_E_CORRUPT);
            (*damages)++;
            continue;
        }
        assert_true(count < max);
        assert_int_equal(record.data.len, sizeof(*out));
        memcpy(&out[count++], record.data.ptr, sizeof(*out));
    }
    journal_reader_close(reader);
    return count;
}

/* The segment that begins at lsn. */
__attribute__((unused)) static void segment_file(char out[TEST_PATH_MAX], const char *dir,
                                                 uint64_t lsn) {
    snprintf(out, TEST_PATH_MAX, "%.200s/%020llu.seg", dir, (unsigned long long)lsn);
}

__attribute__((unused)) static void copy_file(const char *from, const char *to, off_t cut_to) {
    char chunk[65536];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(in >= 0 && out >= 0);
    off_t total = 0;
    for (ssize_t got = read(in, chunk, sizeof(chunk)); got > 0 && total < cut_to;
         got = read(in, chunk, sizeof(chunk))) {
        ssize_t put = got < cut_to - total ? got : (ssize_t)(cut_to - total);
        assert_int_equal(write(out, chunk, (size_t)put), put);
        total += put;
    }
    close(in);
    close(out);
}

#endif
