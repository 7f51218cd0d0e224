/* Private to collect/: form fields and base64, as Sensors' clients send them. Pure; any thread. */
#ifndef MP_COLLECT_FORM_H
#define MP_COLLECT_FORM_H

#include "base/buf.h"

/* The value of a field of a form body, still encoded; ptr NULL when there is none. */
struct mp_str form_field(struct mp_str form, const char *name);
/* Percent-decoding of a form value ('+' is a blank) into out, cleared first. False on a broken
 * escape or when out is full. */
MP_MUST_CHECK bool form_decode(struct mp_str text, struct mp_buf *out);
/*
 * Decodes base64 in place: either alphabet, with or without padding, a blank (a '+' that a form
 * ate) read as '+', line ends at the end ignored. Gives the new length, or -1.
 */
MP_MUST_CHECK int64_t base64_decode(char *text, size_t len);

#endif
