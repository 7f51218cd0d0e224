/* Results that were worked out before: a table in which a newer one takes the place of an older. */
#include "summary/internal.h"

#include "base/hash.h"

#include <stdlib.h>

#define SLOTS 8192u
#define RESULT_BYTES_MAX (256u << 10)
#define ALL_BYTES_MAX (8u << 20)

struct result {
    const struct summary_app *app; /* NULL = free */
    struct mp_hash128 key;
    int32_t from;
    int32_t to;
    char *bytes;
    size_t len;
};

struct summary_memo {
    pthread_mutex_t mutex;
    size_t bytes;
    struct result results[SLOTS];
};

struct summary_memo *summary_memo_create(void) {
    struct summary_memo *memo = calloc(1, sizeof(*memo));
    if (memo) {
        pthread_mutex_init(&memo->mutex, NULL);
    }
    return memo;
}

static void forget(struct summary_memo *memo, struct result *result) {
    memo->bytes -= result->len;
    free(result->bytes);
    *result = (struct result){0};
}

static void forget_all(struct summary_memo *memo) {
    for (size_t i = 0; i < SLOTS; i++) {
        forget(memo, &memo->results[i]);
    }
}

void summary_memo_destroy(struct summary_memo *memo) {
    if (memo) {
        forget_all(memo);
        pthread_mutex_destroy(&memo->mutex);
        free(memo);
    }
}

void summary_memo_forget(struct summary_memo *memo, const struct summary_app *app, int32_t day) {
    pthread_mutex_lock(&memo->mutex);
    for (size_t i = 0; i < SLOTS; i++) {
        struct result *result = &memo->results[i];
        if (result->app == app && result->from <= day && day <= result->to) {
            forget(memo, result);
        }
    }
    pthread_mutex_unlock(&memo->mutex);
}

static struct mp_hash128 hash_of(const struct summary_app *app, const struct summary_key *key) {
    struct {
        const struct summary_app *app;
        uint64_t what;
        int64_t arguments[3];
        int64_t range[2];
    } parts = {app,
               mp_checksum(key->what, strlen(key->what)),
               {key->arguments[0], key->arguments[1], key->arguments[2]},
               {key->from, key->to}};
    return mp_hash128(&parts, sizeof(parts));
}

bool summary_recall(struct summary_app *app, const struct summary_key *key, struct mp_buf *out) {
    struct summary_memo *memo = app->memo;
    struct mp_hash128 hash = hash_of(app, key);
    pthread_mutex_lock(&memo->mutex);
    const struct result *result = &memo->results[hash.lo % SLOTS];
    bool is_there = result->app == app && result->key.lo == hash.lo && result->key.hi == hash.hi;
    if (is_there && result->len > 0) {
        mp_buf_append(out, result->bytes, result->len);
    }
    pthread_mutex_unlock(&memo->mutex);
    return is_there && !out->failed;
}

void summary_keep(struct summary_app *app, const struct summary_key *key, struct mp_str bytes) {
    struct summary_memo *memo = app->memo;
    struct mp_hash128 hash = hash_of(app, key);
    char *copy = bytes.len <= RESULT_BYTES_MAX ? malloc(bytes.len + 1) : NULL;
    if (!copy) {
        return;
    }
    if (bytes.len > 0) {
        memcpy(copy, bytes.ptr, bytes.len);
    }
    pthread_mutex_lock(&memo->mutex);
    if (memo->bytes + bytes.len > ALL_BYTES_MAX) {
        forget_all(memo);
    }
    struct result *result = &memo->results[hash.lo % SLOTS];
    forget(memo, result);
    *result = (struct result){app, hash, key->from, key->to, copy, bytes.len};
    memo->bytes += bytes.len;
    pthread_mutex_unlock(&memo->mutex);
}
