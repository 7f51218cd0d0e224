#include "helpers.h"

#include "base/event.h"

#include <pthread.h>
#include <stdatomic.h>

static void records_of_any_size_come_back_in_order_and_whole(void **state) {
    (void)state;
    enum { RECORDS = 3000 };
    static size_t sizes[RECORDS];
    struct journal *journal = open_small();
    char *bytes = malloc(MP_RECORD_BYTES_MAX);
    unsigned seed = 7;
    for (uint64_t i = 0; i < RECORDS; i++) {
        sizes[i] = 1 + (size_t)rand_r(&seed) % (i % 500 == 499 ? MP_RECORD_BYTES_MAX : 3000);
        fill_record(bytes, sizes[i], i, i % 2);
        assert_int_equal(journal_append_wait(journal, mp_str_range(bytes, sizes[i])), MP_OK);
    }
    struct journal_reader *reader;
    struct journal_record record;
    struct mp_error err;
    uint64_t expected_lsn = 0;
    assert_int_equal(journal_reader_open(journal, 0, &reader, &err), MP_OK);
    for (uint64_t i = 0; i < RECORDS; i++) {
        assert_int_equal(journal_read(reader, 0, &record, &err), 1);
        fill_record(bytes, sizes[i], i, i % 2);
        assert_int_equal(record.data.len, sizes[i]);
        assert_memory_equal(record.data.ptr, bytes, sizes[i]);
        assert_true(record.next_lsn > record.lsn && record.lsn >= expected_lsn);
        expected_lsn = record.next_lsn;
    }
    assert_int_equal(journal_read(reader, 0, &record, &err), 0);
    journal_reader_close(reader);
    journal_close(journal);
    free(bytes);
}

static void a_record_may_be_as_large_as_the_limit_and_no_larger(void **state) {
    (void)state;
    struct journal *journal = open_small();
    char *bytes = calloc(1, MP_RECORD_BYTES_MAX + 1);
    assert_int_equal(journal_append_wait(journal, mp_str_range(bytes, MP_RECORD_BYTES_MAX)), MP_OK);
    assert_int_equal(journal_append_wait(journal, mp_str_range(bytes, MP_RECORD_BYTES_MAX + 1)),
                     MP_E_TOO_LARGE);
    assert_int_equal(journal_append_wait(journal, mp_str_range(bytes, 0)), MP_E_TOO_LARGE);
    free(bytes);
    journal_close(journal);
}

struct counter {
    atomic_int done;
    atomic_int failed;
};

static void count_done(void *arg, int result) {
    struct counter *counter = arg;
    atomic_fetch_add(result == MP_OK ? &counter->done : &counter->failed, 1);
}

static void many_waiting_appends_share_few_syncs(void **state) {
    (void)state;
    enum { RECORDS = 20000 };
    struct journal_config config = small_config();
    config.commit_delay_us = 2000;
    struct journal *journal = open_with(&config);
    struct counter counter = {0};
    for (int i = 0; i < RECORDS; i++) {
        assert_int_equal(journal_append(journal, MP_STR("0123456789abcdef"), count_done, &counter),
                         MP_OK);
    }
    journal_close(journal); /* commits what is pending */
    assert_int_equal(counter.done, RECORDS);
    assert_int_equal(counter.failed, 0);
    journal = open_with(&config);
    struct counter again = {0};
    for (int i = 0; i < RECORDS; i++) {
        assert_int_equal(journal_append(journal, MP_STR("0123456789abcdef"), count_done, &again),
                         MP_OK);
    }
    while (again.done < RECORDS) {
        usleep(1000);
    }
    struct journal_stats stats;
    journal_stats(journal, &stats);
    assert_int_equal(stats.appended_records, RECORDS);
    assert_true(stats.commits < RECORDS / 100);
    journal_close(journal);
}

struct order {
    uint64_t next;
    bool is_broken;
};

struct ordered {
    struct order *order;
    uint64_t number;
};

static void check_order(void *arg, int result) {
    struct ordered *ordered = arg;
    ordered->order->is_broken |= result != MP_OK || ordered->number != ordered->order->next++;
}

static void callbacks_come_in_the_order_of_appends(void **state) {
    (void)state;
    enum { RECORDS = 5000 };
    static struct ordered records[RECORDS];
    struct order order = {0};
    struct journal *journal = open_small();
    for (uint64_t i = 0; i < RECORDS; i++) {
        records[i] = (struct ordered){&order, i};
        assert_int_equal(journal_append(journal, MP_STR("x"), check_order, &records[i]), MP_OK);
    }
    journal_close(journal);
    assert_false(order.is_broken);
    assert_int_equal(order.next, RECORDS);
}

enum { WRITERS = 4, PER_WRITER = 300 };

static void *write_many(void *arg) {
    for (uint64_t i = 0; i < PER_WRITER; i++) {
        uint64_t number = i;
        struct mp_str record = {(const char *)&number, sizeof(number)};
        if (journal_append_wait(arg, record) != MP_OK) {
            return arg;
        }
    }
    return NULL;
}

static void a_reader_follows_several_writers(void **state) {
    (void)state;
    struct journal *journal = open_small();
    struct journal_reader *reader;
    struct journal_record record;
    struct mp_error err;
    pthread_t writers[WRITERS];
    assert_int_equal(journal_reader_open(journal, 0, &reader, &err), MP_OK);
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_create(&writers[i], NULL, write_many, journal), 0);
    }
    for (int i = 0; i < WRITERS * PER_WRITER; i++) {
        assert_int_equal(journal_read(reader, 10000, &record, &err), 1);
    }
    for (int i = 0; i < WRITERS; i++) {
        void *failed;
        pthread_join(writers[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(journal_read(reader, 5, &record, &err), 0);
    journal_reader_close(reader);
    journal_close(journal);
}

static void appends_beyond_what_may_wait_are_refused_and_the_others_kept(void **state) {
    (void)state;
    struct journal_config config = small_config();
    config.commit_delay_us = 100000; /* the most there is */
    struct journal *journal = open_with(&config);
    struct counter counter = {0};
    /* Two fit: that the third comes within the delay holds on slow machines too. */
    size_t len = 3u << 20;
    char *bytes = calloc(1, len);
    int queued = 0, refused = 0;
    for (int i = 0; i < 12; i++) {
        int code = journal_append(journal, mp_str_range(bytes, len), count_done, &counter);
        queued += code == MP_OK;
        refused += code == MP_E_FULL;
    }
    journal_close(journal);
    assert_int_equal(queued + refused, 12);
    assert_true(refused > 0);
    assert_int_equal(counter.done, queued);
    free(bytes);
}

static void a_second_opening_is_refused_while_the_first_lives(void **state) {
    (void)state;
    struct journal_config config = small_config();
    struct journal *journal = open_small(), *second = NULL;
    struct mp_error err;
    assert_int_equal(journal_open(&config, &second, &err), MP_E_EXISTS);
    assert_null(second);
    journal_close(journal);
    journal_close(open_small());
}

static void reading_goes_on_from_any_position_given_out(void **state) {
    (void)state;
    enum { RECORDS = 400 };
    static uint64_t lsns[RECORDS + 1], numbers[RECORDS];
    struct journal_config config = small_config();
    config.segment_bytes = 4096;
    struct journal *journal = open_with(&config);
    struct counter counter = {0};
    for (uint64_t i = 0; i < RECORDS; i++) { /* blocks of several records, several segments */
        struct mp_str record = {(const char *)&i, sizeof(i)};
        assert_int_equal(journal_append(journal, record, count_done, &counter), MP_OK);
        if (i % 7 == 0) {
            uint64_t deadline_rounds = 100000;
            while (counter.done <= (int)i && deadline_rounds-- > 0) {
                usleep(10);
            }
        }
    }
    journal_close(journal);
    journal = open_with(&config);
    struct journal_reader *reader;
    struct journal_record record;
    struct mp_error err;
    assert_int_equal(journal_reader_open(journal, 0, &reader, &err), MP_OK);
    for (int i = 0; i < RECORDS; i++) {
        assert_int_equal(journal_read(reader, 0, &record, &err), 1);
        lsns[i + 1] = record.next_lsn;
    }
    journal_reader_close(reader);
    for (int i = 1; i <= RECORDS; i++) {
        size_t damages;
        assert_int_equal(read_numbers(journal, lsns[i], numbers, RECORDS, &damages), RECORDS - i);
        assert_int_equal(damages, 0);
        assert_true(i == RECORDS || numbers[0] == (uint64_t)i);
    }
    assert_int_equal(journal_reader_open(journal, lsns[RECORDS] + 1, &reader, &err), MP_E_CORRUPT);
    journal_close(journal);
}

static void a_reopened_journal_goes_on_where_it_ended(void **state) {
    (void)state;
    enum { ROUNDS = 5, EACH = 20 };
    uint64_t numbers[ROUNDS * EACH];
    uint64_t end = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct journal_stats stats;
        struct journal *journal = open_small();
        journal_stats(journal, &stats);
        assert_true(round == 0 || stats.durable_lsn == end);
        append_numbers(journal, round * EACH, (round + 1) * EACH);
        journal_stats(journal, &stats);
        end = stats.durable_lsn;
        journal_close(journal);
    }
    size_t damages;
    struct journal *journal = open_small();
    assert_int_equal(read_numbers(journal, 0, numbers, ROUNDS * EACH, &damages), ROUNDS * EACH);
    for (uint64_t i = 0; i < ROUNDS * EACH; i++) {
        assert_int_equal(numbers[i], i);
    }
    journal_close(journal);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH_IN_A_DIR(records_of_any_size_come_back_in_order_and_whole),
        EACH_IN_A_DIR(a_record_may_be_as_large_as_the_limit_and_no_larger),
        EACH_IN_A_DIR(many_waiting_appends_share_few_syncs),
        EACH_IN_A_DIR(callbacks_come_in_the_order_of_appends),
        EACH_IN_A_DIR(a_reader_follows_several_writers),
        EACH_IN_A_DIR(appends_beyond_what_may_wait_are_refused_and_the_others_kept),
        EACH_IN_A_DIR(a_second_opening_is_refused_while_the_first_lives),
        EACH_IN_A_DIR(reading_goes_on_from_any_position_given_out),
        EACH_IN_A_DIR(a_reopened_journal_goes_on_where_it_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
