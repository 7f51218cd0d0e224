/* Private to collect/: parts of the decoder of Sensors' format. */
#ifndef MP_COLLECT_SENSORS_H
#define MP_COLLECT_SENSORS_H

#include "collect/internal.h"

/* The JSON text that a request carries; it lives in the worker's buffers. */
MP_MUST_CHECK int sensors_text(struct collect_worker *worker, const struct collect_input *input,
                               struct mp_str *out, struct mp_error *err);

/* True when the event carries the SDK's preset properties; profiles do not. */
bool sensors_presets(struct mp_json event, struct mp_json *properties);
/* Fills the batch's context from preset properties. */
void sensors_take_context(struct batch *batch, struct mp_json properties);
/* True when a property says only what the context says already. */
bool sensors_is_in_context(const struct batch *batch, struct mp_str name, struct mp_json value);

#endif
