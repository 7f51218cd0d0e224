#include "collect/wechatpay_crypto.h"

#include "base/clock.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <stdio.h>

#define RSA_BITS_MIN 2048
#define SHA256_BYTES 32
#define GCM_NONCE_BYTES 12
#define GCM_TAG_BYTES 16
#define SERIAL_BYTES_MAX (COLLECT_WECHATPAY_SERIAL_MAX / 2)

static gnutls_datum_t datum(struct mp_str bytes) {
    return (gnutls_datum_t){(unsigned char *)bytes.ptr, (unsigned)bytes.len};
}

static bool has(struct mp_str text, const char *word) {
    return text.len > 0 && memmem(text.ptr, text.len, word, strlen(word));
}

/* As in Wechatpay-Serial: upper-case hex, without DER's leading zero byte. */
static bool take_serial(gnutls_x509_crt_t certificate, struct collect_wechatpay_key *out) {
    unsigned char bytes[SERIAL_BYTES_MAX + 1];
    size_t len = sizeof(bytes), first = 0;
    if (gnutls_x509_crt_get_serial(certificate, bytes, &len) < 0) {
        return false;
    }
    while (first + 1 < len && bytes[first] == 0) {
        first++;
    }
    if (len - first > SERIAL_BYTES_MAX) {
        return false;
    }
    for (size_t i = first; i < len; i++) {
        snprintf(out->serial + 2 * (i - first), 3, "%02X", bytes[i]);
    }
    return true;
}

static int load_certificate(struct mp_str pem, gnutls_pubkey_t key,
                            struct collect_wechatpay_key *out, struct mp_error *err) {
    gnutls_x509_crt_t certificate;
    gnutls_datum_t data = datum(pem);
    if (gnutls_x509_crt_init(&certificate) < 0) {
        return mp_fail(err, MP_E_MEMORY, "platform_key", "no memory for the certificate");
    }
    int code = MP_OK;
    if (gnutls_x509_crt_import(certificate, &data, GNUTLS_X509_FMT_PEM) < 0 ||
        gnutls_pubkey_import_x509(key, certificate, 0) < 0) {
        code = mp_fail(err, MP_E_ARGUMENT, "platform_key", "the certificate cannot be read");
    } else if (!take_serial(certificate, out)) {
        code = mp_fail(err, MP_E_ARGUMENT, "platform_key",
                       "the certificate's serial number is too "
                       "long");
    }
    out->is_certificate = true;
    out->expires_ms = gnutls_x509_crt_get_expiration_time(certificate) * MP_MS_PER_SECOND;
    gnutls_x509_crt_deinit(certificate);
    return code;
}

static int load_public_key(struct mp_str pem, gnutls_pubkey_t key, struct mp_error *err) {
    gnutls_datum_t data = datum(pem);
    return gnutls_pubkey_import(key, &data, GNUTLS_X509_FMT_PEM) < 0
               ? mp_fail(err, MP_E_ARGUMENT, "platform_key", "the public key cannot be read")
               : MP_OK;
}

/* Either kind into key, and what is known of it into *out. */
static int load_key(struct mp_str pem, gnutls_pubkey_t key, struct collect_wechatpay_key *out,
                    struct mp_error *err) {
    unsigned bits = 0;
    *out = (struct collect_wechatpay_key){0};
    if (has(pem, "PRIVATE KEY-----")) {
        return mp_fail(err, MP_E_ARGUMENT, "platform_key",
                       "this is a private key, which does not belong here: give WeChat Pay's "
                       "platform certificate or public key");
    }
    int code = has(pem, "-----BEGIN CERTIFICATE-----") ? load_certificate(pem, key, out, err)
               : has(pem, "-----BEGIN PUBLIC KEY-----")
                   ? load_public_key(pem, key, err)
                   : mp_fail(err, MP_E_ARGUMENT, "platform_key",
                             "this is neither a certificate "
                             "nor a public key in PEM");
    if (code == MP_OK &&
        (gnutls_pubkey_get_pk_algorithm(key, &bits) != GNUTLS_PK_RSA || bits < RSA_BITS_MIN)) {
        code = mp_fail(err, MP_E_ARGUMENT, "platform_key", "this is no RSA key of at least %d bits",
                       RSA_BITS_MIN);
    }
    return code;
}

int wechatpay_inspect_key(struct mp_str pem, struct collect_wechatpay_key *out,
                          struct mp_error *err) {
    gnutls_pubkey_t key;
    if (gnutls_pubkey_init(&key) < 0) {
        return mp_fail(err, MP_E_MEMORY, "platform_key", "no memory for the key");
    }
    int code = load_key(pem, key, out, err);
    gnutls_pubkey_deinit(key);
    return code;
}

static bool hash_message(const struct wechatpay_signed *message, unsigned char out[SHA256_BYTES]) {
    const struct mp_str lines[] = {message->timestamp, message->nonce, message->body};
    gnutls_hash_hd_t hash;
    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0) {
        return false;
    }
    bool is_fine = true;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        is_fine =
            is_fine && (lines[i].len == 0 || gnutls_hash(hash, lines[i].ptr, lines[i].len) >= 0);
        is_fine = is_fine && gnutls_hash(hash, "\n", 1) >= 0;
    }
    gnutls_hash_deinit(hash, out);
    return is_fine;
}

int wechatpay_verify(struct mp_str pem, const struct wechatpay_signed *message,
                     struct mp_error *err) {
    struct collect_wechatpay_key facts;
    unsigned char digest[SHA256_BYTES];
    gnutls_pubkey_t key;
    if (!hash_message(message, digest) || gnutls_pubkey_init(&key) < 0) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory to verify a signature");
    }
    gnutls_datum_t hash = {digest, sizeof(digest)};
    gnutls_datum_t signature = datum(message->signature);
    int code = load_key(pem, key, &facts, err);
    if (code == MP_OK &&
        gnutls_pubkey_verify_hash2(key, GNUTLS_SIGN_RSA_SHA256, 0, &hash, &signature) < 0) {
        code = mp_fail(err, MP_E_DENIED, "Wechatpay-Signature",
                       "the signature was not made by the key of Wechatpay-Serial over this body");
    }
    gnutls_pubkey_deinit(key);
    return code;
}

static int refuse_text(struct mp_error *err) {
    return mp_fail(err, MP_E_ARGUMENT, "resource.ciphertext",
                   "cannot be decrypted: is the APIv3 key the merchant's present one?");
}

int wechatpay_decrypt(const char apiv3_key[COLLECT_WECHATPAY_SECRET_BYTES], struct mp_str nonce,
                      struct mp_str associated_data, struct mp_str ciphertext, struct mp_buf *out,
                      struct mp_error *err) {
    gnutls_datum_t key = datum(mp_str_range(apiv3_key, COLLECT_WECHATPAY_SECRET_BYTES));
    gnutls_aead_cipher_hd_t cipher;
    mp_buf_clear(out);
    if (nonce.len != GCM_NONCE_BYTES) {
        return mp_fail(err, MP_E_ARGUMENT, "resource.nonce", "must have %d bytes", GCM_NONCE_BYTES);
    }
    if (ciphertext.len < GCM_TAG_BYTES) {
        return refuse_text(err);
    }
    size_t len = ciphertext.len;
    char *text = mp_buf_reserve(out, len);
    if (!text || gnutls_aead_cipher_init(&cipher, GNUTLS_CIPHER_AES_256_GCM, &key) < 0) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory to decrypt a notice");
    }
    int result = gnutls_aead_cipher_decrypt(cipher, nonce.ptr, nonce.len, associated_data.ptr,
                                            associated_data.len, GCM_TAG_BYTES, ciphertext.ptr,
                                            ciphertext.len, text, &len);
    gnutls_aead_cipher_deinit(cipher);
    if (result < 0) {
        return refuse_text(err);
    }
    out->len = len;
    return MP_OK;
}
