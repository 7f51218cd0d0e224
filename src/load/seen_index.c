#include "load/seen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* 16 MiB: a smaller table would be made anew again and again by the first few events. */
#define SLOTS_FIRST (1u << 20)
#define SLOTS_MAX ((size_t)1 << 36)
#define PATH_BYTES_MAX 4096

struct slot {
    struct seen_print print;
    uint32_t batch; /* 0 = free */
};

struct seen_index {
    char path[PATH_BYTES_MAX];
    struct slot *slots;
    size_t slot_count; /* a power of two */
    size_t used;
    uint64_t salt;
    _Atomic uint32_t first_batch;
};

struct seen_print seen_print_of(struct mp_hash128 identity) {
    struct seen_print print = {
        {(uint32_t)identity.lo, (uint32_t)(identity.lo >> 32), (uint32_t)identity.hi}};
    return print;
}

static bool is_same(const struct seen_print *a, const struct seen_print *b) {
    return a->words[0] == b->words[0] && a->words[1] == b->words[1] && a->words[2] == b->words[2];
}

/* Clients choose their event ids: the salt keeps them from choosing slots. */
static size_t first_slot(const struct seen_index *index, struct seen_print print, size_t count) {
    uint64_t low = (uint64_t)print.words[1] << 32 | print.words[0];
    __uint128_t mixed = (__uint128_t)(low ^ index->salt) * (0x9e3779b97f4a7c15u ^ print.words[2]);
    return (size_t)((uint64_t)(mixed >> 64) ^ (uint64_t)mixed) & (count - 1);
}

/* A mapped file of count empty slots under the index's name. The disk's blocks are reserved now:
 * a write into the mapping that finds the disk full would kill the process. */
static int map_slots(const struct seen_index *index, size_t count, struct slot **out,
                     struct mp_error *err) {
    char fresh[PATH_BYTES_MAX + 8];
    size_t bytes = count * sizeof(struct slot);
    snprintf(fresh, sizeof(fresh), "%s.new", index->path);
    int fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return mp_fail_sys(err, errno, fresh, "cannot make the index of seen events");
    }
    int sys = posix_fallocate(fd, 0, (off_t)bytes);
    void *slots = MAP_FAILED;
    if (sys == 0) {
        slots = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        sys = slots == MAP_FAILED ? errno : 0;
    }
    if (sys == 0 && rename(fresh, index->path) != 0) {
        sys = errno;
        munmap(slots, bytes);
    }
    close(fd);
    if (sys != 0) {
        unlink(fresh);
        return mp_fail_sys(err, sys, index->path, "cannot make the index of seen events");
    }
    *out = slots;
    return MP_OK;
}

int seen_index_open(const char *dir, struct seen_index **out, struct mp_error *err) {
    struct seen_index *index = calloc(1, sizeof(*index));
    *out = NULL;
    if (!index || getentropy(&index->salt, sizeof(index->salt)) != 0) {
        free(index);
        return mp_fail(err, MP_E_MEMORY, "", "no memory for the index of seen events");
    }
    int len = snprintf(index->path, sizeof(index->path), "%s/seen.index", dir);
    if (len < 0 || (size_t)len >= sizeof(index->path)) {
        free(index);
        return mp_fail(err, MP_E_ARGUMENT, "dir", "the path is too long");
    }
    int code = map_slots(index, SLOTS_FIRST, &index->slots, err);
    if (code != MP_OK) {
        free(index);
        return code;
    }
    index->slot_count = SLOTS_FIRST;
    *out = index;
    return MP_OK;
}

void seen_index_close(struct seen_index *index) {
    if (!index) {
        return;
    }
    munmap(index->slots, index->slot_count * sizeof(struct slot));
    unlink(index->path); /* made anew at the next start */
    free(index);
}

static bool is_alive(const struct seen_index *index, const struct slot *slot) {
    return slot->batch >= atomic_load_explicit(&index->first_batch, memory_order_relaxed);
}

/* Copies the slots still alive into a table of count. */
static int rehash(struct seen_index *index, size_t count, struct mp_error *err) {
    struct slot *fresh;
    int code = map_slots(index, count, &fresh, err);
    if (code != MP_OK) {
        return code;
    }
    size_t used = 0;
    for (size_t i = 0; i < index->slot_count; i++) {
        const struct slot *slot = &index->slots[i];
        if (slot->batch != 0 && is_alive(index, slot)) {
            size_t at = first_slot(index, slot->print, count);
            while (fresh[at].batch != 0) {
                at = (at + 1) & (count - 1);
            }
            fresh[at] = *slot;
            used++;
        }
    }
    munmap(index->slots, index->slot_count * sizeof(struct slot));
    index->slots = fresh;
    index->slot_count = count;
    index->used = used;
    return MP_OK;
}

static size_t limit(size_t slot_count) {
    return slot_count / 10 * 7;
}

int seen_index_reserve(struct seen_index *index, size_t count, struct mp_error *err) {
    if (index->used + count <= limit(index->slot_count)) {
        return MP_OK;
    }
    size_t alive = 0;
    for (size_t i = 0; i < index->slot_count; i++) {
        alive += index->slots[i].batch != 0 && is_alive(index, &index->slots[i]);
    }
    /* Half full after a rehash, so that rehashes stay rare. */
    size_t slots = SLOTS_FIRST;
    while (slots / 2 < alive + count && slots < SLOTS_MAX) {
        slots *= 2;
    }
    return rehash(index, slots, err);
}

void seen_index_prefetch(const struct seen_index *index, struct seen_print print) {
    __builtin_prefetch(&index->slots[first_slot(index, print, index->slot_count)], 1);
}

bool seen_index_add(struct seen_index *index, struct seen_print print, uint32_t batch) {
    size_t at = first_slot(index, print, index->slot_count);
    while (index->slots[at].batch != 0) {
        struct slot *slot = &index->slots[at];
        if (is_same(&slot->print, &print)) {
            bool was_forgotten = !is_alive(index, slot);
            slot->batch = was_forgotten ? batch : slot->batch;
            return was_forgotten;
        }
        at = (at + 1) & (index->slot_count - 1);
    }
    index->slots[at] = (struct slot){print, batch};
    index->used++;
    return true;
}

void seen_index_forget(struct seen_index *index, uint32_t first_batch) {
    atomic_store_explicit(&index->first_batch, first_batch, memory_order_relaxed);
}
