#include "load/summary_day.h"

#include "load/ask.h"
#include "load/intern.h"

#include "base/event.h"

#include <stdlib.h>

#define ASK_TIMEOUT_MS (10 * 60 * 1000LL)
#define BYTES_MAX ((size_t)4 << 30)
#define SCENES 65536u

enum { ROW_VISITED = 1, ROW_SHARED = 2, ROW_PAID = 4, ROW_PAID_TWICE = 8, ROW_CHANGED = 16 };

struct row {
    uint32_t number; /* the user's, once it is known */
    uint32_t opens;
    uint32_t model;
    uint32_t region;
    uint8_t platform;
    uint8_t flags;
    uint8_t changer_flags;
};

/* The day being read. Pairs are (key << 32 | row), later (key << 32 | user's number). */
struct maker {
    struct mp_buf hashes; /* uint64_t a row */
    struct mp_buf rows;   /* struct row */
    struct mp_buf pairs[3];
    struct intern texts;
    struct intern regions;      /* province, NUL, city */
    struct mp_buf region_texts; /* uint32_t[2] of each region */
    struct mp_buf page_numbers; /* int64_t[SUMMARY_PAGE_NUMBERS] by text */
    struct mp_buf is_page;      /* uint8_t by text */
    int64_t totals[SUMMARY_TOTALS];
    int64_t durations[SUMMARY_BUCKETS];
    int64_t depths[SUMMARY_BUCKETS];
    int64_t scene_opens[SCENES];
    struct mp_buf sections[SUMMARY_SECTIONS];
};

int summary_ask(const struct summary_source *source, struct store_statement *statement,
                const char *columns, int (*on_row)(void *arg, struct mp_reader *row), void *arg,
                struct mp_error *err) {
    struct store_options options = {.timeout_ms = ASK_TIMEOUT_MS,
                                    .is_cancelled = source->is_cancelled,
                                    .is_cancelled_arg = source->is_cancelled_arg,
                                    .is_read_only = true};
    int code = store_run_rows(source->store, statement, &options, columns, on_row, arg, err);
    store_statement_destroy(statement);
    return code;
}

/* ---- Rows ------------------------------------------------------------------------------- */

static void put_pair(struct maker *maker, enum summary_posting kind, uint32_t key) {
    uint64_t row = maker->rows.len / sizeof(struct row);
    mp_buf_append_u64(&maker->pairs[kind], (uint64_t)key << 32 | row);
}

static size_t bucket_of(const int64_t *bounds, int64_t n) {
    size_t bucket = 0;
    while (bucket + 1 < SUMMARY_BUCKETS && n > bounds[bucket]) {
        bucket++;
    }
    return bucket;
}

/* Three arrays of a row, one behind the other: an element an open. */
static void read_opens(struct maker *maker, struct mp_reader *in) {
    uint64_t count = mp_read_varint(in);
    for (uint64_t i = 0; i < count; i++) {
        int64_t seconds = (int64_t)(mp_read_u64(in) / 1000);
        maker->durations[bucket_of(summary_duration_bounds, seconds)]++;
    }
    count = mp_read_varint(in);
    for (uint64_t i = 0; i < count; i++) {
        maker->depths[bucket_of(summary_depth_bounds, mp_read_u32(in))]++;
    }
    count = mp_read_varint(in);
    for (uint64_t i = 0; i < count; i++) {
        uint16_t scene = mp_read_u16(in);
        maker->scene_opens[scene]++;
        put_pair(maker, SUMMARY_SCENE_USERS, scene);
    }
}

/* The page's numbers; NULL when memory is out. */
static int64_t *numbers_of(struct maker *maker, uint32_t text) {
    static const int64_t nothing[SUMMARY_PAGE_NUMBERS];
    while (maker->is_page.len <= text && !maker->is_page.failed) {
        mp_buf_append_byte(&maker->is_page, 0);
        mp_buf_append(&maker->page_numbers, nothing, sizeof(nothing));
    }
    if (maker->is_page.failed || maker->page_numbers.failed) {
        return NULL;
    }
    maker->is_page.ptr[text] = 1;
    return (int64_t *)(void *)maker->page_numbers.ptr + (size_t)text * SUMMARY_PAGE_NUMBERS;
}

/* Six arrays of a row: an element a page. The first brings the names, the others their numbers. */
static int read_pages(struct maker *maker, struct mp_reader *in) {
    struct mp_reader names = *in;
    uint64_t count = mp_read_varint(in);
    for (uint64_t i = 0; i < count; i++) {
        (void)mp_read_lstr(in);
    }
    struct mp_reader views = *in, dwells, entries, exits, shares;
    struct mp_reader *const lists[] = {&views, &dwells, &entries, &exits, &shares};
    static const size_t sizes[] = {4, 8, 4, 4, 4};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        uint64_t elements = mp_read_varint(in);
        *lists[i] = *in;
        in->at += elements * sizes[i];
        count = elements < count ? elements : count;
    }
    (void)mp_read_varint(&names);
    for (uint64_t i = 0; i < count; i++) {
        uint32_t text;
        int64_t *numbers = NULL;
        if (intern_add(&maker->texts, mp_read_lstr(&names), &text)) {
            numbers = numbers_of(maker, text);
        }
        if (!numbers) {
            return MP_E_MEMORY;
        }
        uint32_t seen = mp_read_u32(&views);
        numbers[SUMMARY_PAGE_VIEWS] += seen;
        numbers[SUMMARY_PAGE_DWELL_MS] += (int64_t)mp_read_u64(&dwells);
        numbers[SUMMARY_PAGE_ENTRIES] += mp_read_u32(&entries);
        numbers[SUMMARY_PAGE_EXITS] += mp_read_u32(&exits);
        uint32_t shared = mp_read_u32(&shares);
        numbers[SUMMARY_PAGE_SHARES] += shared;
        if (seen > 0) {
            put_pair(maker, SUMMARY_VIEWERS, text);
        }
        if (shared > 0) {
            put_pair(maker, SUMMARY_PAGE_SHARERS, text);
        }
    }
    return MP_OK;
}

static bool read_region(struct maker *maker, struct mp_reader *in, uint32_t *region) {
    struct mp_str country = mp_read_lstr(in);
    struct mp_str province = mp_read_lstr(in);
    struct mp_str city = mp_read_lstr(in);
    char key[2 * MP_EVENT_STR_MAX + 1];
    *region = 0;
    if (country.len + province.len + city.len == 0) {
        return true;
    }
    province = mp_str_clip(province, MP_EVENT_STR_MAX);
    city = mp_str_clip(city, MP_EVENT_STR_MAX);
    memcpy(key, province.ptr, province.len);
    key[province.len] = '\0';
    memcpy(key + province.len + 1, city.ptr, city.len);
    size_t before = maker->regions.count;
    uint32_t texts[2];
    if (!intern_add(&maker->regions, mp_str_range(key, province.len + 1 + city.len), region)) {
        return false;
    }
    if (maker->regions.count > before) {
        if (!intern_add(&maker->texts, province, &texts[0]) ||
            !intern_add(&maker->texts, city, &texts[1])) {
            return false;
        }
        mp_buf_append(&maker->region_texts, texts, sizeof(texts));
    }
    return true;
}

static void read_figures(struct maker *maker, struct mp_reader *in, struct row *row) {
    uint32_t views = mp_read_u32(in);
    maker->totals[SUMMARY_VIEWS] += views;
    maker->totals[SUMMARY_DWELL_MS] += (int64_t)mp_read_u64(in);
    row->opens = mp_read_u32(in);
    maker->totals[SUMMARY_OPENS] += row->opens;
    maker->totals[SUMMARY_DEPTH] += mp_read_u32(in);
    uint32_t shares = mp_read_u32(in);
    maker->totals[SUMMARY_SHARES] += shares;
    uint32_t adds = mp_read_u32(in);
    int8_t state = (int8_t)mp_read_byte(in);
    uint32_t payments = mp_read_u32(in);
    maker->totals[SUMMARY_PAYMENTS] += payments;
    maker->totals[SUMMARY_PAID_FEN] += (int64_t)mp_read_u64(in);
    maker->totals[SUMMARY_REFUNDS] += mp_read_u32(in);
    maker->totals[SUMMARY_REFUNDED_FEN] += (int64_t)mp_read_u64(in);
    row->flags = (uint8_t)((views > 0 ? ROW_VISITED : 0) | (shares > 0 ? ROW_SHARED : 0) |
                           (payments > 0 ? ROW_PAID : 0) | (payments > 1 ? ROW_PAID_TWICE : 0) |
                           (state != 0 ? ROW_CHANGED : 0));
    row->changer_flags =
        (uint8_t)((state > 0 ? SUMMARY_STATE_ADDED : 0) | (adds > 0 ? SUMMARY_HAS_ADDED : 0));
}

#define ROW_COLUMNS "qdqddddbdqdqbssssQDWSDQDDD"

static int on_row(void *arg, struct mp_reader *in) {
    struct maker *maker = arg;
    struct row row = {0};
    mp_buf_append_u64(&maker->hashes, mp_read_u64(in));
    read_figures(maker, in, &row);
    row.platform = mp_read_byte(in);
    if (!intern_add(&maker->texts, mp_read_lstr(in), &row.model) ||
        !read_region(maker, in, &row.region)) {
        return MP_E_MEMORY;
    }
    read_opens(maker, in);
    int code = read_pages(maker, in);
    mp_buf_append(&maker->rows, &row, sizeof(row));
    return code == MP_OK && maker->rows.failed ? MP_E_MEMORY : code;
}

/* ---- Sections --------------------------------------------------------------------------- */

static void put_u32(struct maker *maker, enum summary_section section, uint32_t value) {
    mp_buf_append_u32(&maker->sections[section], value);
}

static void put_byte(struct maker *maker, enum summary_section section, uint8_t value) {
    mp_buf_append_byte(&maker->sections[section], value);
}

static int compare_u64(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static void put_user(struct maker *maker, const struct row *row) {
    put_u32(maker, SUMMARY_SECTION_USERS, row->number);
    put_byte(maker, SUMMARY_SECTION_VISITED, (row->flags & ROW_VISITED) != 0);
    put_u32(maker, SUMMARY_SECTION_USER_OPENS, row->opens);
    put_byte(maker, SUMMARY_SECTION_PLATFORMS, row->platform);
    put_u32(maker, SUMMARY_SECTION_MODELS, row->model);
    put_u32(maker, SUMMARY_SECTION_REGIONS, row->region);
    if (row->flags & ROW_SHARED) {
        put_u32(maker, SUMMARY_SECTION_SHARERS, row->number);
    }
    if (row->flags & ROW_PAID) {
        put_u32(maker, SUMMARY_SECTION_PAYERS, row->number);
        put_byte(maker, SUMMARY_SECTION_PAYER_FLAGS,
                 row->flags & ROW_PAID_TWICE ? SUMMARY_PAID_TWICE : 0);
    }
    if (row->flags & ROW_CHANGED) {
        put_u32(maker, SUMMARY_SECTION_CHANGERS, row->number);
        put_byte(maker, SUMMARY_SECTION_CHANGER_FLAGS, row->changer_flags);
    }
}

/* All rows, in the order of their users' numbers. */
static int put_users(struct maker *maker, const uint32_t *numbers, size_t count) {
    struct row *rows = (struct row *)(void *)maker->rows.ptr;
    uint64_t *order = malloc((count + 1) * sizeof(*order));
    if (!order) {
        return MP_E_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        rows[i].number = numbers[i];
        order[i] = (uint64_t)numbers[i] << 32 | i;
    }
    qsort(order, count, sizeof(*order), compare_u64);
    for (size_t i = 0; i < count; i++) {
        put_user(maker, &rows[(uint32_t)order[i]]);
    }
    free(order);
    return MP_OK;
}

/* Pairs with users' numbers, in order. */
static void sort_pairs(struct maker *maker, enum summary_posting kind, const uint32_t *numbers) {
    uint64_t *pairs = (uint64_t *)(void *)maker->pairs[kind].ptr;
    size_t count = maker->pairs[kind].len / sizeof(*pairs);
    for (size_t i = 0; i < count; i++) {
        pairs[i] = (pairs[i] & ~(uint64_t)UINT32_MAX) | numbers[(uint32_t)pairs[i]];
    }
    if (count > 0) {
        qsort(pairs, count, sizeof(*pairs), compare_u64);
    }
}

/* The users of one key, each once, from the place *at of the sorted pairs on; and where they
 * end. */
static void put_posting(struct maker *maker, enum summary_posting kind, uint32_t key, size_t *at,
                        enum summary_section ends, enum summary_section users) {
    const uint64_t *pairs = (const uint64_t *)(const void *)maker->pairs[kind].ptr;
    size_t count = maker->pairs[kind].len / sizeof(*pairs);
    for (; *at < count && pairs[*at] >> 32 == key; (*at)++) {
        if (*at == 0 || pairs[*at] != pairs[*at - 1]) {
            put_u32(maker, users, (uint32_t)pairs[*at]);
        }
    }
    put_u32(maker, ends, (uint32_t)(maker->sections[users].len / sizeof(uint32_t)));
}

static void put_scenes(struct maker *maker) {
    size_t at = 0;
    for (uint32_t scene = 0; scene < SCENES; scene++) {
        if (maker->scene_opens[scene] > 0) {
            put_u32(maker, SUMMARY_SECTION_SCENES, scene);
            mp_buf_append_u64(&maker->sections[SUMMARY_SECTION_SCENE_OPENS],
                              (uint64_t)maker->scene_opens[scene]);
            put_posting(maker, SUMMARY_SCENE_USERS, scene, &at, SUMMARY_SECTION_SCENE_ENDS,
                        SUMMARY_SECTION_SCENE_USERS);
        }
    }
}

static void put_pages(struct maker *maker) {
    size_t viewers_at = 0, sharers_at = 0;
    for (uint32_t text = 0; text < maker->is_page.len; text++) {
        if (maker->is_page.ptr[text]) {
            put_u32(maker, SUMMARY_SECTION_PAGES, text);
            mp_buf_append(&maker->sections[SUMMARY_SECTION_PAGE_NUMBERS], numbers_of(maker, text),
                          SUMMARY_PAGE_NUMBERS * sizeof(int64_t));
            put_posting(maker, SUMMARY_VIEWERS, text, &viewers_at, SUMMARY_SECTION_VIEWER_ENDS,
                        SUMMARY_SECTION_VIEWERS);
            put_posting(maker, SUMMARY_PAGE_SHARERS, text, &sharers_at,
                        SUMMARY_SECTION_PSHARER_ENDS, SUMMARY_SECTION_PSHARERS);
        }
    }
}

static void put_rest(struct maker *maker) {
    struct mp_buf *texts = &maker->sections[SUMMARY_SECTION_TEXTS];
    mp_buf_append(&maker->sections[SUMMARY_SECTION_TOTALS], maker->totals, sizeof(maker->totals));
    mp_buf_append(&maker->sections[SUMMARY_SECTION_DURATIONS], maker->durations,
                  sizeof(maker->durations));
    mp_buf_append(&maker->sections[SUMMARY_SECTION_DEPTHS], maker->depths, sizeof(maker->depths));
    if (maker->region_texts.len > 0) {
        mp_buf_append(&maker->sections[SUMMARY_SECTION_REGION_TEXTS], maker->region_texts.ptr,
                      maker->region_texts.len);
    }
    for (uint32_t i = 0; i < maker->texts.count; i++) {
        mp_buf_append_str(texts, intern_str(&maker->texts, i));
        put_u32(maker, SUMMARY_SECTION_TEXT_ENDS, (uint32_t)texts->len);
    }
}

/* ---- A day ------------------------------------------------------------------------------ */

static void destroy(struct maker *maker) {
    for (size_t i = 0; i < SUMMARY_SECTIONS; i++) {
        mp_buf_deinit(&maker->sections[i]);
    }
    for (size_t i = 0; i < sizeof(maker->pairs) / sizeof(maker->pairs[0]); i++) {
        mp_buf_deinit(&maker->pairs[i]);
    }
    mp_buf_deinit(&maker->hashes);
    mp_buf_deinit(&maker->rows);
    mp_buf_deinit(&maker->region_texts);
    mp_buf_deinit(&maker->page_numbers);
    mp_buf_deinit(&maker->is_page);
    intern_deinit(&maker->texts);
    intern_deinit(&maker->regions);
    free(maker);
}

static struct maker *create(void) {
    struct maker *maker = calloc(1, sizeof(*maker));
    if (!maker) {
        return NULL;
    }
    for (size_t i = 0; i < SUMMARY_SECTIONS; i++) {
        mp_buf_init(&maker->sections[i], BYTES_MAX);
    }
    for (size_t i = 0; i < sizeof(maker->pairs) / sizeof(maker->pairs[0]); i++) {
        mp_buf_init(&maker->pairs[i], BYTES_MAX);
    }
    mp_buf_init(&maker->hashes, BYTES_MAX);
    mp_buf_init(&maker->rows, BYTES_MAX);
    mp_buf_init(&maker->region_texts, BYTES_MAX);
    mp_buf_init(&maker->page_numbers, BYTES_MAX);
    mp_buf_init(&maker->is_page, BYTES_MAX);
    if (intern_init(&maker->texts) != MP_OK || intern_init(&maker->regions) != MP_OK) {
        destroy(maker);
        return NULL;
    }
    return maker;
}

static int finish(const struct summary_source *source, struct maker *maker, const char *app,
                  struct mp_error *err) {
    size_t count = maker->rows.len / sizeof(struct row);
    uint32_t *numbers = malloc((count + 1) * sizeof(*numbers));
    if (!numbers || maker->hashes.failed || maker->pairs[SUMMARY_SCENE_USERS].failed ||
        maker->pairs[SUMMARY_VIEWERS].failed || maker->pairs[SUMMARY_PAGE_SHARERS].failed) {
        free(numbers);
        return mp_fail(err, MP_E_MEMORY, "", "no memory for a day's summary");
    }
    int code =
        summary_number(source->summaries, app, (const uint64_t *)(const void *)maker->hashes.ptr,
                       count, numbers, err);
    if (code == MP_OK && put_users(maker, numbers, count) != MP_OK) {
        code = mp_fail(err, MP_E_MEMORY, "", "no memory for a day's summary");
    }
    if (code == MP_OK) {
        sort_pairs(maker, SUMMARY_SCENE_USERS, numbers);
        sort_pairs(maker, SUMMARY_VIEWERS, numbers);
        sort_pairs(maker, SUMMARY_PAGE_SHARERS, numbers);
        put_scenes(maker);
        put_pages(maker);
        put_rest(maker);
    }
    free(numbers);
    return code;
}

int summary_day_make(const struct summary_source *source, const char *app, int32_t day,
                     struct summary_mark mark, struct mp_error *err) {
    struct store_statement *statement;
    struct maker *maker = create();
    if (!maker) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for a day's summary");
    }
    int code = load_statement(source->store, "summary_rows", &statement, err);
    if (code == MP_OK) {
        store_bind_str(statement, "app", mp_str_of(app));
        store_bind_day(statement, "day", day);
        code = summary_ask(source, statement, ROW_COLUMNS, on_row, maker, err);
    }
    code = code == MP_OK ? finish(source, maker, app, err) : code;
    code = code == MP_OK ? summary_put_day(source->summaries, app, day, mark, maker->sections, err)
                         : code;
    destroy(maker);
    return code;
}

/* ---- People ----------------------------------------------------------------------------- */

struct people {
    struct mp_buf hashes[SUMMARY_PERSONS];
    struct mp_buf sections[2 * SUMMARY_PERSONS];
};

static int on_person(void *arg, struct mp_reader *in) {
    struct people *people = arg;
    uint64_t hash = mp_read_u64(in);
    uint8_t kind = mp_read_byte(in);
    uint8_t value = mp_read_byte(in);
    if (kind == 1 || kind == 2) {
        mp_buf_append_u64(&people->hashes[kind - 1], hash);
        mp_buf_append_byte(&people->sections[2 * (kind - 1) + 1], value);
    }
    return MP_OK;
}

static int number_people(const struct summary_source *source, const char *app,
                         const struct mp_buf *hashes, struct mp_buf *out, struct mp_error *err) {
    size_t count = hashes->len / sizeof(uint64_t);
    char *numbers = mp_buf_reserve(out, count * sizeof(uint32_t) + 1);
    if (!numbers || hashes->failed) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for people");
    }
    out->len = count * sizeof(uint32_t);
    return summary_number(source->summaries, app, (const uint64_t *)(const void *)hashes->ptr,
                          count, (uint32_t *)(void *)numbers, err);
}

int summary_people_make(const struct summary_source *source, const char *app,
                        struct summary_mark mark, struct mp_error *err) {
    struct people people;
    struct store_statement *statement;
    for (size_t i = 0; i < SUMMARY_PERSONS; i++) {
        mp_buf_init(&people.hashes[i], BYTES_MAX);
        mp_buf_init(&people.sections[2 * i], BYTES_MAX);
        mp_buf_init(&people.sections[2 * i + 1], BYTES_MAX);
    }
    int code = load_statement(source->store, "summary_people", &statement, err);
    if (code == MP_OK) {
        store_bind_str(statement, "app", mp_str_of(app));
        code = summary_ask(source, statement, "qbb", on_person, &people, err);
    }
    for (size_t i = 0; code == MP_OK && i < SUMMARY_PERSONS; i++) {
        code = number_people(source, app, &people.hashes[i], &people.sections[2 * i], err);
    }
    code = code == MP_OK ? summary_put_people(source->summaries, app, mark, people.sections, err)
                         : code;
    for (size_t i = 0; i < SUMMARY_PERSONS; i++) {
        mp_buf_deinit(&people.hashes[i]);
        mp_buf_deinit(&people.sections[2 * i]);
        mp_buf_deinit(&people.sections[2 * i + 1]);
    }
    return code;
}
