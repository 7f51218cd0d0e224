/* Who asks, and whether that one may: the one place where it is decided. */
#include "api/internal.h"

#include <stdio.h>
#include <strings.h>

#define FORWARDED_FOR_BYTES_MAX 8192
#define SCHEME "Bearer "
/* Over TLS the name binds the cookie to this very host: no neighbour can plant one. */
#define COOKIE_PLAIN "minipulse_session"
#define COOKIE_TLS "__Host-" COOKIE_PLAIN

/* ---- Where it comes from ---------------------------------------------------------------- */

void client_address(struct http_request *request, const struct api *api,
                    char out[ACCOUNTS_ADDRESS_SIZE]) {
    struct mp_buf joined;
    mp_buf_init(&joined, FORWARDED_FOR_BYTES_MAX);
    struct mp_str forwarded_for = http_header_list(request, "X-Forwarded-For", &joined);
    collect_client_address(api->config.collect, http_peer(request), forwarded_for, out);
    mp_buf_deinit(&joined);
}
#if ACCOUNTS_ADDRESS_SIZE != COLLECT_ADDRESS_SIZE
#error "it is one text"
#endif

/* Also where a proxy before us speaks TLS. Whoever lies about it only harms the own cookie. */
static bool is_tls(const struct http_request *request, const struct api *api) {
    struct mp_str proto = http_header(request, "X-Forwarded-Proto");
    return api->config.is_tls || (proto.len == 5 && strncasecmp(proto.ptr, "https", 5) == 0);
}

/* ---- The cookie ------------------------------------------------------------------------- */

void set_cookie(struct http_request *request, const struct api *api, const char *value,
                int64_t age_s) {
    char text[256];
    bool tls = is_tls(request, api);
    snprintf(text, sizeof(text), "%s=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s",
             tls ? COOKIE_TLS : COOKIE_PLAIN, value, (long long)age_s, tls ? "; Secure" : "");
    http_reply_header(request, "Set-Cookie", text);
}

/* The session's secret; ptr NULL when there is none. */
static struct mp_str cookie_of(const struct http_request *request, const struct api *api) {
    struct mp_str name = mp_str_of(is_tls(request, api) ? COOKIE_TLS : COOKIE_PLAIN);
    struct mp_str left = http_header(request, "Cookie");
    while (left.len > 0) {
        struct mp_str value = mp_str_trim(mp_str_cut(&left, ';'));
        if (mp_str_eq(mp_str_cut(&value, '='), name)) {
            return value;
        }
    }
    return mp_str_range(NULL, 0);
}

/* ---- Who it is -------------------------------------------------------------------------- */

static bool is_change(const struct http_request *request) {
    struct mp_str method = http_method(request);
    return !mp_str_is(method, "GET") && !mp_str_is(method, "HEAD");
}

static int by_token(struct api *api, struct mp_str header, struct accounts_caller *out,
                    struct mp_error *err) {
    size_t skip = sizeof(SCHEME) - 1;
    if (header.len <= skip || strncasecmp(header.ptr, SCHEME, skip) != 0) {
        return mp_fail(err, MP_E_DENIED, "Authorization", "must be: Bearer mpt_…");
    }
    return accounts_by_token(api->config.accounts,
                             mp_str_range(header.ptr + skip, header.len - skip), out, err);
}

/* A browser sends the cookie along whoever made it ask: a change must bear what only our own page
 * can know. */
static int check_csrf(const struct http_request *request, struct mp_str secret,
                      struct mp_error *err) {
    struct mp_str header = http_header(request, "X-CSRF-Token");
    return !is_change(request) || accounts_csrf_fits(secret, header)
               ? MP_OK
               : mp_fail(err, MP_E_FORBIDDEN, "X-CSRF-Token",
                         "must be the csrf_token of GET /v1/session");
}

static int identify(struct http_request *request, struct api *api, struct api_access *out,
                    struct mp_error *err) {
    struct mp_str header = http_header(request, "Authorization");
    int code;
    if (header.ptr) {
        code = by_token(api, header, &out->caller, err);
    } else {
        out->secret = cookie_of(request, api);
        code = out->secret.ptr
                   ? accounts_by_session(api->config.accounts, out->secret, &out->caller, err)
                   : mp_fail(err, MP_E_DENIED, "Authorization",
                             "send a token (Authorization: Bearer mpt_…) or log in");
        code = code ? code : check_csrf(request, out->secret, err);
    }
    client_address(request, api, out->caller.address);
    return code;
}

/* ---- Whether it may --------------------------------------------------------------------- */

static int forbid(struct mp_error *err, const char *who) {
    return mp_fail(err, MP_E_FORBIDDEN, "", "only %s may do this", who);
}

/* The app of the path, and what the caller is there. */
static int check_app(struct http_request *request, struct api *api, enum accounts_role least,
                     struct api_access *out, struct mp_error *err) {
    struct mp_str id = http_param(request, "app");
    out->app = mp_apps_by_id(out->snapshot, id);
    int code = accounts_role_on(api->config.accounts, &out->caller, id, &out->role, err);
    if (code == MP_OK && (!out->app || out->role == ACCOUNTS_NONE)) {
        /* The same answer: nobody learns which apps there are beside the own ones. */
        return mp_fail(err, MP_E_NOT_FOUND, "app", "there is no such app");
    }
    return code == MP_OK && out->role < least
               ? mp_fail(err, MP_E_FORBIDDEN, "", "this needs the role %s on the app; yours is %s",
                         accounts_role_name(least), accounts_role_name(out->role))
               : code;
}

static int check(struct http_request *request, struct api *api, enum api_least least,
                 struct api_access *out, struct mp_error *err) {
    switch (least) {
    case API_CALLER:
        return MP_OK;
    case API_USER:
        return out->caller.kind == ACCOUNTS_USER ? MP_OK : forbid(err, "a user who is logged in");
    case API_ADMIN:
        return out->caller.is_admin ? MP_OK : forbid(err, "an administrator of the server");
    case API_VIEWER:
        return check_app(request, api, ACCOUNTS_VIEWER, out, err);
    case API_ANALYST:
        return check_app(request, api, ACCOUNTS_ANALYST, out, err);
    case API_OWNER:
        return check_app(request, api, ACCOUNTS_OWNER, out, err);
    default:
        return forbid(err, "nobody");
    }
}

bool api_authorize(struct http_request *request, struct api *api, enum api_least least,
                   struct api_access *out) {
    struct mp_error err = {0};
    *out = (struct api_access){.snapshot = mp_apps_acquire(api->config.apps)};
    int code = identify(request, api, out, &err);
    code = code ? code : check(request, api, least, out, &err);
    if (code != MP_OK) {
        mp_apps_release(out->snapshot);
        reply_error(request, &err);
        return false;
    }
    return true;
}

void api_release(struct api_access *access) {
    mp_apps_release(access->snapshot);
}

/* ---- By write key ----------------------------------------------------------------------- */

bool authorize_write(struct http_request *request, struct api *api) {
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(api->config.apps);
    const struct mp_app *app =
        mp_apps_by_write_key(snapshot, http_header(request, "X-Minipulse-Key"));
    bool may = app && mp_str_eq(http_param(request, "app"), mp_str_of(app->id));
    mp_apps_release(snapshot);
    if (!may) {
        /* The same answer whether the app exists or not. */
        reply_problem(request, 401, "The write key is missing or wrong",
                      "send the app's write key: X-Minipulse-Key: mpw_…", "X-Minipulse-Key");
    }
    return may;
}
