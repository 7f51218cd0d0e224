#include "collect/internal.h"

#include <strings.h>

void enrich_region(struct batch *batch) {
    const struct collect *collect = batch->worker->collect;
    struct mp_str client =
        proxies_client(&collect->proxies, batch->input->peer, batch->input->forwarded_for);
    struct region region = region_find(collect->regions, client);
    batch->context.country = region.country;
    batch->context.province = region.province;
    batch->context.city = region.city;
}

static bool begins(struct mp_str text, const char *prefix) {
    size_t len = strlen(prefix);
    return text.len >= len && strncasecmp(text.ptr, prefix, len) == 0;
}

uint8_t platform_of(struct mp_str name) {
    if (name.len == 0) {
        return MP_PLATFORM_UNKNOWN;
    }
    if (begins(name, "ios") || begins(name, "iphone") || begins(name, "ipados")) {
        return MP_PLATFORM_IOS;
    }
    return begins(name, "android") ? MP_PLATFORM_ANDROID : MP_PLATFORM_OTHER;
}

void split_page(struct mp_str path, struct mp_event *event) {
    struct mp_str query = path;
    struct mp_str page = mp_str_cut(&query, '?');
    while (page.len > 0 && page.ptr[0] == '/') {
        page = mp_str_range(page.ptr + 1, page.len - 1);
    }
    event->page = page;
    if (query.len > 0) {
        event->query = query;
    }
}
