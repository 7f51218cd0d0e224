/*
 * Private to collect/: what the accounts were at one moment, secrets and all. Filled by one thread,
 * then published and never written again; reference-counted, wiped when the last reference goes.
 */
#ifndef MP_COLLECT_WECHATPAY_ACCOUNTS_H
#define MP_COLLECT_WECHATPAY_ACCOUNTS_H

#include "collect/wechatpay.h"

#include <stdatomic.h>

struct wechatpay_entry {
    struct collect_wechatpay_account account;
    char apiv3_key[COLLECT_WECHATPAY_SECRET_BYTES + 1];
    char pem[COLLECT_WECHATPAY_KEYS_MAX][COLLECT_WECHATPAY_PEM_MAX + 1]; /* of account.keys */
};

struct wechatpay_accounts {
    atomic_size_t references;
    size_t count;
    size_t capacity;
    struct wechatpay_entry entries[]; /* by app */
};

/* With one reference; NULL when out of memory. */
struct wechatpay_accounts *wechatpay_accounts_create(size_t capacity);
struct wechatpay_accounts *wechatpay_acquire(struct collect_wechatpay *wechatpay);
void wechatpay_release(struct wechatpay_accounts *accounts);
/* The present accounts' entry of the app, or NULL. */
const struct wechatpay_entry *wechatpay_find(const struct wechatpay_accounts *accounts,
                                             struct mp_str app);
/* The index of the key of that serial (in any case); key_count when there is none. */
size_t wechatpay_find_key(const struct wechatpay_entry *entry, struct mp_str serial);

/* Each checks a value and takes it into the entry. MP_E_ARGUMENT, MP_E_FULL. */
MP_MUST_CHECK int wechatpay_take_merchant(struct wechatpay_entry *entry, struct mp_str merchant_id,
                                          struct mp_error *err);
MP_MUST_CHECK int wechatpay_take_secret(struct wechatpay_entry *entry, struct mp_str apiv3_key,
                                        struct mp_error *err);
/* key_id: the serial of a public key; "" or its serial for a certificate. */
MP_MUST_CHECK int wechatpay_take_key(struct wechatpay_entry *entry, struct mp_str pem,
                                     struct mp_str key_id, struct mp_error *err);

/* wechatpay_file.c. MP_E_NOT_FOUND, MP_E_IO, MP_E_MEMORY, MP_E_CORRUPT. */
MP_MUST_CHECK int wechatpay_file_read(const char *path, struct wechatpay_accounts **out,
                                      struct mp_error *err);
MP_MUST_CHECK int wechatpay_file_write(const char *dir, const struct wechatpay_accounts *accounts,
                                       struct mp_error *err);

#endif
