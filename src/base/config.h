/*
 * The settings: one table, read once at start from defaults, the file, the environment and flags,
 * each overruling the one before; then only read. docs/config.md is printed from the table.
 */
#ifndef MP_BASE_CONFIG_H
#define MP_BASE_CONFIG_H

#include "base/buf.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mp_config {
    const char *data_dir;
    const char *listen;
    int64_t http_threads;
    int64_t http_workers;
    int64_t connections_max;
    const char *trusted_proxies;
    const char *tls_cert;
    const char *tls_key;
    const char *mmdb_file;
    const char *store_url;
    const char *store_user;
    const char *store_password;
    const char *store_database;
    const char *store_ca_file;
    int64_t query_timeout_ms;
    int64_t journal_max_bytes;
    int64_t journal_segment_bytes;
    int64_t journal_commit_delay_us;
    int64_t batch_events_max;
    int64_t batch_wait_ms;
    int64_t rollup_wait_ms;
    int64_t late_hours;
    int64_t dedupe_hours;
    const char *engine_library;
    int64_t engine_memory_bytes;
    int64_t engine_threads;
    int64_t engine_connections;
    const char *engine_listen;
    const char *engine_user;
    const char *engine_password;
    const char *log_level;
    const char *log_format;
    void *owned[64]; /* texts that were copied */
    size_t owned_count;
};

/*
 * argc/argv: flags only; "--name value" and "--name=value". Flags that are no setting are an
 * error. file: NULL = none. 0, or MP_E_ARGUMENT with the setting in field and its place in the
 * message. Free with mp_config_deinit.
 */
MP_MUST_CHECK int mp_config_read(struct mp_config *config, const char *file, int argc, char **argv,
                                 struct mp_error *err);
void mp_config_deinit(struct mp_config *config);
/* The table as Markdown (docs/config.md), or as the lines of --help. */
void mp_config_describe(struct mp_buf *out, bool as_markdown);

#ifdef __cplusplus
}
#endif
#endif
