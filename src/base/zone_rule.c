#include "base/zone_rule.h"

#include "base/zone.h"

#define SECONDS_PER_DAY 86400
#define CHANGE_TIME_DEFAULT_S (2 * 3600)

/* A cursor over the rule's text. */
struct scan {
    struct mp_str left;
    bool failed;
};

static char peek(const struct scan *scan) {
    return scan->left.len > 0 ? scan->left.ptr[0] : '\0';
}

static void skip(struct scan *scan) {
    scan->left = mp_str_range(scan->left.ptr + 1, scan->left.len - 1);
}

static bool accept(struct scan *scan, char c) {
    if (peek(scan) != c || scan->left.len == 0) {
        return false;
    }
    skip(scan);
    return true;
}

static int32_t number(struct scan *scan, int32_t max) {
    int32_t value = 0;
    size_t digits = 0;
    while (peek(scan) >= '0' && peek(scan) <= '9' && digits < 4) {
        value = value * 10 + (peek(scan) - '0');
        skip(scan);
        digits++;
    }
    if (digits == 0 || value > max) {
        scan->failed = true;
    }
    return value;
}

/* "<+0330>" or three and more letters. */
static void abbreviation(struct scan *scan) {
    bool is_quoted = accept(scan, '<');
    size_t letters = 0;
    while (scan->left.len > 0) {
        char c = peek(scan);
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool is_extra = is_quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-');
        if (!is_letter && !is_extra) {
            break;
        }
        skip(scan);
        letters++;
    }
    if (letters < 3 || (is_quoted && !accept(scan, '>'))) {
        scan->failed = true;
    }
}

/* [+-]hh[:mm[:ss]], seconds. */
static int32_t clock_time(struct scan *scan) {
    int32_t sign = accept(scan, '-') ? -1 : 1;
    if (sign == 1) {
        (void)accept(scan, '+');
    }
    int32_t seconds = number(scan, 167) * 3600;
    if (accept(scan, ':')) {
        seconds += number(scan, 59) * 60;
        if (accept(scan, ':')) {
            seconds += number(scan, 59);
        }
    }
    return sign * seconds;
}

static struct mp_zone_change change(struct scan *scan) {
    struct mp_zone_change out = {.form = '0', .time_s = CHANGE_TIME_DEFAULT_S};
    if (accept(scan, 'M')) {
        out.form = 'M';
        out.month = number(scan, 12);
        scan->failed |= !accept(scan, '.');
        out.week = number(scan, 5);
        scan->failed |= !accept(scan, '.');
        out.weekday = number(scan, 6);
        scan->failed |= out.month < 1 || out.week < 1;
    } else {
        out.form = accept(scan, 'J') ? 'J' : '0';
        out.day = number(scan, 365);
        scan->failed |= out.form == 'J' && out.day < 1;
    }
    if (accept(scan, '/')) {
        out.time_s = clock_time(scan);
    }
    return out;
}

bool mp_zone_rule_parse(struct mp_str text, struct mp_zone_rule *out) {
    struct scan scan = {.left = text};
    *out = (struct mp_zone_rule){0};
    abbreviation(&scan);
    out->standard_s = -clock_time(&scan);
    if (scan.left.len > 0) {
        out->has_summer = true;
        abbreviation(&scan);
        out->summer_s = out->standard_s + 3600;
        if (peek(&scan) != ',') {
            out->summer_s = -clock_time(&scan);
        }
        scan.failed |= !accept(&scan, ',');
        out->start = change(&scan);
        scan.failed |= !accept(&scan, ',');
        out->end = change(&scan);
    }
    return !scan.failed && scan.left.len == 0;
}

/* The local second (since 1970, as if UTC) at which the change happens in a year. */
static int64_t change_local_s(const struct mp_zone_change *change, int32_t year) {
    int32_t first = mp_day_from_date((struct mp_date){year, 1, 1});
    int32_t day = first + change->day;
    if (change->form == 'J') {
        bool is_leap = mp_day_from_date((struct mp_date){year + 1, 1, 1}) - first == 366;
        day = first + change->day - 1 + (is_leap && change->day >= 60);
    } else if (change->form == 'M') {
        int32_t month = mp_day_from_date((struct mp_date){year, change->month, 1});
        int32_t weekday = (month - mp_day_monday(month) + 1) % 7; /* 0 = Sunday */
        day = month + (change->weekday - weekday + 7) % 7 + (change->week - 1) * 7;
        if (day >= mp_day_next_month(month)) {
            day -= 7; /* week 5 is the last one, be it the fourth */
        }
    }
    return (int64_t)day * SECONDS_PER_DAY + change->time_s;
}

int32_t mp_zone_rule_offset_s(const struct mp_zone_rule *rule, int64_t utc_s) {
    if (!rule->has_summer) {
        return rule->standard_s;
    }
    int64_t local_s = utc_s + rule->standard_s;
    int32_t local_day = (int32_t)(local_s / SECONDS_PER_DAY - (local_s % SECONDS_PER_DAY < 0));
    int32_t year = mp_date_from_day(local_day).year;
    int64_t start_s = change_local_s(&rule->start, year) - rule->standard_s;
    int64_t end_s = change_local_s(&rule->end, year) - rule->summer_s;
    bool is_summer =
        start_s < end_s ? utc_s >= start_s && utc_s < end_s : !(utc_s >= end_s && utc_s < start_s);
    return is_summer ? rule->summer_s : rule->standard_s;
}
