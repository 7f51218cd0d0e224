/*
 * Moments as people and other programs write them, in files and in requests. Pure; any thread.
 */
#ifndef MP_BASE_MOMENT_H
#define MP_BASE_MOMENT_H

#include "base/zone.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A number below this counts seconds (up to the year 5138), from it on milliseconds (from 1973). */
#define MP_MOMENT_SECONDS_END 100000000000LL

/*
 * Reads, with blanks around it cut off,
 *   - a number since 1970: of seconds, with or without a fraction, or whole milliseconds;
 *   - ISO 8601: "2026-11-24", "2026-11-24T09:02", "2026-11-24 09:02:03.0041", with "Z", "+08",
 *     "+0800" or "+08:00" behind a time of day; without, the clock is the zone's (see
 *     mp_zone_utc_ms). A date alone is the day's first moment. What is finer than a millisecond is
 *     cut off; second 60 is the next minute's first.
 * False for anything else, and outside the years 1970 to 9999.
 */
MP_MUST_CHECK bool mp_moment_parse(struct mp_str text, const struct mp_zone *zone, int64_t *utc_ms);
/* Only RFC 3339 with its zone, "2026-11-24T09:02:03.004+08:00" or "…Z"; before 1970 too. False on
 * anything else: what programs send is one form. */
MP_MUST_CHECK bool mp_time_parse(struct mp_str text, int64_t *utc_ms);

#define MP_MOMENT_BYTES 30
/* "2026-11-24T09:02:03.004+08:00" and a NUL, by the zone's clock, in the years 1970 to 9999. By
 * UTC's ("…Z") where the zone's offset has seconds. */
void mp_moment_format(int64_t utc_ms, const struct mp_zone *zone, char out[MP_MOMENT_BYTES]);

#ifdef __cplusplus
}
#endif
#endif
