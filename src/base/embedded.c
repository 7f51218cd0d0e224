#include "base/embedded.h"

#include <string.h>

const struct mp_embedded *mp_embedded_find(const struct mp_embedded *table, const char *name) {
    for (; table->name; table++) {
        if (strcmp(table->name, name) == 0) {
            return table;
        }
    }
    return NULL;
}
