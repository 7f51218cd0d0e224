/*
 * Errors are values. Functions return 0 or one of these codes; cold paths also fill a
 * struct mp_error that the caller owns. Filling it never allocates.
 */
#ifndef MP_BASE_ERROR_H
#define MP_BASE_ERROR_H

#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mp_code {
    MP_OK = 0,
    MP_E_ARGUMENT,  /* a value from outside is wrong; `field` names it */
    MP_E_TOO_LARGE, /* over a documented limit */
    MP_E_NOT_FOUND,
    MP_E_EXISTS,
    MP_E_DENIED,      /* credential missing or wrong */
    MP_E_FORBIDDEN,   /* who asks is known, and may not */
    MP_E_TOO_OFTEN,   /* tried too often in vain; try later */
    MP_E_FULL,        /* bounded resource is full; try later */
    MP_E_IO,          /* the operating system said no; `sys` is errno */
    MP_E_CORRUPT,     /* bytes on disk or from a peer break their format */
    MP_E_UNAVAILABLE, /* the peer cannot be reached or answered 5xx; safe to try again */
    MP_E_TIMEOUT,
    MP_E_CANCELLED,
    MP_E_ENGINE, /* the engine refused the statement; `engine_code` is ClickHouse's code */
    MP_E_MEMORY,
    MP_E_CLOSED, /* used after shutdown began */
};

struct mp_error {
    enum mp_code code;
    int sys;           /* errno, or 0 */
    int engine_code;   /* ClickHouse error code, or 0 */
    char field[96];    /* field, file or setting at fault; may be empty */
    char message[512]; /* one sentence for a person, no newline */
};

/* "argument", "io", …: stable names for logs and metrics. */
const char *mp_code_name(enum mp_code code);

/* Fills *err (may be NULL) and returns code, so that callers can `return mp_fail(…)`. */
int mp_fail(struct mp_error *err, enum mp_code code, const char *field, const char *format, ...)
    MP_PRINTF(4, 5);
/* The same with errno: appends ": strerror". */
int mp_fail_sys(struct mp_error *err, int sys, const char *field, const char *format, ...)
    MP_PRINTF(4, 5);
/* Puts "context: " before the message, keeping the code. Returns err->code. */
int mp_error_wrap(struct mp_error *err, const char *format, ...) MP_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif
#endif
