/* Private to collect/: what Sensors' clients call things, and what we call them. */
#ifndef MP_COLLECT_SENSORS_NAMES_H
#define MP_COLLECT_SENSORS_NAMES_H

#include "base/event.h"

/* "$MPLaunch" → "$launch"; a name that we have no other for stays as it is. */
struct mp_str sensors_event_name(struct mp_str theirs);
/* The place in context for a property that all events of a client share; NULL when it has none. */
struct mp_str *sensors_context_slot(struct mp_context *context, struct mp_str property);
/* True for the words that the SDK writes where it knows no page or scene. */
bool sensors_is_unknown(struct mp_str text);
/* "wx-1001" → 1001; 0 when it is no scene of Weixin's. */
uint16_t sensors_scene(struct mp_str text);

#endif
