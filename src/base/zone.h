/*
 * Time zones and the calendar. Zones are read from the system's TZif files (RFC 8536, version 2+,
 * with the POSIX footer rule for times after the last transition). A zone is immutable after
 * open and may be shared by threads. Days are counted from 1970-01-01 in the zone's local calendar.
 */
#ifndef MP_BASE_ZONE_H
#define MP_BASE_ZONE_H

#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mp_zone;

#define MP_ZONE_DEFAULT "Asia/Shanghai"

/*
 * name as in the tz database ("Asia/Shanghai", "UTC"). Names with "..", a leading "/" or bytes
 * outside [A-Za-z0-9_+/-] are refused: MP_E_ARGUMENT; unknown: MP_E_NOT_FOUND. Free with
 * mp_zone_close.
 */
MP_MUST_CHECK int mp_zone_open(struct mp_str name, struct mp_zone **out, struct mp_error *err);
void mp_zone_close(struct mp_zone *zone);
const char *mp_zone_name(const struct mp_zone *zone);
/* Seconds east of UTC at that moment. */
int32_t mp_zone_offset_s(const struct mp_zone *zone, int64_t utc_ms);
/* The local calendar day of a moment. */
int32_t mp_zone_day(const struct mp_zone *zone, int64_t utc_ms);
/* The first moment of a local day, UTC ms (a day may be 23 or 25 hours long, or skip midnight); of
 * a day that the zone left out, the first moment after it. Times and days are taken within 100
 * million days of 1970. */
int64_t mp_zone_day_start_ms(const struct mp_zone *zone, int32_t day);
/* The moment at which clocks in the zone show local_ms (counted as if the zone were UTC). Shown
 * twice, when clocks are put back: the first time. Left out, when they are put forward: as if they
 * had not been yet (02:30 is what then is 03:30). */
int64_t mp_zone_utc_ms(const struct mp_zone *zone, int64_t local_ms);

/* Calendar arithmetic without zones (proleptic Gregorian). */
struct mp_date {
    int32_t year;
    int32_t month;
    int32_t day;
}; /* month and day from 1 */
int32_t mp_day_from_date(struct mp_date date);
struct mp_date mp_date_from_day(int32_t day);
/* Monday of the day's week; first day of its month; first day of the following month. */
int32_t mp_day_monday(int32_t day);
int32_t mp_day_month_start(int32_t day);
int32_t mp_day_next_month(int32_t day);
/* "2026-11-24"; false unless exactly that form and a real date. */
MP_MUST_CHECK bool mp_day_parse(struct mp_str text, int32_t *day);
/* Writes "2026-11-24" and a NUL: 11 bytes. This and the next keep to the years 0000 to 9999. */
void mp_day_format(int32_t day, char out[11]);
/* Writes RFC 3339 UTC with milliseconds, "2026-11-24T01:02:03.004Z": 25 bytes with the NUL. */
void mp_time_format(int64_t utc_ms, char out[25]);

#ifdef __cplusplus
}
#endif
#endif
