/* INSERT with rows: as they come, into one block, which becomes a part at the end or not at all. */
#include "engine/internal.h"

static bool drop(struct exchange *exchange, const char *error) {
    exception_copy(&exchange->exception, error ? error : "the rows were refused without a reason");
    exchange->chdb->destroy_insert_stream(exchange->insert);
    exchange->insert = NULL;
    return false;
}

/* A part was written, so that there may be merges from now on. */
static void let_merges_wait(struct engine *engine) {
    if (!atomic_load(&engine->are_merges_behind)) {
        atomic_store(&engine->are_merges_behind, merges_step_back());
    }
}

bool insert_begin(struct exchange *exchange) {
    const struct chdb *chdb = exchange->chdb;
    const struct sql_shape *shape = &exchange->shape;
    if (exchange->door->is_for_readers) {
        return exception_set(&exchange->exception, EXCEPTION_READONLY,
                             "Only reading is allowed here");
    }
    if (!session_open(exchange)) {
        return false;
    }
    exchange->insert = chdb->stream_insert_n(exchange->connection->client, shape->head.ptr,
                                             shape->head.len, shape->format.ptr, shape->format.len);
    const char *error = chdb->stream_insert_error(exchange->insert);
    return (!error || drop(exchange, error)) && insert_append(exchange, shape->rows);
}

bool insert_append(struct exchange *exchange, struct mp_str rows) {
    const struct chdb *chdb = exchange->chdb;
    if (atomic_load(&exchange->watched.is_killed)) {
        insert_cancel(exchange);
        return exception_set(&exchange->exception, EXCEPTION_CANCELLED, "Query was cancelled");
    }
    if (rows.len == 0 || chdb->stream_append(exchange->insert, rows.ptr, rows.len) == 0) {
        return true;
    }
    return drop(exchange, chdb->stream_insert_error(exchange->insert));
}

void insert_finish(struct exchange *exchange) {
    const struct chdb *chdb = exchange->chdb;
    struct chdb_result *result = chdb->stream_done(exchange->insert);
    const char *error = result ? chdb->result_error(result) : "the insert was lost";
    if (error) {
        exception_copy(&exchange->exception, error);
        answer_exception(exchange);
    } else {
        let_merges_wait(exchange->engine);
        answer_summary(exchange, result, true);
        http_reply(exchange->request, 200, "text/plain; charset=UTF-8", MP_STR(""));
    }
    if (result) {
        chdb->destroy_query_result(result);
    }
    chdb->destroy_insert_stream(exchange->insert);
    exchange->insert = NULL;
}

void insert_cancel(struct exchange *exchange) {
    if (exchange->insert) {
        exchange->chdb->stream_cancel_insert(exchange->insert);
        exchange->chdb->destroy_insert_stream(exchange->insert);
        exchange->insert = NULL;
    }
}
