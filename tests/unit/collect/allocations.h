/* Counts calls of malloc and its kin in this program: by the sanitizers' hooks where one of them is
 * the allocator, else by standing in front of glibc's. */
#ifndef MP_TESTS_UNIT_COLLECT_ALLOCATIONS_H
#define MP_TESTS_UNIT_COLLECT_ALLOCATIONS_H

#include <stddef.h>

/* volatile: compilers know malloc, and think that it leaves this alone. */
static volatile size_t allocation_count;

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COUNT_BY_HOOK
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNT_BY_HOOK
#endif

#ifdef COUNT_BY_HOOK
int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
                                              void (*free_hook)(const volatile void *));

static void count_malloc(const volatile void *memory, size_t size) {
    (void)memory;
    (void)size;
    allocation_count++;
}

static void ignore_free(const volatile void *memory) {
    (void)memory;
}

static void count_allocations(void) {
    __sanitizer_install_malloc_and_free_hooks(count_malloc, ignore_free);
}
#else
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size) {
    allocation_count++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    allocation_count++;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    allocation_count++;
    return __libc_realloc(memory, size);
}

static void count_allocations(void) {
}
#endif

#endif
