/*
 * Structured log lines on stderr: time, level, room, message, then key=value pairs (logfmt), or
 * one JSON object a line. Thread-safe; a line is one write(2). Set up once by cmd/ before threads.
 */
#ifndef MP_BASE_LOG_H
#define MP_BASE_LOG_H

#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mp_log_level { MP_LOG_DEBUG, MP_LOG_INFO, MP_LOG_WARN, MP_LOG_ERROR };

/* as_json chooses JSON lines. Call before other threads start. */
void mp_log_setup(enum mp_log_level least, bool as_json);
/*
 * `fields` is a printf format that makes "key=value key2=\"quoted value\"" pairs, or NULL.
 * Example: mp_log(MP_LOG_WARN, "journal", "torn tail cut", "segment=%s bytes=%zu", name, n);
 */
void mp_log(enum mp_log_level level, const char *room, const char *message, const char *fields, ...)
    MP_PRINTF(4, 5);

#ifdef __cplusplus
}
#endif
#endif
