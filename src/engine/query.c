/* Statements without rows of the request: run, answer in pieces where chDB can, else whole. */
#include "engine/internal.h"

#include <stdio.h>

#define FORMAT_DEFAULT "TabSeparated"
#define COPIED_BYTES_MAX (256u * 1024) /* answers beyond it are sent from where they are */

static void choose_format(struct exchange *exchange) {
    struct mp_str format = exchange->shape.format;
    if (format.len == 0) {
        format = http_query(exchange->request, "default_format");
    }
    if (format.len == 0) {
        format = http_header(exchange->request, "X-ClickHouse-Format");
    }
    if (format.len == 0) {
        format = MP_STR(FORMAT_DEFAULT);
    }
    snprintf(exchange->format, sizeof(exchange->format), "%.*s", MP_STR_ARG(format));
}

/* What the engine's own parser says; it is right where our tokens are only quick. */
static bool judge(struct exchange *exchange) {
    const struct chdb *chdb = exchange->chdb;
    struct mp_str text = mp_buf_str(&exchange->text);
    struct chdb_analysis analysis = {.struct_size = sizeof(analysis)};
    if (chdb->classify_query_n(exchange->connection->client, text.ptr, text.len, NULL, 0,
                               &analysis) != 0) {
        analysis.query_class = CHDB_CLASS_UNKNOWN;
    }
    bool reads = analysis.query_class == CHDB_CLASS_READS;
    if (analysis.statement_count > 1) {
        return exception_set(&exchange->exception, EXCEPTION_SYNTAX,
                             "Syntax error (Multi-statements are not allowed)");
    }
    if (exchange->shape.touches_files ||
        (exchange->shape.is_select && analysis.query_class == CHDB_CLASS_CONTROLS)) {
        return exception_set(
            &exchange->exception, EXCEPTION_NOT_IMPLEMENTED,
            "INTO OUTFILE and FROM INFILE are for clients with files of their own");
    }
    /* What does not parse is let through on the socket only: for the engine's own words about it */
    if (exchange->door->is_for_readers && !reads && analysis.query_class != CHDB_CLASS_UNKNOWN) {
        return exception_set(&exchange->exception, EXCEPTION_READONLY,
                             "Only reading is allowed here");
    }
    if (exchange->door->is_for_readers && !reads) {
        return exception_set(&exchange->exception, EXCEPTION_SYNTAX, "Syntax error");
    }
    atomic_store(&exchange->watched.only_reads, reads);
    return true;
}

static void reply_head(struct exchange *exchange, struct chdb_result *result) {
    http_reply_header(exchange->request, "X-ClickHouse-Format", exchange->format);
    answer_summary(exchange, result, false);
}

/* chDB's next piece of the answer: 1, 0 = end, -1 = exception. */
static int fetch(struct exchange *exchange) {
    const struct chdb *chdb = exchange->chdb;
    if (exchange->piece) {
        chdb->destroy_query_result(exchange->piece);
    }
    exchange->piece = chdb->stream_fetch_result(exchange->connection->client, exchange->stream);
    exchange->piece_at = 0;
    const char *error =
        exchange->piece ? chdb->result_error(exchange->piece) : "the engine gave no answer";
    if (error) {
        exception_copy(&exchange->exception, error);
        return -1;
    }
    return chdb->result_length(exchange->piece) > 0;
}

long query_next_bytes(void *arg, void *buf, size_t max) {
    struct exchange *exchange = arg;
    const struct chdb *chdb = exchange->chdb;
    if (exchange->spool.len > 0) {
        return spool_read(&exchange->spool, buf, max);
    }
    size_t len = chdb->result_length(exchange->piece);
    if (exchange->piece_at == len) {
        int got = exchange->stream ? fetch(exchange) : 0;
        if (got <= 0) {
            return got;
        }
        len = chdb->result_length(exchange->piece);
    }
    size_t part = len - exchange->piece_at < max ? len - exchange->piece_at : max;
    memcpy(buf, chdb->result_buffer(exchange->piece) + exchange->piece_at, part);
    exchange->piece_at += part;
    return (long)part;
}

static void reply_stream(struct exchange *exchange) {
    http_reply_stream(exchange->request, 200, answer_content_type(exchange->format),
                      query_next_bytes, exchange);
}

/* The first piece was fetched: got is what fetch said. Keeps the answer until it is whole. */
static void reply_spooled(struct exchange *exchange, int got) {
    const struct chdb *chdb = exchange->chdb;
    const char *dir = exchange->engine->config.data_dir;
    while (got > 0) {
        struct mp_str piece = mp_str_range(chdb->result_buffer(exchange->piece),
                                           chdb->result_length(exchange->piece));
        if (!spool_append(&exchange->spool, dir, piece)) {
            exception_set(&exchange->exception, EXCEPTION_MEMORY,
                          "No room on disk to keep the answer until it is whole");
            got = -1;
        } else {
            got = fetch(exchange);
        }
    }
    if (got < 0) {
        answer_exception(exchange);
    } else if (exchange->spool.fd < 0) {
        http_reply(exchange->request, 200, answer_content_type(exchange->format),
                   mp_buf_str(&exchange->spool.memory));
    } else {
        reply_stream(exchange);
    }
}

static bool wants_whole_answer(struct exchange *exchange) {
    struct mp_str value = http_query(exchange->request, "wait_end_of_query");
    return value.len > 0 && !mp_str_is(value, "0");
}

static void run_in_pieces(struct exchange *exchange) {
    /* The first piece before the status line, so that most errors get a status of their own. */
    int got = fetch(exchange);
    if (got < 0) {
        answer_exception(exchange);
        return;
    }
    reply_head(exchange, exchange->piece);
    if (wants_whole_answer(exchange) || got == 0) {
        reply_spooled(exchange, got);
    } else {
        reply_stream(exchange);
    }
}

static void run_whole(struct exchange *exchange) {
    const struct chdb *chdb = exchange->chdb;
    exchange->piece = chdb->query_n(exchange->connection->client, exchange->text.ptr,
                                    exchange->text.len, exchange->format, strlen(exchange->format));
    const char *error =
        exchange->piece ? chdb->result_error(exchange->piece) : "the engine gave no answer";
    if (error) {
        exception_copy(&exchange->exception, error);
        answer_exception(exchange);
        return;
    }
    reply_head(exchange, exchange->piece);
    size_t len = chdb->result_length(exchange->piece);
    if (len > COPIED_BYTES_MAX) {
        reply_stream(exchange);
    } else {
        http_reply(exchange->request, 200, answer_content_type(exchange->format),
                   mp_str_range(chdb->result_buffer(exchange->piece), len));
    }
}

/* False when chDB does not stream this statement; nothing of it was run then. */
static bool open_stream(struct exchange *exchange) {
    const struct chdb *chdb = exchange->chdb;
    if (!exchange->shape.is_select || !answer_is_row_format(exchange->format)) {
        return false;
    }
    exchange->stream =
        chdb->stream_query_n(exchange->connection->client, exchange->text.ptr, exchange->text.len,
                             exchange->format, strlen(exchange->format));
    if (exchange->stream && !chdb->result_error(exchange->stream)) {
        return true;
    }
    if (exchange->stream) {
        chdb->destroy_query_result(exchange->stream);
        exchange->stream = NULL;
    }
    return false;
}

void query_run(struct exchange *exchange) {
    struct mp_str text = mp_buf_str(&exchange->text);
    choose_format(exchange);
    bool may_run = !exchange->door->is_for_readers ||
                   reader_may_ask(exchange->engine->reader_rules, text, &exchange->exception);
    if (!may_run || !session_open(exchange) || !judge(exchange)) {
        answer_exception(exchange);
    } else if (open_stream(exchange)) {
        run_in_pieces(exchange);
    } else {
        run_whole(exchange);
    }
}
