/* Private to base/: the POSIX TZ string that ends a TZif file, "CST-8" or "EST5EDT,M3.2.0,M11.1.0".
 */
#ifndef MP_BASE_ZONE_RULE_H
#define MP_BASE_ZONE_RULE_H

#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mp_zone_change {
    char form; /* 'M' month.week.weekday, 'J' day 1–365 without 29 February, '0' day 0–365 */
    int32_t month, week, weekday, day;
    int32_t time_s; /* local time of day of the change; may be negative or over 24 h */
};

struct mp_zone_rule {
    int32_t standard_s; /* seconds east of UTC */
    int32_t summer_s;
    bool has_summer;
    struct mp_zone_change start; /* of summer time */
    struct mp_zone_change end;
};

/* False when text is not a rule. */
MP_MUST_CHECK bool mp_zone_rule_parse(struct mp_str text, struct mp_zone_rule *out);
/* Seconds east of UTC at utc_s. */
int32_t mp_zone_rule_offset_s(const struct mp_zone_rule *rule, int64_t utc_s);

#ifdef __cplusplus
}
#endif
#endif
