#include "api/report_params.h"

#include "api/internal.h"

#include "base/event.h"
#include "base/zone.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_DAYS 30
#define PAGES_DEFAULT 100
#define PAGES_MAX 10000
#define OFFSET_MAX 1000000
#define TOP_DEFAULT 10
#define SEARCH_BYTES_MAX 256

/* A word of a parameter and what it stands for. */
struct word {
    const char *text;
    int value;
};
#define UNKNOWN_WORD "unknown"

/* ---- Names ------------------------------------------------------------------------------ */

struct known {
    const char *name;
    unsigned takes; /* 0 = every report takes it */
};
static const struct known known[] = {
    {"from", 0},
    {"to", 0},
    {"format", 0},
    {"source_group", 0},
    {"platform", 0},
    {"province", 0},
    {"app_version", 0},
    {"visitor", 0},
    {"by", REPORT_TAKES_BY},
    {"compare", REPORT_TAKES_COMPARE},
    {"users", REPORT_TAKES_USERS},
    {"sort", REPORT_TAKES_PAGES},
    {"order", REPORT_TAKES_PAGES},
    {"search", REPORT_TAKES_PAGES},
    {"offset", REPORT_TAKES_PAGES},
    {"limit", REPORT_TAKES_PAGES | REPORT_TAKES_LIMIT},
};
#define KNOWN_COUNT (sizeof(known) / sizeof(known[0]))

static int check_names(struct http_request *request, unsigned takes, struct mp_error *err) {
    const char *names[KNOWN_COUNT + 1];
    size_t count = 0;
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        if (known[i].takes == 0 || (known[i].takes & takes)) {
            names[count++] = known[i].name;
        }
    }
    names[count] = NULL;
    return check_query(request, names, err);
}

/* ---- Words, numbers and days ------------------------------------------------------------ */

/* *value stays as it is when the text is none of the words. */
static bool find_word(struct mp_str text, const struct word *words, size_t count, int *value) {
    for (size_t i = 0; i < count; i++) {
        if (mp_str_is(text, words[i].text)) {
            *value = words[i].value;
            return true;
        }
    }
    return false;
}

/* One of the words; *value stays as it is when the parameter is missing. */
static int take_word(struct http_request *request, const char *name, const struct word *words,
                     size_t count, int *value, struct mp_error *err) {
    struct mp_str text = http_query(request, name);
    char list[192] = "";
    if (!text.ptr || find_word(text, words, count, value)) {
        return MP_OK;
    }
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(list);
        snprintf(list + len, sizeof(list) - len, "%s%s",
                 i == 0          ? ""
                 : i + 1 < count ? ", "
                                 : " or ",
                 words[i].text);
    }
    return mp_fail(err, MP_E_ARGUMENT, name, "must be %s", list);
}
#define TAKE_WORD(request, name, words, value, err)                                                \
    take_word(request, name, words, sizeof(words) / sizeof((words)[0]), value, err)

static int take_number(struct http_request *request, const char *name, uint64_t max,
                       uint64_t *value, struct mp_error *err) {
    struct mp_str text = http_query(request, name);
    uint64_t number;
    if (!text.ptr) {
        return MP_OK;
    }
    if (!mp_str_to_u64(text, &number) || number > max) {
        return mp_fail(err, MP_E_ARGUMENT, name, "must be a whole number up to %llu",
                       (unsigned long long)max);
    }
    *value = number;
    return MP_OK;
}

static int take_day(struct http_request *request, const char *name, int32_t *day,
                    struct mp_error *err) {
    struct mp_str text = http_query(request, name);
    if (text.ptr && !mp_day_parse(text, day)) {
        return mp_fail(err, MP_E_ARGUMENT, name, "must be a date like 2026-11-24");
    }
    return MP_OK;
}

static int take_range(struct http_request *request, int32_t today, struct report_range *range,
                      struct mp_error *err) {
    range->to = today - 1;
    int code = take_day(request, "to", &range->to, err);
    range->from = range->to >= DEFAULT_DAYS ? range->to - DEFAULT_DAYS + 1 : 0;
    if (code == MP_OK) {
        code = take_day(request, "from", &range->from, err);
    }
    if (!http_query(request, "to").ptr && range->from > range->to) {
        range->to = range->from; /* from=today asks for today */
    }
    return code;
}

static int take_by(struct http_request *request, struct report_range *range, struct mp_error *err) {
    static const struct word words[] = {
        {"day", REPORT_DAY}, {"week", REPORT_WEEK}, {"month", REPORT_MONTH}};
    int by = REPORT_DAY;
    int code = TAKE_WORD(request, "by", words, &by, err);
    range->by = (enum report_cycle)by;
    return code;
}

/* compare=2026-10-01/2026-10-31 */
static int take_compare(struct http_request *request, struct report_question *question,
                        struct mp_error *err) {
    struct mp_str text = http_query(request, "compare");
    struct report_range *compare = &question->compare;
    if (!text.ptr) {
        return MP_OK;
    }
    const char *slash = memchr(text.ptr, '/', text.len);
    size_t before = slash ? (size_t)(slash - text.ptr) : text.len;
    question->has_compare = true;
    if (!slash || !mp_day_parse(mp_str_range(text.ptr, before), &compare->from) ||
        !mp_day_parse(mp_str_range(slash + 1, text.len - before - 1), &compare->to)) {
        return mp_fail(err, MP_E_ARGUMENT, "compare",
                       "must be two dates like 2026-10-01/2026-10-31");
    }
    return MP_OK;
}

/* ---- Filters: lists of values, with commas between them ----------------------------------- */

/* Takes the first value off a list that has one; the rest is {NULL, 0} behind the last. */
static struct mp_str next_value(struct mp_str *rest) {
    struct mp_str list = *rest;
    const char *comma = list.len > 0 ? memchr(list.ptr, ',', list.len) : NULL;
    size_t len = comma ? (size_t)(comma - list.ptr) : list.len;
    *rest = comma ? mp_str_range(comma + 1, list.len - len - 1) : mp_str_range(NULL, 0);
    return mp_str_range(list.ptr, len);
}

typedef bool parse_value(struct mp_str text, uint64_t *value);

static bool parse_platform(struct mp_str text, uint64_t *value) {
    static const struct word words[] = {{UNKNOWN_WORD, MP_PLATFORM_UNKNOWN},
                                        {"ios", MP_PLATFORM_IOS},
                                        {"android", MP_PLATFORM_ANDROID},
                                        {"other", MP_PLATFORM_OTHER}};
    int platform = 0;
    bool is_known = find_word(text, words, sizeof(words) / sizeof(words[0]), &platform);
    *value = (uint64_t)platform;
    return is_known;
}

static bool parse_group(struct mp_str text, uint64_t *value) {
    return mp_str_to_u64(text, value) && *value <= UINT8_MAX;
}

static int too_many(const char *name, struct mp_error *err) {
    return mp_fail(err, MP_E_ARGUMENT, name, "has more than %d values", REPORT_VALUES_MAX);
}

static int take_numbers(struct http_request *request, const char *name, parse_value *parse,
                        const char *wanted, uint64_t *values, size_t *count, struct mp_error *err) {
    struct mp_str rest = http_query(request, name);
    while (rest.ptr) {
        struct mp_str text = next_value(&rest);
        if (*count == REPORT_VALUES_MAX) {
            return too_many(name, err);
        }
        if (!parse(text, &values[(*count)++])) {
            return mp_fail(err, MP_E_ARGUMENT, name, "%s", wanted);
        }
    }
    return MP_OK;
}

static int take_texts(struct http_request *request, const char *name, struct mp_str *values,
                      size_t *count, struct mp_error *err) {
    struct mp_str rest = http_query(request, name);
    while (rest.ptr) {
        struct mp_str text = next_value(&rest);
        if (*count == REPORT_VALUES_MAX) {
            return too_many(name, err);
        }
        if (text.len == 0) {
            return mp_fail(err, MP_E_ARGUMENT, name,
                           "has an empty value; what is not known is asked for as " UNKNOWN_WORD);
        }
        values[(*count)++] = mp_str_is(text, UNKNOWN_WORD) ? mp_str_range("", 0) : text;
    }
    return MP_OK;
}

static int take_filters(struct http_request *request, struct report_filters *filters,
                        struct mp_error *err) {
    static const struct word visitors[] = {{"all", REPORT_ALL_VISITORS},
                                           {"new", REPORT_NEW_VISITORS},
                                           {"returning", REPORT_RETURNING_VISITORS}};
    int visitor = REPORT_ALL_VISITORS;
    int code = TAKE_WORD(request, "visitor", visitors, &visitor, err);
    filters->visitor = (enum report_visitor)visitor;
    code = code == MP_OK ? take_numbers(request, "source_group", parse_group,
                                        "must be keys of source groups from 0 to 255, like 1,3",
                                        filters->source_groups, &filters->source_group_count, err)
                         : code;
    code = code == MP_OK ? take_numbers(request, "platform", parse_platform,
                                        "must be of ios, android, other and unknown",
                                        filters->platforms, &filters->platform_count, err)
                         : code;
    code = code == MP_OK
               ? take_texts(request, "province", filters->provinces, &filters->province_count, err)
               : code;
    return code == MP_OK ? take_texts(request, "app_version", filters->app_versions,
                                      &filters->app_version_count, err)
                         : code;
}

/* ---- Of single reports ------------------------------------------------------------------ */

static int take_cohort(struct http_request *request, struct report_question *question,
                       struct mp_error *err) {
    static const struct word words[] = {{"new", REPORT_NEW_USERS}, {"active", REPORT_ACTIVE_USERS}};
    int cohort = REPORT_NEW_USERS;
    int code = TAKE_WORD(request, "users", words, &cohort, err);
    question->cohort = (enum report_cohort)cohort;
    return code;
}

static int take_pages(struct http_request *request, struct report_question *question,
                      struct mp_error *err) {
    static const struct word sorts[] = {{"page_visit_pv", REPORT_SORT_VIEWS},
                                        {"page_visit_uv", REPORT_SORT_USERS},
                                        {"page_staytime_pv", REPORT_SORT_STAYTIME},
                                        {"entrypage_pv", REPORT_SORT_ENTRIES},
                                        {"exitpage_pv", REPORT_SORT_EXITS},
                                        {"exit_rate", REPORT_SORT_EXIT_RATE},
                                        {"page_share_pv", REPORT_SORT_SHARES},
                                        {"page_share_uv", REPORT_SORT_SHARERS},
                                        {"page", REPORT_SORT_PAGE}};
    static const struct word orders[] = {{"desc", false}, {"asc", true}};
    int sort = REPORT_SORT_VIEWS;
    int code = TAKE_WORD(request, "sort", sorts, &sort, err);
    int is_ascending = sort == REPORT_SORT_PAGE;
    code = code == MP_OK ? TAKE_WORD(request, "order", orders, &is_ascending, err) : code;
    question->sort = (enum report_page_sort)sort;
    question->is_ascending = is_ascending;
    question->search = http_query(request, "search");
    if (code == MP_OK && question->search.len > SEARCH_BYTES_MAX) {
        code = mp_fail(err, MP_E_ARGUMENT, "search", "is over %d bytes", SEARCH_BYTES_MAX);
    }
    return code == MP_OK ? take_number(request, "offset", OFFSET_MAX, &question->offset, err)
                         : code;
}

int report_params_take(struct http_request *request, unsigned takes, int32_t today,
                       struct report_question *question, struct mp_error *err) {
    static const struct word formats[] = {{"json", REPORT_JSON}, {"csv", REPORT_CSV}};
    int format = REPORT_JSON;
    question->limit = takes & REPORT_TAKES_LIMIT ? TOP_DEFAULT : PAGES_DEFAULT;
    int code = check_names(request, takes, err);
    code = code == MP_OK ? take_range(request, today, &question->range, err) : code;
    code = code == MP_OK ? TAKE_WORD(request, "format", formats, &format, err) : code;
    question->format = (enum report_format)format;
    code = code == MP_OK ? take_by(request, &question->range, err) : code;
    code = code == MP_OK ? take_compare(request, question, err) : code;
    code = code == MP_OK ? take_filters(request, &question->filters, err) : code;
    code = code == MP_OK ? take_cohort(request, question, err) : code;
    code = code == MP_OK ? take_pages(request, question, err) : code;
    return code == MP_OK ? take_number(request, "limit", PAGES_MAX, &question->limit, err) : code;
}
