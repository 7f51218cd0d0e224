/* After warm-up a request allocates nothing on the heap. */
#include "allocations.h"
#include "helpers.h"

#define ROUNDS 100

static struct mp_str read_seed(const char *path, char *text, size_t size) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(text, 1, size, file);
    fclose(file);
    assert_true(len > 1);
    return mp_str_range(text + 1, len - 1); /* without the fuzzer's first byte */
}

static void count_is_zero(struct desk *desk, bool is_sensors) {
    size_t before = 0;
    for (int round = 0; round < 2 + ROUNDS; round++) {
        if (round == 2) {
            before = allocation_count;
        }
        mp_buf_clear(&desk->out);
        int code =
            is_sensors
                ? collect_sensors(desk->worker, &desk->input, &desk->out, &desk->result, &desk->err)
                : collect_native(desk->worker, &desk->input, &desk->out, &desk->result, &desk->err);
        assert_int_equal(code, MP_OK);
        assert_true(desk->result.accepted + desk->result.rejected > 0);
    }
    assert_int_equal(allocation_count - before, 0);
}

static void the_counter_counts(void **state) {
    (void)state;
    size_t before = allocation_count;
    char *volatile memory = malloc(100);
    memory = realloc(memory, 100000);
    free(memory);
    assert_true(allocation_count - before >= 2);
}

static void our_own_format_allocates_nothing(void **state) {
    struct desk *desk = *state;
    char text[4096];
    desk->input.body = read_seed("tests/fuzz/corpus/native/two_events.txt", text, sizeof(text));
    count_is_zero(desk, false);
    desk->input.body = read_seed("tests/fuzz/corpus/native/faults.txt", text, sizeof(text));
    count_is_zero(desk, false);
}

static void sensors_format_allocates_nothing(void **state) {
    struct desk *desk = *state;
    static char text[1 << 16];
    desk->input.body = read_seed("tests/fuzz/corpus/sensors/sdk_batch", text, sizeof(text));
    count_is_zero(desk, true);
    desk->input.body = read_seed("tests/fuzz/corpus/sensors/sdk_batch_gzip", text, sizeof(text));
    count_is_zero(desk, true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

int main(void) {
    count_allocations();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counter_counts),
        TEST(our_own_format_allocates_nothing),
        TEST(sensors_format_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
