#include "engine/internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FLAGS_MAX 40
#define FLAG_BYTES 128

struct connections {
    const struct chdb *chdb;
    char *path; /* "--path=…" */
    char flags[FLAGS_MAX][FLAG_BYTES];
    int flag_count;
    struct chdb_connection *anchor;
};

static void MP_PRINTF(2, 3) add(struct connections *connections, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(connections->flags[connections->flag_count++], FLAG_BYTES, format, args);
    va_end(args);
}

/* Settings of every connection; chDB reads those of the server from the first one's flags. */
static void add_flags(struct connections *connections, const struct engine_config *config) {
    uint64_t memory = config->memory_bytes;
    add(connections, "--max_server_memory_usage=%" PRIu64, memory);
    add(connections, "--max_memory_usage=%" PRIu64, memory / 4 * 3);
    /* A query too large for memory goes to disk before it fails. */
    add(connections, "--max_bytes_before_external_group_by=%" PRIu64, memory / 4);
    add(connections, "--max_bytes_before_external_sort=%" PRIu64, memory / 4);
    add(connections, "--max_execution_time=%" PRId64, (config->query_timeout_ms + 999) / 1000);
    if (config->threads > 0) {
        add(connections, "--max_threads=%d", config->threads);
    }
    /* Without it any word is a query: "exit" would be SELECT exit. */
    add(connections, "--implicit_select=0");
    /* Caches and pools sized for a large server would be most of the idle memory. */
    add(connections, "--mark_cache_size=67108864");
    add(connections, "--primary_index_cache_size=67108864");
    add(connections, "--uncompressed_cache_size=0");
    add(connections, "--index_mark_cache_size=8388608");
    add(connections, "--index_uncompressed_cache_size=0");
    add(connections, "--query_condition_cache_size=8388608");
    add(connections, "--compiled_expression_cache_size=8388608");
    add(connections, "--background_pool_size=2");
    add(connections, "--background_schedule_pool_size=4");
    add(connections, "--background_common_pool_size=2");
    add(connections, "--background_move_pool_size=1");
    add(connections, "--background_fetches_pool_size=1");
    add(connections, "--max_thread_pool_free_size=16");
    add(connections, "--logger.level=none");
}

static struct chdb_connection *connect(struct connections *connections, bool for_rows) {
    /* One INSERT, one block, one part a partition: then it is there whole or not at all. */
    static char *const rows_flags[] = {"--max_insert_block_size=100000000",
                                       "--min_insert_block_size_rows=100000000",
                                       "--min_insert_block_size_bytes=8000000000"};
    char *arguments[FLAGS_MAX + 6];
    int count = 0;
    arguments[count++] = "minipulse";
    arguments[count++] = connections->path;
    for (int i = 0; i < connections->flag_count; i++) {
        arguments[count++] = connections->flags[i];
    }
    for (int i = 0; for_rows && i < 3; i++) {
        arguments[count++] = rows_flags[i];
    }
    struct chdb_connection *connection = connections->chdb->connect(count, arguments);
    return connection && connection->client ? connection : NULL;
}

int connections_open(const struct chdb *chdb, const struct engine_config *config,
                     struct connections **out, struct mp_error *err) {
    struct connections *connections = calloc(1, sizeof(*connections));
    *out = connections;
    if (!connections) {
        return mp_fail(err, MP_E_MEMORY, "engine", "no memory");
    }
    connections->chdb = chdb;
    if (asprintf(&connections->path, "--path=%s", config->data_dir) < 0) {
        connections->path = NULL;
        return mp_fail(err, MP_E_MEMORY, "engine", "no memory");
    }
    add_flags(connections, config);
    connections->anchor = connect(connections, false);
    if (!connections->anchor) {
        return mp_fail(
            err, MP_E_UNAVAILABLE, config->data_dir,
            "chDB does not open the database: is it in use, or made by a newer version?");
    }
    return MP_OK;
}

void connections_close(struct connections *connections) {
    if (connections) {
        connection_free(connections, connections->anchor);
        free(connections->path);
        free(connections);
    }
}

struct chdb_connection *connection_new(struct connections *connections, bool for_rows) {
    return connect(connections, for_rows);
}

void connection_free(struct connections *connections, struct chdb_connection *connection) {
    if (connection) {
        connections->chdb->close_conn(connection);
    }
}

bool connection_run(const struct chdb *chdb, struct chdb_connection *connection, struct mp_str sql,
                    struct mp_buf *answer, struct mp_buf *exception) {
    static const char format[] = "TabSeparated";
    struct chdb_result *result =
        chdb->query_n(connection->client, sql.ptr, sql.len, format, sizeof(format) - 1);
    const char *error = result ? chdb->result_error(result) : "the engine gave no answer";
    if (error) {
        exception_copy(exception, error);
    } else if (answer) {
        mp_buf_append(answer, chdb->result_buffer(result), chdb->result_length(result));
    }
    if (result) {
        chdb->destroy_query_result(result);
    }
    return !error;
}
