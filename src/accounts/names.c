/* What a user may be called, and what a token. */
#include "accounts/internal.h"

#include <stdio.h>

/* Small letters only, and none that look like others: two users never seem one. */
int name_check(struct mp_str name, const char *field, struct mp_error *err) {
    bool is_good = name.len > 0 && name.len <= ACCOUNTS_NAME_MAX;
    for (size_t i = 0; is_good && i < name.len; i++) {
        char c = name.ptr[i];
        bool is_alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        is_good = is_alnum || (i > 0 && c != '\0' && strchr("._@+-", c));
    }
    return is_good ? MP_OK
                   : mp_fail(err, MP_E_ARGUMENT, field,
                             "a user's name is 1 to %d of a-z, 0-9 and . _ @ + -, beginning with a "
                             "letter or digit",
                             ACCOUNTS_NAME_MAX);
}

int label_check(struct mp_str label, const char *field, struct mp_error *err) {
    bool is_good = label.len > 0 && label.len <= ACCOUNTS_LABEL_MAX && mp_str_is_utf8(label);
    for (size_t i = 0; is_good && i < label.len; i++) {
        is_good = (unsigned char)label.ptr[i] >= 0x20 && label.ptr[i] != 0x7f;
    }
    return is_good ? MP_OK
                   : mp_fail(err, MP_E_ARGUMENT, field,
                             "must be 1 to %d bytes of UTF-8 on one line", ACCOUNTS_LABEL_MAX);
}

int password_check(struct mp_str password, const char *field, struct mp_error *err) {
    bool is_good = password.len >= ACCOUNTS_PASSWORD_MIN && password.len <= ACCOUNTS_PASSWORD_MAX &&
                   mp_str_is_utf8(password);
    return is_good ? MP_OK
                   : mp_fail(err, MP_E_ARGUMENT, field, "a password has %d to %d bytes of UTF-8",
                             ACCOUNTS_PASSWORD_MIN, ACCOUNTS_PASSWORD_MAX);
}

void caller_text(const struct accounts_caller *by, char out[CREATED_BY_SIZE]) {
    snprintf(out, CREATED_BY_SIZE, "%s %s", accounts_kind_name(by->kind), by->name);
}

struct accounts_caller user_caller(int64_t id, struct mp_str name, const char *address) {
    struct accounts_caller caller = {.kind = ACCOUNTS_USER, .id = id};
    struct mp_str kept = mp_str_clip(name, ACCOUNTS_NAME_MAX);
    memcpy(caller.name, kept.ptr, kept.len);
    kept = mp_str_clip(mp_str_of(address), ACCOUNTS_ADDRESS_SIZE - 1);
    memcpy(caller.address, kept.ptr, kept.len);
    return caller;
}
