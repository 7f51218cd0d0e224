/* The inserts of a batch: some at the same time, so that the engine works on several processors. */
#include "load/internal.h"

#include <inttypes.h>
#include <stdio.h>

#define QUERY_ID_BYTES 80
#define INSERTS_AT_ONCE 2u

/* The same for the same rows, also after a restart: so that what became of them can be asked. */
static void query_id_of(const struct load *load, const struct batch *batch, uint32_t month,
                        uint32_t slice, char out[QUERY_ID_BYTES]) {
    snprintf(out, QUERY_ID_BYTES, "minipulse-load-%016" PRIx64 "-%" PRIu32 "-%" PRIu32 "-%" PRIu32,
             load->note.token, batch->number, month, slice);
}

/* ---- Inserting -------------------------------------------------------------------------- */

struct inserts {
    struct load *load;
    struct batch *batch;
    atomic_size_t next; /* of batch->months */
    atomic_int code;    /* of the first that failed */
    struct mp_error *err;
};

static void insert_one(struct inserts *inserts, struct batch_month *month) {
    struct load *load = inserts->load;
    struct mp_error err;
    char query_id[QUERY_ID_BYTES];
    query_id_of(load, inserts->batch, month->month, month->slice, query_id);
    int code = store_insert(load->config.store, "events", month->block, query_id, &err);
    int none = MP_OK;
    month->is_stored = code == MP_OK;
    if (code != MP_OK && atomic_compare_exchange_strong(&inserts->code, &none, code)) {
        *inserts->err = err;
    }
}

/* Takes the next and the next until all are taken, or one has failed. */
static void *insert_some(void *arg) {
    struct inserts *inserts = arg;
    struct batch *batch = inserts->batch;
    for (;;) {
        size_t at = atomic_fetch_add(&inserts->next, 1);
        if (at >= batch->month_count || atomic_load(&inserts->code) != MP_OK) {
            return NULL;
        }
        if (!batch->months[at].is_stored && batch->months[at].rows > 0) {
            insert_one(inserts, &batch->months[at]);
        }
    }
}

int load_insert(struct load *load, struct batch *batch, struct mp_error *err) {
    struct inserts inserts = {.load = load, .batch = batch, .err = err};
    pthread_t helpers[INSERTS_AT_ONCE - 1];
    size_t count = 0;
    /* Without a helper all goes through this thread. */
    while (count < INSERTS_AT_ONCE - 1 && count + 1 < batch->month_count &&
           pthread_create(&helpers[count], NULL, insert_some, &inserts) == 0) {
        count++;
    }
    insert_some(&inserts);
    while (count > 0) {
        pthread_join(helpers[--count], NULL);
    }
    return atomic_load(&inserts.code);
}

/* ---- Settling --------------------------------------------------------------------------- */

static bool has_slice(const struct batch *batch, uint32_t month, uint32_t slice) {
    for (size_t i = 0; i < batch->month_count; i++) {
        if (batch->months[i].month == month && batch->months[i].slice == slice) {
            return true;
        }
    }
    return false;
}

static int settle_slice(struct load *load, const struct batch *batch, uint32_t month,
                        uint32_t slice, struct mp_error *err) {
    char query_id[QUERY_ID_BYTES];
    query_id_of(load, batch, month, slice, query_id);
    return store_settle(load->config.store, query_id, err);
}

int load_settle(struct load *load, const struct batch *batch, struct mp_error *err) {
    int code = MP_OK;
    for (size_t i = 0; code == MP_OK && i < batch->month_count; i++) {
        const struct batch_month *month = &batch->months[i];
        if (!month->is_stored) {
            code = settle_slice(load, batch, month->month, month->slice, err);
        }
        /* A former process may have cut it in more: it had other settings, or all of the journal.
         */
        for (uint32_t slice = 1;
             code == MP_OK && batch->is_replay && month->slice == 0 && slice < BATCH_SLICES_MAX;
             slice++) {
            if (!has_slice(batch, month->month, slice)) {
                code = settle_slice(load, batch, month->month, slice, err);
            }
        }
    }
    return code;
}
