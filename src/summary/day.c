/* A day's file as lists: everything is looked at once, and nothing is believed. */
#include "summary/internal.h"

#include <assert.h>

const int64_t summary_duration_bounds[SUMMARY_BUCKETS] = {2,  5,  10,  20,
                                                          30, 50, 100, SUMMARY_NO_BOUND};
const int64_t summary_depth_bounds[SUMMARY_BUCKETS] = {0, 1, 2, 3, 4, 5, 10, SUMMARY_NO_BOUND};

/* Which section has which list of postings: the ends, the users, and whose they are. */
static const struct {
    enum summary_section ends;
    enum summary_section users;
    enum summary_section keys;
} postings[] = {
    [SUMMARY_SCENE_USERS] = {SUMMARY_SECTION_SCENE_ENDS, SUMMARY_SECTION_SCENE_USERS,
                             SUMMARY_SECTION_SCENES},
    [SUMMARY_VIEWERS] = {SUMMARY_SECTION_VIEWER_ENDS, SUMMARY_SECTION_VIEWERS,
                         SUMMARY_SECTION_PAGES},
    [SUMMARY_PAGE_SHARERS] = {SUMMARY_SECTION_PSHARER_ENDS, SUMMARY_SECTION_PSHARERS,
                              SUMMARY_SECTION_PAGES},
};

/* Sections that have an element a user, sharer and so on: of so many bytes. */
static const struct {
    enum summary_section section;
    enum summary_section of; /* uint32_t: SUMMARY_SECTIONS = a fixed number of elements */
    size_t bytes;
} lengths[] = {
    {SUMMARY_SECTION_TOTALS, SUMMARY_SECTIONS, SUMMARY_TOTALS * sizeof(int64_t)},
    {SUMMARY_SECTION_DURATIONS, SUMMARY_SECTIONS, SUMMARY_BUCKETS * sizeof(int64_t)},
    {SUMMARY_SECTION_DEPTHS, SUMMARY_SECTIONS, SUMMARY_BUCKETS * sizeof(int64_t)},
    {SUMMARY_SECTION_VISITED, SUMMARY_SECTION_USERS, 1},
    {SUMMARY_SECTION_USER_OPENS, SUMMARY_SECTION_USERS, sizeof(uint32_t)},
    {SUMMARY_SECTION_PLATFORMS, SUMMARY_SECTION_USERS, 1},
    {SUMMARY_SECTION_MODELS, SUMMARY_SECTION_USERS, sizeof(uint32_t)},
    {SUMMARY_SECTION_REGIONS, SUMMARY_SECTION_USERS, sizeof(uint32_t)},
    {SUMMARY_SECTION_PAYER_FLAGS, SUMMARY_SECTION_PAYERS, 1},
    {SUMMARY_SECTION_CHANGER_FLAGS, SUMMARY_SECTION_CHANGERS, 1},
    {SUMMARY_SECTION_SCENE_OPENS, SUMMARY_SECTION_SCENES, sizeof(int64_t)},
    {SUMMARY_SECTION_SCENE_ENDS, SUMMARY_SECTION_SCENES, sizeof(uint32_t)},
    {SUMMARY_SECTION_PAGE_NUMBERS, SUMMARY_SECTION_PAGES, SUMMARY_PAGE_NUMBERS * sizeof(int64_t)},
    {SUMMARY_SECTION_VIEWER_ENDS, SUMMARY_SECTION_PAGES, sizeof(uint32_t)},
    {SUMMARY_SECTION_PSHARER_ENDS, SUMMARY_SECTION_PAGES, sizeof(uint32_t)},
};

static struct summary_list list_of(const struct summary_file *file, enum summary_section section) {
    struct mp_str bytes = file->sections[section];
    return (struct summary_list){(const uint32_t *)bytes.ptr, bytes.len / sizeof(uint32_t)};
}

static bool have_right_lengths(const struct summary_file *file) {
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        size_t count = lengths[i].of == SUMMARY_SECTIONS ? 1 : list_of(file, lengths[i].of).count;
        if (file->sections[lengths[i].section].len != count * lengths[i].bytes) {
            return false;
        }
    }
    return true;
}

static bool are_below(struct summary_list list, size_t bound) {
    uint32_t greatest = 0;
    for (size_t i = 0; i < list.count; i++) {
        greatest = list.at[i] > greatest ? list.at[i] : greatest;
    }
    return list.count == 0 || greatest < bound;
}

static bool do_ascend(struct summary_list list, size_t to) {
    for (size_t i = 1; i < list.count; i++) {
        if (list.at[i] < list.at[i - 1]) {
            return false;
        }
    }
    return list.count == 0 ? to == 0 : list.at[list.count - 1] == to;
}

static bool are_postings_right(const struct summary_file *file, uint32_t user_bound) {
    for (size_t i = 0; i < sizeof(postings) / sizeof(postings[0]); i++) {
        struct summary_list users = list_of(file, postings[i].users);
        if (!do_ascend(list_of(file, postings[i].ends), users.count) ||
            !are_below(users, user_bound)) {
            return false;
        }
    }
    return true;
}

static bool are_users_right(const struct summary_file *file, uint32_t user_bound) {
    size_t texts = list_of(file, SUMMARY_SECTION_TEXT_ENDS).count;
    struct summary_list regions = list_of(file, SUMMARY_SECTION_REGION_TEXTS);
    struct summary_list users = list_of(file, SUMMARY_SECTION_USERS);
    bool do_users_ascend = users.count == 0 || do_ascend(users, users.at[users.count - 1]);
    return do_users_ascend && are_below(users, user_bound) && texts > 0 && regions.count % 2 == 0 &&
           are_below(list_of(file, SUMMARY_SECTION_SHARERS), user_bound) &&
           are_below(list_of(file, SUMMARY_SECTION_PAYERS), user_bound) &&
           are_below(list_of(file, SUMMARY_SECTION_CHANGERS), user_bound) &&
           are_below(list_of(file, SUMMARY_SECTION_SCENES), UINT16_MAX + 1) &&
           are_below(list_of(file, SUMMARY_SECTION_MODELS), texts) &&
           are_below(list_of(file, SUMMARY_SECTION_PAGES), texts) && are_below(regions, texts) &&
           are_below(list_of(file, SUMMARY_SECTION_REGIONS), regions.count / 2 + 1) &&
           do_ascend(list_of(file, SUMMARY_SECTION_TEXT_ENDS),
                     file->sections[SUMMARY_SECTION_TEXTS].len);
}

int summary_day_view(const struct summary_file *file, uint32_t user_bound, struct summary_day *out,
                     struct mp_error *err) {
    const struct mp_str *sections = file->sections;
    if (file->day < 0 || file->day > SUMMARY_DAY_MAX || !have_right_lengths(file) ||
        !are_postings_right(file, user_bound) || !are_users_right(file, user_bound)) {
        return mp_fail(err, MP_E_CORRUPT, "summary", "a day's summary does not fit together");
    }
    *out = (struct summary_day){
        .day = file->day,
        .mark = file->mark,
        .totals = (const int64_t *)sections[SUMMARY_SECTION_TOTALS].ptr,
        .durations = (const int64_t *)sections[SUMMARY_SECTION_DURATIONS].ptr,
        .depths = (const int64_t *)sections[SUMMARY_SECTION_DEPTHS].ptr,
        .users = list_of(file, SUMMARY_SECTION_USERS),
        .visited = (const uint8_t *)sections[SUMMARY_SECTION_VISITED].ptr,
        .opens = list_of(file, SUMMARY_SECTION_USER_OPENS).at,
        .platforms = (const uint8_t *)sections[SUMMARY_SECTION_PLATFORMS].ptr,
        .models = list_of(file, SUMMARY_SECTION_MODELS).at,
        .regions = list_of(file, SUMMARY_SECTION_REGIONS).at,
        .region_texts = list_of(file, SUMMARY_SECTION_REGION_TEXTS),
        .sharers = list_of(file, SUMMARY_SECTION_SHARERS),
        .payers = list_of(file, SUMMARY_SECTION_PAYERS),
        .payer_flags = (const uint8_t *)sections[SUMMARY_SECTION_PAYER_FLAGS].ptr,
        .changers = list_of(file, SUMMARY_SECTION_CHANGERS),
        .changer_flags = (const uint8_t *)sections[SUMMARY_SECTION_CHANGER_FLAGS].ptr,
        .scenes = list_of(file, SUMMARY_SECTION_SCENES),
        .scene_opens = (const int64_t *)sections[SUMMARY_SECTION_SCENE_OPENS].ptr,
        .pages = list_of(file, SUMMARY_SECTION_PAGES),
        .page_numbers =
            (const int64_t(*)[SUMMARY_PAGE_NUMBERS])sections[SUMMARY_SECTION_PAGE_NUMBERS].ptr,
        .text_ends = list_of(file, SUMMARY_SECTION_TEXT_ENDS),
        .texts = sections[SUMMARY_SECTION_TEXTS].ptr,
        .map = file->map,
        .map_bytes = file->bytes};
    for (size_t i = 0; i < sizeof(postings) / sizeof(postings[0]); i++) {
        out->ends[i] = list_of(file, postings[i].ends).at;
        out->postings[i] = list_of(file, postings[i].users).at;
    }
    return MP_OK;
}

struct summary_list summary_posting(const struct summary_day *day, enum summary_posting kind,
                                    size_t index) {
    uint32_t from = index > 0 ? day->ends[kind][index - 1] : 0;
    return (struct summary_list){day->postings[kind] + from, day->ends[kind][index] - from};
}

struct mp_str summary_text(const struct summary_day *day, uint32_t number) {
    assert(number < day->text_ends.count);
    uint32_t from = number > 0 ? day->text_ends.at[number - 1] : 0;
    return mp_str_range(day->texts + from, day->text_ends.at[number] - from);
}
