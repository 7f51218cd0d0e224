#include "cmd/demo_shop.h"

#include "base/clock.h"
#include "base/event.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* ---- Chance: splitmix64 -------------------------------------------------------------------- */

uint64_t demo_next(struct demo_random *random) {
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

struct demo_random demo_random_of(uint64_t seed, uint64_t a, uint64_t b) {
    struct demo_random random = {seed};
    random.state = demo_next(&random) ^ a;
    random.state = demo_next(&random) ^ b;
    random.state = demo_next(&random);
    return random;
}

uint32_t demo_below(struct demo_random *random, uint32_t below) {
    return (uint32_t)((demo_next(random) >> 32) * below >> 32);
}

bool demo_chance(struct demo_random *random, uint32_t millionths) {
    return demo_below(random, 1000000) < millionths;
}

int64_t demo_spread(struct demo_random *random, int64_t median) {
    /* Quantiles of a log-normal distribution with sigma 0.9, in thousandths of the median. */
    static const uint16_t quantiles[] = {120,  187,  237,  282,  325,  368,  412,  457,
                                         504,  553,  605,  660,  719,  782,  850,  923,
                                         1083, 1176, 1279, 1391, 1515, 1653, 1808, 1984,
                                         2188, 2427, 2717, 3077, 3546, 4219, 5348, 8333};
    uint32_t at = demo_below(random, COUNT(quantiles) - 1);
    uint32_t between = demo_below(random, 1024);
    int64_t low = quantiles[at], high = quantiles[at + 1];
    return median * (low * 1024 + (high - low) * between) / (1024 * 1000);
}

size_t demo_pick(struct demo_random *random, const uint16_t *weights, size_t count) {
    uint32_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += weights[i];
    }
    uint32_t at = demo_below(random, total);
    size_t i = 0;
    while (at >= weights[i]) {
        at -= weights[i++];
    }
    return i;
}

/* As demo_pick, for tables whose weight is a member. */
#define PICK(random, table, weight)                                                                \
    do {                                                                                           \
        uint32_t total = 0;                                                                        \
        for (size_t i = 0; i < COUNT(table); i++) {                                                \
            total += (table)[i].weight;                                                            \
        }                                                                                          \
        uint32_t at = demo_below(random, total);                                                   \
        for (size_t i = 0;; i++) {                                                                 \
            if (at < (table)[i].weight) {                                                          \
                return &(table)[i];                                                                \
            }                                                                                      \
            at -= (table)[i].weight;                                                               \
        }                                                                                          \
    } while (0)

/* ---- Pages: the last weight is leaving ------------------------------------------------------ */

const struct demo_page demo_pages[PAGE_COUNT] = {
    [PAGE_INDEX] = {"pages/index/index",
                    "首页",
                    "banner",
                    8,
                    {0, 120, 150, 90, 230, 40, 0, 0, 20, 40, 50, 80, 180}},
    [PAGE_CATEGORY] = {"pages/category/index",
                       "分类",
                       "category",
                       7,
                       {80, 0, 480, 60, 200, 0, 0, 0, 0, 0, 0, 0, 180}},
    [PAGE_LIST] = {"pages/goods/list",
                   "商品列表",
                   "goods",
                   14,
                   {60, 0, 120, 50, 560, 0, 0, 0, 0, 0, 0, 0, 210}},
    [PAGE_SEARCH] = {"pages/search/index",
                     "搜索",
                     "search_button",
                     9,
                     {80, 0, 620, 0, 150, 0, 0, 0, 0, 0, 0, 0, 150}},
    [PAGE_DETAIL] = {"pages/goods/detail",
                     "商品详情",
                     "add_cart",
                     18,
                     {100, 0, 180, 0, 190, 100, 60, 0, 0, 0, 0, 0, 370}},
    [PAGE_CART] = {"pages/cart/index",
                   "购物车",
                   "checkout",
                   12,
                   {150, 0, 0, 0, 150, 0, 280, 0, 0, 0, 0, 0, 420}},
    [PAGE_CONFIRM] = {"pages/order/confirm",
                      "确认订单",
                      "pay",
                      16,
                      {0, 0, 0, 0, 0, 90, 0, 560, 0, 0, 0, 0, 350}},
    [PAGE_RESULT] = {"pages/order/result",
                     "支付结果",
                     "view_order",
                     6,
                     {220, 0, 0, 0, 0, 0, 0, 0, 280, 0, 0, 0, 500}},
    [PAGE_ORDERS] = {"pages/order/list",
                     "我的订单",
                     "order",
                     10,
                     {150, 0, 0, 0, 120, 0, 0, 0, 0, 80, 0, 0, 650}},
    [PAGE_PROFILE] = {"pages/user/profile",
                      "我的",
                      "orders",
                      7,
                      {180, 0, 0, 0, 0, 0, 0, 0, 330, 0, 160, 0, 330}},
    [PAGE_COUPON] = {"pages/coupon/index",
                     "优惠券",
                     "take_coupon",
                     9,
                     {220, 0, 300, 0, 180, 0, 0, 0, 0, 0, 0, 0, 300}},
    [PAGE_ACTIVITY] = {"pages/activity/index",
                       "限时活动",
                       "join",
                       15,
                       {0, 0, 150, 0, 400, 0, 0, 0, 0, 0, 150, 0, 300}},
};

/* ---- Goods --------------------------------------------------------------------------------- */

struct demo_goods demo_goods_pick(struct demo_random *random) {
    static const uint16_t prices_yuan[] = {9,  15, 19,  25,  29,  39,  49,  59,  69,  79,
                                           89, 99, 119, 139, 159, 199, 239, 299, 399, 599};
    /* The smaller of two draws: goods with small numbers sell more. */
    uint32_t a = demo_below(random, DEMO_GOODS_COUNT), b = demo_below(random, DEMO_GOODS_COUNT);
    uint32_t number = a < b ? a : b;
    uint32_t price = prices_yuan[number * 7 % COUNT(prices_yuan)];
    return (struct demo_goods){10001 + number, number % DEMO_CATEGORY_COUNT, price * 100 - 10};
}

const char *const demo_keywords[] = {"连衣裙", "防晒衣", "帆布鞋", "保温杯", "双肩包",
                                     "牛仔裤", "T恤",    "面膜",   "抱枕",   "礼盒"};
const size_t demo_keyword_count = COUNT(demo_keywords);

/* ---- Where people come from ----------------------------------------------------------------- */

const struct demo_scene *demo_scene_pick(struct demo_random *random, bool is_first) {
    static const struct demo_scene scenes[] = {
        {1001, 20, 190, PAGE_INDEX},   /* the list of mini programs used lately */
        {1089, 10, 210, PAGE_INDEX},   /* pulled down from the chats */
        {1103, 0, 70, PAGE_INDEX},     /* My Mini Programs */
        {1007, 190, 60, PAGE_DETAIL},  /* shared in a chat */
        {1008, 150, 70, PAGE_DETAIL},  /* shared in a group */
        {1155, 30, 10, PAGE_ACTIVITY}, /* Moments */
        {1005, 60, 20, PAGE_INDEX},    /* searched */
        {1006, 90, 40, PAGE_INDEX},
        {1053, 80, 35, PAGE_INDEX},
        {1011, 60, 15, PAGE_INDEX}, /* codes */
        {1047, 110, 30, PAGE_ACTIVITY},
        {1035, 70, 60, PAGE_ACTIVITY}, /* official accounts */
        {1043, 20, 40, PAGE_ORDERS},
        {1107, 0, 80, PAGE_ORDERS},  /* messages the user asked for */
        {1058, 40, 30, PAGE_DETAIL}, /* articles */
        {1037, 25, 15, PAGE_INDEX},  /* other mini programs */
        {1038, 5, 15, PAGE_INDEX},
        {1045, 60, 5, PAGE_ACTIVITY}, /* advertisements */
        {1026, 15, 5, PAGE_INDEX},    /* nearby */
    };
    if (is_first) {
        PICK(random, scenes, first);
    }
    PICK(random, scenes, later);
}

/* Names as the bundled region table has them. */
const struct demo_place *demo_place_pick(struct demo_random *random) {
    static const struct demo_place places[] = {
        {"广东省", "广州市", 62},  {"广东省", "深圳市", 74},     {"广东省", "东莞市", 30},
        {"广东省", "佛山市", 26},  {"浙江省", "杭州市", 58},     {"浙江省", "宁波市", 26},
        {"浙江省", "温州市", 22},  {"江苏省", "南京市", 40},     {"江苏省", "苏州市", 46},
        {"江苏省", "无锡市", 20},  {"上海", "上海市", 86},       {"北京", "北京市", 80},
        {"四川省", "成都市", 58},  {"四川省", "绵阳市", 9},      {"湖北省", "武汉市", 44},
        {"湖南省", "长沙市", 36},  {"河南省", "郑州市", 38},     {"河南省", "洛阳市", 11},
        {"山东省", "青岛市", 28},  {"山东省", "济南市", 28},     {"山东省", "烟台市", 12},
        {"福建省", "厦门市", 22},  {"福建省", "福州市", 22},     {"重庆", "重庆市", 44},
        {"陕西省", "西安市", 34},  {"安徽省", "合肥市", 28},     {"辽宁省", "沈阳市", 18},
        {"辽宁省", "大连市", 15},  {"天津", "天津市", 26},       {"河北省", "石家庄市", 20},
        {"江西省", "南昌市", 18},  {"广西", "南宁市", 18},       {"云南省", "昆明市", 18},
        {"贵州省", "贵阳市", 13},  {"黑龙江省", "哈尔滨市", 15}, {"吉林省", "长春市", 12},
        {"山西省", "太原市", 14},  {"内蒙古", "呼和浩特市", 8},  {"甘肃省", "兰州市", 8},
        {"新疆", "乌鲁木齐市", 8}, {"海南省", "海口市", 8},      {"宁夏", "银川市", 4},
        {"青海省", "西宁市", 3},   {"西藏", "拉萨市", 1},
    };
    PICK(random, places, weight);
}

const struct demo_phone *demo_phone_pick(struct demo_random *random) {
#define IOS(model, os, width, height, weight)                                                      \
    { MP_PLATFORM_IOS, "iPhone", model, os, width, height, weight }
#define ANDROID(brand, model, os, width, height, weight)                                           \
    { MP_PLATFORM_ANDROID, brand, model, os, width, height, weight }
    static const struct demo_phone phones[] = {
        IOS("iPhone 16 Pro Max<iPhone17,2>", "iOS 18.1", 440, 956, 34),
        IOS("iPhone 16 Pro<iPhone17,1>", "iOS 18.1", 402, 874, 30),
        IOS("iPhone 15 Pro Max<iPhone16,2>", "iOS 17.6.1", 430, 932, 46),
        IOS("iPhone 15 Pro<iPhone16,1>", "iOS 17.6.1", 393, 852, 34),
        IOS("iPhone 15<iPhone15,4>", "iOS 17.5.1", 393, 852, 38),
        IOS("iPhone 14 Pro<iPhone15,2>", "iOS 17.6.1", 393, 852, 36),
        IOS("iPhone 14<iPhone14,7>", "iOS 17.4.1", 390, 844, 30),
        IOS("iPhone 13<iPhone14,5>", "iOS 17.5.1", 390, 844, 52),
        IOS("iPhone 12<iPhone13,2>", "iOS 16.7.8", 390, 844, 34),
        IOS("iPhone 11<iPhone12,1>", "iOS 16.7.8", 414, 896, 28),
        IOS("iPhone XR<iPhone11,8>", "iOS 15.8.2", 414, 896, 12),
        ANDROID("HUAWEI", "ALN-AL00", "Android 12", 360, 808, 40),
        ANDROID("HUAWEI", "BRA-AL00", "Android 12", 360, 780, 34),
        ANDROID("HUAWEI", "NOH-AN00", "Android 12", 360, 820, 24),
        ANDROID("HUAWEI", "ADA-AL00", "Android 12", 360, 792, 20),
        ANDROID("HONOR", "PGT-AN10", "Android 14", 360, 802, 26),
        ANDROID("HONOR", "MAA-AN00", "Android 14", 360, 800, 22),
        ANDROID("HONOR", "ANY-AN00", "Android 13", 360, 792, 20),
        ANDROID("Xiaomi", "23127PN0CC", "Android 14", 393, 873, 30),
        ANDROID("Xiaomi", "24129PN74C", "Android 15", 402, 892, 18),
        ANDROID("Redmi", "23113RKC6C", "Android 14", 393, 873, 34),
        ANDROID("Redmi", "22101316C", "Android 13", 393, 873, 24),
        ANDROID("OPPO", "PHZ110", "Android 14", 360, 800, 26),
        ANDROID("OPPO", "PJW110", "Android 14", 360, 804, 24),
        ANDROID("OPPO", "PFJM10", "Android 13", 360, 800, 20),
        ANDROID("vivo", "V2309A", "Android 14", 360, 800, 30),
        ANDROID("vivo", "V2301A", "Android 14", 360, 800, 24),
        ANDROID("vivo", "V2244A", "Android 13", 360, 804, 20),
        ANDROID("OnePlus", "PJD110", "Android 14", 384, 854, 12),
        ANDROID("samsung", "SM-S9280", "Android 14", 384, 824, 8),
        ANDROID("realme", "RMX3888", "Android 14", 360, 800, 8),
    };
#undef IOS
#undef ANDROID
    PICK(random, phones, weight);
}

/* ---- Time ---------------------------------------------------------------------------------- */

uint32_t demo_weekday_factor(uint32_t weekday) {
    static const uint16_t factors[7] = {930, 910, 930, 960, 1040, 1130, 1100};
    return factors[weekday];
}

int64_t demo_time_of_day(struct demo_random *random, bool is_weekend) {
    static const uint16_t hours[2][24] = {
        {10, 5, 3, 2, 2, 4, 12, 26, 36, 40, 44, 48, 70, 62, 46, 42, 42, 46, 54, 70, 88, 92, 74, 36},
        {16, 8, 5, 3, 2, 3, 7, 14, 28, 46, 60, 64, 66, 62, 60, 60, 60, 58, 58, 70, 84, 88, 76, 46},
    };
    size_t hour = demo_pick(random, hours[is_weekend], 24);
    return (int64_t)hour * MP_MS_PER_HOUR + demo_below(random, MP_MS_PER_HOUR);
}

uint32_t demo_return_rate(int32_t age_days) {
    static const struct {
        int32_t age;
        uint32_t rate;
    } points[] = {{1, 232000},
                  {2, 176000},
                  {3, 148000},
                  {5, 122000},
                  {7, 108000},
                  {14, 80000},
                  {30, 57000},
                  {60, 43000},
                  {90, 36000},
                  {365, 18000},
                  {DEMO_RETURN_DAYS_MAX, 9000}};
    size_t i = 1;
    while (i + 1 < COUNT(points) && points[i].age < age_days) {
        i++;
    }
    int64_t span = points[i].age - points[i - 1].age;
    int64_t fall = (int64_t)points[i - 1].rate - points[i].rate;
    return (uint32_t)(points[i - 1].rate - fall * (age_days - points[i - 1].age) / span);
}
