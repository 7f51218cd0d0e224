/* One batch into the store, exactly once. */
#include "load/ask.h"
#include "load/internal.h"

#include "base/grow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define QUERY_ID_BYTES 80

static void query_id_of(const struct load *load, const struct batch *batch,
                        const struct batch_month *month, char out[QUERY_ID_BYTES]) {
    snprintf(out, QUERY_ID_BYTES, "minipulse-load-%016" PRIx64 "-%" PRIu32 "-%" PRIu32,
             load->note.token, batch->number, month->month);
}

int load_save(struct load *load, struct mp_error *err) {
    char bytes[LOAD_NOTE_BYTES];
    struct mp_str note = {bytes, load_note_encode(&load->note, bytes)};
    int code = journal_cursor_save(load->config.journal, LOAD_CURSOR, load->cursor_lsn, note, err);
    if (code == MP_OK) {
        load->is_saved = true;
        code = journal_release(load->config.journal, load->cursor_lsn, err);
    }
    return code;
}

/* Before the first row goes out, the disk knows which range of the journal becomes this batch. */
static bool save_intent(struct load *load, const struct batch *batch) {
    struct mp_error err;
    load->cursor_lsn = batch->begin_lsn;
    load->note.batch = batch->number;
    load->note.is_intent = true;
    load->note.end_lsn = batch->end_lsn;
    for (unsigned attempt = 0; load_save(load, &err) != MP_OK; attempt++) {
        if (!load_back_off(load, attempt, "cannot save the cursor", &err)) {
            return false;
        }
    }
    return true;
}

/* ---- After a doubt ---------------------------------------------------------------------- */

struct stored_month {
    uint32_t month;
    uint64_t rows;
};

struct stored {
    struct stored_month *months;
    size_t count;
    size_t capacity;
};

static int take_month(void *arg, struct mp_reader *row) {
    struct stored *stored = arg;
    if (!mp_grow(&stored->months, &stored->capacity, stored->count + 1, sizeof(*stored->months))) {
        return MP_E_MEMORY;
    }
    struct stored_month *month = &stored->months[stored->count++];
    month->month = mp_read_u32(row);
    month->rows = mp_read_u64(row);
    return MP_OK;
}

/* Which rows of the batch the store has. A day more on both sides: the app's zone may have been
 * changed since they were made. */
static int ask_stored(struct load *load, const struct batch *batch, struct stored *stored,
                      struct mp_error *err) {
    struct store_statement *statement;
    int code = load_statement(load->config.store, "batch_rows", &statement, err);
    if (code != MP_OK) {
        return code;
    }
    bool has_events = batch->first_day <= batch->last_day;
    int32_t first = has_events && batch->first_day > 0 ? batch->first_day - 1 : 0;
    int32_t last =
        has_events && batch->last_day < EVENT_DAY_MAX ? batch->last_day + 1 : EVENT_DAY_MAX;
    store_bind_u64(statement, "batch", batch->number);
    store_bind_day(statement, "from", first);
    store_bind_day(statement, "to", last);
    return load_ask(load->config.store, statement, "dq", take_month, stored, err);
}

static int delete_month(struct load *load, const struct batch *batch, uint32_t month,
                        struct mp_error *err) {
    struct store_statement *statement;
    int code = load_statement(load->config.store, "delete_batch_rows", &statement, err);
    if (code == MP_OK) {
        store_bind_u64(statement, "month", month);
        store_bind_u64(statement, "batch", batch->number);
        code = load_run(load->config.store, statement, err);
    }
    return code == MP_OK
               ? load_wait_mutations(load->config.store, "events", load_is_stopping, load, err)
               : code;
}

static struct batch_month *find_month(struct batch *batch, uint32_t month) {
    for (size_t i = 0; i < batch->month_count; i++) {
        if (batch->months[i].month == month) {
            return &batch->months[i];
        }
    }
    return NULL;
}

/* No insert of the batch runs any more when this returns 0. */
static int settle(struct load *load, const struct batch *batch, struct mp_error *err) {
    int code = MP_OK;
    for (size_t i = 0; code == MP_OK && i < batch->month_count; i++) {
        char query_id[QUERY_ID_BYTES];
        query_id_of(load, batch, &batch->months[i], query_id);
        if (!batch->months[i].is_stored) {
            code = store_settle(load->config.store, query_id, err);
        }
    }
    return code;
}

/* What the store has of one partition: when that is all, it stays, else it goes, to be inserted
 * again. It stays also when it is more than the journal, which has lost some, could give. */
static int resolve_month(struct load *load, struct batch *batch, const struct stored_month *stored,
                         struct mp_error *err) {
    struct batch_month *month = find_month(batch, stored->month);
    uint64_t wanted = month ? month->rows : 0;
    bool is_more = batch->is_lossy && stored->rows > wanted;
    bool is_kept = is_more || stored->rows == wanted;
    if (month) {
        month->is_stored = is_kept;
    }
    if (is_more) {
        mp_log(MP_LOG_WARN, "load", "the store has more of a batch than the journal: it stays",
               "batch=%" PRIu32 " month=%" PRIu32 " rows=%" PRIu64 " of=%" PRIu64, batch->number,
               stored->month, stored->rows, wanted);
    }
    if (is_kept) {
        return MP_OK;
    }
    mp_log(MP_LOG_WARN, "load", "a batch is in the store in part: its rows go and come again",
           "batch=%" PRIu32 " month=%" PRIu32 " rows=%" PRIu64 " of=%" PRIu64, batch->number,
           stored->month, stored->rows, wanted);
    return delete_month(load, batch, stored->month, err);
}

/*
 * Looks what the store has of the batch. Mutations of a former process end first: what they delete
 * must neither be counted nor deleted twice.
 */
static int resolve(struct load *load, struct batch *batch, struct mp_error *err) {
    struct stored stored = {0};
    int code = settle(load, batch, err);
    if (code == MP_OK) {
        code = load_wait_mutations(load->config.store, "events", load_is_stopping, load, err);
    }
    if (code == MP_OK) {
        code = ask_stored(load, batch, &stored, err);
    }
    for (size_t i = 0; code == MP_OK && i < stored.count; i++) {
        code = resolve_month(load, batch, &stored.months[i], err);
    }
    free(stored.months);
    if (code == MP_OK && batch->is_lossy) {
        struct load_touch all = {batch->number - 1, batch->number, 0, EVENT_DAY_MAX};
        code = load_touch_stored(load, &all, err);
    }
    return code;
}

/* ---- Committing ------------------------------------------------------------------------- */

static int insert_months(struct load *load, struct batch *batch, struct mp_error *err) {
    for (size_t i = 0; i < batch->month_count; i++) {
        struct batch_month *month = &batch->months[i];
        char query_id[QUERY_ID_BYTES];
        if (month->is_stored || month->rows == 0) {
            continue;
        }
        query_id_of(load, batch, month, query_id);
        int code = store_insert(load->config.store, "events", month->block, query_id, err);
        if (code != MP_OK) {
            return code;
        }
        month->is_stored = true;
    }
    return MP_OK;
}

static bool store_events(struct load *load, struct batch *batch) {
    struct mp_error err;
    /* Whatever an insert failed with, its rows may be there. */
    bool is_in_doubt = batch->is_replay;
    for (unsigned attempt = 0;; attempt++) {
        int code = is_in_doubt ? resolve(load, batch, &err) : MP_OK;
        code = code == MP_OK ? insert_months(load, batch, &err) : code;
        if (code == MP_OK) {
            load_succeeded(load);
            return true;
        }
        is_in_doubt = true;
        if (!load_back_off(load, attempt, "cannot store a batch", &err)) {
            return false;
        }
    }
}

static bool log_seen(struct load *load, const struct batch *batch) {
    struct mp_error err;
    for (unsigned attempt = 0;
         seen_log_append(load->seen_log, batch->number, batch->last_received_ms, batch->prints,
                         batch->print_count, &err) != MP_OK;
         attempt++) {
        if (!load_back_off(load, attempt, "cannot log seen events", &err)) {
            return false;
        }
    }
    uint32_t first_batch;
    int64_t oldest_ms = batch->last_received_ms - load->config.dedupe_ms;
    if (seen_log_expire(load->seen_log, oldest_ms, &first_batch, &err) != MP_OK) {
        mp_log(MP_LOG_WARN, "load", "old seen events stay", "reason=\"%s\"", err.message);
    }
    seen_index_forget(load->seen_index, first_batch);
    return true;
}

static void note_touched(struct load *load) {
    for (size_t i = 0; i < load->touched.count; i++) {
        const struct touched_app *app = &load->touched.apps[i];
        struct load_note *note = &load->note;
        note->touched_min = app->first_day < note->touched_min ? app->first_day : note->touched_min;
        note->touched_max = app->last_day > note->touched_max ? app->last_day : note->touched_max;
    }
}

static bool merge_touched(struct load *load, const struct batch *batch) {
    struct mp_error err;
    for (unsigned attempt = 0; touched_merge(&load->touched, &batch->touched) != MP_OK; attempt++) {
        /* What was merged before the failure is merged again: only event counts grow. */
        mp_fail(&err, MP_E_MEMORY, "", "no memory for touched days");
        if (!load_back_off(load, attempt, "cannot note touched days", &err)) {
            return false;
        }
    }
    return true;
}

bool load_store(struct load *load, struct batch *batch) {
    return (batch->is_replay || save_intent(load, batch)) && store_events(load, batch) &&
           log_seen(load, batch);
}

bool load_pass(struct load *load, const struct batch *batch) {
    if (!merge_touched(load, batch)) {
        return false;
    }
    note_touched(load);
    load->cursor_lsn = batch->end_lsn;
    load->note.is_intent = false;
    /* The next batch's intent says that this one is complete; until then, or until it is saved
     * when there is nothing else to do, a restart would look it up and find it. */
    load->is_saved = false;
    return true;
}
