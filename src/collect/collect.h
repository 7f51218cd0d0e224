/*
 * From bytes on the wire to one journal record. Pure work on the caller's thread: no I/O, no locks
 * but the snapshots of apps and accounts; api/ calls it from HTTP event loop threads, one struct
 * collect_worker a thread.
 */
#ifndef MP_COLLECT_COLLECT_H
#define MP_COLLECT_COLLECT_H

#include "base/apps.h"
#include "base/buf.h"
#include "base/error.h"
#include "collect/wechatpay.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Documented in docs/collect.md; all are tested. See also base/event.h. */
#define COLLECT_BODY_BYTES_MAX (1u << 20)       /* as sent */
#define COLLECT_BODY_PLAIN_BYTES_MAX (4u << 20) /* after gzip or base64 */
#define COLLECT_DEPTH_MAX 16                    /* of objects and lists in a body */
#define COLLECT_PROP_DEPTH_MAX 4                /* flattened; what is deeper is kept as JSON text */
#define COLLECT_PAGE_MAX 1024                   /* bytes of a page's path */
#define COLLECT_CONTEXT_STR_MAX 256             /* bytes of a text in the context */
#define COLLECT_AMOUNT_FEN_MAX 100000000000LL   /* a billion yuan */
#define COLLECT_DWELL_MS_MAX (7LL * 24 * 3600 * 1000)
#define COLLECT_TIME_MS_MAX 253402300799999LL /* the end of the year 9999 */
#define COLLECT_CLOCK_SLACK_MS 2000           /* a smaller offset is latency, not a wrong clock */
#define COLLECT_FUTURE_MS (10LL * 60 * 1000)  /* corrected times further ahead are clamped */
#define COLLECT_PAYMENTS_MAX 500              /* payments and refunds of one request */
#define COLLECT_NOTICE_BYTES_MAX (256u << 10) /* a notice of WeChat Pay */
#define COLLECT_NOTICE_AGE_S_MAX 300          /* its timestamp may be so far off, as WeChat says */
#define COLLECT_ERRORS_MAX 20                 /* reported one by one; more are only counted */

struct collect;

struct collect_config {
    struct mp_apps *apps;
    struct collect_wechatpay *wechatpay; /* NULL = no accounts */
    int64_t late_ms;                     /* accepted lateness; default 72 h */
    const char *mmdb_file;               /* NULL = only the bundled table */
    const char *trusted_proxies; /* "127.0.0.1,10.0.0.0/8,::1": peers whose X-Forwarded-For counts;
                                    may be "" */
};
MP_MUST_CHECK int collect_open(const struct collect_config *config, struct collect **out,
                               struct mp_error *err);
void collect_close(struct collect *collect);

#define COLLECT_ADDRESS_SIZE 46 /* of an address's text with its NUL */
/*
 * The client's address as text: the peer's own or, where that is a trusted proxy, the one that
 * X-Forwarded-For tells; "unix" when nothing is known but that. Any thread.
 */
void collect_client_address(const struct collect *collect, struct mp_str peer,
                            struct mp_str forwarded_for, char out[COLLECT_ADDRESS_SIZE]);

struct collect_worker; /* parser, arenas, inflate state of one thread */
struct collect_worker *collect_worker_create(struct collect *collect);
void collect_worker_destroy(struct collect_worker *worker);

/* How a notice of WeChat Pay is signed: its headers Wechatpay-…, each may be empty. */
struct collect_signature {
    struct mp_str timestamp;
    struct mp_str nonce;
    struct mp_str serial;
    struct mp_str signature;
    struct mp_str type;
};

struct collect_input {
    struct mp_str body; /* as received */
    struct mp_str app;  /* the id in the path; payments: its right to write was checked */
    struct collect_signature signature; /* WeChat Pay */
    bool is_password_free;              /* WeChat Pay: all that comes this way is */
    struct mp_str query;            /* Sensors GET: value of `data`, percent-decoded; else empty */
    struct mp_str project;          /* Sensors: `project`, names the app by write key or id */
    struct mp_str content_encoding; /* "", "gzip", "identity" */
    struct mp_str key;              /* write key from the header X-Minipulse-Key, may be empty */
    struct mp_str peer;             /* address of the connection */
    struct mp_str forwarded_for;    /* X-Forwarded-For, may be empty */
    struct mp_str user_agent;
    int64_t received_ms;
};

struct collect_fault {
    uint32_t index; /* of the event in the batch */
    char field[96]; /* "events[3].time", "payments[3].time" */
    char reason[160];
};

struct collect_result {
    uint32_t accepted;
    uint32_t rejected;
    struct collect_fault faults[COLLECT_ERRORS_MAX]; /* the first ones, by index */
    char app[MP_APP_ID_MAX + 1];
    char note[96]; /* WeChat Pay: why nothing of an authentic notice was counted, or empty */
};

/*
 * Our own format, POST /v1/collect (docs/collect.schema.json). Appends one record to out (cleared
 * by the caller; stays empty when no event was accepted). 0 = result is filled, also when some or
 * all events were rejected one by one; otherwise the request as a whole was refused: MP_E_ARGUMENT
 * (err.field), MP_E_DENIED (key), MP_E_TOO_LARGE.
 */
MP_MUST_CHECK int collect_native(struct collect_worker *worker, const struct collect_input *input,
                                 struct mp_buf *out, struct collect_result *result,
                                 struct mp_error *err);
/* Sensors Analytics' format, GET and POST /sa. POST: body is the form. The user belongs to the
 * event there: it is mp_context.user for the first event, and mp_event carries its own where it
 * differs (see base/event.h). */
MP_MUST_CHECK int collect_sensors(struct collect_worker *worker, const struct collect_input *input,
                                  struct mp_buf *out, struct collect_result *result,
                                  struct mp_error *err);
/*
 * Payments and refunds from the app's own server: one JSON object or a list of them, for the app
 * input->app. A list is answered item by item as collect_native's events are; of one object alone
 * whatever is wrong is wrong with the request. MP_E_NOT_FOUND when there is no such app.
 */
MP_MUST_CHECK int collect_payments(struct collect_worker *worker, const struct collect_input *input,
                                   struct mp_buf *out, struct collect_result *result,
                                   struct mp_error *err);
/*
 * A notice of WeChat Pay's APIv3 for the app input->app. MP_E_DENIED when it does not prove to come
 * from WeChat Pay, for whatever reason (which is for the log: whoever sent it must not learn more);
 * MP_E_ARGUMENT when it does and cannot be understood. Other kinds of notices than of payments and
 * refunds that succeeded are MP_OK with nothing accepted.
 */
MP_MUST_CHECK int collect_notice(struct collect_worker *worker, const struct collect_input *input,
                                 struct mp_buf *out, struct collect_result *result,
                                 struct mp_error *err);

#ifdef __cplusplus
}
#endif
#endif
