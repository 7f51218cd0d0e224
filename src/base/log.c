#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "base/zone.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LOG_LINE_MAX 16384 /* fields and message, each byte escaped */
#define LOG_FIELDS_MAX 2048

/* Written once by mp_log_setup, before other threads start. */
static enum mp_log_level log_least = MP_LOG_INFO;
static bool log_as_json;

void mp_log_setup(enum mp_log_level least, bool as_json) {
    log_least = least;
    log_as_json = as_json;
}

static const char *level_name(enum mp_log_level level) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    return names[level];
}

/* Cuts the next key=value or key="quoted value" pair off *fields; false at the end. */
static bool next_pair(struct mp_str *fields, struct mp_str *key, struct mp_str *value) {
    *fields = mp_str_trim(*fields);
    if (fields->len == 0) {
        return false;
    }
    *key = mp_str_cut(fields, '=');
    if (fields->len > 0 && fields->ptr[0] == '"') {
        *fields = mp_str_range(fields->ptr + 1, fields->len - 1);
        *value = mp_str_cut(fields, '"');
    } else {
        *value = mp_str_cut(fields, ' ');
    }
    return true;
}

static void write_json(struct mp_buf *line, const char *now, enum mp_log_level level,
                       const char *room, const char *message, struct mp_str fields) {
    struct mp_json_writer writer;
    struct mp_str key, value;
    mp_jw_init(&writer, line);
    mp_jw_object_begin(&writer);
    mp_jw_key(&writer, "time");
    mp_jw_text(&writer, now);
    mp_jw_key(&writer, "level");
    mp_jw_text(&writer, level_name(level));
    mp_jw_key(&writer, "room");
    mp_jw_text(&writer, room);
    mp_jw_key(&writer, "message");
    mp_jw_text(&writer, message);
    while (next_pair(&fields, &key, &value)) {
        char name[64];
        snprintf(name, sizeof(name), "%.*s", MP_STR_ARG(key));
        mp_jw_key(&writer, name);
        mp_jw_str(&writer, value);
    }
    mp_jw_object_end(&writer);
}

void mp_log(enum mp_log_level level, const char *room, const char *message, const char *fields,
            ...) {
    if (level < log_least) {
        return;
    }
    char now[25];
    char pairs[LOG_FIELDS_MAX] = "";
    if (fields) {
        va_list args;
        va_start(args, fields);
        vsnprintf(pairs, sizeof(pairs), fields, args);
        va_end(args);
    }
    for (char *at = pairs; *at; at++) {
        if ((unsigned char)*at < 0x20) {
            *at = ' '; /* a line stays a line, whatever a field brings */
        }
    }
    mp_time_format(mp_now_ms(), now);
    struct mp_buf line;
    mp_buf_init(&line, LOG_LINE_MAX);
    if (log_as_json) {
        write_json(&line, now, level, room, message, mp_str_of(pairs));
    } else {
        mp_buf_printf(&line, "%s %-5s %s: %s%s%s", now, level_name(level), room, message,
                      pairs[0] ? " " : "", pairs);
    }
    mp_buf_append_byte(&line, '\n');
    if (line.len > 0 && write(STDERR_FILENO, line.ptr, line.len) < 0) {
        /* Nowhere left to say it. */
    }
    mp_buf_deinit(&line);
}
