#include "base/hash.h"

#include <sodium.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t mp_hash_user(struct mp_str user) {
    static const unsigned char zero_key[crypto_shorthash_KEYBYTES];
    unsigned char digest[crypto_shorthash_BYTES];
    uint64_t hash = 0;
    crypto_shorthash(digest, (const unsigned char *)user.ptr, user.len, zero_key);
    for (size_t i = 0; i < sizeof(digest); i++) {
        hash |= (uint64_t)digest[i] << (8 * i);
    }
    return hash;
}

struct mp_hash128 mp_hash128(const void *data, size_t len) {
    XXH128_hash_t hash = XXH3_128bits(data, len);
    struct mp_hash128 out = {hash.low64, hash.high64};
    return out;
}

uint64_t mp_checksum(const void *data, size_t len) {
    return XXH3_64bits(data, len);
}
