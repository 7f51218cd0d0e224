#include "engine/internal.h"

#include <stdio.h>

int exception_code(const char *text) {
    int code = 0;
    return sscanf(text, "Code: %d", &code) == 1 ? code : 0;
}

/* As ClickHouse's HTTP handler maps its codes. */
int exception_status(int code) {
    switch (code) {
    case 192: /* UNKNOWN_USER */
    case 193: /* WRONG_PASSWORD */
    case 516: /* AUTHENTICATION_FAILED */
        return 403;
    case 60:  /* UNKNOWN_TABLE */
    case 81:  /* UNKNOWN_DATABASE */
    case 46:  /* UNKNOWN_FUNCTION */
    case 47:  /* UNKNOWN_IDENTIFIER */
    case 50:  /* UNKNOWN_TYPE */
    case 73:  /* UNKNOWN_FORMAT */
    case 115: /* UNKNOWN_SETTING */
        return 404;
    case 26:  /* CANNOT_PARSE_QUOTED_STRING */
    case 27:  /* CANNOT_PARSE_INPUT_ASSERTION_FAILED */
    case 38:  /* CANNOT_PARSE_DATE */
    case 41:  /* CANNOT_PARSE_DATETIME */
    case 43:  /* ILLEGAL_TYPE_OF_ARGUMENT */
    case 53:  /* TYPE_MISMATCH */
    case 62:  /* SYNTAX_ERROR */
    case 72:  /* CANNOT_PARSE_NUMBER */
    case 130: /* CANNOT_READ_ARRAY_FROM_TEXT */
        return 400;
    case 159: /* TIMEOUT_EXCEEDED */
        return 408;
    case 241: /* MEMORY_LIMIT_EXCEEDED */
    default:
        return 500;
    }
}
