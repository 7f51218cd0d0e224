/* What is answered: one JSON object. */
#include "api/internal.h"

#include "base/zone.h"

void answer_init(struct answer *answer) {
    mp_buf_init(&answer->text, API_REPLY_BYTES_MAX);
    mp_jw_init(&answer->json, &answer->text);
    mp_jw_object_begin(&answer->json);
}

void answer_text(struct answer *answer, const char *key, const char *value) {
    mp_jw_key(&answer->json, key);
    mp_jw_text(&answer->json, value);
}

void answer_time(struct answer *answer, const char *key, int64_t time_ms) {
    char text[25];
    mp_jw_key(&answer->json, key);
    if (time_ms == 0) {
        mp_jw_null(&answer->json);
    } else {
        mp_time_format(time_ms, text);
        mp_jw_text(&answer->json, text);
    }
}

void answer_reply(struct answer *answer, struct http_request *request, int status, int code,
                  const struct mp_error *err) {
    mp_jw_object_end(&answer->json);
    if (code != MP_OK) {
        reply_error(request, err);
    } else if (answer->text.failed) {
        struct mp_error full;
        mp_fail(&full, MP_E_MEMORY, "", "no memory for the answer");
        reply_error(request, &full);
    } else {
        http_reply(request, status, "application/json", mp_buf_str(&answer->text));
    }
    mp_buf_deinit(&answer->text);
}

void reply_done(struct http_request *request, int code, const struct mp_error *err) {
    if (code != MP_OK) {
        reply_error(request, err);
    } else {
        http_reply_static(request, 204, NULL, MP_STR(""));
    }
}
