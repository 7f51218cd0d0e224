/* The profile of users out of the days' summaries. */
#include "report/summed.h"
#include "report/texts.h"

#include <stdio.h>
#include <stdlib.h>

#define BYTES_MAX ((size_t)1 << 30)

/* As sql/profile.sql numbers them. */
enum dimension { PROVINCE, CITY, GENDER, PLATFORM, MODEL, AGE, DIMENSIONS };
#define PLATFORMS 256
#define GENDERS 256
#define BANDS 7

/* New and active users of one value. */
struct tally {
    int64_t fresh;
    int64_t active;
};

struct census {
    struct summary_app *app;
    struct report_range range;
    struct user_bits active;
    struct user_bits fresh;
    struct user_bits unknown[3]; /* of whom the day at hand and later ones do not tell */
    struct texts texts[DIMENSIONS];
    struct mp_buf tallies[DIMENSIONS]; /* struct tally by text */
    struct tally platforms[PLATFORMS];
    struct mp_buf codes[2]; /* uint32_t: from a day's models and regions to texts */
    struct mp_buf rows;     /* what is kept */
};
enum { OF_REGION, OF_PLATFORM, OF_MODEL };

static void count(const struct census *census, struct tally *tally, uint32_t user) {
    tally->active++;
    tally->fresh += user_bits_has(&census->fresh, user);
}

/* ---- Texts ------------------------------------------------------------------------------ */

/* The text's number in its dimension, with a tally; UINT32_MAX when memory is out. */
static uint32_t text_of(struct census *census, enum dimension dimension, struct mp_str text) {
    static const struct tally nothing;
    uint32_t number = texts_add(&census->texts[dimension], text);
    struct mp_buf *tallies = &census->tallies[dimension];
    if (number != UINT32_MAX && tallies->len / sizeof(nothing) <= number) {
        mp_buf_append(tallies, &nothing, sizeof(nothing));
    }
    return tallies->failed ? UINT32_MAX : number;
}

static struct tally *tally_of(struct census *census, enum dimension dimension, uint32_t number) {
    return (struct tally *)(void *)census->tallies[dimension].ptr + number;
}

/* What the day's numbers of models and regions are among all texts; of models as they come. */
static bool translate(struct census *census, const struct summary_day *day) {
    mp_buf_clear(&census->codes[0]);
    mp_buf_clear(&census->codes[1]);
    for (size_t i = 0; i < day->text_ends.count; i++) {
        mp_buf_append_u32(&census->codes[0], UINT32_MAX);
    }
    for (size_t i = 0; i < day->region_texts.count; i++) {
        enum dimension dimension = i % 2 == 0 ? PROVINCE : CITY;
        uint32_t code = text_of(census, dimension, summary_text(day, day->region_texts.at[i]));
        if (code == UINT32_MAX) {
            return false;
        }
        mp_buf_append_u32(&census->codes[1], code);
    }
    return !census->codes[0].failed && !census->codes[1].failed;
}

static bool count_model(struct census *census, const struct summary_day *day, uint32_t model,
                        uint32_t user) {
    uint32_t *code = (uint32_t *)(void *)census->codes[0].ptr + model;
    if (*code == UINT32_MAX) {
        *code = text_of(census, MODEL, summary_text(day, model));
    }
    if (*code != UINT32_MAX) {
        count(census, tally_of(census, MODEL, *code), user);
    }
    return *code != UINT32_MAX;
}

/* ---- Days, from last to first ------------------------------------------------------------- */

/* Each user's values, where no later day has told them. */
static bool tell_day(struct census *census, const struct summary_day *day) {
    if (!translate(census, day)) {
        return false;
    }
    const uint32_t *regions = (const uint32_t *)(const void *)census->codes[1].ptr;
    for (size_t i = 0; i < day->users.count; i++) {
        uint32_t user = day->users.at[i];
        if (day->platforms[i] && user_bits_has(&census->unknown[OF_PLATFORM], user)) {
            user_bits_remove(&census->unknown[OF_PLATFORM], user);
            count(census, &census->platforms[day->platforms[i]], user);
        }
        if (day->models[i] && user_bits_has(&census->unknown[OF_MODEL], user)) {
            user_bits_remove(&census->unknown[OF_MODEL], user);
            if (!count_model(census, day, day->models[i], user)) {
                return false;
            }
        }
        if (day->regions[i] && user_bits_has(&census->unknown[OF_REGION], user)) {
            size_t region = day->regions[i] - 1;
            user_bits_remove(&census->unknown[OF_REGION], user);
            count(census, tally_of(census, PROVINCE, regions[2 * region]), user);
            count(census, tally_of(census, CITY, regions[2 * region + 1]), user);
        }
    }
    return true;
}

/* Who visited, and who did for the first time. */
static void gather(struct census *census) {
    const struct report_range *range = &census->range;
    const uint16_t *firsts = summary_firsts(census->app, SUMMARY_VISIT);
    user_bits_add_visitors(&census->active, census->app, range->from, range->to);
    for (size_t word = 0; word < census->active.word_count; word++) {
        for (uint64_t left = census->active.words[word]; left != 0; left &= left - 1) {
            uint32_t user = (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(left);
            if (firsts[user] >= range->from && firsts[user] <= range->to) {
                user_bits_add(&census->fresh, user);
            }
        }
    }
    for (size_t i = 0; i < sizeof(census->unknown) / sizeof(census->unknown[0]); i++) {
        memcpy(census->unknown[i].words, census->active.words,
               census->active.word_count * sizeof(*census->active.words));
    }
}

/* ---- Rows ------------------------------------------------------------------------------- */

static void put_row(struct census *census, enum dimension dimension, struct mp_str value,
                    struct tally tally) {
    if (tally.active > 0) {
        mp_buf_append_u32(&census->rows, dimension);
        mp_buf_append_lstr(&census->rows, value);
        mp_buf_append_u64(&census->rows, (uint64_t)tally.fresh);
        mp_buf_append_u64(&census->rows, (uint64_t)tally.active);
    }
}

static void put_number_row(struct census *census, enum dimension dimension, unsigned value,
                           struct tally tally) {
    char text[12];
    snprintf(text, sizeof(text), "%u", value);
    put_row(census, dimension, mp_str_of(text), tally);
}

static struct tally still_unknown(const struct census *census, int of) {
    return (struct tally){user_bits_count_both(&census->unknown[of], &census->fresh),
                          user_bits_count(&census->unknown[of])};
}

/* Values that are texts; who has none, or an empty one, is unknown. */
static bool put_texts(struct census *census, enum dimension dimension, int of) {
    struct tally unknown = still_unknown(census, of);
    uint32_t empty = text_of(census, dimension, MP_STR(""));
    if (empty == UINT32_MAX) {
        return false;
    }
    tally_of(census, dimension, empty)->active += unknown.active;
    tally_of(census, dimension, empty)->fresh += unknown.fresh;
    for (uint32_t i = 0; i < census->texts[dimension].count; i++) {
        put_row(census, dimension, census->texts[dimension].list[i],
                *tally_of(census, dimension, i));
    }
    return true;
}

static unsigned band_of(uint8_t age_plus_one) {
    static const uint8_t bounds[BANDS - 1] = {0, 18, 25, 30, 40, 50};
    unsigned band = 0;
    while (band < BANDS - 1 && age_plus_one > bounds[band]) {
        band++;
    }
    return band;
}

/* Gender or age band of all who were active. */
static void put_people(struct census *census, enum summary_person kind) {
    struct summary_people people = summary_people(census->app, kind);
    struct tally tallies[GENDERS] = {
        {user_bits_count(&census->fresh), user_bits_count(&census->active)}};
    for (size_t i = 0; i < people.users.count; i++) {
        uint32_t user = people.users.at[i];
        unsigned value = kind == SUMMARY_AGE ? band_of(people.values[i]) : people.values[i];
        if (value != 0 && user_bits_has(&census->active, user)) {
            count(census, &tallies[value], user);
            tallies[0].active--;
            tallies[0].fresh -= user_bits_has(&census->fresh, user);
        }
    }
    for (unsigned value = 0; value < GENDERS; value++) {
        put_number_row(census, kind == SUMMARY_AGE ? AGE : GENDER, value, tallies[value]);
    }
}

static bool put_rows(struct census *census) {
    put_people(census, SUMMARY_GENDER);
    put_people(census, SUMMARY_AGE);
    census->platforms[0] = still_unknown(census, OF_PLATFORM);
    for (unsigned value = 0; value < PLATFORMS; value++) {
        put_number_row(census, PLATFORM, value, census->platforms[value]);
    }
    return put_texts(census, PROVINCE, OF_REGION) && put_texts(census, CITY, OF_REGION) &&
           put_texts(census, MODEL, OF_MODEL) && !census->rows.failed;
}

/* ---- The answer ------------------------------------------------------------------------- */

static bool take_census(struct census *census) {
    gather(census);
    for (size_t i = summary_day_count(census->app); i > 0; i--) {
        const struct summary_day *day = summary_day_at(census->app, i - 1);
        if (day->day < census->range.from) {
            break;
        }
        if (day->day <= census->range.to && !tell_day(census, day)) {
            return false;
        }
    }
    return put_rows(census);
}

static bool census_init(struct census *census) {
    uint32_t bound = summary_user_bound(census->app);
    for (size_t i = 0; i < DIMENSIONS; i++) {
        mp_buf_init(&census->tallies[i], BYTES_MAX);
    }
    mp_buf_init(&census->codes[0], BYTES_MAX);
    mp_buf_init(&census->codes[1], BYTES_MAX);
    mp_buf_init(&census->rows, BYTES_MAX);
    return user_bits_init(&census->active, bound) && user_bits_init(&census->fresh, bound) &&
           user_bits_init(&census->unknown[OF_REGION], bound) &&
           user_bits_init(&census->unknown[OF_PLATFORM], bound) &&
           user_bits_init(&census->unknown[OF_MODEL], bound);
}

static void census_deinit(struct census *census) {
    for (size_t i = 0; i < DIMENSIONS; i++) {
        texts_deinit(&census->texts[i]);
        mp_buf_deinit(&census->tallies[i]);
    }
    for (size_t i = 0; i < sizeof(census->unknown) / sizeof(census->unknown[0]); i++) {
        user_bits_deinit(&census->unknown[i]);
    }
    mp_buf_deinit(&census->codes[0]);
    mp_buf_deinit(&census->codes[1]);
    mp_buf_deinit(&census->rows);
    user_bits_deinit(&census->active);
    user_bits_deinit(&census->fresh);
    free(census);
}

static bool give_rows(const struct mp_buf *rows, summed_on_value *on_value, void *arg) {
    struct mp_reader reader;
    mp_reader_init(&reader, rows->ptr, rows->len);
    while (mp_reader_left(&reader) > 0) {
        uint32_t dimension = mp_read_u32(&reader);
        struct mp_str value = mp_read_lstr(&reader);
        int64_t fresh = (int64_t)mp_read_u64(&reader);
        if (!on_value(arg, dimension, value, fresh, (int64_t)mp_read_u64(&reader))) {
            return false;
        }
    }
    return true;
}

int summed_profile(struct summary_app *app, const struct report_range *range,
                   summed_on_value *on_value, void *arg, struct mp_error *err) {
    struct summary_key key = {.what = "profile", .from = range->from, .to = range->to};
    struct census *census = calloc(1, sizeof(*census));
    bool is_done = census != NULL;
    if (is_done) {
        *census = (struct census){.app = app, .range = *range};
        mp_buf_init(&census->rows, BYTES_MAX);
        if (!summary_recall(app, &key, &census->rows)) {
            is_done = census_init(census) && take_census(census);
            if (is_done) {
                summary_keep(app, &key, mp_buf_str(&census->rows));
            }
        }
        is_done = is_done && give_rows(&census->rows, on_value, arg);
        census_deinit(census);
    }
    return is_done ? MP_OK : mp_fail(err, MP_E_MEMORY, "", "no memory for a report");
}
