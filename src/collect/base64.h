/* Private to collect/: form fields and base64 as Sensors' clients send them. */
#ifndef MP_COLLECT_BASE64_H
#define MP_COLLECT_BASE64_H

#include "base/buf.h"

/* Percent-decoding of a form value ('+' is a blank). False on a broken escape or a full buffer. */
MP_MUST_CHECK bool form_decode(struct mp_str text, struct mp_buf *out);
/* The value of a field of a form body, still encoded; ptr NULL when there is none. */
struct mp_str form_field(struct mp_str form, const char *name);
/* Either alphabet, with or without padding, blanks (a '+' that a form ate) read as '+'. */
MP_MUST_CHECK bool base64_decode(struct mp_str text, struct mp_buf *out);

#endif
