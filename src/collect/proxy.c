#include "collect/proxy.h"

/* A chain longer than this is somebody's game. */
#define HOPS_MAX 32

static bool parse_network(struct mp_str text, struct proxy_network *out) {
    bool has_bits = memchr(text.ptr, '/', text.len) != NULL;
    struct mp_str address = mp_str_cut(&text, '/');
    uint64_t bits = 0;
    if (!address_parse(address, &out->address)) {
        return false;
    }
    if (!has_bits) {
        out->bits = 128;
        return true;
    }
    /* Whether bits count from the front of 32 or of 128 is a matter of how the address is written:
     * ::ffff:10.0.0.0/104 is 10.0.0.0/8. */
    bool is_written_v4 = !memchr(address.ptr, ':', address.len);
    if (!mp_str_to_u64(text, &bits) || bits > (is_written_v4 ? 32u : 128u)) {
        return false;
    }
    out->bits = (int)bits + (is_written_v4 ? 96 : 0);
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
        if (out->count == PROXIES_MAX) {
            return mp_fail(err, MP_E_ARGUMENT, "trusted_proxies", "more than %d entries",
                           PROXIES_MAX);
        }
        if (!parse_network(item, &out->networks[out->count])) {
            return mp_fail(err, MP_E_ARGUMENT, "trusted_proxies",
                           "\"%.*s\" is no address or network", MP_STR_ARG(item));
        }
        out->count++;
    }
    return MP_OK;
}

static bool is_trusted(const struct proxies *proxies, const struct address *address) {
    for (size_t i = 0; i < proxies->count; i++) {
        if (address_is_within(address, &proxies->networks[i].address, proxies->networks[i].bits)) {
            return true;
        }
    }
    return false;
}

/* Takes the last entry off an X-Forwarded-For list. */
static struct mp_str cut_last(struct mp_str *list) {
    const char *comma = memrchr(list->ptr, ',', list->len);
    size_t start = comma ? (size_t)(comma - list->ptr) + 1 : 0;
    struct mp_str last = mp_str_trim(mp_str_range(list->ptr + start, list->len - start));
    list->len = comma ? start - 1 : 0;
    return last;
}

bool proxies_client(const struct proxies *proxies, struct mp_str peer, struct mp_str forwarded_for,
                    struct address *out) {
    bool is_local = mp_str_is(peer, "unix");
    bool is_known = !is_local && address_parse(peer, out);
    bool may_go_on = is_local || (is_known && is_trusted(proxies, out));
    for (int hop = 0; hop < HOPS_MAX && may_go_on && forwarded_for.len > 0; hop++) {
        struct address before;
        /* Behind an entry that is no address ("unknown") nobody vouches for the next. */
        if (!address_parse(cut_last(&forwarded_for), &before)) {
            break;
        }
        *out = before;
        is_known = true;
        may_go_on = is_trusted(proxies, out);
    }
    return is_known;
}
