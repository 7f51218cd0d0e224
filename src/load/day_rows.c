#include "load/day_rows.h"

#include "base/event.h"

const char user_day_columns[] =
    "app, day, user_hash, version, visit_pv, dwell_ms, opens, depth_sum, shares, adds, removes, "
    "is_added_at_end, pay_cnt, pay_fen, refund_cnt, refund_fen, platform, source_group, scene, "
    "model, app_version, country, province, city, open_start_ms, open_end_ms, open_dwell_ms, "
    "open_pv, open_depth, open_scene, open_entry, open_exit, page, page_pv, page_dwell_ms, "
    "page_entries, page_exits, page_shares";

const char user_columns[] = "app, user_hash, kind, rank, first_day, user";

static void append_opens(struct mp_buf *out, const struct intern *strings,
                         const struct rollup_day *day) {
/* One array column: a field of each open. */
#define EACH_OPEN(append)                                                                          \
    mp_buf_append_varint(out, day->open_count);                                                    \
    for (size_t i = 0; i < day->open_count; i++) {                                                 \
        const struct rollup_open *open = &day->opens[i];                                           \
        append;                                                                                    \
    }
    EACH_OPEN(mp_buf_append_u64(out, (uint64_t)open->begin_ms))
    EACH_OPEN(mp_buf_append_u64(out, (uint64_t)open->end_ms))
    EACH_OPEN(mp_buf_append_u64(out, open->dwell_ms))
    EACH_OPEN(mp_buf_append_u32(out, open->page_views))
    EACH_OPEN(mp_buf_append_u32(out, open->depth))
    EACH_OPEN(mp_buf_append_u16(out, open->scene))
    EACH_OPEN(mp_buf_append_lstr(out, intern_str(strings, open->entry)))
    EACH_OPEN(mp_buf_append_lstr(out, intern_str(strings, open->exit)))
#undef EACH_OPEN
}

static void append_pages(struct mp_buf *out, const struct intern *strings,
                         const struct rollup_day *day) {
#define EACH_PAGE(append)                                                                          \
    mp_buf_append_varint(out, day->page_count);                                                    \
    for (size_t i = 0; i < day->page_count; i++) {                                                 \
        const struct rollup_page *page = &day->pages[i];                                           \
        append;                                                                                    \
    }
    EACH_PAGE(mp_buf_append_lstr(out, intern_str(strings, page->page)))
    EACH_PAGE(mp_buf_append_u32(out, page->views))
    EACH_PAGE(mp_buf_append_u64(out, page->dwell_ms))
    EACH_PAGE(mp_buf_append_u32(out, page->entries))
    EACH_PAGE(mp_buf_append_u32(out, page->exits))
    EACH_PAGE(mp_buf_append_u32(out, page->shares))
#undef EACH_PAGE
}

void user_day_append(struct mp_buf *out, const struct day_row_owner *owner,
                     const struct rollup_day *day) {
    const struct intern *strings = owner->strings;
    mp_buf_append_lstr(out, owner->app);
    mp_buf_append_u16(out, (uint16_t)day->day);
    mp_buf_append_u64(out, owner->user_hash);
    mp_buf_append_u64(out, owner->version);
    mp_buf_append_u32(out, day->visit_pv);
    mp_buf_append_u64(out, day->dwell_ms);
    mp_buf_append_u32(out, (uint32_t)day->open_count);
    mp_buf_append_u32(out, day->depth_sum);
    mp_buf_append_u32(out, day->shares);
    mp_buf_append_u32(out, day->adds);
    mp_buf_append_u32(out, day->removes);
    mp_buf_append_byte(out, (uint8_t)day->is_added_at_end);
    mp_buf_append_u32(out, day->pay_cnt);
    mp_buf_append_u64(out, (uint64_t)day->pay_fen);
    mp_buf_append_u32(out, day->refund_cnt);
    mp_buf_append_u64(out, (uint64_t)day->refund_fen);
    mp_buf_append_byte(out, day->platform);
    mp_buf_append_byte(out, mp_scene_group(day->scene));
    mp_buf_append_u16(out, day->scene);
    mp_buf_append_lstr(out, intern_str(strings, day->model));
    mp_buf_append_lstr(out, intern_str(strings, day->app_version));
    mp_buf_append_lstr(out, intern_str(strings, day->country));
    mp_buf_append_lstr(out, intern_str(strings, day->province));
    mp_buf_append_lstr(out, intern_str(strings, day->city));
    append_opens(out, strings, day);
    append_pages(out, strings, day);
}

void user_append(struct mp_buf *out, const struct day_row_owner *owner, enum user_kind kind,
                 int32_t first_day, struct mp_str user) {
    mp_buf_append_lstr(out, owner->app);
    mp_buf_append_u64(out, owner->user_hash);
    mp_buf_append_byte(out, (uint8_t)kind);
    mp_buf_append_u16(out, (uint16_t)(UINT16_MAX - first_day));
    mp_buf_append_u16(out, (uint16_t)first_day);
    mp_buf_append_lstr(out, user);
}
