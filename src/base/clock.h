/* Time now. Any thread. */
#ifndef MP_BASE_CLOCK_H
#define MP_BASE_CLOCK_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
#define MP_MS_PER_SECOND 1000LL
#define MP_MS_PER_HOUR (3600LL * MP_MS_PER_SECOND)
#define MP_MS_PER_DAY (24LL * MP_MS_PER_HOUR)
/* Wall clock, UTC milliseconds since 1970. */
int64_t mp_now_ms(void);
/* Monotonic milliseconds and nanoseconds, for intervals and deadlines. */
int64_t mp_mono_ms(void);
int64_t mp_mono_ns(void);
void mp_sleep_ms(int64_t ms);
#ifdef __cplusplus
}
#endif
#endif
