#include "base/config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define VALUE_BYTES_MAX 4096
#define HOUR_MAX (24 * 365)

enum setting_type { SETTING_TEXT, SETTING_SECRET, SETTING_NUMBER, SETTING_BYTES };

struct setting {
    const char *name; /* in the file; MINIPULSE_NAME in the environment; --name with dashes */
    enum setting_type type;
    size_t offset;
    const char *fallback;
    int64_t least, most;
    const char *help;
};

#define TEXT(field, fallback, help)                                                                \
    { #field, SETTING_TEXT, offsetof(struct mp_config, field), fallback, 0, 0, help }
#define SECRET(field, help)                                                                        \
    { #field, SETTING_SECRET, offsetof(struct mp_config, field), "", 0, 0, help }
#define NUMBER(field, fallback, least, most, help)                                                 \
    { #field, SETTING_NUMBER, offsetof(struct mp_config, field), fallback, least, most, help }
#define BYTES(field, fallback, least, most, help)                                                  \
    { #field, SETTING_BYTES, offsetof(struct mp_config, field), fallback, least, most, help }

static const struct setting settings[] = {
    TEXT(data_dir, "data", "Where the journal, the apps and the embedded engine's tables live."),
    TEXT(listen, "127.0.0.1:8080", "Address and port of the HTTP server; port 0 takes a free one."),
    NUMBER(http_threads, "2", 1, 64, "Event loop threads of the HTTP server."),
    NUMBER(http_workers, "8", 1, 256, "Reports that may run at once."),
    NUMBER(connections_max, "10000", 10, 1000000, "Open HTTP connections; more are refused."),
    TEXT(trusted_proxies, "",
         "Addresses or networks (10.0.0.0/8,::1) whose X-Forwarded-For is believed."),
    TEXT(tls_cert, "", "PEM file of the certificate chain; empty = plain HTTP."),
    TEXT(tls_key, "", "PEM file of its key."),
    TEXT(mmdb_file, "", "A .mmdb file for regions; overrules the bundled table where it answers."),
    TEXT(store_url, "",
         "http[s]://host:port[,host:port…] of ClickHouse servers; empty = the embedded engine."),
    TEXT(store_user, "", "User at the ClickHouse servers."),
    SECRET(store_password, "Password at the ClickHouse servers."),
    TEXT(store_database, "minipulse", "Database of all tables."),
    TEXT(store_ca_file, "", "PEM file of the authority that signed the servers' certificates."),
    NUMBER(query_timeout_ms, "30000", 100, 3600000, "A report that takes longer is cancelled."),
    BYTES(journal_max_bytes, "4G", 1 << 20, INT64_MAX,
          "The journal's size on disk; when it is reached, events are refused with 503."),
    BYTES(journal_segment_bytes, "64M", 1 << 16, 1LL << 32, "Size of one journal file."),
    NUMBER(journal_commit_delay_us, "0", 0, 100000,
           "How long a group commit waits for company before its fsync."),
    NUMBER(batch_events_max, "200000", 1, 1000000, "Events in one insert."),
    NUMBER(batch_wait_ms, "200", 1, 60000, "How long an event may wait for others to be inserted."),
    NUMBER(rollup_wait_ms, "1000", 1, 600000, "How far rollups may lag behind events when busy."),
    NUMBER(late_hours, "72", 1, HOUR_MAX, "Older events are counted at the time of receipt."),
    NUMBER(dedupe_hours, "72", 72, HOUR_MAX, "How long a repeated event id is recognised."),
    TEXT(engine_library, "", "Path of libchdb.so; empty = beside the binary or in node_modules."),
    BYTES(engine_memory_bytes, "2G", 256 << 20, INT64_MAX, "Memory limit of the engine."),
    NUMBER(engine_threads, "0", 0, 1024, "Threads of one query; 0 = as many as cores."),
    NUMBER(engine_connections, "4", 1, 64, "Queries that read at once."),
    TEXT(engine_listen, "", "host:port for read-only SQL from other tools; empty = closed."),
    TEXT(engine_user, "reader", "User of the read-only port."),
    SECRET(engine_password, "Password of the read-only port; needed to open it."),
    TEXT(log_level, "info", "debug, info, warn or error."),
    TEXT(log_format, "text", "text (logfmt) or json."),
};

#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

/* Number with K, M, G, T for bytes (powers of 1024). */
static bool parse_number(const struct setting *setting, struct mp_str text, int64_t *out) {
    int64_t scale = 1;
    if (setting->type == SETTING_BYTES && text.len > 0) {
        const char *units = "KMGT";
        const char *unit = strchr(units, toupper((unsigned char)text.ptr[text.len - 1]));
        if (unit && *unit) {
            scale = 1LL << (10 * (unit - units + 1));
            text.len--;
        }
    }
    return mp_str_to_i64(text, out) && !__builtin_mul_overflow(*out, scale, out);
}

static int assign(struct mp_config *config, const struct setting *setting, const char *value,
                  const char *place, struct mp_error *err) {
    char *slot = (char *)config + setting->offset;
    if (setting->type == SETTING_NUMBER || setting->type == SETTING_BYTES) {
        int64_t number = 0;
        if (!parse_number(setting, mp_str_of(value), &number) || number < setting->least ||
            number > setting->most) {
            return mp_fail(err, MP_E_ARGUMENT, setting->name,
                           "%s: \"%s\" is not a number from %" PRId64 " to %" PRId64, place, value,
                           setting->least, setting->most);
        }
        memcpy(slot, &number, sizeof(number));
        return MP_OK;
    }
    if (strlen(value) >= VALUE_BYTES_MAX) {
        return mp_fail(err, MP_E_ARGUMENT, setting->name, "%s: too long", place);
    }
    char *copy = strdup(value);
    if (!copy || config->owned_count == sizeof(config->owned) / sizeof(config->owned[0])) {
        free(copy);
        return mp_fail(err, MP_E_MEMORY, setting->name, "%s: no memory", place);
    }
    config->owned[config->owned_count++] = copy;
    memcpy(slot, &copy, sizeof(copy));
    return MP_OK;
}

/* Compares a setting's name with text in which '-' may stand for '_'. */
static bool same_name(const char *name, struct mp_str text) {
    if (strlen(name) != text.len) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i] == '-' ? '_' : text.ptr[i];
        if (name[i] != c) {
            return false;
        }
    }
    return true;
}

/* How many leading letters two names share: good enough to hint at a slip. */
static const char *nearest(struct mp_str name) {
    const char *best = settings[0].name;
    size_t best_len = 0;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        size_t len = 0;
        while (len < name.len && settings[i].name[len] &&
               settings[i].name[len] == (name.ptr[len] == '-' ? '_' : name.ptr[len])) {
            len++;
        }
        if (len > best_len) {
            best_len = len;
            best = settings[i].name;
        }
    }
    return best;
}

static const struct setting *find(struct mp_str name, const char *place, struct mp_error *err) {
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (same_name(settings[i].name, name)) {
            return &settings[i];
        }
    }
    char field[64];
    snprintf(field, sizeof(field), "%.*s", MP_STR_ARG(name));
    mp_fail(err, MP_E_ARGUMENT, field, "%s: there is no such setting; did you mean %s?", place,
            nearest(name));
    return NULL;
}

struct file_state {
    struct mp_config *config;
    const char *path;
    struct mp_error *err;
    int code;
};

static int on_ini(void *arg, const char *section, const char *name, const char *value) {
    struct file_state *state = arg;
    (void)section;
    const struct setting *setting = find(mp_str_of(name), state->path, state->err);
    state->code =
        setting ? assign(state->config, setting, value, state->path, state->err) : MP_E_ARGUMENT;
    return state->code == MP_OK;
}

static int read_file(struct mp_config *config, const char *path, struct mp_error *err) {
    struct file_state state = {config, path, err, MP_OK};
    int line = ini_parse(path, on_ini, &state);
    if (state.code != MP_OK) {
        return mp_error_wrap(err, "line %d", line);
    }
    if (line > 0) {
        return mp_fail(err, MP_E_ARGUMENT, path, "line %d is not name = value", line);
    }
    return line < 0 ? mp_fail_sys(err, errno, path, "cannot read the config file") : MP_OK;
}

static void environment_name(const struct setting *setting, char *out, size_t size) {
    snprintf(out, size, "MINIPULSE_%s", setting->name);
    for (char *at = out; *at; at++) {
        *at = (char)toupper((unsigned char)*at);
    }
}

static int read_environment(struct mp_config *config, struct mp_error *err) {
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char name[80];
        environment_name(&settings[i], name, sizeof(name));
        const char *value = getenv(name);
        int code = value ? assign(config, &settings[i], value, name, err) : MP_OK;
        if (code != MP_OK) {
            return code;
        }
    }
    return MP_OK;
}

static int read_flags(struct mp_config *config, int argc, char **argv, struct mp_error *err) {
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) != 0) {
            return mp_fail(err, MP_E_ARGUMENT, argv[i], "is not a flag");
        }
        const char *equals = strchr(argv[i], '=');
        size_t len = equals ? (size_t)(equals - argv[i]) - 2 : strlen(argv[i]) - 2;
        const struct setting *setting = find(mp_str_range(argv[i] + 2, len), argv[i], err);
        if (!setting) {
            return err->code;
        }
        if (!equals && i + 1 == argc) {
            return mp_fail(err, MP_E_ARGUMENT, setting->name, "the flag has no value");
        }
        const char *value = equals ? equals + 1 : argv[++i];
        int code = assign(config, setting, value, "flag", err);
        if (code != MP_OK) {
            return code;
        }
    }
    return MP_OK;
}

int mp_config_read(struct mp_config *config, const char *file, int argc, char **argv,
                   struct mp_error *err) {
    *config = (struct mp_config){0};
    int code = MP_OK;
    for (size_t i = 0; i < SETTING_COUNT && code == MP_OK; i++) {
        code = assign(config, &settings[i], settings[i].fallback, "default", err);
    }
    if (code == MP_OK && file) {
        code = read_file(config, file, err);
    }
    if (code == MP_OK) {
        code = read_environment(config, err);
    }
    if (code == MP_OK) {
        code = read_flags(config, argc, argv, err);
    }
    if (code != MP_OK) {
        mp_config_deinit(config);
    }
    return code;
}

void mp_config_deinit(struct mp_config *config) {
    for (size_t i = 0; i < config->owned_count; i++) {
        free(config->owned[i]);
    }
    *config = (struct mp_config){0};
}

static void describe_one(struct mp_buf *out, const struct setting *setting, bool as_markdown) {
    char variable[80], flag[80];
    environment_name(setting, variable, sizeof(variable));
    snprintf(flag, sizeof(flag), "--%s", setting->name);
    for (char *at = flag; *at; at++) {
        *at = *at == '_' ? '-' : *at;
    }
    const char *fallback = setting->fallback[0] ? setting->fallback : "(empty)";
    if (as_markdown) {
        mp_buf_printf(out, "| `%s` | `%s` | `%s` | %s | %s |\n", setting->name, variable, flag,
                      fallback, setting->help);
    } else {
        mp_buf_printf(out, "  %-26s %s [%s]\n", flag, setting->help, fallback);
    }
}

void mp_config_describe(struct mp_buf *out, bool as_markdown) {
    if (as_markdown) {
        mp_buf_append_text(out, "| setting | environment | flag | default | what it does |\n"
                                "| --- | --- | --- | --- | --- |\n");
    }
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        describe_one(out, &settings[i], as_markdown);
    }
}
