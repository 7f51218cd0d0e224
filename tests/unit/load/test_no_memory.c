/* Batches when memory is out: each allocation fails in turn. Not under sanitizers, whose allocator
 * stands where this one would. */
#include "load/batch.h"

#include "helpers.h"
#include "unit/store/native_block.h"

#define TIME_MS 1793462400000LL
#define EVENTS 40
#define ALLOCATIONS_MAX 100000

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_OTHER_ALLOCATOR
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_OTHER_ALLOCATOR
#endif

/* How many more allocations succeed; negative = all. volatile: compilers know malloc, and think
 * that it leaves this alone. */
static volatile long allocations_left = -1;

#ifndef HAS_OTHER_ALLOCATOR
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static bool is_out(void) {
    allocations_left -= allocations_left > 0;
    return allocations_left == 0;
}

void *malloc(size_t size) {
    return is_out() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return is_out() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    return is_out() ? NULL : __libc_realloc(memory, size);
}
#endif

/* Events of two months; those of odd records have names and properties of their own. */
static void make_record(struct mp_buf *record, uint64_t number) {
    struct mp_context context = {
        .app = MP_STR("shop"), .user = MP_STR("ann"), .received_ms = TIME_MS};
    char name[32];
    mp_buf_clear(record);
    mp_record_begin(record, &context);
    for (uint64_t i = 0; i < EVENTS; i++) {
        uint64_t identity = number * EVENTS + i;
        snprintf(name, sizeof(name), "name %d", (int)(number % 2 ? identity : 0));
        struct mp_prop props[] = {{mp_str_of(name), MP_PROP_STRING, mp_str_of(name), 0},
                                  {mp_str_of(name), MP_PROP_NUMBER, {0}, 1}};
        struct mp_event event = {.identity = mp_hash128(&identity, sizeof(identity)),
                                 .name = mp_str_of(name),
                                 .time_ms = TIME_MS - (int64_t)(i % 2) * 40 * DAY_MS,
                                 .page = MP_STR("home"),
                                 .props = props,
                                 .prop_count = 2};
        mp_record_add(record, &event);
    }
    assert_false(record->failed);
}

static void a_record_is_added_wholly_or_not_at_all_when_memory_is_out(void **state) {
    (void)state;
#ifdef HAS_OTHER_ALLOCATOR
    skip();
#endif
    struct mp_error err;
    struct mp_apps *apps;
    struct mp_zone *zone;
    struct batch_maker maker;
    struct mp_buf record, rows;
    long failures = 0;
    mp_buf_init(&record, MP_RECORD_BYTES_MAX);
    mp_buf_init(&rows, 64u << 20);
    assert_int_equal(mp_apps_open(test_dir, &apps, &err), 0);
    assert_int_equal(mp_zone_open(mp_str_of("UTC"), &zone, &err), 0);
    assert_int_equal(seen_index_open(test_dir, &maker.index, &err), 0);
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
    maker.apps = snapshot;
    maker.default_zone = zone;
    struct batch *batch = batch_create();
    batch_begin(batch, 1, 0);
    for (uint64_t number = 0; number < 30; number++) {
        make_record(&record, number);
        struct journal_record from = {mp_buf_str(&record), number, number + 1};
        int code = MP_E_MEMORY;
        for (long allowed = 0; code != MP_OK && allowed < ALLOCATIONS_MAX; allowed++) {
            allocations_left = allowed + 1;
            code = batch_add(batch, &maker, &from, &err);
            allocations_left = -1;
            uint64_t records = number + (code == MP_OK);
            failures += code != MP_OK;
            assert_true(code == MP_OK || code == MP_E_MEMORY);
            assert_int_equal(batch->records, records);
            assert_int_equal(batch->print_count, records * EVENTS);
            for (size_t i = 0; i < batch->month_count; i++) {
                mp_buf_clear(&rows);
                store_block_write(batch->months[i].block, false, &rows);
                assert_int_equal(batch->months[i].rows, records * EVENTS / 2);
                assert_int_equal(native_rows(mp_buf_str(&rows)), records * EVENTS / 2);
            }
        }
        assert_int_equal(code, MP_OK);
    }
    assert_true(failures > 100);
    batch_destroy(batch);
    seen_index_close(maker.index);
    mp_apps_release(snapshot);
    mp_apps_close(apps);
    mp_zone_close(zone);
    mp_buf_deinit(&record);
    mp_buf_deinit(&rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH_IN_A_DIR(a_record_is_added_wholly_or_not_at_all_when_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
