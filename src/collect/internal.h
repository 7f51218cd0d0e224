/* Private to collect/. */
#ifndef MP_COLLECT_INTERNAL_H
#define MP_COLLECT_INTERNAL_H

#include "base/arena.h"
#include "base/event.h"
#include "base/json.h"
#include "collect/collect.h"
#include "collect/proxy.h"
#include "collect/region.h"

#include <zlib.h>

#define COLLECT_DEPTH_MAX 16
#define COLLECT_PROP_DEPTH_MAX 4 /* deeper objects are kept as JSON text */
#define COLLECT_AMOUNT_FEN_MAX 100000000000LL
#define COLLECT_DWELL_MS_MAX (7LL * 24 * 3600 * 1000)
#define COLLECT_CLOCK_SLACK_MS 2000 /* less is latency, not a wrong clock */
#define COLLECT_FUTURE_MS (10LL * 60 * 1000)

struct collect {
    struct mp_apps *apps;
    int64_t late_ms;
    struct region_base *regions;
    struct proxies proxies;
};

struct collect_worker {
    struct collect *collect;
    struct mp_json_parser *parser;
    struct mp_arena arena;
    struct mp_buf plain;  /* the body after gzip or base64 */
    struct mp_buf plain2; /* and after the second of the two */
    struct mp_buf scratch;
    z_stream inflate;
    struct mp_prop props[MP_EVENT_PROPS_MAX];
};

/* What a decoder fills while it goes through one request. */
struct batch {
    struct collect_worker *worker;
    const struct collect_input *input;
    struct collect_result *result;
    struct mp_buf *out;
    const struct mp_app *app;
    struct mp_context context;
    bool has_head; /* the record's head is in out */
    int64_t offset_ms;
    uint32_t index; /* of the event at hand */
};

/* ---- validate.c: each puts the fault with field and reason and returns false when value is wrong
 * ---- */
bool take_text(struct batch *batch, struct mp_json value, const char *field, size_t max,
               struct mp_str *out);
bool take_integer(struct batch *batch, struct mp_json value, const char *field, int64_t least,
                  int64_t most, int64_t *out);
/* Notes that the event at hand is refused. Returns false. */
bool fault(struct batch *batch, const char *field, const char *reason);
/* Names: 1 to MP_EVENT_NAME_MAX bytes of UTF-8 without control bytes. */
bool name_is_fine(struct mp_str name);
/* Adds a property, flattening objects with dots; what has no place is refused by name. */
bool add_prop(struct batch *batch, struct mp_event *event, struct mp_str name,
              struct mp_json value);

/* ---- time.c ---- */
/* Client time → UTC of the server's clock, clamped and flagged; see docs/indicators.md. */
void correct_time(const struct batch *batch, struct mp_event *event, int64_t client_ms);

/* ---- enrich.c ---- */
void enrich_region(struct batch *batch);
uint8_t platform_of(struct mp_str name);
/* "/pages/a?x=1" → page "pages/a", query "x=1" (unless query was given). */
void split_page(struct mp_str path, struct mp_event *event);

/* ---- inflate.c ---- */
MP_MUST_CHECK int inflate_gzip(struct collect_worker *worker, struct mp_str data,
                               struct mp_buf *out, struct mp_error *err);

/* Finishes an event: identity from id, head of the record before the first one. */
void emit(struct batch *batch, struct mp_event *event);

#endif
