#include "collect/internal.h"

#include <stdlib.h>

int collect_open(const struct collect_config *config, struct collect **out, struct mp_error *err) {
    struct collect *collect = calloc(1, sizeof(*collect));
    *out = NULL;
    if (!collect) {
        return mp_fail(err, MP_E_MEMORY, "collect", "no memory for the collector");
    }
    collect->apps = config->apps;
    collect->wechatpay = config->wechatpay;
    collect->late_ms = config->late_ms;
    int code = proxies_parse(config->trusted_proxies ? config->trusted_proxies : "",
                             &collect->proxies, err);
    if (code == MP_OK) {
        code = region_open(config->mmdb_file, &collect->regions, err);
    }
    if (code != MP_OK) {
        collect_close(collect);
        return code;
    }
    *out = collect;
    return MP_OK;
}

void collect_close(struct collect *collect) {
    if (collect) {
        region_close(collect->regions);
        free(collect);
    }
}
