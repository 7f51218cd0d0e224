/* Whose request it is, for those who note addresses. */
#include "collect/internal.h"

#include <arpa/inet.h>

void collect_client_address(const struct collect *collect, struct mp_str peer,
                            struct mp_str forwarded_for, char out[COLLECT_ADDRESS_SIZE]) {
    struct address address;
    if (!proxies_client(&collect->proxies, peer, forwarded_for, &address)) {
        peer = mp_str_clip(peer, COLLECT_ADDRESS_SIZE - 1);
        memcpy(out, peer.ptr, peer.len);
        out[peer.len] = '\0';
        return;
    }
    bool is_v4 = address_is_v4(&address);
    inet_ntop(is_v4 ? AF_INET : AF_INET6, address.bytes + (is_v4 ? 12 : 0), out,
              COLLECT_ADDRESS_SIZE);
}
