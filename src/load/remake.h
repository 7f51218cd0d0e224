/*
 * Private to load/: reads users' events back from the store and writes their rows of user_days and
 * users anew. Live loading calls it for users that new batches touched, rebuild for all users: the
 * same code on the same events gives the same rows. Blocking; one thread.
 */
#ifndef MP_LOAD_REMAKE_H
#define MP_LOAD_REMAKE_H

#include "base/apps.h"
#include "store/store.h"

/* How many events one question should bring, and the most slices there can be. */
#define REMAKE_SLICE_EVENTS 400000u
#define REMAKE_SLICES_MAX 65536u
/* Days of touched events that one question may span; with the days around them it stays below
 * ROLLUP_DAYS_MAX. */
#define REMAKE_DAYS_MAX 28

struct remake;

/* query_prefix: begins the ids of our inserts, at most 60 bytes of [A-Za-z0-9_.-]. */
MP_MUST_CHECK int remake_create(struct store *store, const char *query_prefix, struct remake **out,
                                struct mp_error *err);
void remake_destroy(struct remake *remake);

/* Users who have an event with first_day <= day <= last_day and after < batch <= up_to. */
struct remake_range {
    const char *app;
    int32_t first_day;
    int32_t last_day;
    uint32_t after;
    uint32_t up_to;   /* events of later batches are not looked at */
    uint64_t version; /* of the rows written */
    const struct mp_zone *zone;
    int64_t timeout_ms;              /* of opens */
    bool (*is_cancelled)(void *arg); /* may be NULL; then MP_E_CANCELLED */
    void *is_cancelled_arg;
};

/* Errors of both: as store_run and store_insert, MP_E_TOO_LARGE, MP_E_MEMORY. Repeating is
 * harmless.
 * */

/*
 * Remakes a range of less than REMAKE_DAYS_MAX days in that many slices, or more where one proves
 * too large. on_slice (may be NULL) is told which part of 1 is done.
 */
typedef void remake_on_slice(void *arg, double part);
MP_MUST_CHECK int remake_window(struct remake *remake, const struct remake_range *range,
                                uint32_t slices, remake_on_slice *on_slice, void *arg,
                                struct mp_error *err);
/* Remakes all of a range of any length, cut in windows and slices; touched: about how many events
 * of those batches lie in it. */
MP_MUST_CHECK int remake_all(struct remake *remake, const struct remake_range *range,
                             uint64_t touched, struct mp_error *err);

#endif
