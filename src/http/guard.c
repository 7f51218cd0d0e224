/*
 * What a front proxy and we could read differently is refused: RFC 9112, sections 2.2, 5, 6 and
 * 11.2. Debian's libmicrohttpd 0.9.75 predates the fixes of 1.0.4 and 1.0.5: it takes a bare LF for
 * a line's end, joins folded lines to the header's *name*, cuts at a NUL, prefers one of two
 * Content-Lengths, and reads a body of unknown coding until the connection closes.
 *
 * It shows us headers, not bytes. But it parses them where they stand in its read buffer, and puts
 * a NUL over each ':', CR and LF. So the bytes between the strings it shows tell how the lines
 * ended: in a request that follows the grammar, each name begins two NULs behind the value before
 * it, and the last value is followed by the four of CRLF CRLF.
 */
#include "http/internal.h"

#include <strings.h>

#define VERSION_LEN 8 /* HTTP/1.1 */
#define LENGTH_DIGITS_MAX 18

struct framing {
    const char *next; /* where the next name must begin */
    int content_lengths;
    int transfer_encodings;
    int hosts;
    bool is_length_bad;
    bool is_coding_bad;
    bool is_malformed;
};

/* RFC 9110, section 5.6.2. */
static bool is_token(const char *name, size_t len) {
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        bool is_alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!is_alnum && (c == 0 || !strchr("!#$%&'*+-.^_`|~", c))) {
            return false;
        }
    }
    return len > 0;
}

static bool is_length(const char *value, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9') {
            return false;
        }
    }
    return len > 0 && len <= LENGTH_DIGITS_MAX;
}

/* A bare CR, or any other control byte but a tab. */
static bool has_control(const char *value, size_t len) {
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)value[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return true;
        }
    }
    return false;
}

static bool is_blank(const char *from, const char *to) {
    while (from < to && (*from == ' ' || *from == '\t')) {
        from++;
    }
    return from == to;
}

static bool is_named(struct mp_str field, struct mp_str name) {
    return field.len == name.len && strncasecmp(field.ptr, name.ptr, name.len) == 0;
}

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                 size_t name_len, const char *value, size_t value_len) {
    struct framing *framing = arg;
    (void)kind;
    if (!value || name != framing->next || !is_token(name, name_len) || value <= name + name_len ||
        !is_blank(name + name_len + 1, value) || has_control(value, value_len)) {
        framing->is_malformed = true;
        return MHD_NO;
    }
    framing->next = value + value_len + 2;
    struct mp_str field = mp_str_range(name, name_len);
    if (is_named(field, MP_STR(MHD_HTTP_HEADER_CONTENT_LENGTH))) {
        framing->content_lengths++;
        framing->is_length_bad |= !is_length(value, value_len);
    } else if (is_named(field, MP_STR(MHD_HTTP_HEADER_TRANSFER_ENCODING))) {
        framing->transfer_encodings++;
        framing->is_coding_bad |= strcasecmp(value, "chunked") != 0;
    } else if (is_named(field, MP_STR(MHD_HTTP_HEADER_HOST))) {
        framing->hosts++;
    }
    return MHD_YES;
}

/* "METHOD path[?query] HTTP/1.x", one blank each. */
static bool is_request_line(const char *method, const char *path, const char *version) {
    size_t method_len = strlen(method);
    return is_token(method, method_len) && path == method + method_len + 1 && path[0] == '/' &&
           (strcmp(version, MHD_HTTP_VERSION_1_1) == 0 ||
            strcmp(version, MHD_HTTP_VERSION_1_0) == 0);
}

int guard_check(struct MHD_Connection *connection, const char *method, const char *path,
                const char *version, bool *is_chunked, const char **reason) {
    struct framing framing = {.next = version + VERSION_LEN + 2};
    *reason = NULL;
    *is_chunked = false;
    if (!is_request_line(method, path, version)) {
        *reason = "the request line is malformed";
        return MHD_HTTP_BAD_REQUEST;
    }
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_header, &framing);
    if (framing.is_malformed || memcmp(framing.next - 2, "\0\0\0\0", 4) != 0) {
        *reason = "a header is malformed";
    } else if (framing.content_lengths > 0 && framing.transfer_encodings > 0) {
        *reason = "both Content-Length and Transfer-Encoding";
    } else if (framing.content_lengths > 1 || framing.is_length_bad) {
        *reason = "Content-Length is repeated or malformed";
    } else if (framing.transfer_encodings > 1 || framing.is_coding_bad) {
        *reason = "Transfer-Encoding other than chunked";
    } else if (framing.transfer_encodings > 0 && strcmp(version, MHD_HTTP_VERSION_1_0) == 0) {
        *reason = "Transfer-Encoding in HTTP/1.0";
    } else if (framing.hosts > 1) {
        *reason = "more than one Host";
    }
    *is_chunked = framing.transfer_encodings > 0;
    return *reason ? MHD_HTTP_BAD_REQUEST : 0;
}
