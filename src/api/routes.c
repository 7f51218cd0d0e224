/* The routes: where, how, and who may. A route is authorised before its handler is called. */
#include "api/internal.h"

#include <stdlib.h>

#define FORM_BYTES_MAX (16u << 10) /* of the small JSON objects that the accounts' routes take */

#define COLLECTS(verb, where, function)                                                            \
    {                                                                                              \
        .method = (verb), .path = (where), .mode = HTTP_FAST,                                      \
        .body_bytes_max = COLLECT_BODY_BYTES_MAX, .open = (function), .proof = "write key"         \
    }
#define NOTICES(where, function)                                                                   \
    {                                                                                              \
        .method = "POST", .path = (where), .mode = HTTP_FAST,                                      \
        .body_bytes_max = COLLECT_NOTICE_BYTES_MAX, .open = (function), .proof = "signature"       \
    }
/* For anyone: the handler looks at what it is given. */
#define OPEN(verb, where, function)                                                                \
    { .method = (verb), .path = (where), .mode = HTTP_FAST, .open = (function) }
/* For who has an app's write key, which the handler looks for. */
#define KEYED(verb, where, function)                                                               \
    {                                                                                              \
        .method = (verb), .path = (where), .mode = HTTP_FAST, .open = (function),                  \
        .proof = "write key"                                                                       \
    }
#define OPEN_FORM(verb, where, function)                                                           \
    {                                                                                              \
        .method = (verb), .path = (where), .mode = HTTP_BLOCKING,                                  \
        .body_bytes_max = FORM_BYTES_MAX, .open = (function)                                       \
    }
/* In Weixin's manner: who asks shows what Weixin's SDKs show. */
#define WEIXIN(verb, where, what, how, function)                                                   \
    {                                                                                              \
        .method = (verb), .path = (where), .mode = (how), .body_bytes_max = FORM_BYTES_MAX,        \
        .open = (function), .proof = (what)                                                        \
    }
/* For who may. */
#define ASK(where, who, function)                                                                  \
    {                                                                                              \
        .method = "GET", .path = (where), .mode = HTTP_BLOCKING, .least = (who),                   \
        .guarded = (function)                                                                      \
    }
#define CHANGE(verb, where, who, function)                                                         \
    {                                                                                              \
        .method = (verb), .path = (where), .mode = HTTP_BLOCKING,                                  \
        .body_bytes_max = FORM_BYTES_MAX, .least = (who), .guarded = (function)                    \
    }

static const struct route table[] = {
    COLLECTS("POST", "/v1/collect", handle_collect),
    OPEN("OPTIONS", "/v1/collect", handle_preflight),
    KEYED("GET", "/v1/sdk/config", handle_sdk_config),
    COLLECTS("POST", "/sa", handle_sensors),
    COLLECTS("GET", "/sa", handle_sensors),
    OPEN("OPTIONS", "/sa", handle_preflight),
    COLLECTS("POST", "/sa.gif", handle_sensors),
    COLLECTS("GET", "/sa.gif", handle_sensors),
    OPEN("OPTIONS", "/sa.gif", handle_preflight),
    COLLECTS("POST", "/v1/apps/{app}/payments", handle_payments),
    NOTICES("/v1/wechatpay/{app}", handle_notice),
    NOTICES("/v1/wechatpay/{app}/password-free", handle_notice_password_free),

    ASK("/v1/catalogue", API_CALLER, handle_catalogue),
    ASK("/v1/apps/{app}/overview", API_VIEWER, handle_overview),
    ASK("/v1/apps/{app}/trend", API_VIEWER, handle_trend),
    ASK("/v1/apps/{app}/source", API_VIEWER, handle_source),
    ASK("/v1/apps/{app}/frequency", API_VIEWER, handle_frequency),
    ASK("/v1/apps/{app}/duration", API_VIEWER, handle_duration),
    ASK("/v1/apps/{app}/depth", API_VIEWER, handle_depth),
    ASK("/v1/apps/{app}/retention", API_VIEWER, handle_retention),
    ASK("/v1/apps/{app}/pages", API_VIEWER, handle_pages),
    ASK("/v1/apps/{app}/profile", API_VIEWER, handle_profile),
    ASK("/v1/apps/{app}/realtime", API_VIEWER, handle_realtime),
    ASK("/v1/apps/{app}/realtime/stream", API_VIEWER, handle_realtime_stream),

    OPEN_FORM("GET", "/v1/setup", handle_setup_state),
    OPEN_FORM("POST", "/v1/setup", handle_setup),
    OPEN_FORM("POST", "/v1/join", handle_join),
    OPEN_FORM("POST", "/v1/session", handle_log_in),
    ASK("/v1/session", API_USER, handle_session),
    CHANGE("DELETE", "/v1/session", API_USER, handle_log_out),
    CHANGE("PUT", "/v1/me/password", API_USER, handle_own_password),
    CHANGE("POST", "/v1/me/apps", API_USER, handle_join_as),

    ASK("/v1/users", API_ADMIN, handle_users),
    CHANGE("POST", "/v1/users", API_ADMIN, handle_user_add),
    CHANGE("PATCH", "/v1/users/{user}", API_ADMIN, handle_user_change),
    CHANGE("DELETE", "/v1/users/{user}", API_ADMIN, handle_user_remove),
    ASK("/v1/audit", API_ADMIN, handle_audit),

    ASK("/v1/apps", API_CALLER, handle_apps),
    CHANGE("POST", "/v1/apps", API_USER, handle_app_add),
    ASK("/v1/apps/{app}", API_VIEWER, handle_app),
    CHANGE("PATCH", "/v1/apps/{app}", API_OWNER, handle_app_change),
    CHANGE("POST", "/v1/apps/{app}/write-key", API_OWNER, handle_app_rotate_key),
    ASK("/v1/apps/{app}/members", API_OWNER, handle_members),
    CHANGE("PUT", "/v1/apps/{app}/members/{user}", API_OWNER, handle_member_set),
    CHANGE("DELETE", "/v1/apps/{app}/members/{user}", API_OWNER, handle_member_remove),
    ASK("/v1/apps/{app}/invitations", API_OWNER, handle_invitations),
    CHANGE("POST", "/v1/apps/{app}/invitations", API_OWNER, handle_invite),
    CHANGE("DELETE", "/v1/apps/{app}/invitations/{id}", API_OWNER, handle_uninvite),
    ASK("/v1/apps/{app}/tokens", API_OWNER, handle_tokens),
    CHANGE("POST", "/v1/apps/{app}/tokens", API_OWNER, handle_token_add),
    CHANGE("DELETE", "/v1/apps/{app}/tokens/{id}", API_OWNER, handle_token_revoke),
    ASK("/v1/apps/{app}/audit", API_OWNER, handle_app_audit),

    WEIXIN("GET", "/cgi-bin/token", "appid and secret", HTTP_BLOCKING, handle_wx_token),
    WEIXIN("POST", "/cgi-bin/stable_token", "appid and secret", HTTP_BLOCKING,
           handle_wx_stable_token),
    WEIXIN("POST", "/datacube/{call}", "access token", HTTP_BLOCKING, handle_datacube),
    WEIXIN("*", "/cgi-bin/*", NULL, HTTP_FAST, handle_wx_rest),
    WEIXIN("*", "/datacube/*", NULL, HTTP_FAST, handle_wx_rest),

    OPEN("GET", "/healthz", handle_alive),
    OPEN("GET", "/readyz", handle_ready),
    OPEN("GET", "/metrics", handle_metrics),
    OPEN("GET", "/v1/openapi.yaml", handle_openapi),

    OPEN("GET", "/", handle_web_page),
    OPEN("GET", "/log-in", handle_web_page),
    OPEN("GET", "/set-up", handle_web_page),
    OPEN("GET", "/join", handle_web_page),
    OPEN("GET", "/account", handle_web_page),
    OPEN("GET", "/server/{page}", handle_web_page),
    OPEN("GET", "/apps/{app}/{page}", handle_web_page),
    OPEN("GET", "/assets/{file}", handle_web_file),
    OPEN("GET", "/favicon.svg", handle_web_file),
};
#define ROUTE_COUNT (sizeof(table) / sizeof(table[0]))

/* What a guarded route's handler is reached through. */
struct guard {
    struct api *api;
    const struct route *route;
};

static void enter(struct http_request *request, void *arg) {
    const struct guard *guard = arg;
    struct api_access access;
    if (api_authorize(request, guard->api, guard->route->least, &access)) {
        guard->route->guarded(request, guard->api, &access);
        api_release(&access);
    }
}

int fill_routes(struct api *api, struct mp_error *err) {
    api->route_count = ROUTE_COUNT;
    api->routes = calloc(ROUTE_COUNT, sizeof(*api->routes));
    api->guards = calloc(ROUTE_COUNT, sizeof(*api->guards));
    if (!api->routes || !api->guards) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory");
    }
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        const struct route *route = &table[i];
        api->guards[i] = (struct guard){api, route};
        api->routes[i] = (struct http_route){
            .method = route->method,
            .path = route->path,
            .mode = route->mode,
            .body_bytes_max = route->body_bytes_max,
            .handler = route->guarded ? enter : route->open,
            .arg = route->guarded ? (void *)&api->guards[i] : (void *)api,
        };
    }
    return MP_OK;
}

bool api_route_at(size_t index, struct api_route *out) {
    static const char *const names[] = {
        [API_ANYONE] = "anyone",      [API_CALLER] = "token or user", [API_USER] = "user",
        [API_VIEWER] = "viewer",      [API_ANALYST] = "analyst",      [API_OWNER] = "owner",
        [API_ADMIN] = "administrator"};
    if (index >= ROUTE_COUNT) {
        return false;
    }
    const struct route *route = &table[index];
    *out = (struct api_route){.method = route->method,
                              .path = route->path,
                              .who = route->proof ? route->proof : names[route->least]};
    return true;
}
