#include "engine/internal.h"

#include <stdio.h>

int exception_code(struct mp_str text) {
    static const char prefix[] = "Code: ";
    const size_t prefix_len = sizeof(prefix) - 1;
    int code = 0;
    if (text.len < prefix_len || memcmp(text.ptr, prefix, prefix_len) != 0) {
        return 0;
    }
    for (size_t i = prefix_len; i < text.len && i < prefix_len + 6; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            break;
        }
        code = code * 10 + (text.ptr[i] - '0');
    }
    return code;
}

bool exception_set(struct mp_buf *exception, int code, const char *text) {
    mp_buf_clear(exception);
    mp_buf_printf(exception, "Code: %d. DB::Exception: %s", code, text);
    return false;
}

bool exception_copy(struct mp_buf *exception, const char *text) {
    struct mp_str all = mp_str_of(text);
    if (exception_code(all) == 0) {
        return exception_set(exception, EXCEPTION_UNKNOWN, text);
    }
    mp_buf_clear(exception);
    mp_buf_append_str(exception, mp_str_clip(all, ENGINE_EXCEPTION_BYTES_MAX - 1));
    return false;
}

/* As ClickHouse's HTTP handler maps its codes. */
int exception_status(int code) {
    static const struct {
        int code;
        int status;
    } map[] = {
        {192, 403}, /* UNKNOWN_USER */
        {193, 403}, /* WRONG_PASSWORD */
        {194, 401}, /* REQUIRED_PASSWORD */
        {516, 403}, /* AUTHENTICATION_FAILED */
        {46, 404},  /* UNKNOWN_FUNCTION */
        {47, 404},  /* UNKNOWN_IDENTIFIER */
        {50, 404},  /* UNKNOWN_TYPE */
        {56, 404},  /* UNKNOWN_STORAGE */
        {60, 404},  /* UNKNOWN_TABLE */
        {63, 404},  /* UNKNOWN_AGGREGATE_FUNCTION */
        {73, 404},  /* UNKNOWN_FORMAT */
        {81, 404},  /* UNKNOWN_DATABASE */
        {115, 404}, /* UNKNOWN_SETTING */
        {6, 400},   /* CANNOT_PARSE_TEXT */
        {25, 400},  /* CANNOT_PARSE_ESCAPE_SEQUENCE */
        {26, 400},  /* CANNOT_PARSE_QUOTED_STRING */
        {27, 400},  /* CANNOT_PARSE_INPUT_ASSERTION_FAILED */
        {36, 400},  /* BAD_ARGUMENTS */
        {38, 400},  /* CANNOT_PARSE_DATE */
        {41, 400},  /* CANNOT_PARSE_DATETIME */
        {53, 400},  /* TYPE_MISMATCH */
        {62, 400},  /* SYNTAX_ERROR */
        {69, 400},  /* ARGUMENT_OUT_OF_BOUND */
        {72, 400},  /* CANNOT_PARSE_NUMBER */
        {117, 400}, /* INCORRECT_DATA */
        {167, 400}, /* TOO_DEEP_AST */
        {168, 400}, /* TOO_BIG_AST */
        {376, 400}, /* CANNOT_PARSE_UUID */
        {427, 400}, /* CANNOT_COMPILE_REGEXP */
        {159, 408}, /* TIMEOUT_EXCEEDED */
        {48, 501},  /* NOT_IMPLEMENTED */
        {439, 503}, /* CANNOT_SCHEDULE_TASK */
    };
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
        if (map[i].code == code) {
            return map[i].status;
        }
    }
    return 500;
}
