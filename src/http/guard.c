/* What a front proxy and we could read differently is refused: RFC 9112, section 6.3 and 11.2.
 * Debian's libmicrohttpd 0.9.75 predates the fixes of 1.0.4 and 1.0.5. */
#include "http/internal.h"

#include <strings.h>

struct framing {
    int content_lengths;
    int transfer_encodings;
    int hosts;
    bool bad_length;
    bool bad_coding;
    bool bad_name;
};

static bool is_token(const char *name, size_t len) {
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c <= 0x20 || c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", c)) {
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
    return len > 0 && len < 19;
}

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                 size_t name_len, const char *value, size_t value_len) {
    struct framing *framing = arg;
    (void)kind;
    framing->bad_name |= !is_token(name, name_len);
    if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        framing->content_lengths++;
        framing->bad_length |= !value || !is_length(value, value_len);
    } else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        framing->transfer_encodings++;
        framing->bad_coding |= !value || strcasecmp(value, "chunked") != 0;
    } else if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0) {
        framing->hosts++;
    }
    /* A folded header arrives joined, with the line break inside. */
    if (value && (memchr(value, '\r', value_len) || memchr(value, '\n', value_len))) {
        framing->bad_name = true;
    }
    return MHD_YES;
}

int guard_check(struct MHD_Connection *connection, const char **reason) {
    struct framing framing = {0};
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_header, &framing);
    if (framing.bad_name) {
        *reason = "a header is malformed";
    } else if (framing.content_lengths > 0 && framing.transfer_encodings > 0) {
        *reason = "both Content-Length and Transfer-Encoding";
    } else if (framing.content_lengths > 1 || framing.bad_length) {
        *reason = "Content-Length is repeated or malformed";
    } else if (framing.transfer_encodings > 1 || framing.bad_coding) {
        *reason = "Transfer-Encoding other than chunked";
    } else if (framing.hosts > 1) {
        *reason = "more than one Host";
    } else {
        return 0;
    }
    return MHD_HTTP_BAD_REQUEST;
}
