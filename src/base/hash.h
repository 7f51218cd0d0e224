/* Hashes. Pure; any thread. */
#ifndef MP_BASE_HASH_H
#define MP_BASE_HASH_H
#include "base/str.h"
#ifdef __cplusplus
extern "C" {
#endif
/*
 * SipHash-2-4 with the all-zero key: the same number as ClickHouse's sipHash64(String), so that a
 * user's hash can be computed in SQL on both engines. Not a defence against chosen collisions.
 */
uint64_t mp_hash_user(struct mp_str user);
struct mp_hash128 {
    uint64_t lo;
    uint64_t hi;
};
/* XXH3 128 bits: the identity of an event for deduplication. */
struct mp_hash128 mp_hash128(const void *data, size_t len);
/* XXH3 64 bits: checksums and hash tables. */
uint64_t mp_checksum(const void *data, size_t len);
#ifdef __cplusplus
}
#endif
#endif
