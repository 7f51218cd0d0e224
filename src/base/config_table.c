/* The settings. Order is the order of docs/config.md and --help. */
#include "base/config_table.h"

/* The field's offset; does not compile when the field is of another type than the setting. */
#define TEXT_AT(field)                                                                             \
    (offsetof(struct mp_config, field) + _Generic(((struct mp_config *)0)->field, const char * : 0))
#define NUMBER_AT(field)                                                                           \
    (offsetof(struct mp_config, field) + _Generic(((struct mp_config *)0)->field, int64_t : 0))

#define TEXT(field) .name = #field, .type = MP_SETTING_TEXT, .offset = TEXT_AT(field)
#define NUMBER(field) .name = #field, .type = MP_SETTING_NUMBER, .offset = NUMBER_AT(field)
#define BYTES(field) .name = #field, .type = MP_SETTING_BYTES, .offset = NUMBER_AT(field)
#define CHOICE(field) .name = #field, .type = MP_SETTING_CHOICE, .offset = NUMBER_AT(field)

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)
#define YEAR_HOURS (366 * 24)

const struct mp_setting mp_settings[] = {
    {TEXT(config), .standard = "", .not_in_file = true,
     .doc = "The configuration file. Not given: `minipulse.ini` in the working directory, if there "
            "is one; empty: none."},
    {TEXT(data_dir), .standard = "data", .rule = MP_RULE_FILLED,
     .doc = "Folder of all that Minipulse keeps: apps, journal, engine. Made when missing."},
    {TEXT(default_zone), .standard = "Asia/Shanghai", .rule = MP_RULE_ZONE,
     .doc = "Time zone of apps that are added without one."},
    {CHOICE(log_level), .standard = "info", .choices = "debug|info|warn|error",
     .doc = "The least important log lines to write."},
    {CHOICE(log_format), .standard = "text", .choices = "text|json",
     .doc = "Log lines as text (logfmt) or as JSON objects, on standard error."},

    {TEXT(listen), .standard = "127.0.0.1:8080", .rule = MP_RULE_FILLED,
     .doc = "Address and port to serve on; `[::]:8080` is every address."},
    {NUMBER(http_threads), .standard = "2", .min = 1, .max = 64,
     .doc = "Event loop threads, which accept events."},
    {NUMBER(http_workers), .standard = "8", .min = 1, .max = 256,
     .doc = "Threads that answer reports; each may wait for a query."},
    {NUMBER(connections_max), .standard = "4096", .min = 16, .max = 1000000,
     .doc = "Client connections open at once; the open file limit must allow them."},
    {TEXT(trusted_proxies), .standard = "",
     .doc = "Addresses and networks, separated by commas, whose `X-Forwarded-For` is believed: "
            "`127.0.0.1,10.0.0.0/8`."},
    {TEXT(tls_cert), .standard = "",
     .doc = "Certificate chain (PEM) to serve HTTPS; goes with `tls_key`."},
    {TEXT(tls_key), .standard = "", .doc = "Private key (PEM) of `tls_cert`."},
    {TEXT(mmdb_file), .standard = "",
     .doc = "A MaxMind-format file for the region of addresses, asked before the table that is "
            "built in."},

    {NUMBER(session_hours), .standard = "168", .min = 1, .max = YEAR_HOURS,
     .doc = "Hours that a log-in holds; then it is asked for again."},

    {TEXT(store_url), .standard = "",
     .doc = "ClickHouse servers, `http[s]://host:port[,host2:port2]`; empty = the embedded "
            "engine."},
    {TEXT(store_user), .standard = "", .doc = "User at the ClickHouse servers."},
    {TEXT(store_password), .standard = "", .is_secret = true,
     .doc = "Password at the ClickHouse servers."},
    {TEXT(store_database), .standard = "minipulse", .rule = MP_RULE_IDENTIFIER,
     .doc = "Database for Minipulse's tables; made when missing."},
    {TEXT(store_ca_file), .standard = "",
     .doc = "Certificates (PEM) to trust instead of the system's when `store_url` is https."},
    {NUMBER(query_timeout_ms), .standard = "30000", .min = 100, .max = 3600000,
     .doc = "Milliseconds that a report's query may take."},

    {BYTES(journal_max_bytes), .standard = "4G", .min = 16 * MIB, .max = 4096 * GIB,
     .doc = "Bytes of events on disk that wait for the engine; when reached, collecting answers "
            "503 until there is room."},
    {BYTES(journal_segment_bytes), .standard = "64M", .min = MIB, .max = 4 * GIB,
     .doc = "Bytes of one journal file; at most a quarter of `journal_max_bytes`."},
    {NUMBER(journal_commit_delay_us), .standard = "0", .min = 0, .max = 100000,
     .doc = "Microseconds that a commit waits for company; more of it means fewer disk syncs and "
            "slower answers."},

    {NUMBER(batch_events_max), .standard = "100000", .min = 1, .max = 1000000,
     .doc = "Events loaded into the engine at once."},
    {NUMBER(batch_wait_ms), .standard = "1000", .min = 0, .max = 60000,
     .doc = "Milliseconds that a batch may wait to fill."},
    {NUMBER(rollup_wait_ms), .standard = "5000", .min = 0, .max = 600000,
     .doc = "Milliseconds that reports may lag behind the events."},
    {BYTES(rollup_cache_bytes), .standard = "128M", .min = 0, .max = 64 * GIB,
     .doc = "Bytes of memory for the recent events of users, while events come in, so that reports "
            "follow without reading them back; given back after three quiet seconds."},
    {BYTES(realtime_bytes), .standard = "256M", .min = 1 * MIB, .max = 64 * GIB,
     .doc = "Bytes of memory for real-time figures, while somebody watches them; some 500 for each "
            "visitor of the day, twice that for a moment. Beyond it they are too low, and say so."},
    {NUMBER(late_hours), .standard = "72", .min = 1, .max = YEAR_HOURS,
     .doc = "Hours that an event may be late and still count at its own time; later ones count at "
            "the time of receipt."},
    {NUMBER(dedupe_hours), .standard = "72", .min = 72, .max = YEAR_HOURS,
     .doc = "Hours within which an event sent again is counted once."},

    {TEXT(engine_library), .standard = "",
     .doc = "Path of `libchdb.so`; empty = looked for beside the program and in the system's "
            "library folders."},
    {BYTES(engine_memory_bytes), .standard = "2G", .min = 256 * MIB, .max = 4096 * GIB,
     .doc = "Bytes of memory that the embedded engine may take for queries and merges."},
    {NUMBER(engine_threads), .standard = "0", .min = 0, .max = 256,
     .doc = "Threads of one query in the embedded engine; 0 = as many as processors."},
    {NUMBER(engine_connections), .standard = "4", .min = 1, .max = 64,
     .doc = "Queries that the embedded engine runs at once."},
    {TEXT(engine_listen), .standard = "",
     .doc = "Address and port where other tools may read from the embedded engine over "
            "ClickHouse's HTTP protocol, `127.0.0.1:8123`; empty = nowhere. Needs "
            "`engine_password`."},
    {TEXT(engine_user), .standard = "reader", .rule = MP_RULE_IDENTIFIER,
     .doc = "User at `engine_listen`."},
    {TEXT(engine_password), .standard = "", .is_secret = true,
     .doc = "Password at `engine_listen`."},
};
const size_t mp_setting_count = sizeof(mp_settings) / sizeof(mp_settings[0]);
_Static_assert(sizeof(mp_settings) / sizeof(mp_settings[0]) <= MP_SETTINGS_MAX, "see its uses");

const struct mp_setting *mp_setting_find(struct mp_str name) {
    for (size_t i = 0; i < mp_setting_count; i++) {
        if (mp_str_is(name, mp_settings[i].name)) {
            return &mp_settings[i];
        }
    }
    return NULL;
}
