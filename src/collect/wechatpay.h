/*
 * The WeChat Pay accounts of apps: merchant id, APIv3 key, platform keys. They live in
 * DATA_DIR/wechatpay.json (mode 0600), written by `minipulse wechatpay` under a lock, watched by
 * serve. Nothing that this header gives holds the APIv3 key: it cannot be printed by mistake.
 * Thread-safe.
 */
#ifndef MP_COLLECT_WECHATPAY_H
#define MP_COLLECT_WECHATPAY_H

#include "base/apps.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define COLLECT_WECHATPAY_FILE "wechatpay.json"
#define COLLECT_WECHATPAY_ACCOUNTS_MAX 1000
#define COLLECT_WECHATPAY_KEYS_MAX                                                                 \
    4 /* the one in use, the one before, while WeChat Pay changes                                  \
       */
#define COLLECT_WECHATPAY_SERIAL_MAX 64
#define COLLECT_WECHATPAY_MERCHANT_MAX 32
#define COLLECT_WECHATPAY_SECRET_BYTES 32 /* of an APIv3 key */
#define COLLECT_WECHATPAY_PEM_MAX 4096

struct collect_wechatpay_key {
    char serial[COLLECT_WECHATPAY_SERIAL_MAX + 1]; /* as in Wechatpay-Serial */
    bool is_certificate;                           /* else a public key, PUB_KEY_ID_… */
    int64_t expires_ms;                            /* of a certificate; else 0 */
};

struct collect_wechatpay_account {
    char app[MP_APP_ID_MAX + 1];
    char merchant_id[COLLECT_WECHATPAY_MERCHANT_MAX + 1];
    size_t key_count;
    struct collect_wechatpay_key keys[COLLECT_WECHATPAY_KEYS_MAX];
};

struct collect_wechatpay;

/* A missing file is no accounts. */
MP_MUST_CHECK int collect_wechatpay_open(const char *data_dir, struct collect_wechatpay **out,
                                         struct mp_error *err);
void collect_wechatpay_close(struct collect_wechatpay *wechatpay);
/* Reloads when the file changed. Call about once a second. A broken file is MP_E_CORRUPT, told once
 * for each content; the former content stays in force. A file that is gone is no accounts. */
MP_MUST_CHECK int collect_wechatpay_refresh(struct collect_wechatpay *wechatpay,
                                            struct mp_error *err);
/* The index-th account, by app; false past the end. */
MP_MUST_CHECK bool collect_wechatpay_at(struct collect_wechatpay *wechatpay, size_t index,
                                        struct collect_wechatpay_account *out);

/* What a change says; an empty text leaves what is there. */
struct collect_wechatpay_change {
    const char *app;
    struct mp_str merchant_id;
    struct mp_str apiv3_key;
    struct mp_str platform_key;    /* PEM; added beside the others, or in place of its serial's */
    struct mp_str platform_key_id; /* PUB_KEY_ID_…, with a public key: only certificates have a
                                      serial number of their own */
};
/* Makes or changes an app's account. MP_E_ARGUMENT names what is missing or wrong; MP_E_FULL. */
MP_MUST_CHECK int collect_wechatpay_set(struct collect_wechatpay *wechatpay,
                                        const struct collect_wechatpay_change *change,
                                        struct mp_error *err);
/* Removes the platform key of that serial, or with serial NULL the account. MP_E_NOT_FOUND;
 * MP_E_ARGUMENT for the last key. */
MP_MUST_CHECK int collect_wechatpay_remove(struct collect_wechatpay *wechatpay, const char *app,
                                           const char *serial, struct mp_error *err);

#ifdef __cplusplus
}
#endif
#endif
