#include "store/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define CONNECTIONS_DEFAULT 8

static bool is_identifier(const char *text) {
    if (!isalpha((unsigned char)text[0]) && text[0] != '_') {
        return false;
    }
    for (; *text; text++) {
        if (!isalnum((unsigned char)*text) && *text != '_') {
            return false;
        }
    }
    return true;
}

/* "host:port", "host", "[::1]:port": no user info, path or blanks. */
static bool host_is_plain(struct mp_str host) {
    if (host.len == 0) {
        return false;
    }
    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.ptr[i];
        if (!isalnum(c) && !strchr(".-:[]_", c)) {
            return false;
        }
    }
    return true;
}

static int parse_url(struct store *store, struct mp_str url, struct mp_error *err) {
    if (mp_str_starts_with(url, MP_STR("unix:"))) {
        store->is_unix = true;
        store->socket_path = strndup(url.ptr + 5, url.len - 5);
        snprintf(store->hosts[0], STORE_URL_MAX, "http://localhost");
        store->host_count = 1;
        return store->socket_path ? MP_OK : mp_fail(err, MP_E_MEMORY, "store_url", "no memory");
    }
    bool is_tls = mp_str_starts_with(url, MP_STR("https://"));
    if (!is_tls && !mp_str_starts_with(url, MP_STR("http://"))) {
        return mp_fail(err, MP_E_ARGUMENT, "store_url",
                       "must begin with unix:, http:// or https://");
    }
    struct mp_str rest = mp_str_range(url.ptr + (is_tls ? 8 : 7), url.len - (is_tls ? 8 : 7));
    if (rest.len > 0 && rest.ptr[rest.len - 1] == '/') {
        rest.len--;
    }
    while (rest.len > 0) {
        struct mp_str host = mp_str_trim(mp_str_cut(&rest, ','));
        if (!host_is_plain(host) || host.len > STORE_URL_MAX - 16 ||
            store->host_count == STORE_HOSTS_MAX) {
            return mp_fail(err, MP_E_ARGUMENT, "store_url",
                           "must list 1 to %d hosts as host:port, without user or path",
                           STORE_HOSTS_MAX);
        }
        snprintf(store->hosts[store->host_count++], STORE_URL_MAX, "%s://%.*s",
                 is_tls ? "https" : "http", MP_STR_ARG(host));
    }
    return store->host_count > 0 ? MP_OK
                                 : mp_fail(err, MP_E_ARGUMENT, "store_url", "names no host");
}

static char *copy_or_null(const char *text) {
    return text && text[0] ? strdup(text) : NULL;
}

int store_open(const struct store_config *config, struct store **out, struct mp_error *err) {
    struct store *store = calloc(1, sizeof(*store));
    *out = NULL;
    if (!store) {
        return mp_fail(err, MP_E_MEMORY, "store_url", "no memory");
    }
    pthread_mutex_init(&store->mutex, NULL);
    pthread_cond_init(&store->freed, NULL);
    store->connections_max =
        config->connections_max > 0 ? config->connections_max : CONNECTIONS_DEFAULT;
    store->connect_timeout_ms = config->connect_timeout_ms > 0 ? config->connect_timeout_ms : 3000;
    store->user = copy_or_null(config->user);
    store->password = copy_or_null(config->password);
    store->ca_file = copy_or_null(config->ca_file);
    store->database = strdup(config->database);
    store->idle = calloc((size_t)store->connections_max, sizeof(CURL *));
    int code = store->idle && store->database ? parse_url(store, mp_str_of(config->url), err)
                                              : mp_fail(err, MP_E_MEMORY, "store_url", "no memory");
    if (code == MP_OK && !is_identifier(store->database)) {
        code = mp_fail(err, MP_E_ARGUMENT, "store_database", "is not a plain name");
    }
    if (code == MP_OK && curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        code = mp_fail(err, MP_E_MEMORY, "store_url", "libcurl does not start");
    }
    if (code != MP_OK) {
        store_close(store);
        return code;
    }
    *out = store;
    return MP_OK;
}

void store_close(struct store *store) {
    if (!store) {
        return;
    }
    for (int i = 0; i < store->idle_count; i++) {
        curl_easy_cleanup(store->idle[i]);
    }
    free(store->idle);
    free(store->socket_path);
    free(store->user);
    free(store->password);
    free(store->database);
    free(store->ca_file);
    pthread_mutex_destroy(&store->mutex);
    pthread_cond_destroy(&store->freed);
    free(store);
}

int store_ping(struct store *store, struct mp_error *err) {
    struct call call = {.path = "/ping",
                        .query = "",
                        .timeout_ms = 5000,
                        .only_host = -1,
                        .without_database = true,
                        .may_fail_over = true};
    return store_call(store, &call, err);
}

static int append_data(void *arg, struct mp_str data) {
    struct mp_buf *out = arg;
    mp_buf_append_str(out, data);
    return out->failed;
}

int store_ask(struct store *store, struct mp_str sql, bool without_database, int only_host,
              struct mp_buf *out, struct mp_error *err) {
    struct call call = {.body = sql,
                        .timeout_ms = STORE_TIMEOUT_MS_DEFAULT,
                        .without_database = without_database,
                        .only_host = only_host,
                        .may_fail_over = true,
                        .on_data = out ? append_data : NULL,
                        .on_data_arg = out};
    return store_call(store, &call, err);
}

int store_exec(struct store *store, const char *sql, struct mp_error *err) {
    return store_ask(store, mp_str_of(sql), false, -1, NULL, err);
}

/* Statements that change something are sent to one host only: a lost connection does not tell
 * whether they were done. */
static bool only_reads(struct mp_str sql) {
    while (sql.len > 0) {
        sql = mp_str_trim(sql);
        if (!mp_str_starts_with(sql, MP_STR("--"))) {
            break;
        }
        (void)mp_str_cut(&sql, '\n');
    }
    return sql.len >= 6 && strncasecmp(sql.ptr, "SELECT", 6) == 0;
}

int store_run(struct store *store, struct store_statement *statement,
              const struct store_options *options, store_on_data *on_data, void *arg,
              struct mp_error *err) {
    static const struct store_options defaults;
    struct mp_buf text;
    if (!options) {
        options = &defaults;
    }
    mp_buf_init(&text, 16u << 20);
    int code = statement_text(statement, &text, err);
    if (code == MP_OK) {
        struct call call = {.body = mp_buf_str(&text),
                            .query_id = options->query_id,
                            .timeout_ms = options->timeout_ms,
                            .is_read_only = options->is_read_only,
                            .only_host = -1,
                            .may_fail_over = only_reads(mp_buf_str(&text)),
                            .is_cancelled = options->is_cancelled,
                            .is_cancelled_arg = options->is_cancelled_arg,
                            .on_data = on_data,
                            .on_data_arg = arg};
        code = store_call(store, &call, err);
    }
    mp_buf_deinit(&text);
    return code;
}

int store_run_into(struct store *store, struct store_statement *statement,
                   const struct store_options *options, struct mp_buf *out, struct mp_error *err) {
    int code = store_run(store, statement, options, append_data, out, err);
    if (out->failed) {
        return mp_fail(err, MP_E_TOO_LARGE, "", "the answer is over %zu bytes", out->max);
    }
    return code;
}
