#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

const char *mp_code_name(enum mp_code code) {
    static const char *const names[] = {
        [MP_OK] = "ok",
        [MP_E_ARGUMENT] = "argument",
        [MP_E_TOO_LARGE] = "too_large",
        [MP_E_NOT_FOUND] = "not_found",
        [MP_E_EXISTS] = "exists",
        [MP_E_DENIED] = "denied",
        [MP_E_FORBIDDEN] = "forbidden",
        [MP_E_TOO_OFTEN] = "too_often",
        [MP_E_FULL] = "full",
        [MP_E_IO] = "io",
        [MP_E_CORRUPT] = "corrupt",
        [MP_E_UNAVAILABLE] = "unavailable",
        [MP_E_TIMEOUT] = "timeout",
        [MP_E_CANCELLED] = "cancelled",
        [MP_E_ENGINE] = "engine",
        [MP_E_MEMORY] = "memory",
        [MP_E_CLOSED] = "closed",
    };
    return (size_t)code < sizeof(names) / sizeof(names[0]) ? names[code] : "unknown";
}

/* Cuts without splitting a UTF-8 sequence, and turns control bytes into spaces: one line. */
static void copy_line(char *to, size_t size, const char *from) {
    struct mp_str clipped = mp_str_clip(mp_str_of(from), size - 1);
    for (size_t i = 0; i < clipped.len; i++) {
        unsigned char c = (unsigned char)clipped.ptr[i];
        to[i] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
    }
    to[clipped.len] = '\0';
}

static void fill(struct mp_error *err, enum mp_code code, int sys, const char *field,
                 const char *format, va_list args) {
    char text[1024];
    int len = vsnprintf(text, sizeof(text), format, args);
    if (sys != 0 && len >= 0 && (size_t)len < sizeof(text) - 1) {
        char reason[128];
        snprintf(text + len, sizeof(text) - (size_t)len, ": %s",
                 strerror_r(sys, reason, sizeof(reason)));
    }
    err->code = code;
    err->sys = sys;
    err->engine_code = 0;
    copy_line(err->field, sizeof(err->field), field ? field : "");
    copy_line(err->message, sizeof(err->message), text);
}

int mp_fail(struct mp_error *err, enum mp_code code, const char *field, const char *format, ...) {
    if (err) {
        va_list args;
        va_start(args, format);
        fill(err, code, 0, field, format, args);
        va_end(args);
    }
    return (int)code;
}

int mp_fail_sys(struct mp_error *err, int sys, const char *field, const char *format, ...) {
    enum mp_code code = sys == ENOSPC || sys == EDQUOT ? MP_E_FULL : MP_E_IO;
    if (err) {
        va_list args;
        va_start(args, format);
        fill(err, code, sys, field, format, args);
        va_end(args);
    }
    return (int)code;
}

int mp_error_wrap(struct mp_error *err, const char *format, ...) {
    char text[sizeof(err->message) * 2];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (len >= 0 && (size_t)len < sizeof(text)) {
        snprintf(text + len, sizeof(text) - (size_t)len, ": %s", err->message);
    }
    copy_line(err->message, sizeof(err->message), text);
    return (int)err->code;
}
