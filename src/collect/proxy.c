#include "collect/proxy.h"

#include <arpa/inet.h>

#define ADDRESS_TEXT_MAX 64
#define HOPS_MAX 32

static bool parse_address(struct mp_str text, uint8_t out[16], bool *is_v4) {
    char plain[ADDRESS_TEXT_MAX];
    if (text.len == 0 || text.len >= sizeof(plain)) {
        return false;
    }
    memcpy(plain, text.ptr, text.len);
    plain[text.len] = '\0';
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    *is_v4 = inet_pton(AF_INET, plain, out + 12) == 1;
    if (*is_v4) {
        memcpy(out, mapped, sizeof(mapped));
        return true;
    }
    return inet_pton(AF_INET6, plain, out) == 1;
}

static bool parse_network(struct mp_str text, struct proxy_network *out) {
    bool is_v4 = false;
    uint64_t bits = 0;
    bool has_bits = memchr(text.ptr, '/', text.len) != NULL;
    struct mp_str address = mp_str_cut(&text, '/');
    if (!parse_address(address, out->bytes, &is_v4)) {
        return false;
    }
    if (!has_bits) {
        out->bits = 128;
        return true;
    }
    if (!mp_str_to_u64(text, &bits) || bits > (is_v4 ? 32u : 128u)) {
        return false;
    }
    out->bits = (int)bits + (is_v4 ? 96 : 0);
    return true;
}

int proxies_parse(const char *list, struct proxies *out, struct mp_error *err) {
    struct mp_str left = mp_str_of(list);
    out->count = 0;
    while (left.len > 0) {
        struct mp_str item = mp_str_trim(mp_str_cut(&left, ','));
        if (item.len == 0) {
            continue;
        }
        if (out->count == PROXIES_MAX || !parse_network(item, &out->networks[out->count])) {
            return mp_fail(err, MP_E_ARGUMENT, "trusted_proxies",
                           "\"%.*s\" is no address or network", MP_STR_ARG(item));
        }
        out->count++;
    }
    return MP_OK;
}

static bool is_trusted(const struct proxies *proxies, struct mp_str text) {
    uint8_t address[16];
    bool is_v4;
    if (!parse_address(text, address, &is_v4)) {
        return false;
    }
    for (size_t i = 0; i < proxies->count; i++) {
        const struct proxy_network *network = &proxies->networks[i];
        int whole = network->bits / 8, rest = network->bits % 8;
        uint8_t mask = (uint8_t)(0xff << (8 - rest));
        if (memcmp(address, network->bytes, (size_t)whole) == 0 &&
            (rest == 0 || ((address[whole] ^ network->bytes[whole]) & mask) == 0)) {
            return true;
        }
    }
    return false;
}

struct mp_str proxies_client(const struct proxies *proxies, struct mp_str peer,
                             struct mp_str forwarded_for) {
    struct mp_str client = peer;
    bool is_local_socket = mp_str_is(peer, "unix");
    for (int hop = 0; hop < HOPS_MAX && forwarded_for.len > 0; hop++) {
        if (!is_local_socket && !is_trusted(proxies, client)) {
            break;
        }
        is_local_socket = false;
        const char *comma = memrchr(forwarded_for.ptr, ',', forwarded_for.len);
        size_t start = comma ? (size_t)(comma - forwarded_for.ptr) + 1 : 0;
        struct mp_str last =
            mp_str_trim(mp_str_range(forwarded_for.ptr + start, forwarded_for.len - start));
        uint8_t address[16];
        bool is_v4;
        if (!parse_address(last, address, &is_v4)) {
            break;
        }
        client = last;
        forwarded_for.len = comma ? start - 1 : 0;
    }
    return client;
}
