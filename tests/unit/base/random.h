/* Random input for base's tests: the same sequence for the same seed, which is printed. */
#ifndef MP_TESTS_RANDOM_H
#define MP_TESTS_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* A new seed each run, or MP_TEST_SEED to run a failure again. */
static inline uint64_t random_seed(const char *test) {
    const char *wanted = getenv("MP_TEST_SEED");
    uint64_t seed = wanted ? strtoull(wanted, NULL, 10) : (uint64_t)time(NULL) * 2654435761u;
    printf("%s: MP_TEST_SEED=%llu\n", test, (unsigned long long)seed);
    return seed;
}

/* splitmix64 */
static inline uint64_t random_next(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline uint64_t random_below(uint64_t *state, uint64_t limit) {
    return random_next(state) % limit;
}

#endif
