#include "helpers.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

/* What the child tells its parent through a pipe, as a client would remember its answers. */
static void acknowledge(void *arg, int result) {
    uint64_t *number = arg;
    if (result == MP_OK && write(3, number, sizeof(*number)) != sizeof(*number)) {
        _exit(1);
    }
}

/* Appends numbers from first on, several in flight, until it is killed. */
static void write_until_killed(uint64_t first) {
    enum { IN_FLIGHT = 4096 };
    static uint64_t numbers[IN_FLIGHT];
    struct journal_config config = small_config();
    config.segment_bytes = 64 << 10;
    struct journal *journal = open_with(&config);
    for (uint64_t i = first;; i++) {
        uint64_t *slot = &numbers[i % IN_FLIGHT];
        *slot = i;
        struct mp_str record = {(const char *)slot, sizeof(*slot)};
        if (i % 100 == 99) { /* an upper bound of what is in flight: slots are not reused early */
            if (journal_append_wait(journal, record) != MP_OK) {
                _exit(1);
            }
        } else if (journal_append(journal, record, acknowledge, slot) != MP_OK) {
            _exit(1);
        }
    }
}

/* Runs a child for a while and kills it; the highest number acknowledged, or first - 1. */
static uint64_t run_and_kill(uint64_t first, unsigned *seed) {
    int pipe_fds[2];
    uint64_t highest = first - 1, number;
    assert_int_equal(pipe(pipe_fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(pipe_fds[0]);
        if (dup2(pipe_fds[1], 3) != 3) {
            _exit(1);
        }
        write_until_killed(first);
    }
    close(pipe_fds[1]);
    struct timespec until, now;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (5 + rand_r(seed) % 60) * 1000000L;
    do {
        if (read(pipe_fds[0], &number, sizeof(number)) == sizeof(number)) {
            highest = number > highest ? number : highest;
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - until.tv_sec) * 1000000000LL + now.tv_nsec - until.tv_nsec < 0);
    kill(child, SIGKILL);
    while (read(pipe_fds[0], &number, sizeof(number)) == sizeof(number)) {
        highest = number > highest ? number : highest;
    }
    close(pipe_fds[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return highest;
}

static void a_killed_writer_loses_nothing_that_it_acknowledged(void **state) {
    (void)state;
    enum { ROUNDS = 12, NUMBERS_MAX = 10 << 20 };
    uint64_t *numbers = malloc(sizeof(*numbers) * NUMBERS_MAX);
    unsigned seed = 11;
    uint64_t next = 1;
    for (int round = 0; round < ROUNDS; round++) {
        size_t damages;
        uint64_t acknowledged = run_and_kill(next, &seed);
        struct journal *journal = open_small();
        size_t count = read_numbers(journal, 0, numbers, NUMBERS_MAX, &damages);
        assert_int_equal(damages, 0);
        assert_true(count >= acknowledged);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(numbers[i], i + 1);
        }
        journal_close(journal);
        next = count + 1;
    }
    assert_true(next > ROUNDS);
    free(numbers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH_IN_A_DIR(a_killed_writer_loses_nothing_that_it_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
