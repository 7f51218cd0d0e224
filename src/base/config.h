/*
 * The configuration: one table of settings (config_table.c), read once by cmd/ before threads
 * start, passed down, never written again. A setting "http_threads" comes from, weakest first: its
 * default; the file (INI without sections, `http_threads = 4`); the environment
 * (MINIPULSE_HTTP_THREADS); a flag (--http-threads=4 or --http-threads 4). Unknown names are
 * errors, with the nearest known name; each error names setting, place and reason.
 */
#ifndef MP_BASE_CONFIG_H
#define MP_BASE_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MP_CONFIG_FILE_DEFAULT "minipulse.ini" /* in the working directory; may be missing */

enum mp_log_format { MP_LOG_TEXT, MP_LOG_JSON };

/* Texts are never NULL; "" = not set. What each means: docs/config.md, made from the table. */
struct mp_config {
    const char *config; /* the file that was read, "" = none */
    const char *data_dir;
    const char *default_zone;
    int64_t log_level;  /* enum mp_log_level */
    int64_t log_format; /* enum mp_log_format */

    const char *listen;
    int64_t http_threads;
    int64_t http_workers;
    int64_t connections_max;
    const char *trusted_proxies;
    const char *tls_cert;
    const char *tls_key;
    const char *mmdb_file;
    int64_t session_hours;

    const char *store_url; /* "" = the embedded engine */
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
    int64_t rollup_cache_bytes;
    int64_t realtime_bytes;
    int64_t late_hours;
    int64_t dedupe_hours;

    const char *engine_library;
    int64_t engine_memory_bytes;
    int64_t engine_threads; /* 0 = as many as processors */
    int64_t engine_connections;
    const char *engine_listen;
    const char *engine_user;
    const char *engine_password;

    struct mp_arena texts; /* owns what the texts above point to */
};

/* A flag of a subcommand that is no setting, as `demo --users 1000`. */
struct mp_flag {
    const char *name;       /* "users" */
    const char *value_name; /* "N", for help; NULL = a switch that takes no value */
    char letter;            /* 'o': may be given as -o too; 0 = none */
    const char *doc;        /* one sentence */
    const char *value;      /* out: NULL = not given; "" for a switch; borrows from argv */
};

struct mp_config_input {
    char *const *environment; /* as environ; NULL = none */
    char *const *argv;        /* what stands behind the subcommand's name */
    int argc;
    struct mp_flag *flags; /* the subcommand's own */
    size_t flag_count;
    const char **positionals; /* out: arguments that are no flags; borrow from argv */
    size_t positionals_max;   /* more are an error */
    size_t positional_count;  /* out */
};

/* MP_E_ARGUMENT, MP_E_NOT_FOUND and MP_E_IO (of a file that was named), MP_E_MEMORY. On failure
 * nothing is left to deinit. */
MP_MUST_CHECK int mp_config_read(struct mp_config *out, struct mp_config_input *input,
                                 struct mp_error *err);
void mp_config_deinit(struct mp_config *config);

/* The table as Markdown, for docs/config.md. */
void mp_config_markdown(struct mp_buf *out);
/* The subcommand's flags (may be none), then the settings, for --help. */
void mp_config_help(struct mp_buf *out, const struct mp_flag *flags, size_t flag_count);
/* Every setting in force, one "name = value" a line, for doctor. Secrets are only "(set)". */
void mp_config_show(const struct mp_config *config, struct mp_buf *out);

#ifdef __cplusplus
}
#endif
#endif
