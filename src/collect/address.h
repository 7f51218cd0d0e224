/* Private to collect/: IP addresses, both families in one form. Pure; any thread. */
#ifndef MP_COLLECT_ADDRESS_H
#define MP_COLLECT_ADDRESS_H

#include "base/str.h"

/* Network order; IPv4 as ::ffff:a.b.c.d, however it was written. */
struct address {
    uint8_t bytes[16];
};

/* "1.2.3.4", "2001:db8::1", "[2001:db8::1]", each also with ":port" (the IPv6 one in brackets).
 * False when text is something else. */
MP_MUST_CHECK bool address_parse(struct mp_str text, struct address *out);
bool address_is_v4(const struct address *address);
uint32_t address_v4(const struct address *address);
/* True when the first bits (0 to 128) are equal. */
bool address_is_within(const struct address *address, const struct address *network, int bits);

#endif
