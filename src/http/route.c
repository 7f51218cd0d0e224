#include "http/internal.h"

#include <stdio.h>

/* Matches path with pattern segment by segment, noting what stood for {names}. */
static bool match(const char *pattern, const char *path, struct http_request *request) {
    request->param_count = 0;
    while (*pattern && *path) {
        if (*pattern != '{') {
            if (*pattern++ != *path++) {
                return false;
            }
            continue;
        }
        const char *end = path;
        while (*end && *end != '/') {
            end++;
        }
        if (end == path || request->param_count == HTTP_PARAMS_MAX) {
            return false;
        }
        request->param_names[request->param_count] = pattern + 1;
        request->params[request->param_count++] = mp_str_range(path, (size_t)(end - path));
        path = end;
        pattern = strchr(pattern, '}') + 1;
    }
    return !*pattern && !*path;
}

static bool method_fits(const char *wanted, const char *method) {
    return strcmp(wanted, "*") == 0 || strcmp(wanted, method) == 0 ||
           (strcmp(wanted, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

int route_find(const struct http_config *config, struct http_request *request, char *allow,
               size_t allow_size) {
    size_t used = 0;
    allow[0] = '\0';
    for (size_t i = 0; i < config->route_count; i++) {
        const struct http_route *route = &config->routes[i];
        if (!match(route->path, request->path, request)) {
            continue;
        }
        if (method_fits(route->method, request->method)) {
            request->route = route;
            return 0;
        }
        int put =
            snprintf(allow + used, allow_size - used, "%s%s", used ? ", " : "", route->method);
        used += put > 0 && (size_t)put < allow_size - used ? (size_t)put : 0;
    }
    return used > 0 ? MHD_HTTP_METHOD_NOT_ALLOWED : MHD_HTTP_NOT_FOUND;
}
