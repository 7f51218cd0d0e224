/* What was sent: parameters of the query and small JSON objects. Names that are not known and names
 * given twice are errors. */
#include "api/internal.h"

#include <stdio.h>
#include <strings.h>

#define KNOWN_MAX 16
#define FIELD_BYTES_MAX 60
#define DEPTH_MAX 4
#define PARSER_BYTES_MIN 64 /* simdjson makes none for less than 32 */

/* Which of the known names have been seen. */
struct names {
    const char *const *known;
    bool is_seen[KNOWN_MAX];
};

static int note_name(struct names *names, struct mp_str name, struct mp_error *err) {
    char field[FIELD_BYTES_MAX + 1], list[256];
    size_t len = 0;
    list[0] = '\0';
    for (size_t i = 0; names->known[i]; i++) {
        if (mp_str_is(name, names->known[i]) && !names->is_seen[i]) {
            names->is_seen[i] = true;
            return MP_OK;
        }
        if (mp_str_is(name, names->known[i])) {
            return mp_fail(err, MP_E_ARGUMENT, names->known[i], "is given twice");
        }
        int put =
            snprintf(list + len, sizeof(list) - len, "%s%s", i > 0 ? ", " : "", names->known[i]);
        len += put > 0 && (size_t)put < sizeof(list) - len ? (size_t)put : 0;
    }
    snprintf(field, sizeof(field), "%.*s", MP_STR_ARG(mp_str_clip(name, FIELD_BYTES_MAX)));
    return mp_fail(err, MP_E_ARGUMENT, field, "there is no such parameter; known: %s",
                   len > 0 ? list : "none");
}

int check_query(const struct http_request *request, const char *const known[],
                struct mp_error *err) {
    struct names names = {.known = known};
    struct mp_str name, value;
    int code = MP_OK;
    for (size_t i = 0; code == MP_OK && http_query_at(request, i, &name, &value); i++) {
        code = note_name(&names, name, err);
    }
    return code;
}

/* A page of another site can make a browser send forms and text, but not this type, unasked. */
static int check_type(const struct http_request *request, struct mp_error *err) {
    struct mp_str type = http_header(request, "Content-Type");
    struct mp_str media = mp_str_trim(mp_str_cut(&type, ';'));
    static const char wanted[] = "application/json";
    return media.len == sizeof(wanted) - 1 && strncasecmp(media.ptr, wanted, media.len) == 0
               ? MP_OK
               : mp_fail(err, MP_E_ARGUMENT, "Content-Type", "must be application/json");
}

int form_open(const struct http_request *request, const char *const known[], struct form *out,
              struct mp_error *err) {
    static const char *const none[] = {NULL};
    struct names names = {.known = known};
    struct mp_str body = http_body(request), name;
    struct mp_json value;
    *out = (struct form){0};
    int code = check_query(request, none, err);
    code = code ? code : check_type(request, err);
    if (code != MP_OK) {
        return code;
    }
    out->parser = mp_json_parser_create(body.len + PARSER_BYTES_MIN, DEPTH_MAX);
    if (!out->parser) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory to read the request");
    }
    code = mp_json_parse(out->parser, body, &out->root, err);
    if (code == MP_OK && mp_json_type(out->root) != MP_JSON_OBJECT) {
        code = mp_fail(err, MP_E_ARGUMENT, "body", "must be a JSON object");
    }
    if (code != MP_OK) {
        return code;
    }
    struct mp_json_iter iter = mp_json_iter(out->root);
    while (code == MP_OK && mp_json_next(&iter, &name, &value)) {
        code = note_name(&names, name, err);
    }
    return code;
}

void form_close(struct form *form) {
    mp_json_parser_destroy(form->parser);
    form->parser = NULL;
}

int form_optional_text(const struct form *form, const char *name, struct mp_str *out,
                       struct mp_error *err) {
    struct mp_json member;
    *out = mp_str_range(NULL, 0);
    if (!mp_json_get(form->root, mp_str_of(name), &member)) {
        return MP_OK;
    }
    return mp_json_str(member, out) && mp_str_is_utf8(*out)
               ? MP_OK
               : mp_fail(err, MP_E_ARGUMENT, name, "must be a text without NUL");
}

int form_text(const struct form *form, const char *name, struct mp_str *out, struct mp_error *err) {
    int code = form_optional_text(form, name, out, err);
    return code == MP_OK && !out->ptr ? mp_fail(err, MP_E_ARGUMENT, name, "is missing") : code;
}

int form_bool(const struct form *form, const char *name, bool *is_given, bool *out,
              struct mp_error *err) {
    struct mp_json member;
    bool is_there = mp_json_get(form->root, mp_str_of(name), &member);
    *out = false;
    if (is_given) {
        *is_given = is_there;
    }
    if (!is_there) {
        return is_given ? MP_OK : mp_fail(err, MP_E_ARGUMENT, name, "is missing");
    }
    return mp_json_bool(member, out) ? MP_OK
                                     : mp_fail(err, MP_E_ARGUMENT, name, "must be true or false");
}

int form_role(const struct form *form, enum accounts_role *out, struct mp_error *err) {
    struct mp_str text;
    int code = form_text(form, "role", &text, err);
    return code == MP_OK && !accounts_role_parse(text, out)
               ? mp_fail(err, MP_E_ARGUMENT, "role", "must be viewer, analyst or owner")
               : code;
}
