/*
 * Error answers of ClickHouse. 18.16: "Code: 62, e.displayText() = DB::Exception: text, e.what() =
 * DB::Exception"; since 20: "Code: 62. DB::Exception: text. (SYNTAX_ERROR) (version 26.7…)".
 */
#include "store/internal.h"

#define MESSAGE_BYTES_MAX 400

/* Codes that say "not now", so that trying again later is right. */
static bool is_passing(int engine_code) {
    static const int codes[] = {
        202, /* TOO_MANY_SIMULTANEOUS_QUERIES */
        203, /* NO_FREE_CONNECTION */
        209, /* SOCKET_TIMEOUT */
        210, /* NETWORK_ERROR */
        225, /* NO_ZOOKEEPER */
        236, /* ABORTED */
        242, /* TABLE_IS_READ_ONLY */
        252, /* TOO_MANY_PARTS */
        999, /* KEEPER_EXCEPTION */
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i] == engine_code) {
            return true;
        }
    }
    return false;
}

static enum mp_code code_of(int engine_code, long status) {
    switch (engine_code) {
    case 0: /* not ClickHouse's words: a proxy between, or an engine that is just starting */
        return status >= 500 ? MP_E_UNAVAILABLE : MP_E_ENGINE;
    case 192: /* UNKNOWN_USER */
    case 193: /* WRONG_PASSWORD */
    case 194: /* REQUIRED_PASSWORD */
    case 516: /* AUTHENTICATION_FAILED */
        return MP_E_DENIED;
    case 159: /* TIMEOUT_EXCEEDED */
        return MP_E_TIMEOUT;
    case 394: /* QUERY_WAS_CANCELLED */
        return MP_E_CANCELLED;
    default:
        return is_passing(engine_code) ? MP_E_UNAVAILABLE : MP_E_ENGINE;
    }
}

/* The digits behind "Code: " at the head of the text. */
static int code_in_text(struct mp_str text) {
    struct mp_str prefix = MP_STR("Code: ");
    if (!mp_str_starts_with(text, prefix)) {
        return 0;
    }
    size_t len = 0;
    while (prefix.len + len < text.len && text.ptr[prefix.len + len] >= '0' &&
           text.ptr[prefix.len + len] <= '9') {
        len++;
    }
    uint64_t code = 0;
    bool is_code = mp_str_to_u64(mp_str_range(text.ptr + prefix.len, len), &code);
    return is_code && code < 100000 ? (int)code : 0;
}

/* Cuts what people need not read before and behind the message. */
static struct mp_str message_in_text(struct mp_str text) {
    struct mp_str mark = MP_STR("DB::Exception: ");
    const char *at = memmem(text.ptr, text.len, mark.ptr, mark.len);
    if (at) {
        size_t skipped = (size_t)(at - text.ptr) + mark.len;
        text = mp_str_range(text.ptr + skipped, text.len - skipped);
    }
    static const char *const tails[] = {", e.what() = ", " (version ", ", Stack trace"};
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        const char *tail = memmem(text.ptr, text.len, tails[i], strlen(tails[i]));
        if (tail) {
            text.len = (size_t)(tail - text.ptr);
        }
    }
    return mp_str_clip(mp_str_trim(text), MESSAGE_BYTES_MAX);
}

int store_engine_error(struct mp_error *err, long status, int exception_code,
                       struct mp_str answer) {
    answer = answer.len ? answer : MP_STR("(no answer)");
    int engine_code = exception_code ? exception_code : code_in_text(answer);
    struct mp_str message = message_in_text(answer);
    enum mp_code code = code_of(engine_code, status);
    if (engine_code) {
        mp_fail(err, code, "engine", "%.*s", MP_STR_ARG(message));
    } else {
        mp_fail(err, code, "engine", "HTTP status %ld: %.*s", status, MP_STR_ARG(message));
    }
    if (err) {
        err->engine_code = engine_code;
    }
    return (int)code;
}
