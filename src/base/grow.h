/* Arrays that grow to twice their size. */
#ifndef MP_BASE_GROW_H
#define MP_BASE_GROW_H

#include "base/str.h"

/* *array has room for need elements of size bytes afterwards; false when memory is out, and nothing
 * has changed. array: the address of a pointer to the elements. */
MP_MUST_CHECK bool mp_grow(void *array, size_t *capacity, size_t need, size_t size);

#endif
