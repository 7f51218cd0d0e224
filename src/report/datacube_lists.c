/* Distributions, pages and portraits as Weixin's server API answers them. */
#include "report/datacube.h"

#include "base/event.h"
#include "report/pages.h"
#include "report/profile.h"
#include "report/spread.h"

#include <stdlib.h>

#define PAGES_TOP 200
#define UNKNOWN_NAME "未知"

/* ---- Distribution ----------------------------------------------------------------------- */

/* One distribution: its items come between begin and end. */
static void index_begin(struct mp_json_writer *json, const char *name) {
    mp_jw_object_begin(json);
    mp_jw_text_member(json, "index", name);
    mp_jw_key(json, "item_list");
    mp_jw_array_begin(json);
}

static void index_end(struct mp_json_writer *json) {
    mp_jw_array_end(json);
    mp_jw_object_end(json);
}

static void write_source(struct mp_json_writer *json, const struct spread *spread, bool is_users) {
    index_begin(json, is_users ? "access_source_visit_uv" : "access_source_session_cnt");
    for (size_t i = 0; i < spread->count; i++) {
        const struct spread_row *row = &spread->rows[i];
        if (!row->keys[SOURCE_IS_SCENE]) {
            datacube_key_value(json, row->keys[SOURCE_GROUP], is_users ? row->users : row->opens);
        }
    }
    index_end(json);
}

/* Without what is 0, and without opens that have no page: Weixin has no key for those. */
static void write_buckets(struct mp_json_writer *json, const struct spread *spread,
                          int64_t is_depth) {
    const struct spread_bucket *buckets = is_depth ? spread_depths : spread_durations;
    index_begin(json, is_depth ? "access_depth_info" : "access_staytime_info");
    for (size_t i = 0; i < SPREAD_BUCKETS; i++) {
        int64_t opens = spread_opens(spread, is_depth, &buckets[i]);
        if (opens > 0 && buckets[i].key > 0) {
            datacube_key_value(json, buckets[i].key, opens);
        }
    }
    index_end(json);
}

int report_datacube_distribution(const struct report_question *question, struct mp_buf *out,
                                 struct mp_error *err) {
    struct spread source = {
        .question = question, .key_count = 3, .has_users = true, .unknown_is_other = true};
    struct spread opens = {.question = question, .key_count = 2};
    char date[DATACUBE_DATE_BYTES];
    int code = spread_ask(&source, SPREAD_SOURCE, err);
    code = code ? code : spread_ask(&opens, SPREAD_OPENS, err);
    if (code == MP_OK) {
        struct mp_json_writer json;
        datacube_begin(&json, out);
        datacube_ref_date(&question->range, date);
        mp_jw_text_member(&json, "ref_date", date);
        mp_jw_key(&json, "list");
        mp_jw_array_begin(&json);
        write_source(&json, &source, false);
        write_source(&json, &source, true);
        write_buckets(&json, &opens, 0);
        write_buckets(&json, &opens, 1);
        mp_jw_array_end(&json);
        code = datacube_end(&json, err);
    }
    free(source.rows);
    free(opens.rows);
    return code;
}

/* ---- Pages ------------------------------------------------------------------------------ */

static void write_page(struct mp_json_writer *json, const struct page_row *page) {
    mp_jw_object_begin(json);
    mp_jw_key(json, "page_path");
    mp_jw_str(json, mp_str_range(page->page, page->page_len));
    datacube_count(json, "page_visit_pv", page->views);
    datacube_count(json, "page_visit_uv", page->viewers);
    datacube_ratio(json, "page_staytime_pv", (double)page->dwell_ms / 1000, (double)page->views);
    datacube_count(json, "entrypage_pv", page->entries);
    datacube_count(json, "exitpage_pv", page->exits);
    datacube_count(json, "page_share_pv", page->shares);
    datacube_count(json, "page_share_uv", page->sharers);
    mp_jw_object_end(json);
}

int report_datacube_pages(const struct report_question *question, struct mp_buf *out,
                          struct mp_error *err) {
    struct report_question asked = *question;
    struct pages pages = {0};
    char date[DATACUBE_DATE_BYTES];
    asked.sort = REPORT_SORT_VIEWS;
    asked.limit = PAGES_TOP;
    int code = pages_ask(&pages, &asked, err);
    if (code == MP_OK) {
        struct mp_json_writer json;
        datacube_begin(&json, out);
        datacube_ref_date(&question->range, date);
        mp_jw_text_member(&json, "ref_date", date);
        mp_jw_key(&json, "list");
        mp_jw_array_begin(&json);
        for (size_t i = 0; i < pages.count; i++) {
            write_page(&json, &pages.rows[i]);
        }
        mp_jw_array_end(&json);
        code = datacube_end(&json, err);
    }
    pages_deinit(&pages);
    return code;
}

/* ---- Portrait --------------------------------------------------------------------------- */

/* A value as Weixin numbers and names it. */
struct label {
    const char *value; /* as sql/profile.sql gives it */
    int64_t id;
    const char *name;
};
static const struct label genders[] = {{"1", 1, "男"}, {"2", 2, "女"}, {"0", 0, UNKNOWN_NAME}};
static const struct label platforms[] = {{"1", 1, "iPhone"}, {"2", 2, "Android"}, {"3", 3, "其他"}};
static const struct label ages[] = {
    {"1", 1, "17岁以下"}, {"2", 2, "18-24岁"},  {"3", 3, "25-29岁"},    {"4", 4, "30-39岁"},
    {"5", 5, "40-49岁"},  {"6", 6, "50岁以上"}, {"0", 0, UNKNOWN_NAME},
};
#define LABELS(list) (list), sizeof(list) / sizeof((list)[0])

/* Weixin's ids of provinces and cities are not public. These are the same for the same name and
 * never one of its own: 2^30 and 30 bits of the name's FNV-1a hash. docs/datacube.md tells it. */
static int64_t region_id(struct mp_str name) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ (uint8_t)name.ptr[i]) * 16777619u;
    }
    return name.len == 0 ? 0 : (int64_t)((hash & 0x3fffffffu) | 0x40000000u);
}

static void write_item(struct mp_json_writer *json, bool has_id, int64_t id, struct mp_str name,
                       int64_t users) {
    if (users == 0) {
        return;
    }
    mp_jw_object_begin(json);
    if (has_id) {
        datacube_count(json, "id", id);
    }
    mp_jw_key(json, "name");
    mp_jw_str(json, name.len > 0 ? name : MP_STR(UNKNOWN_NAME));
    datacube_count(json, "value", users);
    mp_jw_object_end(json);
}

static int64_t users_of(const struct profile_row *row, bool is_new) {
    return is_new ? row->new_users : row->active_users;
}

/* A list of names as they are: provinces, cities, models. */
static void write_named(struct mp_json_writer *json, const char *key, const struct profile *profile,
                        enum profile_dimension dimension, bool is_new) {
    bool has_id = dimension != PROFILE_MODEL;
    mp_jw_key(json, key);
    mp_jw_array_begin(json);
    for (size_t i = 0; i < profile->count; i++) {
        const struct profile_row *row = &profile->rows[i];
        struct mp_str name = mp_str_range(row->value, row->value_len);
        if (row->dimension == dimension) {
            write_item(json, has_id, region_id(name), name, users_of(row, is_new));
        }
    }
    mp_jw_array_end(json);
}

static int64_t count_labelled(const struct profile *profile, enum profile_dimension dimension,
                              const char *value, bool is_new) {
    int64_t users = 0;
    for (size_t i = 0; i < profile->count; i++) {
        const struct profile_row *row = &profile->rows[i];
        bool is_it = row->dimension == dimension &&
                     mp_str_is(mp_str_range(row->value, row->value_len), value);
        users += is_it ? users_of(row, is_new) : 0;
    }
    return users;
}

static void write_labelled(struct mp_json_writer *json, const char *key,
                           const struct profile *profile, enum profile_dimension dimension,
                           bool is_new, const struct label *labels, size_t count) {
    mp_jw_key(json, key);
    mp_jw_array_begin(json);
    for (size_t i = 0; i < count; i++) {
        int64_t users = count_labelled(profile, dimension, labels[i].value, is_new);
        if (dimension == PROFILE_PLATFORM && labels[i].id == MP_PLATFORM_OTHER) {
            /* Weixin has no unknown one. */
            users += count_labelled(profile, dimension, "0", is_new);
        }
        write_item(json, true, labels[i].id, mp_str_of(labels[i].name), users);
    }
    mp_jw_array_end(json);
}

static void write_portrait(struct mp_json_writer *json, const struct profile *profile,
                           bool is_new) {
    mp_jw_key(json, is_new ? "visit_uv_new" : "visit_uv");
    mp_jw_object_begin(json);
    write_named(json, "province", profile, PROFILE_PROVINCE, is_new);
    write_named(json, "city", profile, PROFILE_CITY, is_new);
    write_labelled(json, "genders", profile, PROFILE_GENDER, is_new, LABELS(genders));
    write_labelled(json, "platforms", profile, PROFILE_PLATFORM, is_new, LABELS(platforms));
    write_named(json, "devices", profile, PROFILE_MODEL, is_new);
    write_labelled(json, "ages", profile, PROFILE_AGE, is_new, LABELS(ages));
    mp_jw_object_end(json);
}

int report_datacube_portrait(const struct report_question *question, struct mp_buf *out,
                             struct mp_error *err) {
    struct profile profile = {0};
    char date[DATACUBE_DATE_BYTES];
    int code = profile_ask(&profile, question, err);
    if (code == MP_OK) {
        struct mp_json_writer json;
        datacube_begin(&json, out);
        datacube_ref_date(&question->range, date);
        mp_jw_text_member(&json, "ref_date", date);
        write_portrait(&json, &profile, true);
        write_portrait(&json, &profile, false);
        code = datacube_end(&json, err);
    }
    profile_deinit(&profile);
    return code;
}
