#include "base/moment.h"

#include "base/clock.h"

#include <stdio.h>

#define LAST_MS 253402300799999LL /* the end of the year 9999 */
#define DATE_LEN 10
#define RFC_3339_LEN_MIN 20 /* 2026-11-24T01:02:03Z */

/* The digits at the front as a number, cut off; false unless there are min to max of them. */
static bool take_digits(struct mp_str *text, size_t min, size_t max, int64_t *out) {
    size_t count = 0;
    int64_t number = 0;
    while (count < text->len && count < max && text->ptr[count] >= '0' && text->ptr[count] <= '9') {
        number = number * 10 + (text->ptr[count++] - '0');
    }
    *text = mp_str_range(text->ptr + count, text->len - count);
    *out = number;
    return count >= min;
}

static bool take_sign(struct mp_str *text, const char *signs, char *out) {
    if (text->len == 0 || !memchr(signs, text->ptr[0], strlen(signs))) {
        return false;
    }
    *out = text->ptr[0];
    *text = mp_str_range(text->ptr + 1, text->len - 1);
    return true;
}

/* ".0041" at the front: whole milliseconds of it. False when digits lack. */
static bool take_fraction(struct mp_str *text, int64_t *ms) {
    int64_t digit, weight = 100;
    *ms = 0;
    if (!take_digits(text, 1, 1, &digit)) {
        return false;
    }
    do {
        *ms += digit * weight;
        weight /= 10;
    } while (take_digits(text, 1, 1, &digit));
    return true;
}

static bool parse_number(struct mp_str text, int64_t *utc_ms) {
    int64_t number, ms = 0;
    char point;
    bool has_fraction = false;
    if (!take_digits(&text, 1, 15, &number)) {
        return false;
    }
    if (take_sign(&text, ".", &point)) {
        has_fraction = true;
        if (!take_fraction(&text, &ms)) {
            return false;
        }
    }
    if (text.len > 0 || (has_fraction && number >= MP_MOMENT_SECONDS_END)) {
        return false;
    }
    *utc_ms = number < MP_MOMENT_SECONDS_END ? number * 1000 + ms : number;
    return true;
}

/* "Z", "+08", "+0800", "+08:00", and nothing behind it. */
static bool parse_offset(struct mp_str text, int64_t *minutes) {
    int64_t hours, rest = 0;
    char sign, colon;
    *minutes = 0;
    if (mp_str_is(text, "Z") || mp_str_is(text, "z")) {
        return true;
    }
    if (!take_sign(&text, "+-", &sign) || !take_digits(&text, 2, 2, &hours)) {
        return false;
    }
    bool has_colon = take_sign(&text, ":", &colon);
    if ((has_colon || text.len > 0) && (!take_digits(&text, 2, 2, &rest) || rest > 59)) {
        return false;
    }
    *minutes = (hours * 60 + rest) * (sign == '-' ? -1 : 1);
    return text.len == 0 && hours <= 23;
}

/* "09:02:03.004" at the front, seconds and their fraction optional. */
static bool take_clock(struct mp_str *text, int64_t *ms) {
    int64_t hour, minute, second = 0, fraction = 0;
    char colon;
    if (!take_digits(text, 2, 2, &hour) || !take_sign(text, ":", &colon) ||
        !take_digits(text, 2, 2, &minute)) {
        return false;
    }
    if (take_sign(text, ":", &colon) &&
        (!take_digits(text, 2, 2, &second) ||
         (take_sign(text, ".,", &colon) && !take_fraction(text, &fraction)))) {
        return false;
    }
    *ms = (hour * 3600 + minute * 60 + second) * 1000 + fraction;
    return hour <= 23 && minute <= 59 && second <= 60;
}

/* zone NULL: there must be an offset, without blanks before it. */
static bool parse_iso(struct mp_str text, const struct mp_zone *zone, int64_t *utc_ms) {
    int32_t day;
    int64_t clock_ms, offset_minutes;
    char between;
    if (text.len < DATE_LEN || !mp_day_parse(mp_str_range(text.ptr, DATE_LEN), &day)) {
        return false;
    }
    text = mp_str_range(text.ptr + DATE_LEN, text.len - DATE_LEN);
    if (text.len == 0 && zone) {
        *utc_ms = mp_zone_day_start_ms(zone, day);
        return true;
    }
    if (!take_sign(&text, "Tt ", &between) || !take_clock(&text, &clock_ms)) {
        return false;
    }
    int64_t local_ms = day * MP_MS_PER_DAY + clock_ms;
    if (text.len == 0 && zone) {
        *utc_ms = mp_zone_utc_ms(zone, local_ms);
        return true;
    }
    if (!parse_offset(zone ? mp_str_trim(text) : text, &offset_minutes)) {
        return false;
    }
    *utc_ms = local_ms - offset_minutes * 60000;
    return true;
}

bool mp_moment_parse(struct mp_str text, const struct mp_zone *zone, int64_t *utc_ms) {
    int64_t parsed;
    text = mp_str_trim(text);
    if ((!parse_number(text, &parsed) && !parse_iso(text, zone, &parsed)) || parsed < 0 ||
        parsed > LAST_MS) {
        return false;
    }
    *utc_ms = parsed;
    return true;
}

/* Whether what parse_iso takes without a zone is also RFC 3339: a 'T', seconds, a point before
 * their fraction, a colon within the offset. */
static bool is_rfc_3339(struct mp_str text) {
    if (text.len < RFC_3339_LEN_MIN || text.ptr[DATE_LEN] == ' ' || text.ptr[16] != ':' ||
        memchr(text.ptr, ',', text.len)) {
        return false;
    }
    char last = text.ptr[text.len - 1];
    return last == 'Z' || last == 'z' || text.ptr[text.len - 3] == ':';
}

bool mp_time_parse(struct mp_str text, int64_t *utc_ms) {
    return is_rfc_3339(text) && parse_iso(text, NULL, utc_ms);
}

void mp_moment_format(int64_t utc_ms, const struct mp_zone *zone, char out[MP_MOMENT_BYTES]) {
    char text[25];
    int32_t offset_s = mp_zone_offset_s(zone, utc_ms);
    int32_t minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
    if (offset_s % 60 != 0) {
        mp_time_format(utc_ms, text);
        memcpy(out, text, sizeof(text));
        return;
    }
    mp_time_format(utc_ms + 1000LL * offset_s, text);
    snprintf(out, MP_MOMENT_BYTES, "%.23s%c%02d:%02d", text, offset_s < 0 ? '-' : '+',
             (int)(minutes / 60 % 100), (int)(minutes % 60));
}
