#include "load/day_rows.h"

#include "base/event.h"

/* Of the block's columns: open_*, page*. */
#define OPEN_COLUMNS 8
#define PAGE_COLUMNS 6
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Types as the schema has them; user_day_put puts in this order. */
static const struct store_column user_day_columns[] = {
    {"app", STORE_LOWCARD},
    {"day", STORE_DATE},
    {"user_hash", STORE_UINT64},
    {"version", STORE_UINT64},
    {"visit_pv", STORE_UINT32},
    {"dwell_ms", STORE_UINT64},
    {"opens", STORE_UINT32},
    {"depth_sum", STORE_UINT32},
    {"shares", STORE_UINT32},
    {"adds", STORE_UINT32},
    {"removes", STORE_UINT32},
    {"is_added_at_end", STORE_INT8},
    {"pay_cnt", STORE_UINT32},
    {"pay_fen", STORE_INT64},
    {"refund_cnt", STORE_UINT32},
    {"refund_fen", STORE_INT64},
    {"platform", STORE_UINT8},
    {"source_group", STORE_UINT8},
    {"scene", STORE_UINT16},
    {"model", STORE_LOWCARD},
    {"app_version", STORE_LOWCARD},
    {"country", STORE_LOWCARD},
    {"province", STORE_LOWCARD},
    {"city", STORE_LOWCARD},
    {"open_start_ms", STORE_INT64, true},
    {"open_end_ms", STORE_INT64, true},
    {"open_dwell_ms", STORE_UINT64, true},
    {"open_pv", STORE_UINT32, true},
    {"open_depth", STORE_UINT32, true},
    {"open_scene", STORE_UINT16, true},
    {"open_entry", STORE_STRING, true},
    {"open_exit", STORE_STRING, true},
    {"page", STORE_STRING, true},
    {"page_pv", STORE_UINT32, true},
    {"page_dwell_ms", STORE_UINT64, true},
    {"page_entries", STORE_UINT32, true},
    {"page_exits", STORE_UINT32, true},
    {"page_shares", STORE_UINT32, true},
};

static const struct store_column user_columns[] = {
    {"app", STORE_LOWCARD}, {"user_hash", STORE_UINT64}, {"kind", STORE_UINT8},
    {"rank", STORE_UINT16}, {"first_day", STORE_DATE},   {"user", STORE_STRING},
};

struct store_block *user_day_block_create(size_t bytes_max) {
    return store_block_create(user_day_columns, COUNT_OF(user_day_columns), bytes_max);
}

struct store_block *user_block_create(size_t bytes_max) {
    return store_block_create(user_columns, COUNT_OF(user_columns), bytes_max);
}

/* ---- Rows ------------------------------------------------------------------------------- */

/* A row that is being put, column by column. */
struct pen {
    struct store_block *block;
    size_t column;
};

static void put(struct pen *pen, uint64_t value) {
    store_block_put_uint(pen->block, pen->column++, value);
}

static void put_str(struct pen *pen, struct mp_str value) {
    store_block_put_str(pen->block, pen->column++, value);
}

/* The opens' columns, an element a column and open; then their ends. */
static void put_opens(struct pen *pen, const struct intern *strings, const struct rollup_day *day) {
    struct pen at = *pen;
    for (size_t i = 0; i < day->open_count; i++) {
        const struct rollup_open *open = &day->opens[i];
        at.column = pen->column;
        put(&at, (uint64_t)open->begin_ms);
        put(&at, (uint64_t)open->end_ms);
        put(&at, open->dwell_ms);
        put(&at, open->page_views);
        put(&at, open->depth);
        put(&at, open->scene);
        put_str(&at, intern_str(strings, open->entry));
        put_str(&at, intern_str(strings, open->exit));
    }
    for (size_t i = 0; i < OPEN_COLUMNS; i++) {
        store_block_end_array(pen->block, pen->column++);
    }
}

static void put_pages(struct pen *pen, const struct intern *strings, const struct rollup_day *day) {
    struct pen at = *pen;
    for (size_t i = 0; i < day->page_count; i++) {
        const struct rollup_page *page = &day->pages[i];
        at.column = pen->column;
        put_str(&at, intern_str(strings, page->page));
        put(&at, page->views);
        put(&at, page->dwell_ms);
        put(&at, page->entries);
        put(&at, page->exits);
        put(&at, page->shares);
    }
    for (size_t i = 0; i < PAGE_COLUMNS; i++) {
        store_block_end_array(pen->block, pen->column++);
    }
}

/* No column of the day gets more strings than this. */
static size_t string_bytes(const struct day_row_owner *owner, const struct rollup_day *day) {
    const struct intern *strings = owner->strings;
    size_t bytes = owner->app.len + intern_str(strings, day->model).len +
                   intern_str(strings, day->app_version).len +
                   intern_str(strings, day->country).len + intern_str(strings, day->province).len +
                   intern_str(strings, day->city).len;
    for (size_t i = 0; i < day->open_count; i++) {
        bytes += intern_str(strings, day->opens[i].entry).len +
                 intern_str(strings, day->opens[i].exit).len;
    }
    for (size_t i = 0; i < day->page_count; i++) {
        bytes += intern_str(strings, day->pages[i].page).len;
    }
    return bytes;
}

int user_day_put(struct store_block *block, const struct day_row_owner *owner,
                 const struct rollup_day *day) {
    const struct intern *strings = owner->strings;
    struct pen pen = {block, 0};
    struct store_room room = {.rows = 1,
                              .elements = day->open_count > day->page_count ? day->open_count
                                                                            : day->page_count,
                              .bytes = string_bytes(owner, day)};
    int code = store_block_reserve(block, &room);
    if (code != MP_OK) {
        return code;
    }
    put_str(&pen, owner->app);
    put(&pen, (uint64_t)day->day);
    put(&pen, owner->user_hash);
    put(&pen, owner->version);
    put(&pen, day->visit_pv);
    put(&pen, day->dwell_ms);
    put(&pen, day->open_count);
    put(&pen, day->depth_sum);
    put(&pen, day->shares);
    put(&pen, day->adds);
    put(&pen, day->removes);
    put(&pen, (uint64_t)day->is_added_at_end);
    put(&pen, day->pay_cnt);
    put(&pen, (uint64_t)day->pay_fen);
    put(&pen, day->refund_cnt);
    put(&pen, (uint64_t)day->refund_fen);
    put(&pen, day->platform);
    put(&pen, mp_scene_group(day->scene));
    put(&pen, day->scene);
    put_str(&pen, intern_str(strings, day->model));
    put_str(&pen, intern_str(strings, day->app_version));
    put_str(&pen, intern_str(strings, day->country));
    put_str(&pen, intern_str(strings, day->province));
    put_str(&pen, intern_str(strings, day->city));
    put_opens(&pen, strings, day);
    put_pages(&pen, strings, day);
    return MP_OK;
}

int user_put(struct store_block *block, const struct day_row_owner *owner, enum user_kind kind,
             int32_t first_day, struct mp_str user) {
    struct pen pen = {block, 0};
    struct store_room room = {.rows = 1, .bytes = owner->app.len + user.len};
    int code = store_block_reserve(block, &room);
    if (code != MP_OK) {
        return code;
    }
    put_str(&pen, owner->app);
    put(&pen, owner->user_hash);
    put(&pen, kind);
    put(&pen, (uint64_t)(UINT16_MAX - first_day));
    put(&pen, (uint64_t)first_day);
    put_str(&pen, user);
    return MP_OK;
}
