#include "cmd/demo_people.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define PROMOTION_EVERY_DAYS 30
#define ACTIVE_RATE_MAX 900000

/* What a number is drawn for: draws for one thing never move those for another. */
enum salt { SALT_TAG = 1, SALT_USER, SALT_DAY, SALT_PROMOTION, SALT_VERSION };

void demo_base36(uint64_t number, char out[14]) {
    char digits[14];
    size_t count = 0;
    do {
        digits[count++] = "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36];
        number /= 36;
    } while (number > 0);
    for (size_t i = 0; i < count; i++) {
        out[i] = digits[count - 1 - i];
    }
    out[count] = '\0';
}

uint32_t demo_weekday(const struct demo_people *people, int32_t day) {
    return (uint32_t)((people->first_day + day + 3) % 7); /* day 0 was a Thursday */
}

/* Two days in a row out of each PROMOTION_EVERY_DAYS. */
uint32_t demo_promotion_factor(const struct demo_people *people, int32_t day) {
    uint64_t block = (uint64_t)(day / PROMOTION_EVERY_DAYS);
    struct demo_random random = demo_random_of(people->seed, SALT_PROMOTION, block);
    int32_t begins = (int32_t)demo_below(&random, PROMOTION_EVERY_DAYS - 1);
    int32_t in_block = day % PROMOTION_EVERY_DAYS;
    return in_block == begins || in_block == begins + 1 ? 1500 : 1000;
}

/* New users a day: three times as many at the end as at the beginning, in the week's rhythm. */
static uint64_t arrival_weight(const struct demo_people *people, int32_t day) {
    uint64_t growth = 1000 + 2000u * (uint64_t)day / (uint64_t)people->days;
    return growth * demo_weekday_factor(demo_weekday(people, day)) *
           demo_promotion_factor(people, day) / 1000;
}

static void spread_arrivals(struct demo_people *people) {
    uint64_t total = 0, so_far = 0;
    for (int32_t day = 0; day < people->days; day++) {
        total += arrival_weight(people, day);
    }
    uint32_t user = 0;
    for (int32_t day = 0; day < people->days; day++) {
        so_far += arrival_weight(people, day);
        people->arrived[day] = (uint32_t)(so_far * people->count / total);
        for (; user < people->arrived[day]; user++) {
            people->memory[user].arrival = day;
        }
    }
}

static void draw_engagement(struct demo_people *people) {
    static const uint16_t weights[] = {40, 30, 20, 10}, levels[] = {300, 700, 1600, 3400};
    for (uint32_t user = 0; user < people->count; user++) {
        struct demo_random random = demo_random_of(people->seed, SALT_USER, user);
        people->memory[user].engagement = levels[demo_pick(&random, weights, COUNT(weights))];
    }
}

int demo_people_init(struct demo_people *people, const struct mp_app *app,
                     const struct demo_options *options, struct mp_error *err) {
    char tag[14];
    int32_t today = mp_zone_day(app->zone, options->now_ms);
    *people = (struct demo_people){
        .app = app->id,
        .first_day = today - options->days + 1,
        .days = options->days,
        .count = (uint32_t)options->users,
    };
    struct demo_random random =
        demo_random_of(options->seed, (uint64_t)people->first_day << 32 | (uint64_t)options->days,
                       (uint64_t)options->users);
    people->seed = demo_next(&random);
    demo_base36(people->seed % (36 * 36 * 36 * 36), tag);
    snprintf(people->tag, sizeof(people->tag), "%.4s", tag);
    people->memory = calloc(people->count, sizeof(*people->memory));
    people->arrived = calloc((size_t)people->days, sizeof(*people->arrived));
    if (!people->memory || !people->arrived) {
        demo_people_deinit(people);
        return mp_fail(err, MP_E_MEMORY, "users", "no memory for %u users", people->count);
    }
    spread_arrivals(people);
    draw_engagement(people);
    return MP_OK;
}

void demo_people_deinit(struct demo_people *people) {
    free(people->memory);
    free(people->arrived);
}

bool demo_is_active(const struct demo_people *people, uint32_t user, int32_t day) {
    const struct demo_memory *memory = &people->memory[user];
    int32_t age = day - memory->arrival;
    if (age == 0) {
        return true;
    }
    uint64_t rate = demo_return_rate(age) * (uint64_t)memory->engagement / 1000;
    rate = rate * demo_weekday_factor(demo_weekday(people, day)) / 1000;
    rate = rate * demo_promotion_factor(people, day) / 1000;
    struct demo_random random =
        demo_random_of(people->seed ^ SALT_DAY, user, (uint64_t)(uint32_t)day);
    return demo_chance(&random, rate < ACTIVE_RATE_MAX ? (uint32_t)rate : ACTIVE_RATE_MAX);
}

/* Weixin fetches a new version in the background: each user has it some days after its release. */
static const char *app_version(const struct demo_people *people, uint32_t user, int32_t day) {
    static const struct {
        int32_t released; /* hundredths of all days */
        const char *version;
    } versions[] = {{0, "2.3.0"},  {15, "2.4.0"}, {33, "2.4.1"},
                    {50, "2.5.0"}, {72, "2.6.0"}, {88, "2.6.1"}};
    static const uint16_t delays[] = {420, 280, 140, 70, 40, 30, 20}; /* by days */
    const char *current = versions[0].version;
    for (size_t i = 1; i < COUNT(versions); i++) {
        struct demo_random random = demo_random_of(people->seed ^ SALT_VERSION, user, (uint64_t)i);
        int32_t delay = (int32_t)demo_pick(&random, delays, COUNT(delays));
        if (day >= people->days * versions[i].released / 100 + delay) {
            current = versions[i].version;
        }
    }
    return current;
}

static void fill_context(const struct demo_people *people, uint32_t user, int32_t day,
                         struct demo_random *random, struct mp_context *context) {
    static const char *const clients[] = {"8.0.49", "8.0.50", "8.0.53", "8.0.54"};
    static const char *const libraries[] = {"3.4.10", "3.5.8", "3.6.6", "3.7.1"};
    static const uint16_t newer[] = {10, 20, 40, 30};
    const struct demo_phone *phone = demo_phone_pick(random);
    const struct demo_place *place = demo_place_pick(random);
    *context = (struct mp_context){
        .app = mp_str_of(people->app),
        .app_version = mp_str_of(app_version(people, user, day)),
        .sdk = MP_STR("minipulse/" MP_VERSION),
        .platform = phone->platform,
        .brand = mp_str_of(phone->brand),
        .model = mp_str_of(phone->model),
        .os_version = mp_str_of(phone->os),
        .client_version = mp_str_of(clients[demo_pick(random, newer, COUNT(newer))]),
        .library_version = mp_str_of(libraries[demo_pick(random, newer, COUNT(newer))]),
        .screen_width = phone->width,
        .screen_height = phone->height,
        .language = demo_chance(random, 980000) ? MP_STR("zh_CN") : MP_STR("en"),
        .country = MP_STR("中国"),
        .province = mp_str_of(place->province),
        .city = mp_str_of(place->city),
    };
}

void demo_person_of(const struct demo_people *people, uint32_t user, int32_t day,
                    struct demo_person *out) {
    static const uint16_t purse_weights[] = {55, 30, 15}, purses[] = {400, 1100, 3000};
    struct demo_random random = demo_random_of(~people->seed, SALT_USER, user);
    char digits[14];
    demo_base36(demo_next(&random) % 2821109907456u /* 36^8 */, digits);
    snprintf(out->id, sizeof(out->id), "o%s-%s", people->tag, digits);
    out->habit = demo_scene_pick(&random, false);
    out->has_contract = demo_chance(&random, 250000);
    out->purse = purses[demo_pick(&random, purse_weights, COUNT(purses))];
    out->tells_profile = demo_chance(&random, 350000);
    out->is_female = demo_chance(&random, 620000);
    out->age = (uint8_t)(16 + demo_below(&random, 20) + demo_below(&random, 26));
    fill_context(people, user, day, &random, &out->context);
    out->context.user = mp_str_of(out->id);
}
