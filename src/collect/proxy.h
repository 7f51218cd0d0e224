/* Private to collect/: whose X-Forwarded-For is believed. Immutable after parse; any thread. */
#ifndef MP_COLLECT_PROXY_H
#define MP_COLLECT_PROXY_H

#include "base/error.h"
#include "collect/address.h"

#define PROXIES_MAX 64

struct proxy_network {
    struct address address;
    int bits;
};

struct proxies {
    struct proxy_network networks[PROXIES_MAX];
    size_t count;
};

/* "127.0.0.1,10.0.0.0/8,::1"; empty = none. MP_E_ARGUMENT names the entry that is wrong. */
MP_MUST_CHECK int proxies_parse(const char *list, struct proxies *out, struct mp_error *err);
/*
 * The client's address: the connection's own, or, where that is a trusted proxy, the last address
 * of X-Forwarded-For that is not one. What a client writes there itself is never believed. A peer
 * on a Unix socket ("unix") counts as trusted: only our own user can connect there. False when no
 * address is known.
 */
MP_MUST_CHECK bool proxies_client(const struct proxies *proxies, struct mp_str peer,
                                  struct mp_str forwarded_for, struct address *out);

#endif
