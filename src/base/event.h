/*
 * One event, as collect makes it and load reads it, and the journal record that carries events of
 * one request. Strings borrow: from the request while encoding, from the record while decoding.
 * A record is: version byte, the shared context (app … network), then the events. Encoding a
 * record that decode would refuse is a bug; decode trusts nothing (it is fuzzed).
 */
#ifndef MP_BASE_EVENT_H
#define MP_BASE_EVENT_H

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MP_EVENT_PROPS_MAX 128       /* properties of one event, after flattening */
#define MP_EVENT_PER_RECORD_MAX 1000 /* events of one request */
#define MP_EVENT_STR_MAX 8192        /* bytes of one property value */
#define MP_EVENT_NAME_MAX 128        /* bytes of an event or property name */
#define MP_EVENT_ID_MAX 128          /* bytes of ids: user, event, open, order */
#define MP_RECORD_BYTES_MAX (4u << 20)

/*
 * The names of events that reports know; all other names are custom events. In every wire format
 * they are mapped to these. Stored in events.name as this text.
 */
#define MP_EVENT_LAUNCH "$launch" /* cold start: begins an open */
#define MP_EVENT_SHOW "$show"     /* to the foreground */
#define MP_EVENT_HIDE "$hide"     /* to the background; dwell_ms = time in the foreground */
#define MP_EVENT_PAGE_VIEW "$page_view"
#define MP_EVENT_PAGE_LEAVE "$page_leave" /* dwell_ms = time on the page */
#define MP_EVENT_SHARE "$share"
#define MP_EVENT_CLICK "$click"
#define MP_EVENT_ADD "$add" /* added to My Mini Programs */
#define MP_EVENT_REMOVE "$remove"
#define MP_EVENT_PAY "$pay"       /* a successful payment: order_id, amount_fen, password_free */
#define MP_EVENT_REFUND "$refund" /* order_id, amount_fen */
#define MP_EVENT_IDENTIFY "$identify" /* user = the new id, prop "previous_user" the old one */
#define MP_EVENT_PROFILE "$profile"   /* user properties */
/* What our SDK sees of itself; reports do not count them yet. docs/sdk.md tells their properties.
 */
#define MP_EVENT_FAVORITE "$favorite" /* added to Weixin's favourites */
#define MP_EVENT_PULL_DOWN "$pull_down"
#define MP_EVENT_REACH_BOTTOM "$reach_bottom"
#define MP_EVENT_INTERACT "$interact" /* a handled event other than a tap */
#define MP_EVENT_ERROR "$error"
#define MP_EVENT_REQUEST "$request" /* one that failed or was slow */
#define MP_EVENT_PERFORMANCE "$performance"
#define MP_EVENT_PAY_ATTEMPT "$pay_attempt" /* wx.requestPayment, however it ended */

enum mp_platform {
    MP_PLATFORM_UNKNOWN = 0,
    MP_PLATFORM_IOS = 1,
    MP_PLATFORM_ANDROID = 2,
    MP_PLATFORM_OTHER = 3
};

/* events.flags */
#define MP_EVENT_CLAMPED_FUTURE 1u /* corrected time was > 10 min ahead; time is the receipt */
#define MP_EVENT_CLAMPED_LATE 2u   /* older than the accepted lateness; time is the receipt */
#define MP_EVENT_TIME_CORRECTED 4u /* client clock differed; offset applied */

enum mp_prop_type { MP_PROP_STRING = 0, MP_PROP_NUMBER = 1 };
struct mp_prop {
    struct mp_str name;
    enum mp_prop_type type;
    struct mp_str text; /* MP_PROP_STRING; booleans are "true"/"false", arrays and objects JSON */
    double number;      /* MP_PROP_NUMBER */
};

/* What the events of one request share. Empty string or 0 = unknown. */
struct mp_context {
    struct mp_str app;   /* app id */
    int64_t received_ms; /* server clock */
    struct mp_str user;  /* as given by the client; an event may carry another */
    struct mp_str app_version;
    struct mp_str sdk; /* "minipulse/1.2.0", "sensors/1.22.7" */
    uint8_t platform;  /* enum mp_platform */
    struct mp_str brand;
    struct mp_str model;
    struct mp_str os_version;
    struct mp_str client_version;  /* Weixin's own version */
    struct mp_str library_version; /* base library */
    uint16_t screen_width;
    uint16_t screen_height;
    struct mp_str language;
    struct mp_str network; /* "wifi", "5g", … */
    struct mp_str country; /* Chinese names as the region table has them */
    struct mp_str province;
    struct mp_str city;
};

struct mp_event {
    struct mp_hash128 identity; /* equal identity = the same event, counted once */
    struct mp_str user;         /* empty: the context's */
    struct mp_str id;           /* as given; may be empty when the format has none */
    struct mp_str name;
    int64_t time_ms; /* corrected, UTC */
    uint8_t flags;
    struct mp_str open_id;  /* empty: the open is derived by the loader */
    int64_t open_start_ms;  /* with open_id: when the open began (corrected); else 0 */
    uint16_t scene;         /* 0 = unknown */
    struct mp_str page;     /* path without query, without leading '/' */
    struct mp_str query;    /* the query string, without '?' */
    struct mp_str referrer; /* page path before this one */
    struct mp_str title;
    int64_t dwell_ms;      /* -1 = not measured */
    struct mp_str element; /* id of the element of a click */
    struct mp_str order_id;
    int64_t amount_fen;
    bool password_free;
    struct mp_prop *props;
    size_t prop_count;
};

/* Appends a record's head; then call mp_record_add for each event. out->failed tells at the end: it
 * is also set by what decode would refuse (a string, the properties or the record over its limit).
 */
void mp_record_begin(struct mp_buf *out, const struct mp_context *context);
void mp_record_add(struct mp_buf *out, const struct mp_event *event);

struct mp_record_reader {
    struct mp_reader reader;
    size_t count; /* events read so far */
};
/* Reads the head. 0 or MP_E_CORRUPT. Strings borrow from record. */
MP_MUST_CHECK int mp_record_open(struct mp_record_reader *reader, struct mp_str record,
                                 struct mp_context *context);
/*
 * The next event: 1 = one was read, 0 = end, -1 = corrupt. props_out must hold MP_EVENT_PROPS_MAX
 * and is what event->props points to.
 */
MP_MUST_CHECK int mp_record_next(struct mp_record_reader *reader, struct mp_event *event,
                                 struct mp_prop *props_out);

/* Weixin's scene → the source group's key of its data API (see docs); 10 = other, 0 = scene unknown
 * (0). */
uint8_t mp_scene_group(uint16_t scene);
#define MP_SCENE_GROUP_OTHER 10

#ifdef __cplusplus
}
#endif
#endif
