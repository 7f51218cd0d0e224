/*
 * Private to the demo: who the users are, when each comes, what each remembers. One thread.
 */
#ifndef MP_CMD_DEMO_PEOPLE_H
#define MP_CMD_DEMO_PEOPLE_H

#include "base/event.h"
#include "cmd/demo.h"
#include "cmd/demo_shop.h"

#define DEMO_TAG_BYTES 8
#define DEMO_USER_ID_BYTES 32

/* What lasts from one open to the next. */
struct demo_memory {
    int32_t arrival; /* day of the first visit, counted from the first day */
    uint32_t opens;
    uint32_t orders;
    uint32_t refundable_fen; /* of the last order; 0 = none */
    int32_t refundable_day;
    uint16_t engagement; /* thousandths of the average */
    bool is_added;
};

struct demo_people {
    uint64_t seed; /* of these options: another population, other ids */
    const char *app;
    char tag[DEMO_TAG_BYTES]; /* begins every id */
    int32_t first_day;        /* calendar days */
    int32_t days;
    uint32_t count;
    struct demo_memory *memory;
    uint32_t *arrived; /* [days]: users who had come by the end of that day; users are in order */
};

/* MP_E_MEMORY. */
MP_MUST_CHECK int demo_people_init(struct demo_people *people, const struct mp_app *app,
                                   const struct demo_options *options, struct mp_error *err);
void demo_people_deinit(struct demo_people *people);

/* Whether a user who has come by that day (counted from the first) opens the shop on it. */
bool demo_is_active(const struct demo_people *people, uint32_t user, int32_t day);
/* 1000 = an average day: promotions draw people and make them buy. */
uint32_t demo_promotion_factor(const struct demo_people *people, int32_t day);
/* 0 = Monday. */
uint32_t demo_weekday(const struct demo_people *people, int32_t day);

/* A user as one day finds them. */
struct demo_person {
    char id[DEMO_USER_ID_BYTES];
    const struct demo_scene *habit; /* how they come back most often */
    bool has_contract;              /* pays small amounts without a password */
    uint16_t purse;                 /* thousandths of the average readiness to buy */
    bool tells_profile;
    bool is_female;
    uint8_t age;
    struct mp_context context; /* strings are static or in id */
};
void demo_person_of(const struct demo_people *people, uint32_t user, int32_t day,
                    struct demo_person *out);

/* Writes a number in base 36 and a NUL; out holds 14 bytes. */
void demo_base36(uint64_t number, char out[14]);

#endif
