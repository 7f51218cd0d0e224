#include "http/internal.h"

#include <stdio.h>

/* Matches path with pattern segment by segment, noting what stood for {names}; a * at the end is
 * for all the rest. */
static bool match(const char *pattern, const char *path, struct http_request *request) {
    request->param_count = 0;
    while (*pattern && *path) {
        if (*pattern != '{') {
            if (strcmp(pattern, "*") == 0) {
                return true;
            }
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
    return (!*pattern || strcmp(pattern, "*") == 0) && !*path;
}

static bool method_fits(const char *wanted, const char *method) {
    return strcmp(wanted, "*") == 0 || strcmp(wanted, method) == 0 ||
           (strcmp(wanted, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

/* Adds a method to the list behind Allow. */
static void allow(struct http_request *request, const char *method) {
    size_t used = strlen(request->allow);
    const char *head = strcmp(method, MHD_HTTP_METHOD_GET) == 0 ? ", " MHD_HTTP_METHOD_HEAD : "";
    snprintf(request->allow + used, sizeof(request->allow) - used, "%s%s%s", used ? ", " : "",
             method, head);
}

int route_find(const struct http_config *config, struct http_request *request) {
    for (size_t i = 0; i < config->route_count; i++) {
        const struct http_route *route = &config->routes[i];
        if (!match(route->path, request->path, request)) {
            continue;
        }
        if (method_fits(route->method, request->method)) {
            request->route = route;
            request->allow[0] = '\0';
            return 0;
        }
        allow(request, route->method);
    }
    return request->allow[0] ? MHD_HTTP_METHOD_NOT_ALLOWED : MHD_HTTP_NOT_FOUND;
}
