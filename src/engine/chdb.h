/*
 * Private to engine/. The functions of libchdb.so that we use, declared by us: the package brings
 * no header. Names and types as the public chDB C interface documents them (version 26.7).
 */
#ifndef MP_ENGINE_CHDB_H
#define MP_ENGINE_CHDB_H

#include "base/error.h"

struct chdb_client;
/* chdb_connect gives a pointer to this; all else takes what stands in it. */
struct chdb_connection {
    struct chdb_client *client;
};
struct chdb_result;
struct chdb_insert_stream;

/* What the engine's own parser says of a text. */
struct chdb_analysis {
    uint32_t struct_size; /* filled in by the caller */
    uint32_t statement_count;
    uint32_t flags;
    uint32_t query_class; /* enum chdb_class */
};

enum chdb_class {
    CHDB_CLASS_READS = 0,          /* SELECT, SHOW, DESCRIBE, EXPLAIN, EXISTS, CHECK */
    CHDB_CLASS_WRITES = 1,         /* INSERT, CREATE, ALTER, DROP, … */
    CHDB_CLASS_WRITES_GLOBALS = 2, /* functions, users, system tables */
    CHDB_CLASS_CONTROLS = 3,       /* SET, USE, SYSTEM, KILL, INTO OUTFILE, … */
    CHDB_CLASS_UNKNOWN = 4,        /* does not parse */
};

struct chdb {
    void *handle;
    struct chdb_connection *(*connect)(int argc, char **argv);
    void (*close_conn)(struct chdb_connection *connection);
    void (*set_signal_handlers_enabled)(int enabled);
    int (*classify_query_n)(struct chdb_client *, const char *query, size_t query_len,
                            const char *database, size_t database_len, struct chdb_analysis *out);
    struct chdb_result *(*query_n)(struct chdb_client *, const char *query, size_t query_len,
                                   const char *format, size_t format_len);
    struct chdb_result *(*stream_query_n)(struct chdb_client *, const char *query, size_t query_len,
                                          const char *format, size_t format_len);
    struct chdb_result *(*stream_fetch_result)(struct chdb_client *, struct chdb_result *stream);
    void (*stream_cancel_query)(struct chdb_client *, struct chdb_result *stream);
    void (*destroy_query_result)(struct chdb_result *result);
    char *(*result_buffer)(struct chdb_result *result);
    size_t (*result_length)(struct chdb_result *result);
    double (*result_elapsed)(struct chdb_result *result);
    const char *(*result_error)(struct chdb_result *result);
    uint64_t (*result_storage_rows_read)(struct chdb_result *result);
    uint64_t (*result_storage_bytes_read)(struct chdb_result *result);
    uint64_t (*result_rows_written)(struct chdb_result *result);
    struct chdb_insert_stream *(*stream_insert_n)(struct chdb_client *, const char *query,
                                                  size_t query_len, const char *format,
                                                  size_t format_len);
    int (*stream_append)(struct chdb_insert_stream *stream, const void *data, size_t len);
    struct chdb_result *(*stream_done)(struct chdb_insert_stream *stream);
    void (*stream_cancel_insert)(struct chdb_insert_stream *stream);
    const char *(*stream_insert_error)(struct chdb_insert_stream *stream);
    void (*destroy_insert_stream)(struct chdb_insert_stream *stream);
};

/* Loads the library and all of the above; names the path or symbol that is missing. */
MP_MUST_CHECK int chdb_load(const char *path, struct chdb *out, struct mp_error *err);

#endif
