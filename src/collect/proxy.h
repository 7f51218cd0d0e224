/* Private to collect/: whose X-Forwarded-For is believed. */
#ifndef MP_COLLECT_PROXY_H
#define MP_COLLECT_PROXY_H

#include "base/error.h"

#define PROXIES_MAX 64

struct proxy_network {
    uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
    int bits;
};

struct proxies {
    struct proxy_network networks[PROXIES_MAX];
    size_t count;
};

MP_MUST_CHECK int proxies_parse(const char *list, struct proxies *out, struct mp_error *err);
/*
 * The client's address: the connection's own, or, where that is a trusted proxy, the last address
 * of X-Forwarded-For that is not one. What a client writes there itself is never believed.
 */
struct mp_str proxies_client(const struct proxies *proxies, struct mp_str peer,
                             struct mp_str forwarded_for);

#endif
