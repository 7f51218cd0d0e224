/* Guessing passwords is slow: each account and each address may fail a few times at once, then now
 * and then. What is remembered has a fixed size: where it is full the smallest debt is forgotten,
 * which is that of names and addresses tried once, not that of whoever is being guessed at. */
#include "accounts/internal.h"

#include "base/clock.h"

#include <arpa/inet.h>

struct rate {
    int64_t attempt_ms; /* what a failure costs */
    int burst;          /* failures at once */
};
static const struct rate account_rate = {15 * MP_MS_PER_SECOND, 10};
static const struct rate address_rate = {5 * MP_MS_PER_SECOND, 30};

void throttle_init(struct throttle *throttle) {
    pthread_mutex_init(&throttle->mutex, NULL);
    randombytes_buf(throttle->hash_key, sizeof(throttle->hash_key));
}

void throttle_deinit(struct throttle *throttle) {
    pthread_mutex_destroy(&throttle->mutex);
}

static uint64_t key_of(const struct throttle *throttle, char kind, const void *data, size_t len) {
    uint8_t bytes[1 + ACCOUNTS_NAME_MAX], hash[crypto_shorthash_BYTES];
    uint64_t key = 0;
    len = len < ACCOUNTS_NAME_MAX ? len : ACCOUNTS_NAME_MAX;
    bytes[0] = (uint8_t)kind;
    memcpy(bytes + 1, data, len);
    crypto_shorthash(hash, bytes, len + 1, throttle->hash_key);
    memcpy(&key, hash, sizeof(key));
    return key;
}

/* Of IPv6 a whole /64: that is what one customer gets. */
static uint64_t address_key(const struct throttle *throttle, const char *address) {
    uint8_t bytes[16];
    return inet_pton(AF_INET6, address, bytes) == 1
               ? key_of(throttle, '6', bytes, 8)
               : key_of(throttle, '4', address, strlen(address));
}

/* The debt of a key; a free place for it, or the smallest debt's, when it has none. */
static struct debt *find(struct throttle *throttle, uint64_t key) {
    struct debt *set = throttle->debts[key % THROTTLE_SETS];
    struct debt *smallest = &set[0];
    for (int way = 0; way < THROTTLE_WAYS; way++) {
        if (set[way].key == key) {
            return &set[way];
        }
        smallest = set[way].paid_ms < smallest->paid_ms ? &set[way] : smallest;
    }
    return smallest;
}

/* 0 and charged, or the ms until it could be. */
static int64_t take(struct throttle *throttle, uint64_t key, const struct rate *rate,
                    int64_t now_ms) {
    struct debt *debt = find(throttle, key);
    int64_t paid_ms = debt->key == key && debt->paid_ms > now_ms ? debt->paid_ms : now_ms;
    int64_t wait_ms = paid_ms - now_ms - (rate->burst - 1) * rate->attempt_ms;
    if (wait_ms > 0) {
        return wait_ms;
    }
    *debt = (struct debt){.key = key, .paid_ms = paid_ms + rate->attempt_ms};
    return 0;
}

static void give_back(struct throttle *throttle, uint64_t key, const struct rate *rate) {
    struct debt *debt = find(throttle, key);
    if (debt->key == key) {
        debt->paid_ms -= rate->attempt_ms;
    }
}

int64_t throttle_charge(struct throttle *throttle, struct mp_str name, const char *address,
                        int64_t now_ms) {
    uint64_t from = address_key(throttle, address);
    uint64_t account = key_of(throttle, 'n', name.ptr, name.len);
    pthread_mutex_lock(&throttle->mutex);
    int64_t wait_ms = take(throttle, from, &address_rate, now_ms);
    if (wait_ms == 0 && name.len > 0) {
        wait_ms = take(throttle, account, &account_rate, now_ms);
    }
    pthread_mutex_unlock(&throttle->mutex);
    return wait_ms;
}

void throttle_forgive(struct throttle *throttle, struct mp_str name, const char *address) {
    uint64_t from = address_key(throttle, address);
    uint64_t account = key_of(throttle, 'n', name.ptr, name.len);
    pthread_mutex_lock(&throttle->mutex);
    give_back(throttle, from, &address_rate);
    if (name.len > 0) {
        give_back(throttle, account, &account_rate);
    }
    pthread_mutex_unlock(&throttle->mutex);
}

int throttle_try(struct accounts *accounts, struct mp_str name, const char *address,
                 int64_t *wait_ms, struct mp_error *err) {
    *wait_ms = throttle_charge(&accounts->throttle, name, address, mp_mono_ms());
    return *wait_ms == 0
               ? MP_OK
               : mp_fail(err, MP_E_TOO_OFTEN, "", "too many failed attempts; try again in %lld s",
                         (long long)(*wait_ms / MP_MS_PER_SECOND + 1));
}
