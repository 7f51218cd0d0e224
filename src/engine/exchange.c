/* One HTTP request of the engine, from its first byte to its last. */
#include "engine/internal.h"

#include <stdlib.h>

/* So much of a body is searched for the place where an INSERT's rows begin. */
#define HEAD_BYTES_MAX (256u * 1024)

static struct exchange *exchange_of(struct http_request *request) {
    return *(struct exchange **)http_scratch(request);
}

static void check_request(struct exchange *exchange) {
    if (!session_is_allowed(exchange)) {
        return;
    }
    struct mp_str coding = http_header(exchange->request, "Content-Encoding");
    if (coding.len > 0 && !mp_str_is(coding, "identity")) {
        exception_set(&exchange->exception, EXCEPTION_NOT_IMPLEMENTED,
                      "Compressed bodies are not supported by the embedded engine");
    }
}

static struct exchange *exchange_begin(struct http_request *request, struct door *door) {
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    if (!exchange) {
        return NULL;
    }
    exchange->door = door;
    exchange->engine = door->engine;
    exchange->chdb = &door->engine->chdb;
    exchange->request = request;
    mp_buf_init(&exchange->text, ENGINE_STATEMENT_BYTES_MAX);
    mp_buf_init(&exchange->exception, ENGINE_EXCEPTION_BYTES_MAX + 1);
    spool_init(&exchange->spool);
    *(struct exchange **)http_scratch(request) = exchange;
    /* URL and body are one text, as in ClickHouse: the one may end where the other begins. */
    struct mp_str query = mp_str_trim(http_query(request, "query"));
    if (query.len > 0) {
        mp_buf_append_str(&exchange->text, query);
        mp_buf_append_byte(&exchange->text, '\n');
    }
    check_request(exchange);
    return exchange;
}

/* Sends rows to the engine as soon as it is certain that they are rows. */
static bool look_for_rows(struct exchange *exchange) {
    struct mp_str text = mp_buf_str(&exchange->text);
    struct mp_str left = text;
    struct sql_token first = sql_next(&left);
    if (left.len > 0 && !sql_is(first, "INSERT")) {
        exchange->is_looked_at = true;
        return true;
    }
    sql_look(text, &exchange->shape);
    exchange->is_looked_at = text.len > HEAD_BYTES_MAX;
    if (!exchange->shape.is_insert || exchange->shape.rows.len == 0) {
        return true;
    }
    return insert_begin(exchange);
}

bool exchange_on_body(struct http_request *request, void *door, struct mp_str data) {
    struct exchange *exchange = exchange_of(request);
    if (!exchange) {
        exchange = exchange_begin(request, door);
    }
    if (!exchange || exchange->exception.len > 0) {
        return false;
    }
    if (exchange->insert) {
        return insert_append(exchange, data);
    }
    mp_buf_append_str(&exchange->text, data);
    if (exchange->text.failed) {
        return exception_set(&exchange->exception, EXCEPTION_SYNTAX,
                             "The statement is over the engine's limit of 16 MiB");
    }
    return exchange->is_looked_at || look_for_rows(exchange);
}

/* A KILL QUERY by query_id, said in chDB's way; waits for no gate, for all may be taken. */
static bool run_kill(struct exchange *exchange) {
    struct mp_str id, rest;
    struct mp_buf sql;
    if (exchange->door->is_for_readers || !sql_is_kill(mp_buf_str(&exchange->text), &id, &rest)) {
        return false;
    }
    mp_buf_init(&sql, ENGINE_STATEMENT_BYTES_MAX);
    watch_append_kill(&sql, id, rest);
    watch_mark_killed(exchange->engine->watch, mp_str_range(id.ptr + 1, id.len - 2));
    mp_buf_clear(&exchange->text);
    exchange->connection = connection_new(exchange->engine->connections, false);
    if (!exchange->connection) {
        exception_set(&exchange->exception, EXCEPTION_MEMORY, "chDB gives no connection");
        answer_exception(exchange);
    } else if (connection_run(exchange->chdb, exchange->connection, mp_buf_str(&sql),
                              &exchange->text, &exchange->exception)) {
        http_reply(exchange->request, 200, answer_content_type("TabSeparated"),
                   mp_buf_str(&exchange->text));
    } else {
        answer_exception(exchange);
    }
    mp_buf_deinit(&sql);
    return true;
}

/* chDB says nothing at all to a text without a statement, or with a quote or comment left open. */
static bool is_statement(struct exchange *exchange) {
    struct mp_str left = mp_buf_str(&exchange->text);
    struct sql_token token = sql_next(&left);
    bool can_begin = token.kind == SQL_WORD || sql_is_mark(token, '(');
    bool is_cut = token.is_cut;
    if (token.kind == SQL_END && !is_cut) {
        return exception_set(&exchange->exception, EXCEPTION_SYNTAX, "Syntax error: Empty query");
    }
    while (can_begin && !is_cut && token.kind != SQL_END) {
        token = sql_next(&left);
        is_cut = token.is_cut;
    }
    return (can_begin && !is_cut) ||
           exception_set(&exchange->exception, EXCEPTION_SYNTAX,
                         is_cut ? "Syntax error: a quote or comment is not closed"
                                : "Syntax error: no statement begins like this");
}

static void run_text(struct exchange *exchange) {
    if (run_kill(exchange)) {
        return;
    }
    sql_look(mp_buf_str(&exchange->text), &exchange->shape);
    if (!exchange->shape.is_insert && !is_statement(exchange)) {
        answer_exception(exchange);
    } else if (!exchange->shape.is_insert) {
        query_run(exchange);
    } else if (insert_begin(exchange)) {
        insert_finish(exchange);
    } else {
        answer_exception(exchange);
    }
}

void exchange_handle(struct http_request *request, void *door) {
    struct exchange *exchange = exchange_of(request);
    if (!exchange) { /* there was no body */
        exchange = exchange_begin(request, door);
    }
    if (!exchange) {
        http_reply(request, 500, "text/plain; charset=UTF-8", MP_STR("out of memory\n"));
    } else if (exchange->exception.len > 0) {
        answer_exception(exchange);
    } else if (exchange->insert) {
        insert_finish(exchange);
    } else {
        run_text(exchange);
    }
}

void exchange_closed(struct http_request *request, void *door) {
    struct exchange *exchange = exchange_of(request);
    (void)door;
    if (!exchange) {
        return;
    }
    const struct chdb *chdb = exchange->chdb;
    insert_cancel(exchange); /* the body ended early: nothing of it may stay */
    if (exchange->piece) {
        chdb->destroy_query_result(exchange->piece);
    }
    if (exchange->stream) {
        chdb->stream_cancel_query(exchange->connection->client, exchange->stream);
        chdb->destroy_query_result(exchange->stream);
    }
    connection_free(exchange->engine->connections, exchange->connection);
    if (exchange->is_watched) {
        watch_remove(exchange->engine->watch, &exchange->watched);
    }
    if (exchange->has_entered) {
        gate_leave(exchange->door->gate);
    }
    spool_deinit(&exchange->spool);
    mp_buf_deinit(&exchange->text);
    mp_buf_deinit(&exchange->exception);
    free(exchange);
}
