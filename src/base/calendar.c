/* Days and dates of the proleptic Gregorian calendar, after Howard Hinnant's "chrono-compatible
 * low-level date algorithms" (days_from_civil and its inverse). */
#include "base/zone.h"

#include "base/clock.h"

#include <stdio.h>

#define DAYS_PER_ERA 146097 /* 400 years */
#define DAYS_TO_1970 719468 /* from 0000-03-01 */
/* What four digits of year can show: 0000-01-01 and 9999-12-31. */
#define DAY_YEAR_0 (-719528)
#define DAY_YEAR_9999 2932896

int32_t mp_day_from_date(struct mp_date date) {
    int32_t year = date.year - (date.month <= 2);
    int32_t era = (year >= 0 ? year : year - 399) / 400;
    int32_t year_of_era = year - era * 400;
    int32_t month_from_march = date.month + (date.month > 2 ? -3 : 9);
    int32_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

struct mp_date mp_date_from_day(int32_t day) {
    int64_t shifted = (int64_t)day + DAYS_TO_1970;
    int32_t era = (int32_t)((shifted >= 0 ? shifted : shifted - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA);
    int32_t day_of_era = (int32_t)(shifted - (int64_t)era * DAYS_PER_ERA);
    int32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t month_from_march = (5 * day_of_year + 2) / 153;
    struct mp_date date = {
        .day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
        .month = month_from_march + (month_from_march < 10 ? 3 : -9),
    };
    date.year = year_of_era + era * 400 + (date.month <= 2);
    return date;
}

int32_t mp_day_monday(int32_t day) {
    /* 1970-01-01 was a Thursday: three days after a Monday. */
    int32_t since_monday = (day % 7 + 3) % 7;
    return day - (since_monday < 0 ? since_monday + 7 : since_monday);
}

int32_t mp_day_month_start(int32_t day) {
    return day - mp_date_from_day(day).day + 1;
}

int32_t mp_day_next_month(int32_t day) {
    struct mp_date date = mp_date_from_day(day);
    date.day = 1;
    date.month++;
    if (date.month > 12) {
        date.month = 1;
        date.year++;
    }
    return mp_day_from_date(date);
}

bool mp_day_parse(struct mp_str text, int32_t *day) {
    uint64_t year, month, day_of_month;
    if (text.len != 10 || text.ptr[4] != '-' || text.ptr[7] != '-' ||
        !mp_str_to_u64(mp_str_range(text.ptr, 4), &year) ||
        !mp_str_to_u64(mp_str_range(text.ptr + 5, 2), &month) ||
        !mp_str_to_u64(mp_str_range(text.ptr + 8, 2), &day_of_month)) {
        return false;
    }
    struct mp_date date = {(int32_t)year, (int32_t)month, (int32_t)day_of_month};
    int32_t parsed = mp_day_from_date(date);
    struct mp_date back = mp_date_from_day(parsed);
    if (back.year != date.year || back.month != date.month || back.day != date.day) {
        return false;
    }
    *day = parsed;
    return true;
}

void mp_day_format(int32_t day, char out[11]) {
    day = day < DAY_YEAR_0 ? DAY_YEAR_0 : day > DAY_YEAR_9999 ? DAY_YEAR_9999 : day;
    struct mp_date date = mp_date_from_day(day);
    char text[40];
    snprintf(text, sizeof(text), "%04d-%02d-%02d", (int)date.year, (int)date.month, (int)date.day);
    memcpy(out, text, 10);
    out[10] = '\0';
}

void mp_time_format(int64_t utc_ms, char out[25]) {
    int64_t first_ms = DAY_YEAR_0 * MP_MS_PER_DAY;
    int64_t last_ms = (DAY_YEAR_9999 + 1) * MP_MS_PER_DAY - 1;
    utc_ms = utc_ms < first_ms ? first_ms : utc_ms > last_ms ? last_ms : utc_ms;
    int64_t day_ms = utc_ms % MP_MS_PER_DAY;
    int64_t day = utc_ms / MP_MS_PER_DAY;
    if (day_ms < 0) {
        day_ms += MP_MS_PER_DAY;
        day--;
    }
    char text[64];
    char date[11];
    mp_day_format((int32_t)day, date);
    snprintf(text, sizeof(text), "%sT%02d:%02d:%02d.%03dZ", date, (int)(day_ms / 3600000),
             (int)(day_ms / 60000 % 60), (int)(day_ms / 1000 % 60), (int)(day_ms % 1000));
    memcpy(out, text, 24);
    out[24] = '\0';
}
