/* Opening and closing, and the names of roles. */
#include "accounts/internal.h"

#include <stdlib.h>

static const char *const role_names[] = {"none", "viewer", "analyst", "owner"};
static const char *const kind_names[] = {"nobody", "user", "token", "command"};

const char *accounts_role_name(enum accounts_role role) {
    return role_names[role >= ACCOUNTS_NONE && role <= ACCOUNTS_OWNER ? role : ACCOUNTS_NONE];
}

bool accounts_role_parse(struct mp_str text, enum accounts_role *out) {
    for (int role = ACCOUNTS_VIEWER; role <= ACCOUNTS_OWNER; role++) {
        if (mp_str_is(text, role_names[role])) {
            *out = (enum accounts_role)role;
            return true;
        }
    }
    return false;
}

const char *accounts_kind_name(enum accounts_kind kind) {
    return kind_names[kind >= ACCOUNTS_NOBODY && kind <= ACCOUNTS_COMMAND ? kind : ACCOUNTS_NOBODY];
}

int accounts_open(const struct accounts_config *config, struct accounts **out,
                  struct mp_error *err) {
    *out = NULL;
    if (sodium_init() < 0) {
        return mp_fail(err, MP_E_IO, "", "the system gives no random bytes");
    }
    struct accounts *accounts = calloc(1, sizeof(*accounts));
    if (!accounts) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for the accounts");
    }
    accounts->session_ms = config->session_ms;
    pthread_mutex_init(&accounts->reader.mutex, NULL);
    pthread_mutex_init(&accounts->writer.mutex, NULL);
    hashing_init(&accounts->hashing);
    throttle_init(&accounts->throttle);
    int code = link_open(&accounts->writer, config->path, err);
    code = code ? code : database_migrate(accounts, err);
    code = code ? code : link_open(&accounts->reader, config->path, err);
    if (code != MP_OK) {
        accounts_close(accounts);
        return mp_error_wrap(err, "%s", config->path);
    }
    *out = accounts;
    return MP_OK;
}

void accounts_close(struct accounts *accounts) {
    if (!accounts) {
        return;
    }
    link_close(&accounts->reader);
    link_close(&accounts->writer);
    pthread_mutex_destroy(&accounts->reader.mutex);
    pthread_mutex_destroy(&accounts->writer.mutex);
    hashing_deinit(&accounts->hashing);
    throttle_deinit(&accounts->throttle);
    free(accounts);
}
