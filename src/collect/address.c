#include "collect/address.h"

#include <arpa/inet.h>

#define ADDRESS_TEXT_MAX INET6_ADDRSTRLEN /* with the NUL */

static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* Proxies of some clouds write the client's port behind its address. */
static struct mp_str without_port(struct mp_str text) {
    if (text.len > 0 && text.ptr[0] == '[') {
        const char *end = memchr(text.ptr, ']', text.len);
        return end ? mp_str_range(text.ptr + 1, (size_t)(end - text.ptr) - 1) : text;
    }
    const char *colon = text.len > 0 ? memchr(text.ptr, ':', text.len) : NULL;
    bool is_only = colon && !memchr(colon + 1, ':', text.len - (size_t)(colon + 1 - text.ptr));
    return is_only ? mp_str_range(text.ptr, (size_t)(colon - text.ptr)) : text;
}

bool address_parse(struct mp_str text, struct address *out) {
    char plain[ADDRESS_TEXT_MAX];
    text = without_port(text);
    if (text.len == 0 || text.len >= sizeof(plain)) {
        return false;
    }
    memcpy(plain, text.ptr, text.len);
    plain[text.len] = '\0';
    if (inet_pton(AF_INET, plain, out->bytes + sizeof(v4_mapped)) == 1) {
        memcpy(out->bytes, v4_mapped, sizeof(v4_mapped));
        return true;
    }
    return inet_pton(AF_INET6, plain, out->bytes) == 1;
}

bool address_is_v4(const struct address *address) {
    return memcmp(address->bytes, v4_mapped, sizeof(v4_mapped)) == 0;
}

uint32_t address_v4(const struct address *address) {
    const uint8_t *at = address->bytes + sizeof(v4_mapped);
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

bool address_is_within(const struct address *address, const struct address *network, int bits) {
    size_t whole = (size_t)bits / 8;
    int rest = bits % 8;
    if (memcmp(address->bytes, network->bytes, whole) != 0) {
        return false;
    }
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return rest == 0 || ((address->bytes[whole] ^ network->bytes[whole]) & mask) == 0;
}
