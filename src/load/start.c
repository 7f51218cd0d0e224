/* Where loading stands: what the cursor, the seen log and the store say, made to agree. */
#include "load/ask.h"
#include "load/internal.h"

#include <inttypes.h>
#include <unistd.h>

struct last_batch {
    uint32_t batch;
    uint64_t version;
};

static int take_last_batch(void *arg, struct mp_reader *row) {
    struct last_batch *last = arg;
    last->batch = mp_read_u32(row);
    last->version = mp_read_u64(row);
    return 0;
}

static int ask_last_batch(struct load *load, struct last_batch *last, struct mp_error *err) {
    struct store_statement *statement;
    int code = load_statement(load->config.store, "last_batch", &statement, err);
    *last = (struct last_batch){0};
    return code == MP_OK ? load_ask(load->config.store, statement, "dq", take_last_batch, last, err)
                         : code;
}

static int read_cursor(struct load *load, struct mp_error *err) {
    char note[JOURNAL_NOTE_MAX];
    size_t len = 0;
    int code =
        journal_cursor_load(load->config.journal, LOAD_CURSOR, &load->cursor_lsn, note, &len, err);
    if (code == MP_E_NOT_FOUND) {
        load->note = (struct load_note){.touched_min = INT32_MAX, .touched_max = INT32_MIN};
        load->cursor_lsn = 0;
        int entropy = getentropy(&load->note.token, sizeof(load->note.token));
        return entropy == 0 ? MP_OK : mp_fail(err, MP_E_IO, "", "no random bytes");
    }
    if (code == MP_OK && load_note_decode(mp_str_range(note, len), &load->note) != MP_OK) {
        code = mp_fail(err, MP_E_CORRUPT, LOAD_CURSOR, "the cursor's note cannot be read");
    }
    return code;
}

static int delete_batch(struct load *load, uint32_t batch, struct mp_error *err) {
    struct store_statement *statement;
    int code = load_statement(load->config.store, "delete_batch", &statement, err);
    if (code == MP_OK) {
        store_bind_u64(statement, "batch", batch);
        code = load_run(load->config.store, statement, err);
    }
    return code == MP_OK ? load_wait_mutations(load->config.store, "events", NULL, NULL, err)
                         : code;
}

/* A batch under way cannot be made again exactly, so what the store has of it goes; but it stays,
 * and gets its rollups, when the journal has nothing of the batch any more. */
static int abandon_batch(struct load *load, struct mp_error *err) {
    struct journal_stats journal;
    journal_stats(load->config.journal, &journal);
    if (load->note.end_lsn <= journal.first_lsn) {
        load->note.touched_min = 0;
        load->note.touched_max = EVENT_DAY_MAX;
        return MP_OK;
    }
    int code = load_wait_mutations(load->config.store, "events", NULL, NULL, err);
    return code == MP_OK ? delete_batch(load, load->note.batch, err) : code;
}

/*
 * The journal lost the cursor's place (the disk lied about an fsync, or a segment is gone). All
 * that the journal still has is read again: the seen log knows what was loaded of it.
 */
static int start_over(struct load *load, struct mp_error *err) {
    mp_log(MP_LOG_ERROR, "load", "the journal lost the loader's place: reading all it has",
           "lsn=%" PRIu64 " reason=\"%s\"", load->cursor_lsn, err->message);
    int code = MP_OK;
    if (load->note.is_intent && seen_log_last_batch(load->seen_log) < load->note.batch) {
        code = abandon_batch(load, err);
    }
    load->note.is_intent = false;
    load->cursor_lsn = 0;
    return code == MP_OK ? journal_reader_open(load->config.journal, 0, &load->reader, err) : code;
}

static int open_seen(struct load *load, uint32_t replay_batch, struct mp_error *err) {
    seen_log_close(load->seen_log);
    seen_index_close(load->seen_index);
    load->seen_log = NULL;
    int code = seen_index_open(load->config.dir, &load->seen_index, err);
    return code == MP_OK ? seen_log_open(load->config.dir, load->seen_index, replay_batch,
                                         &load->seen_log, err)
                         : code;
}

static int open_reader(struct load *load, struct mp_error *err) {
    int code = journal_reader_open(load->config.journal, load->cursor_lsn, &load->reader, err);
    if (code == MP_OK) {
        return open_seen(load, load->note.is_intent ? load->note.batch : 0, err);
    }
    if (code != MP_E_NOT_FOUND && code != MP_E_CORRUPT) {
        return code;
    }
    struct mp_error lost = *err;
    code = open_seen(load, 0, err);
    return code == MP_OK ? start_over(load, &lost) : code;
}

static int take_touched(void *arg, struct mp_reader *row) {
    struct load *load = arg;
    struct mp_str app = mp_read_lstr(row);
    int32_t first = mp_read_u16(row);
    int32_t last = mp_read_u16(row);
    return touched_add(&load->touched, app, first, last, mp_read_u64(row));
}

int load_touch_stored(struct load *load, const struct load_touch *range, struct mp_error *err) {
    struct store_statement *statement;
    int code = load_statement(load->config.store, "touched_days", &statement, err);
    if (code != MP_OK) {
        return code;
    }
    store_bind_day(statement, "from", range->first_day);
    store_bind_day(statement, "to", range->last_day);
    store_bind_u64(statement, "after", range->after);
    store_bind_u64(statement, "up_to", range->up_to);
    return load_ask(load->config.store, statement, "swwq", take_touched, load, err);
}

/* What rollups lack, when a former process ended before it made them. */
static int recover_touched(struct load *load, uint32_t complete, struct mp_error *err) {
    struct load_touch behind = {load->note.rolled_up, complete, load->note.touched_min,
                                load->note.touched_max};
    if (behind.after >= behind.up_to || behind.first_day > behind.last_day) {
        return MP_OK;
    }
    return load_touch_stored(load, &behind, err);
}

static uint32_t greater(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

int load_recover(struct load *load, struct mp_error *err) {
    struct last_batch last;
    int code = ask_last_batch(load, &last, err);
    code = code == MP_OK ? read_cursor(load, err) : code;
    code = code == MP_OK ? open_reader(load, err) : code;
    if (code != MP_OK) {
        return code;
    }
    uint32_t in_store = greater(last.batch, (uint32_t)(last.version >> 32));
    bool is_fresh = load->note.batch == 0;
    if (!is_fresh && last.batch > load->note.batch) {
        mp_log(MP_LOG_WARN, "load", "the database has batches that this data directory has not",
               "database=%" PRIu32 " directory=%" PRIu32, last.batch, load->note.batch);
    }
    uint32_t greatest =
        greater(greater(in_store, load->note.batch), seen_log_last_batch(load->seen_log));
    load->version_floor = last.version + 1;
    load->next_lsn = load->cursor_lsn;
    load->is_replay = load->note.is_intent;
    load->replay_batch = load->note.batch;
    load->replay_end_lsn = load->note.end_lsn;
    load->next_batch = greatest + 1;
    load->start_batch = greatest;
    if (!load->note.is_intent) {
        load->note.batch = greatest;
    }
    if (is_fresh) {
        load->note.rolled_up = greatest;
    }
    uint32_t complete = load->note.batch - load->note.is_intent;
    return recover_touched(load, complete, err);
}
