#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/internal.h"

#define CONNECTIONS_DEFAULT 8
#define CONNECT_TIMEOUT_MS_DEFAULT 3000
#define CREDENTIAL_BYTES_MAX 1000

static void curl_init_once(void) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool is_identifier(const char *text) {
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return len > 0 && len <= 64 && text[len] == '\0' && !(text[0] >= '0' && text[0] <= '9');
}

static bool is_header_value(const char *text) {
    for (size_t i = 0; text[i]; i++) {
        if ((unsigned char)text[i] < 0x20 || i == CREDENTIAL_BYTES_MAX) {
            return false;
        }
    }
    return true;
}

static int check_config(const struct store_config *config, struct mp_error *err) {
    if (!config->database || !is_identifier(config->database)) {
        return mp_fail(err, MP_E_ARGUMENT, "store_database",
                       "has only letters, digits and _, and begins with no digit");
    }
    if (!is_header_value(config->user ? config->user : "")) {
        return mp_fail(err, MP_E_ARGUMENT, "store_user", "is too long or has control bytes");
    }
    if (!is_header_value(config->password ? config->password : "")) {
        return mp_fail(err, MP_E_ARGUMENT, "store_password", "is too long or has control bytes");
    }
    if (config->connections_max < 0 || config->connections_max > STORE_CONNECTIONS_MAX) {
        return mp_fail(err, MP_E_ARGUMENT, "store_connections", "is not 0 to %d",
                       STORE_CONNECTIONS_MAX);
    }
    return 0;
}

/* A line "Name: value". For libcurl "Name;" is a header without value, and "Name:" one that is not
 * sent. False when memory is out. */
static bool add_header(struct curl_slist **list, const char *line) {
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer) {
        *list = longer;
    }
    return longer != NULL;
}

static bool add_credential(struct curl_slist **list, const char *name, const char *value) {
    char line[CREDENTIAL_BYTES_MAX + 64];
    bool is_empty = !value || value[0] == '\0';
    snprintf(line, sizeof(line), is_empty ? "%s;" : "%s: %s", name, value);
    return add_header(list, line);
}

static bool make_headers(struct store *store, const struct store_config *config) {
    struct curl_slist **lists[] = {&store->headers, &store->insert_headers};
    bool is_ok = true;
    for (size_t i = 0; i < 2 && config->user; i++) {
        is_ok &= add_credential(lists[i], "X-ClickHouse-User", config->user);
        is_ok &= add_credential(lists[i], "X-ClickHouse-Key", config->password);
    }
    is_ok &= add_header(&store->headers, "Content-Type: text/plain; charset=UTF-8");
    is_ok &= add_header(&store->headers, "Expect:");
    is_ok &= add_header(&store->insert_headers, "Content-Type: application/octet-stream");
    is_ok &= add_header(&store->insert_headers, "Expect: 100-continue");
    /* A server takes a body that was cut at the end of a row for the whole, unless it is framed.
     * Our own engine does not, and is on the same machine. */
    if (!store->socket_path) {
        is_ok &= add_header(&store->insert_headers, "Content-Encoding: deflate");
    }
    return is_ok;
}

static int fill(struct store *store, const struct store_config *config, struct mp_error *err) {
    int code = store_url_parse(store, config->url ? config->url : "", err);
    if (code) {
        return code;
    }
    store->connections_max =
        config->connections_max ? config->connections_max : CONNECTIONS_DEFAULT;
    store->connect_timeout_ms =
        config->connect_timeout_ms > 0 ? config->connect_timeout_ms : CONNECT_TIMEOUT_MS_DEFAULT;
    store->database = strdup(config->database);
    store->ca_file = config->ca_file ? strdup(config->ca_file) : NULL;
    if (!store->database || (config->ca_file && !store->ca_file) || !make_headers(store, config)) {
        return mp_fail(err, MP_E_MEMORY, "store", "out of memory");
    }
    return 0;
}

int store_open(const struct store_config *config, struct store **out, struct mp_error *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, curl_init_once);
    int code = check_config(config, err);
    if (code) {
        return code;
    }
    struct store *store = calloc(1, sizeof(*store));
    if (!store) {
        return mp_fail(err, MP_E_MEMORY, "store", "out of memory");
    }
    code = store_pool_init(store, err);
    if (code) {
        free(store);
        return code;
    }
    code = fill(store, config, err);
    if (code) {
        store_close(store);
        return code;
    }
    *out = store;
    return 0;
}

void store_close(struct store *store) {
    if (!store) {
        return;
    }
    store_pool_deinit(store);
    curl_slist_free_all(store->headers);
    curl_slist_free_all(store->insert_headers);
    for (int i = 0; i < store->origin_count; i++) {
        free(store->origins[i]);
    }
    free(store->socket_path);
    free(store->database);
    free(store->ca_file);
    free(store);
}

int store_ping(struct store *store, struct mp_error *err) {
    struct store_call call = {.url_path = MP_STR("/ping"),
                              .is_repeatable = true,
                              .only_origin = -1,
                              .timeout_ms = STORE_PING_TIMEOUT_MS};
    return store_call_perform(store, &call, err);
}
