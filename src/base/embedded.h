/* Files compiled into the binary (see cmake/embed.cmake). */
#ifndef MP_BASE_EMBEDDED_H
#define MP_BASE_EMBEDDED_H
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
struct mp_embedded {
    const char *name; /* without folder and ending; NULL ends the table */
    const char *data; /* a NUL follows the data */
    size_t len;
};
/* NULL when there is no such name. */
const struct mp_embedded *mp_embedded_find(const struct mp_embedded *table, const char *name);
#ifdef __cplusplus
}
#endif
#endif
