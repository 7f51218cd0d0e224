/*
 * Private to collect/: what WeChat Pay's APIv3 asks of cryptography, on GnuTLS, whose headers stand
 * in the one source behind this. Pure; any thread. Formats: "签名验证" and "证书和回调报文解密" of
 * WeChat Pay's documentation.
 */
#ifndef MP_COLLECT_WECHATPAY_CRYPTO_H
#define MP_COLLECT_WECHATPAY_CRYPTO_H

#include "base/buf.h"
#include "base/error.h"

#include "collect/wechatpay.h"

/* Looks at a platform certificate or WeChat Pay public key (PEM): fills is_certificate, expires_ms
 * and, of a certificate, serial. MP_E_ARGUMENT says what is wrong with it. */
MP_MUST_CHECK int wechatpay_inspect_key(struct mp_str pem, struct collect_wechatpay_key *out,
                                        struct mp_error *err);

struct wechatpay_signed {
    struct mp_str timestamp;
    struct mp_str nonce;
    struct mp_str body;
    struct mp_str signature; /* the bytes, not their base64 */
};
/* RSA with SHA-256 over "timestamp\nnonce\nbody\n". MP_E_DENIED when it was not made so by the
 * key's owner. */
MP_MUST_CHECK int wechatpay_verify(struct mp_str pem, const struct wechatpay_signed *message,
                                   struct mp_error *err);

/* AEAD_AES_256_GCM: the tag is the end of the ciphertext. The text goes to out, cleared first.
 * MP_E_ARGUMENT when the key, or any byte, is another one. */
MP_MUST_CHECK int wechatpay_decrypt(const char apiv3_key[COLLECT_WECHATPAY_SECRET_BYTES],
                                    struct mp_str nonce, struct mp_str associated_data,
                                    struct mp_str ciphertext, struct mp_buf *out,
                                    struct mp_error *err);

#endif
