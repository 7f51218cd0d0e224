/* The dashboard: one page for each of its addresses, and the files that the page asks for. */
#include "api/internal.h"
#include "api/web_files.h"

#include <strings.h>

#define HEADER_LIST_BYTES_MAX 4096
#define PAGE "/index.html"
#define FOREVER "public, max-age=31536000, immutable" /* for names that bear a hash */
#define ASK_AGAIN "no-cache"
/* Scripts, styles, pictures and answers of this server only. ECharts and TDesign set styles of
 * single elements, and PNG files are made in the page. */
#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "                    \
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; "     \
    "form-action 'none'; frame-ancestors 'none'"

static const char *const coding_names[WEB_CODINGS] = {
    [WEB_PLAIN] = "identity", [WEB_GZIP] = "gzip", [WEB_BROTLI] = "br"};

static const struct web_file *find(struct mp_str path) {
    for (const struct web_file *file = api_web_files; file->path; file++) {
        if (mp_str_is(path, file->path)) {
            return file;
        }
    }
    return NULL;
}

/* Whether an element of a list, "gzip;q=0.5", has the weight nought. */
static bool is_refused(struct mp_str parameters) {
    struct mp_str weight = mp_str_trim(parameters);
    return mp_str_is(weight, "q=0") || mp_str_is(weight, "q=0.0") || mp_str_is(weight, "q=0.00") ||
           mp_str_is(weight, "q=0.000");
}

static bool is_accepted(struct mp_str list, enum web_coding coding) {
    size_t length = strlen(coding_names[coding]);
    while (list.len > 0) {
        struct mp_str element = mp_str_cut(&list, ',');
        struct mp_str name = mp_str_trim(mp_str_cut(&element, ';'));
        if (name.len == length && strncasecmp(name.ptr, coding_names[coding], length) == 0) {
            return !is_refused(element);
        }
    }
    return false;
}

static enum web_coding choose(const struct web_file *file, struct mp_str accepted) {
    for (enum web_coding coding = WEB_BROTLI; coding > WEB_PLAIN; coding--) {
        if (file->length[coding] > 0 && is_accepted(accepted, coding)) {
            return coding;
        }
    }
    return WEB_PLAIN;
}

/* If-None-Match: a list of tags, each perhaps weak, or "*". */
static bool is_known(struct mp_str tags, const char *tag) {
    while (tags.len > 0) {
        struct mp_str one = mp_str_trim(mp_str_cut(&tags, ','));
        if (mp_str_starts_with(one, MP_STR("W/"))) {
            one = mp_str_range(one.ptr + 2, one.len - 2);
        }
        if (mp_str_is(one, tag) || mp_str_is(one, "*")) {
            return true;
        }
    }
    return false;
}

static void send_file(struct http_request *request, const struct web_file *file,
                      const char *caching) {
    struct mp_buf accepted, tags;
    mp_buf_init(&accepted, HEADER_LIST_BYTES_MAX);
    mp_buf_init(&tags, HEADER_LIST_BYTES_MAX);
    enum web_coding coding = choose(file, http_header_list(request, "Accept-Encoding", &accepted));
    bool is_unchanged =
        is_known(http_header_list(request, "If-None-Match", &tags), file->tag[coding]);
    mp_buf_deinit(&accepted);
    mp_buf_deinit(&tags);
    http_reply_header(request, "Cache-Control", caching);
    http_reply_header(request, "Content-Security-Policy", POLICY);
    http_reply_header(request, "ETag", file->tag[coding]);
    http_reply_header(request, "Vary", "Accept-Encoding");
    if (is_unchanged) {
        http_reply_static(request, 304, NULL, MP_STR(""));
        return;
    }
    if (coding != WEB_PLAIN) {
        http_reply_header(request, "Content-Encoding", coding_names[coding]);
    }
    http_reply_static(request, 200, file->content_type,
                      mp_str_range(api_web_bytes + file->offset[coding], file->length[coding]));
}

void handle_web_page(struct http_request *request, void *arg) {
    (void)arg;
    send_file(request, find(MP_STR(PAGE)), ASK_AGAIN);
}

void handle_web_file(struct http_request *request, void *arg) {
    const struct web_file *file = find(http_path(request));
    (void)arg;
    if (!file) {
        reply_problem(request, 404, "Not found", "no such file", "file");
        return;
    }
    send_file(request, file,
              mp_str_starts_with(http_path(request), MP_STR("/assets/")) ? FOREVER : ASK_AGAIN);
}
