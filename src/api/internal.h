/* Private to api/. */
#ifndef MP_API_INTERNAL_H
#define MP_API_INTERNAL_H

#include "api/api.h"

#include "base/json.h"
#include "base/json_write.h"

#include <pthread.h>
#include <stdatomic.h>

#define API_REPLY_BYTES_MAX (32u << 20) /* a report of ten years by day is under 2 MB */
/* Events are that old before they can be asked for: something is wrong. */
#define API_READY_LAG_MS_MAX 600000
#define API_FIXED_HEADERS_MAX 5
/* Requests of up to that many events, all accepted, get an answer made in advance. */
#define API_ANSWERED_EVENTS_MAX 64

/* A collect worker and its buffers, lent to one request at a time. */
struct slot {
    struct collect_worker *worker;
    struct mp_buf record;
    struct mp_buf forwarded_for; /* several X-Forwarded-For fields, joined */
    struct collect_result result;
    struct slot *next;
};

/* Latency buckets; the last counts everything above. */
#define API_BUCKETS 12
#define API_STATUSES 600

struct route_stats {
    atomic_uint_fast64_t by_status[API_STATUSES]; /* 0: the client left before its reply */
    atomic_uint_fast64_t buckets[API_BUCKETS];
    atomic_uint_fast64_t total_us;
};

struct guard;

struct api {
    struct api_config config;
    struct http_route *routes;
    struct guard *guards; /* one a route */
    size_t route_count;
    struct route_stats *stats; /* one a route, and one for what fits none */
    struct http_field headers[API_FIXED_HEADERS_MAX];
    size_t header_count;
    char hsts[48];
    struct http_answer *answers[API_ANSWERED_EVENTS_MAX + 1]; /* by events accepted */
    pthread_mutex_t mutex;                                    /* guards free_slots */
    struct slot *free_slots;
    struct realtime_streams *streams;
    atomic_int_fast64_t refused_logged_ms; /* when a refused notice was last logged */
    atomic_uint_fast64_t events_accepted;
    atomic_uint_fast64_t events_rejected;
    /* Requests refused as a whole, by collect or the journal, by enum mp_code. */
    atomic_uint_fast64_t requests_refused[MP_E_CLOSED + 1];
};

/* problem.c: RFC 9457 problem details */
void problem_body(struct mp_buf *out, int status, const char *title, const char *detail,
                  const char *field);
void reply_problem(struct http_request *request, int status, const char *title, const char *detail,
                   const char *field);
/* The HTTP status of a code, from the one table. */
int problem_status(enum mp_code code);
/* By the error's code, from that table. What is wrong inside is logged, not told. */
void reply_error(struct http_request *request, const struct mp_error *err);
void problem_for_http(int status, const char *reason, struct mp_buf *body,
                      const char **content_type);

/* How the requests of one wire format are decoded and answered. */
struct collect_face;
/* What the reply needs, in the request's scratch, between append and commit. */
struct pending_reply {
    struct api *api;
    const struct collect_face *face;
    uint32_t accepted;
    uint32_t rejected;
    char *faults; /* JSON list, malloced; NULL when all were accepted */
};
_Static_assert(sizeof(struct pending_reply) <= HTTP_SCRATCH_BYTES, "must fit the scratch");

struct collect_face {
    int (*decode)(struct collect_worker *worker, const struct collect_input *input,
                  struct mp_buf *out, struct collect_result *result, struct mp_error *err);
    /* Once the events are on disk, or when there are none. */
    void (*accept)(struct http_request *request, const struct pending_reply *reply);
    void (*refuse)(struct http_request *request, struct api *api, const struct mp_error *err);
};

/* collect_routes.c */
/* MP_E_MEMORY. */
MP_MUST_CHECK int collect_answers_open(struct api *api);
void collect_answers_close(struct api *api);
/* Decodes the body, appends the events to the journal and replies, now or when they are on disk.
 * Fills input with what all formats need of the request; app and the like are the caller's. */
void collect_with(struct http_request *request, struct api *api, const struct collect_face *face,
                  struct collect_input *input);
/* {"accepted": …, "rejected": …, "errors": […]}, and problem details. */
void reply_counts(struct http_request *request, const struct pending_reply *reply);
void refuse_with_problem(struct http_request *request, struct api *api, const struct mp_error *err);
void handle_collect(struct http_request *request, void *api);
void handle_sensors(struct http_request *request, void *api);
void handle_preflight(struct http_request *request, void *api);

/* sdk_routes.c */
void handle_sdk_config(struct http_request *request, void *api);

/* payment_routes.c */
void handle_payments(struct http_request *request, void *api);
void handle_notice(struct http_request *request, void *api);
void handle_notice_password_free(struct http_request *request, void *api);

/* ---- Who may (access.c) ----------------------------------------------------------------- */

/* The least that a caller must be. The three roles are those on the path's {app}. */
enum api_least {
    API_ANYONE,
    API_CALLER, /* any token or user */
    API_USER,   /* logged in */
    API_VIEWER,
    API_ANALYST,
    API_OWNER,
    API_ADMIN, /* of the server */
};

struct api_access {
    struct accounts_caller caller;
    struct mp_str secret; /* the session's; ptr NULL with a token. Borrows from the request */
    struct mp_apps_snapshot *snapshot;
    const struct mp_app *app; /* the path's; NULL where the route asks for no role */
    enum accounts_role role;  /* on that app */
};
/*
 * By bearer token or session cookie. False when it has replied: 401 for who is unknown, 403 for who
 * may not or lacks the CSRF token, 404 for an app that is not there or that the caller may not see:
 * nobody learns which. True: to be released.
 */
MP_MUST_CHECK bool api_authorize(struct http_request *request, struct api *api,
                                 enum api_least least, struct api_access *out);
void api_release(struct api_access *access);
/* Whether the request bears the write key of the path's app; else it has been replied to. */
MP_MUST_CHECK bool authorize_write(struct http_request *request, struct api *api);
void client_address(struct http_request *request, const struct api *api,
                    char out[ACCOUNTS_ADDRESS_SIZE]);
/* The session's cookie; age 0 takes it away. */
void set_cookie(struct http_request *request, const struct api *api, const char *value,
                int64_t age_s);

/* ---- Routes (routes.c) ------------------------------------------------------------------ */

typedef void api_handler(struct http_request *request, struct api *api,
                         const struct api_access *access);
struct route {
    const char *method;
    const char *path;
    enum http_mode mode;
    size_t body_bytes_max;
    enum api_least least;
    http_handler *open;   /* for anyone; its arg is the api */
    const char *proof;    /* what its handler asks for by itself; NULL: nothing */
    api_handler *guarded; /* or: called once the caller is found to be that */
};
MP_MUST_CHECK int fill_routes(struct api *api, struct mp_error *err);

/* ---- What was sent (form.c) ------------------------------------------------------------- */

/* Refuses parameters that the question does not know: a misspelt one must not be ignored. Nor may
 * one of two with the same name. The names end with NULL. */
MP_MUST_CHECK int check_query(const struct http_request *request, const char *const known[],
                              struct mp_error *err);
/* The body, a JSON object. Its texts live until form_close. */
struct form {
    struct mp_json_parser *parser;
    struct mp_json root;
};
/* The same rules for its members. To be closed also after a failure. */
MP_MUST_CHECK int form_open(const struct http_request *request, const char *const known[],
                            struct form *out, struct mp_error *err);
void form_close(struct form *form);
/* UTF-8 without NUL. Absent: MP_E_ARGUMENT; or, for the second, *out has ptr NULL. */
MP_MUST_CHECK int form_text(const struct form *form, const char *name, struct mp_str *out,
                            struct mp_error *err);
MP_MUST_CHECK int form_optional_text(const struct form *form, const char *name, struct mp_str *out,
                                     struct mp_error *err);
/* *is_given may be NULL: then it must be there. */
MP_MUST_CHECK int form_bool(const struct form *form, const char *name, bool *is_given, bool *out,
                            struct mp_error *err);
MP_MUST_CHECK int form_role(const struct form *form, enum accounts_role *out, struct mp_error *err);

/* ---- What is answered (answer.c) -------------------------------------------------------- */

/* A JSON object under way: begun by init, ended and sent by reply. */
struct answer {
    struct mp_buf text;
    struct mp_json_writer json;
};
void answer_init(struct answer *answer);
void answer_text(struct answer *answer, const char *key, const char *value);
/* A moment as text; null for 0. */
void answer_time(struct answer *answer, const char *key, int64_t time_ms);
/* Sends it, or the error if code is not MP_OK; frees. */
void answer_reply(struct answer *answer, struct http_request *request, int status, int code,
                  const struct mp_error *err);
/* 204, or the error. */
void reply_done(struct http_request *request, int code, const struct mp_error *err);

/* ---- Handlers --------------------------------------------------------------------------- */

/* report_routes.c */
/* Declares each as an api_handler. */
api_handler handle_trend, handle_overview, handle_source, handle_frequency, handle_duration,
    handle_depth, handle_retention, handle_pages, handle_profile, handle_catalogue;
/* datacube_routes.c */
http_handler handle_wx_token, handle_wx_stable_token, handle_datacube, handle_wx_rest;
/* realtime_routes.c */
api_handler handle_realtime, handle_realtime_stream;
/* session_routes.c */
http_handler handle_setup_state, handle_setup, handle_join, handle_log_in;
api_handler handle_session, handle_log_out, handle_own_password, handle_join_as;
/* user_routes.c */
api_handler handle_users, handle_user_add, handle_user_change, handle_user_remove;
/* app_routes.c */
api_handler handle_apps, handle_app_add, handle_app, handle_app_change, handle_app_rotate_key;
/* The apps that a caller may see, as the member "apps". */
MP_MUST_CHECK int put_apps(struct answer *answer, struct api *api,
                           const struct accounts_caller *caller,
                           const struct mp_apps_snapshot *snapshot, struct mp_error *err);
/* member_routes.c */
api_handler handle_members, handle_member_set, handle_member_remove;
api_handler handle_invitations, handle_invite, handle_uninvite;
/* token_routes.c */
api_handler handle_tokens, handle_token_add, handle_token_revoke;
/* The {id} of the path; MP_E_NOT_FOUND when it is no number. */
MP_MUST_CHECK int take_id(const struct http_request *request, int64_t *out, struct mp_error *err);
/* audit_routes.c */
api_handler handle_audit, handle_app_audit;

/* status_routes.c */
void handle_alive(struct http_request *request, void *api);
void handle_ready(struct http_request *request, void *api);
void handle_metrics(struct http_request *request, void *api);
void handle_openapi(struct http_request *request, void *api);
/* web_routes.c */
void handle_web_page(struct http_request *request, void *api);
void handle_web_file(struct http_request *request, void *api);
void count_request(const struct http_request *request, int status, int64_t duration_us, void *api);

#endif
