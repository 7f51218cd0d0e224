/* Which accounts are in force, when to load new ones, and changes under a lock. */
#include "collect/wechatpay_accounts.h"

#include "base/file.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH_BYTES_MAX 4096
#define LOCK_FILE "wechatpay.lock"

struct collect_wechatpay {
    char dir[PATH_BYTES_MAX];
    char path[PATH_BYTES_MAX + 32];
    pthread_mutex_t present_lock; /* guards `present` for the length of a pointer copy */
    struct wechatpay_accounts *present;
    pthread_mutex_t change_lock; /* refresh and changes take turns */
    struct mp_file_identity seen;
};

struct wechatpay_accounts *wechatpay_accounts_create(size_t capacity) {
    struct wechatpay_accounts *accounts =
        calloc(1, sizeof(*accounts) + capacity * sizeof(accounts->entries[0]));
    if (accounts) {
        atomic_init(&accounts->references, 1);
        accounts->capacity = capacity;
    }
    return accounts;
}

void wechatpay_release(struct wechatpay_accounts *accounts) {
    if (accounts &&
        atomic_fetch_sub_explicit(&accounts->references, 1, memory_order_acq_rel) == 1) {
        explicit_bzero(accounts->entries, accounts->capacity * sizeof(accounts->entries[0]));
        free(accounts);
    }
}

struct wechatpay_accounts *wechatpay_acquire(struct collect_wechatpay *wechatpay) {
    pthread_mutex_lock(&wechatpay->present_lock);
    struct wechatpay_accounts *accounts = wechatpay->present;
    atomic_fetch_add_explicit(&accounts->references, 1, memory_order_relaxed);
    pthread_mutex_unlock(&wechatpay->present_lock);
    return accounts;
}

const struct wechatpay_entry *wechatpay_find(const struct wechatpay_accounts *accounts,
                                             struct mp_str app) {
    for (size_t i = 0; i < accounts->count; i++) {
        if (mp_str_is(app, accounts->entries[i].account.app)) {
            return &accounts->entries[i];
        }
    }
    return NULL;
}

static void publish(struct collect_wechatpay *wechatpay, struct wechatpay_accounts *accounts) {
    pthread_mutex_lock(&wechatpay->present_lock);
    struct wechatpay_accounts *former = wechatpay->present;
    wechatpay->present = accounts;
    pthread_mutex_unlock(&wechatpay->present_lock);
    wechatpay_release(former);
}

int collect_wechatpay_open(const char *data_dir, struct collect_wechatpay **out,
                           struct mp_error *err) {
    struct collect_wechatpay *wechatpay = calloc(1, sizeof(*wechatpay));
    struct wechatpay_accounts *nothing = wechatpay_accounts_create(0);
    *out = NULL;
    if (!wechatpay || !nothing) {
        free(wechatpay);
        wechatpay_release(nothing);
        return mp_fail(err, MP_E_MEMORY, "", "no memory for the WeChat Pay accounts");
    }
    wechatpay->present = nothing;
    pthread_mutex_init(&wechatpay->present_lock, NULL);
    pthread_mutex_init(&wechatpay->change_lock, NULL);
    snprintf(wechatpay->path, sizeof(wechatpay->path), "%s/" COLLECT_WECHATPAY_FILE, data_dir);
    int code = snprintf(wechatpay->dir, sizeof(wechatpay->dir), "%s", data_dir) < PATH_BYTES_MAX
                   ? collect_wechatpay_refresh(wechatpay, err)
                   : mp_fail(err, MP_E_ARGUMENT, "data_dir", "the path is too long");
    if (code != MP_OK) {
        collect_wechatpay_close(wechatpay);
        return code;
    }
    *out = wechatpay;
    return MP_OK;
}

void collect_wechatpay_close(struct collect_wechatpay *wechatpay) {
    if (wechatpay) {
        wechatpay_release(wechatpay->present);
        pthread_mutex_destroy(&wechatpay->present_lock);
        pthread_mutex_destroy(&wechatpay->change_lock);
        free(wechatpay);
    }
}

/* With change_lock held. */
static int refresh(struct collect_wechatpay *wechatpay, struct mp_error *err) {
    /* Identity first: a file replaced between the two steps is seen as new the next time. */
    struct mp_file_identity now = mp_file_identify(wechatpay->path);
    struct wechatpay_accounts *fresh = NULL;
    if (mp_file_is_same(&now, &wechatpay->seen)) {
        return MP_OK;
    }
    int code = wechatpay_file_read(wechatpay->path, &fresh, err);
    if (code == MP_E_NOT_FOUND) {
        fresh = wechatpay_accounts_create(0);
        code = fresh ? MP_OK : mp_fail(err, MP_E_MEMORY, "", "no memory");
    }
    if (code == MP_E_IO || code == MP_E_MEMORY) {
        return code; /* may pass: try again the next time */
    }
    wechatpay->seen = now;
    if (code == MP_OK) {
        publish(wechatpay, fresh);
    }
    return code;
}

int collect_wechatpay_refresh(struct collect_wechatpay *wechatpay, struct mp_error *err) {
    struct mp_error own = {0};
    pthread_mutex_lock(&wechatpay->change_lock);
    int code = refresh(wechatpay, err ? err : &own);
    pthread_mutex_unlock(&wechatpay->change_lock);
    return code;
}

bool collect_wechatpay_at(struct collect_wechatpay *wechatpay, size_t index,
                          struct collect_wechatpay_account *out) {
    struct wechatpay_accounts *accounts = wechatpay_acquire(wechatpay);
    bool is_there = index < accounts->count;
    if (is_there) {
        *out = accounts->entries[index].account;
    }
    wechatpay_release(accounts);
    return is_there;
}

/* ---- Changes ------------------------------------------------------------------------------- */

/* A copy of the present accounts with the app's entry in it, which may be a new one, at *entry. */
static struct wechatpay_accounts *copy_with(const struct wechatpay_accounts *present,
                                            const char *app, struct wechatpay_entry **entry) {
    struct wechatpay_accounts *next = wechatpay_accounts_create(present->count + 1);
    size_t at = 0;
    if (!next) {
        return NULL;
    }
    while (at < present->count && strcmp(present->entries[at].account.app, app) < 0) {
        at++;
    }
    bool is_new = at == present->count || strcmp(present->entries[at].account.app, app) != 0;
    next->count = present->count + is_new;
    memcpy(next->entries, present->entries, at * sizeof(next->entries[0]));
    memcpy(&next->entries[at + is_new], &present->entries[at],
           (present->count - at) * sizeof(next->entries[0]));
    *entry = &next->entries[at];
    snprintf((*entry)->account.app, sizeof((*entry)->account.app), "%s", app);
    return next;
}

static int change_entry(struct wechatpay_entry *entry,
                        const struct collect_wechatpay_change *change, struct mp_error *err) {
    const struct collect_wechatpay_account *account = &entry->account;
    int code = MP_OK;
    if (change->merchant_id.len > 0) {
        code = wechatpay_take_merchant(entry, change->merchant_id, err);
    }
    if (code == MP_OK && change->apiv3_key.len > 0) {
        code = wechatpay_take_secret(entry, change->apiv3_key, err);
    }
    if (code == MP_OK && change->platform_key.len > 0) {
        code = wechatpay_take_key(entry, change->platform_key, change->platform_key_id, err);
    }
    if (code != MP_OK) {
        return code;
    }
    const char *missing = account->merchant_id[0] == '\0' ? "merchant_id"
                          : entry->apiv3_key[0] == '\0'   ? "apiv3_key"
                          : account->key_count == 0       ? "platform_key"
                                                          : NULL;
    return missing ? mp_fail(err, MP_E_ARGUMENT, missing,
                             "%s is missing: a new account needs a merchant id, an APIv3 key and a "
                             "platform key",
                             missing)
                   : MP_OK;
}

static int remove_key(struct wechatpay_entry *entry, const char *serial, struct mp_error *err) {
    struct collect_wechatpay_account *account = &entry->account;
    size_t index = wechatpay_find_key(entry, mp_str_of(serial));
    if (index == account->key_count) {
        return mp_fail(err, MP_E_NOT_FOUND, "serial", "app %s has no platform key %s", account->app,
                       serial);
    }
    if (account->key_count == 1) {
        return mp_fail(err, MP_E_ARGUMENT, "serial",
                       "it is the last platform key: remove the account, or set another key first");
    }
    size_t last = --account->key_count;
    memmove(&account->keys[index], &account->keys[index + 1],
            (last - index) * sizeof(account->keys[0]));
    memmove(entry->pem[index], entry->pem[index + 1], (last - index) * sizeof(entry->pem[0]));
    return MP_OK;
}

static void remove_entry(struct wechatpay_accounts *accounts, struct wechatpay_entry *entry) {
    size_t index = (size_t)(entry - accounts->entries);
    accounts->count--;
    memmove(entry, entry + 1, (accounts->count - index) * sizeof(*entry));
}

/* What to do with an app's entry. */
struct edit {
    const char *app;
    const struct collect_wechatpay_change *change; /* NULL: remove */
    const char *serial;                            /* the key to remove; NULL: all of it */
};

/* With both locks held, on content just read. */
static int apply(struct collect_wechatpay *wechatpay, const struct edit *edit,
                 struct mp_error *err) {
    const struct wechatpay_accounts *present = wechatpay->present;
    struct wechatpay_entry *entry;
    bool is_known = wechatpay_find(present, mp_str_of(edit->app)) != NULL;
    if (!edit->change && !is_known) {
        return mp_fail(err, MP_E_NOT_FOUND, "app", "app %s has no WeChat Pay account", edit->app);
    }
    if (!is_known && present->count == COLLECT_WECHATPAY_ACCOUNTS_MAX) {
        return mp_fail(err, MP_E_FULL, "app", "there are %d accounts already",
                       COLLECT_WECHATPAY_ACCOUNTS_MAX);
    }
    struct wechatpay_accounts *next = copy_with(present, edit->app, &entry);
    if (!next) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for the accounts");
    }
    int code = MP_OK;
    if (edit->change) {
        code = change_entry(entry, edit->change, err);
    } else if (edit->serial) {
        code = remove_key(entry, edit->serial, err);
    } else {
        remove_entry(next, entry);
    }
    code = code ? code : wechatpay_file_write(wechatpay->dir, next, err);
    if (code != MP_OK) {
        wechatpay_release(next);
        return code;
    }
    wechatpay->seen = mp_file_identify(wechatpay->path);
    publish(wechatpay, next);
    return MP_OK;
}

static int make_change(struct collect_wechatpay *wechatpay, const struct edit *edit,
                       struct mp_error *err) {
    int fd = -1;
    pthread_mutex_lock(&wechatpay->change_lock);
    int code = mp_file_lock(wechatpay->dir, LOCK_FILE, &fd, err);
    if (code == MP_OK) {
        /* A file that another process broke must not be overwritten with what we remember. */
        wechatpay->seen = (struct mp_file_identity){.exists = true};
        code = refresh(wechatpay, err);
        code = code ? code : apply(wechatpay, edit, err);
        close(fd);
    }
    pthread_mutex_unlock(&wechatpay->change_lock);
    return code;
}

int collect_wechatpay_set(struct collect_wechatpay *wechatpay,
                          const struct collect_wechatpay_change *change, struct mp_error *err) {
    size_t len = strlen(change->app);
    if (len == 0 || len > MP_APP_ID_MAX) {
        return mp_fail(err, MP_E_ARGUMENT, "app", "an app's id has 1 to %d bytes", MP_APP_ID_MAX);
    }
    return make_change(wechatpay, &(struct edit){.app = change->app, .change = change}, err);
}

int collect_wechatpay_remove(struct collect_wechatpay *wechatpay, const char *app,
                             const char *serial, struct mp_error *err) {
    return make_change(wechatpay, &(struct edit){.app = app, .serial = serial}, err);
}
