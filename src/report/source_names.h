/* Private to report/: the names of source groups. */
#ifndef MP_REPORT_SOURCE_NAMES_H
#define MP_REPORT_SOURCE_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct source_name {
    uint8_t key; /* as mp_scene_group gives it */
    const char *zh;
    const char *en;
};
extern const struct source_name report_source_names[];
extern const size_t report_source_name_count;

#endif
