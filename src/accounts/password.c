/* argon2id, a few at a time. */
#include "accounts/internal.h"

/* Each takes 64 MiB and about a tenth of a second of a core. More than wait here would take threads
 * from the reports. */
#define RUNNING_MAX 2
#define WAITING_MAX 2

/* A password text that fits no password; it costs what a true one costs. */
static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$"
                             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
_Static_assert(crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE == 65536 * 1024 &&
                   crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE == 2,
               "as nobody's");

void hashing_init(struct hashing *hashing) {
    pthread_mutex_init(&hashing->mutex, NULL);
    pthread_cond_init(&hashing->is_free, NULL);
}

void hashing_deinit(struct hashing *hashing) {
    pthread_mutex_destroy(&hashing->mutex);
    pthread_cond_destroy(&hashing->is_free);
}

static int enter(struct hashing *hashing, struct mp_error *err) {
    int code = MP_OK;
    pthread_mutex_lock(&hashing->mutex);
    if (hashing->running == RUNNING_MAX && hashing->waiting == WAITING_MAX) {
        code = mp_fail(err, MP_E_FULL, "", "too many log-ins at once; try again in a moment");
    } else {
        hashing->waiting++;
        while (hashing->running == RUNNING_MAX) {
            pthread_cond_wait(&hashing->is_free, &hashing->mutex);
        }
        hashing->waiting--;
        hashing->running++;
    }
    pthread_mutex_unlock(&hashing->mutex);
    return code;
}

static void leave(struct hashing *hashing) {
    pthread_mutex_lock(&hashing->mutex);
    hashing->running--;
    pthread_cond_signal(&hashing->is_free);
    pthread_mutex_unlock(&hashing->mutex);
}

int password_hash(struct hashing *hashing, struct mp_str password, char out[PASSWORD_TEXT_SIZE],
                  struct mp_error *err) {
    int code = enter(hashing, err);
    if (code != MP_OK) {
        return code;
    }
    int failed = crypto_pwhash_str_alg(
        out, password.ptr, password.len, crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
        crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13);
    leave(hashing);
    return failed ? mp_fail(err, MP_E_MEMORY, "", "no memory to hash a password") : MP_OK;
}

int password_verify(struct hashing *hashing, const char *text, struct mp_str password, bool *out,
                    struct mp_error *err) {
    *out = false;
    int code = enter(hashing, err);
    if (code == MP_OK) {
        *out =
            crypto_pwhash_str_verify(text ? text : nobody, password.ptr, password.len) == 0 && text;
        leave(hashing);
    }
    return code;
}
