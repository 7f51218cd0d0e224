#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "store/internal.h"

#define PORT_HTTP 8123
#define PORT_HTTPS 8443

static bool is_host_byte(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '-' || byte == '_';
}

/* "name" or "[ipv6]"; nothing that could carry a user, a path or another URL. */
static bool is_host(struct mp_str host) {
    bool is_v6 = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    size_t from = is_v6 ? 1 : 0;
    size_t to = host.len - from;
    for (size_t i = from; i < to; i++) {
        if (!is_host_byte(host.ptr[i]) && !(is_v6 && host.ptr[i] == ':')) {
            return false;
        }
    }
    return host.len > 0;
}

static int add_origin(struct store *store, const char *scheme, struct mp_str authority,
                      struct mp_error *err) {
    uint64_t port = strcmp(scheme, "https") == 0 ? PORT_HTTPS : PORT_HTTP;
    struct mp_str host = authority;
    const char *bracket = memrchr(authority.ptr, ']', authority.len);
    const char *colon = memrchr(authority.ptr, ':', authority.len);
    if (colon && colon > bracket) {
        host.len = (size_t)(colon - authority.ptr);
        struct mp_str text = {colon + 1, authority.len - host.len - 1};
        if (!mp_str_to_u64(text, &port) || port == 0 || port > 65535) {
            return mp_fail(err, MP_E_ARGUMENT, "store_url", "the port is not a number up to 65535");
        }
    }
    if (!is_host(host) || host.len > STORE_ORIGIN_BYTES_MAX - 32) {
        return mp_fail(err, MP_E_ARGUMENT, "store_url",
                       "a host has only letters, digits, '.', '-', '_' or is an [IPv6 address]");
    }
    if (store->origin_count == STORE_HOSTS_MAX) {
        return mp_fail(err, MP_E_ARGUMENT, "store_url", "more than %d hosts", STORE_HOSTS_MAX);
    }
    char *origin = NULL;
    if (asprintf(&origin, "%s://%.*s:%u", scheme, MP_STR_ARG(host), (unsigned)port) < 0) {
        return mp_fail(err, MP_E_MEMORY, "store_url", "out of memory");
    }
    store->origins[store->origin_count++] = origin;
    return 0;
}

static int parse_socket(struct store *store, struct mp_str path, struct mp_error *err) {
    if (path.len == 0 || path.ptr[0] != '/' ||
        path.len >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
        return mp_fail(err, MP_E_ARGUMENT, "store_url",
                       "a socket's path begins with / and has at most 107 bytes");
    }
    store->socket_path = strdup(path.ptr);
    if (!store->socket_path) {
        return mp_fail(err, MP_E_MEMORY, "store_url", "out of memory");
    }
    return add_origin(store, "http", MP_STR("engine"), err);
}

int store_url_parse(struct store *store, const char *url, struct mp_error *err) {
    struct mp_str rest = mp_str_of(url);
    static const char *const schemes[] = {"http", "https"};
    if (mp_str_starts_with(rest, MP_STR("unix:"))) {
        return parse_socket(store, mp_str_range(rest.ptr + 5, rest.len - 5), err);
    }
    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(schemes[i]);
        struct mp_str behind = {rest.ptr + len, rest.len - len};
        if (!mp_str_starts_with(rest, mp_str_of(schemes[i])) ||
            !mp_str_starts_with(behind, MP_STR("://"))) {
            continue;
        }
        behind = mp_str_range(behind.ptr + 3, behind.len - 3);
        if (behind.len > 0 && behind.ptr[behind.len - 1] == '/') {
            behind.len--;
        }
        do {
            int code = add_origin(store, schemes[i], mp_str_cut(&behind, ','), err);
            if (code) {
                return code;
            }
        } while (behind.ptr);
        return 0;
    }
    return mp_fail(err, MP_E_ARGUMENT, "store_url",
                   "the URL begins with unix:, http:// or https://");
}

void store_url_param(struct mp_buf *url, const char *key, struct mp_str value) {
    mp_buf_append_text(url, key);
    mp_buf_append_byte(url, '=');
    for (size_t i = 0; i < value.len; i++) {
        if (is_host_byte(value.ptr[i])) {
            mp_buf_append_byte(url, (uint8_t)value.ptr[i]);
        } else {
            mp_buf_printf(url, "%%%02X", (uint8_t)value.ptr[i]);
        }
    }
    mp_buf_append_byte(url, '&');
}

void store_url_param_i64(struct mp_buf *url, const char *key, int64_t value) {
    mp_buf_printf(url, "%s=%lld&", key, (long long)value);
}
