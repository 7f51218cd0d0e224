/*
 * Private to the demo: the shop itself as tables (pages, goods, scenes, places, phones, rhythm) and
 * chance. Whole numbers only, so that a seed means the same on every machine. Pure.
 */
#ifndef MP_CMD_DEMO_SHOP_H
#define MP_CMD_DEMO_SHOP_H

#include "base/str.h"

/* ---- Chance ------------------------------------------------------------------------------- */

struct demo_random {
    uint64_t state;
};
struct demo_random demo_random_of(uint64_t seed, uint64_t a, uint64_t b);
uint64_t demo_next(struct demo_random *random);
/* 0 … below - 1. */
uint32_t demo_below(struct demo_random *random, uint32_t below);
/* True in so many cases of a million. */
bool demo_chance(struct demo_random *random, uint32_t millionths);
/* Around median, mostly between a third and three times of it: how long people stay on pages. */
int64_t demo_spread(struct demo_random *random, int64_t median);
/* The index of one of count weights. */
size_t demo_pick(struct demo_random *random, const uint16_t *weights, size_t count);

/* ---- Pages -------------------------------------------------------------------------------- */

enum demo_page_id {
    PAGE_INDEX,
    PAGE_CATEGORY,
    PAGE_LIST,
    PAGE_SEARCH,
    PAGE_DETAIL,
    PAGE_CART,
    PAGE_CONFIRM,
    PAGE_RESULT,
    PAGE_ORDERS,
    PAGE_PROFILE,
    PAGE_COUPON,
    PAGE_ACTIVITY,
    PAGE_COUNT,
    PAGE_EXIT = PAGE_COUNT
};

struct demo_page {
    const char *path;
    const char *title;
    const char *click; /* the element tapped most */
    uint16_t dwell_s;  /* median */
    uint16_t next[PAGE_COUNT + 1];
};
extern const struct demo_page demo_pages[PAGE_COUNT];

/* ---- Goods -------------------------------------------------------------------------------- */

#define DEMO_GOODS_COUNT 60
#define DEMO_CATEGORY_COUNT 6
struct demo_goods {
    uint32_t id;
    uint32_t category;
    uint32_t price_fen;
};
/* A few sell much. */
struct demo_goods demo_goods_pick(struct demo_random *random);
extern const char *const demo_keywords[];
extern const size_t demo_keyword_count;

/* ---- Where people come from ---------------------------------------------------------------- */

struct demo_scene {
    uint16_t scene;
    uint16_t first; /* weight for a user's first open */
    uint16_t later; /* and for later ones */
    uint8_t entry;  /* enum demo_page_id most often opened */
};
const struct demo_scene *demo_scene_pick(struct demo_random *random, bool is_first);

struct demo_place {
    const char *province;
    const char *city;
    uint16_t weight;
};
const struct demo_place *demo_place_pick(struct demo_random *random);

struct demo_phone {
    uint8_t platform;
    const char *brand;
    const char *model;
    const char *os;
    uint16_t width;
    uint16_t height;
    uint16_t weight;
};
const struct demo_phone *demo_phone_pick(struct demo_random *random);

/* ---- Time --------------------------------------------------------------------------------- */

/* 1000 = an average day. weekday: 0 = Monday. */
uint32_t demo_weekday_factor(uint32_t weekday);
/* A moment of the day in ms, by how busy each hour is. */
int64_t demo_time_of_day(struct demo_random *random, bool is_weekend);
#define DEMO_RETURN_DAYS_MAX 1000
/* In how many of a million cases a user comes again so many (1 … DEMO_RETURN_DAYS_MAX) days after
 * the first. */
uint32_t demo_return_rate(int32_t age_days);

#endif
