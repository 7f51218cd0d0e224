#include "collect/internal.h"

#include <strings.h>

static bool has_word(struct mp_str text, const char *word) {
    return text.len > 0 && memmem(text.ptr, text.len, word, strlen(word));
}

static void enrich_platform(struct batch *batch) {
    struct mp_str agent = batch->input->user_agent;
    if (batch->context.platform != MP_PLATFORM_UNKNOWN) {
        return;
    }
    if (has_word(agent, "iPhone") || has_word(agent, "iPad")) {
        batch->context.platform = MP_PLATFORM_IOS;
    } else if (has_word(agent, "Android")) {
        batch->context.platform = MP_PLATFORM_ANDROID;
    }
}

static void enrich_region(struct batch *batch) {
    const struct collect *collect = batch->worker->collect;
    struct address client;
    if (!proxies_client(&collect->proxies, batch->input->peer, batch->input->forwarded_for,
                        &client)) {
        return;
    }
    struct region region = region_find(collect->regions, &client);
    batch->context.country = region.country;
    batch->context.province = region.province;
    batch->context.city = region.city;
}

void enrich(struct batch *batch) {
    enrich_region(batch);
    enrich_platform(batch);
}

static bool begins(struct mp_str text, const char *prefix) {
    size_t len = strlen(prefix);
    return text.len >= len && strncasecmp(text.ptr, prefix, len) == 0;
}

enum mp_platform platform_of(struct mp_str name) {
    if (name.len == 0) {
        return MP_PLATFORM_UNKNOWN;
    }
    /* "iPhone OS", "iPadOS" are what some frameworks give instead of "ios". */
    if (begins(name, "ios") || begins(name, "iphone") || begins(name, "ipad")) {
        return MP_PLATFORM_IOS;
    }
    return begins(name, "android") ? MP_PLATFORM_ANDROID : MP_PLATFORM_OTHER;
}

void split_page(struct mp_str url, struct mp_str *path, struct mp_str *query) {
    struct mp_str rest = url;
    *path = mp_str_cut(&rest, '?');
    while (path->len > 0 && path->ptr[0] == '/') {
        *path = mp_str_range(path->ptr + 1, path->len - 1);
    }
    if (query) {
        *query = rest.ptr ? rest : MP_STR("");
    }
}
