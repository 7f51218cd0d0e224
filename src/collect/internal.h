/* Private to collect/: what the decoders share. One worker's; no locks. */
#ifndef MP_COLLECT_INTERNAL_H
#define MP_COLLECT_INTERNAL_H

#include "base/arena.h"
#include "base/event.h"
#include "base/json.h"
#include "collect/collect.h"
#include "collect/proxy.h"
#include "collect/region.h"

#include <zlib.h>

struct collect {
    struct mp_apps *apps;
    struct collect_wechatpay *wechatpay; /* or NULL */
    int64_t late_ms;
    struct region_base *regions;
    struct proxies proxies;
};

struct collect_worker {
    struct collect *collect;
    struct mp_json_parser *parser;
    struct mp_arena arena;       /* lives as long as the request */
    struct mp_arena event_arena; /* and as the event at hand */
    struct mp_buf unzipped;
    struct mp_buf unescaped;
    struct mp_buf scratch;
    z_stream inflate;
    struct mp_prop props[MP_EVENT_PROPS_MAX];
};

/* What is wrong with the value at hand. */
struct complaint {
    char field[64];
    char reason[160];
};

/* What a decoder fills while it goes through one request. */
struct batch {
    struct collect_worker *worker;
    const struct collect_input *input;
    struct collect_result *result;
    struct mp_buf *out;
    const struct mp_app *app;
    struct mp_context context;
    int64_t offset_ms;   /* added to every client time */
    bool has_head;       /* the record's head is in out */
    bool is_lenient;     /* texts over their limit are cut, not refused */
    bool is_from_server; /* the connection tells nothing of the user; each event says whose it is */
    const char *list;    /* the name of the events' list in a complaint */
    uint32_t index;      /* of the event at hand */
    const char *within;  /* goes before the field's name in a complaint, "props." */
    size_t common_props; /* the first of worker->props belong to every event */
    size_t prop_count;   /* and so many belong to the event at hand */
    struct mp_arena *arena;
    struct complaint complaint;
};

/* ---- batch.c: from the request to its record ---- */
struct batch collect_batch_begin(struct collect_worker *worker, const struct collect_input *input,
                                 struct mp_buf *out, struct collect_result *result);
/* Fills the complaint and returns false. */
bool complain(struct batch *batch, struct mp_str field, const char *format, ...) MP_PRINTF(3, 4);
/* The event at hand begins; what the one before it left in memory goes. */
void batch_next(struct batch *batch);
/* Puts the event at hand into the record. */
void batch_accept(struct batch *batch, struct mp_event *event);
/* Reports the event at hand by its index, with the complaint. */
void batch_refuse(struct batch *batch);
/* The request as a whole is wrong, for the complaint's reason. */
int batch_fail(const struct batch *batch, struct mp_error *err);
/* After the last event: MP_E_TOO_LARGE when the record overflowed, with out emptied again. */
MP_MUST_CHECK int batch_end(struct batch *batch, struct mp_error *err);

/* ---- body.c ---- */
/* The body as text: gzip undone when Content-Encoding says so. */
MP_MUST_CHECK int body_plain(struct collect_worker *worker, const struct collect_input *input,
                             struct mp_str *out, struct mp_error *err);
/* Parses text; halves of surrogate pairs, which clients make by cutting strings, become U+FFFD. */
MP_MUST_CHECK int body_parse(struct collect_worker *worker, struct mp_str text,
                             struct mp_json *root, struct mp_error *err);

/* ---- inflate.c ---- */
/* Into worker->unzipped. MP_E_TOO_LARGE beyond COLLECT_BODY_PLAIN_BYTES_MAX, MP_E_ARGUMENT. */
MP_MUST_CHECK int inflate_gzip(struct collect_worker *worker, struct mp_str data,
                               struct mp_str *out, struct mp_error *err);

/* ---- validate.c: each fills the complaint and returns false when a value is wrong ---- */
/* The fields of an event; their types and limits stand in one table. */
enum event_field {
    FIELD_ID,
    FIELD_NAME,
    FIELD_USER,
    FIELD_TIME,
    FIELD_OPEN,
    FIELD_PAGE,
    FIELD_QUERY,
    FIELD_REFERRER,
    FIELD_TITLE,
    FIELD_DWELL,
    FIELD_SCENE,
    FIELD_ELEMENT,
    FIELD_ORDER,
    FIELD_AMOUNT,
    FIELD_PASSWORD_FREE,
    FIELD_PROPS,
    FIELD_COUNT
};
#define FIELD_BIT(field) (1u << (field))
/* FIELD_COUNT when there is none of that name. */
enum event_field event_field_find(struct mp_str name);
/* Takes any field but FIELD_OPEN and FIELD_PROPS. The value is not null. */
bool event_field_take(struct batch *batch, enum event_field field, struct mp_json value,
                      struct mp_event *event);
bool take_text(struct batch *batch, struct mp_str field, struct mp_json value, size_t bytes_max,
               struct mp_str *out);
bool take_integer(struct batch *batch, struct mp_str field, struct mp_json value, int64_t least,
                  int64_t most, int64_t *out);
bool take_time(struct batch *batch, struct mp_str field, struct mp_json value, int64_t *out);
/* Names: 1 to MP_EVENT_NAME_MAX bytes without control bytes. */
bool check_name(struct batch *batch, struct mp_str field, struct mp_str name);
/* Names with '$' are ours: the documented ones or none. */
bool check_reserved(struct batch *batch, struct mp_str name);
/* Payments and refunds bring an order and an amount; given has FIELD_BITs. */
bool check_money(struct batch *batch, const struct mp_event *event, uint32_t given);

/* ---- props.c ---- */
/* Adds a property to the event at hand: objects are flattened with dots, null is nothing, the first
 * of equal names stays. prefix is "" or ends with a dot. */
bool add_prop(struct batch *batch, struct mp_str prefix, struct mp_str name, struct mp_json value);
/* Adds the members of the object `props`. */
bool add_props(struct batch *batch, struct mp_json value);

/* ---- identity.c ---- */
/* The property that tells one refund of an order from the next. */
#define REFUND_ID "refund_id"
/* Of the app and the client's own id, which is one app's alone. */
struct mp_hash128 identity_of_id(const struct batch *batch, struct mp_str id);
/* Of the app, $pay or $refund, and the id of the order or refund: the same whoever tells of it, the
 * SDK, the app's server or WeChat Pay. The id is at most MP_EVENT_ID_MAX long. */
struct mp_hash128 identity_of_money(const struct batch *batch, struct mp_str name,
                                    struct mp_str id);
/* Sets the event's identity so, where it is a $pay, or a $refund with the property REFUND_ID. False
 * for other events. After the event's members have been taken. */
MP_MUST_CHECK bool identity_from_money(const struct batch *batch, struct mp_event *event);

/* ---- time.c ---- */
/* The client clock's error by the moment of upload; 0 when it is no more than latency. */
int64_t clock_offset_ms(const struct batch *batch, int64_t sent_ms);
/* Client time → the server's clock, clamped and flagged: docs/indicators.md. */
void correct_time(const struct batch *batch, struct mp_event *event);

/* ---- enrich.c ---- */
/* Adds to the context what the connection tells: region from the address, platform from the user
 * agent where the client did not say. */
void enrich(struct batch *batch);
/* "ios", "Android", …; names of other systems ("ohos", "devtools", "windows", "mac") are "other".
 */
enum mp_platform platform_of(struct mp_str name);
/* "/pages/a?x=1" → path "pages/a", query "x=1"; query may be NULL. */
void split_page(struct mp_str url, struct mp_str *path, struct mp_str *query);

#endif
