/* Secrets: 256 random bits as text, kept as a hash. A fast hash is enough: nobody guesses 256 bits.
 */
#include "accounts/internal.h"

#include <stdio.h>

#define RANDOM_BYTES 32
#define CSRF_BYTES 24
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

void secret_hash(struct mp_str text, uint8_t hash[HASH_BYTES]) {
    crypto_generichash(hash, HASH_BYTES, (const uint8_t *)text.ptr, text.len, NULL, 0);
}

void secret_make(const char *prefix, struct secret *out) {
    uint8_t random[RANDOM_BYTES];
    randombytes_buf(random, sizeof(random));
    int len = snprintf(out->text, sizeof(out->text), "%s", prefix);
    sodium_bin2base64(out->text + len, sizeof(out->text) - (size_t)len, random, sizeof(random),
                      BASE64);
    sodium_memzero(random, sizeof(random));
    secret_hash(mp_str_of(out->text), out->hash);
}

void accounts_csrf(struct mp_str secret, char out[ACCOUNTS_SECRET_SIZE]) {
    /* Another key than secret_hash: what the database holds does not lead here. */
    static const uint8_t purpose[] = "minipulse csrf!!";
    uint8_t bytes[CSRF_BYTES];
    crypto_generichash(bytes, sizeof(bytes), (const uint8_t *)secret.ptr, secret.len, purpose,
                       sizeof(purpose) - 1);
    sodium_bin2base64(out, ACCOUNTS_SECRET_SIZE, bytes, sizeof(bytes), BASE64);
}

bool accounts_csrf_fits(struct mp_str secret, struct mp_str text) {
    char wanted[ACCOUNTS_SECRET_SIZE];
    accounts_csrf(secret, wanted);
    return text.len == strlen(wanted) && sodium_memcmp(text.ptr, wanted, text.len) == 0;
}
