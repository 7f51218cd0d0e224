#include "base/grow.h"

#include <stdlib.h>

#define FIRST_CAPACITY 64u

bool mp_grow(void *array, size_t *capacity, size_t need, size_t size) {
    void **place = array;
    if (need <= *capacity) {
        return true;
    }
    size_t fresh = *capacity ? *capacity : FIRST_CAPACITY;
    while (fresh < need) {
        fresh *= 2;
    }
    void *grown = realloc(*place, fresh * size);
    if (!grown) {
        return false;
    }
    *place = grown;
    *capacity = fresh;
    return true;
}
