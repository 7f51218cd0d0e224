#include "report/texts.h"

#include "base/hash.h"

#include <stdlib.h>

#define FIRST_CAPACITY 256u

void texts_deinit(struct texts *texts) {
    free(texts->list);
    free(texts->slots);
    *texts = (struct texts){0};
}

static uint32_t *find(const struct texts *texts, struct mp_str text) {
    size_t mask = 2 * texts->capacity - 1;
    size_t at = mp_checksum(text.ptr, text.len) & mask;
    while (texts->slots[at] != 0 && !mp_str_eq(texts->list[texts->slots[at] - 1], text)) {
        at = (at + 1) & mask;
    }
    return &texts->slots[at];
}

static bool grow(struct texts *texts) {
    size_t capacity = texts->capacity ? 2 * texts->capacity : FIRST_CAPACITY;
    struct mp_str *list = realloc(texts->list, capacity * sizeof(*list));
    texts->list = list ? list : texts->list;
    uint32_t *slots = list ? calloc(2 * capacity, sizeof(*slots)) : NULL;
    if (!slots) {
        return false;
    }
    free(texts->slots);
    texts->slots = slots;
    texts->capacity = capacity;
    for (size_t i = 0; i < texts->count; i++) {
        *find(texts, texts->list[i]) = (uint32_t)i + 1;
    }
    return true;
}

uint32_t texts_add(struct texts *texts, struct mp_str text) {
    if (texts->count == texts->capacity && !grow(texts)) {
        return UINT32_MAX;
    }
    uint32_t *slot = find(texts, text);
    if (*slot == 0) {
        texts->list[texts->count++] = text;
        *slot = (uint32_t)texts->count;
    }
    return *slot - 1;
}
