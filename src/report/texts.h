/* Private to report/: distinct texts, each with a number from 0 on. The texts are borrowed. */
#ifndef MP_REPORT_TEXTS_H
#define MP_REPORT_TEXTS_H

#include "base/str.h"

struct texts {
    struct mp_str *list;
    size_t count;
    size_t capacity;
    uint32_t *slots; /* open addressing: number + 1, 0 = free; twice the capacity */
};

/* texts begins as {0}; texts_deinit frees. */
void texts_deinit(struct texts *texts);
/* The text's number; UINT32_MAX when memory is out. */
uint32_t texts_add(struct texts *texts, struct mp_str text);

#endif
