/* Payments in: from the app's own server, and from WeChat Pay. */
#include "api/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>

#define REFUSAL_BYTES_MAX 4096
#define LOG_AGAIN_MS 1000 /* anyone may send what is refused: a line a second is enough */

void handle_payments(struct http_request *request, void *api) {
    static const struct collect_face face = {collect_payments, reply_counts, refuse_with_problem};
    struct collect_input input = {.app = http_param(request, "app")};
    if (authorize_write(request, api)) {
        collect_with(request, api, &face, &input);
    }
}

/* ---- WeChat Pay: answers as its documentation of notices asks for ---------------------------- */

static void accept_notice(struct http_request *request, const struct pending_reply *reply) {
    (void)reply;
    http_reply_static(request, 200, "application/json", MP_STR("{\"code\":\"SUCCESS\"}"));
}

static void log_refusal(struct api *api, const struct mp_error *err) {
    int_fast64_t last_ms = atomic_load(&api->refused_logged_ms);
    int64_t now_ms = mp_mono_ms();
    if ((last_ms == 0 || now_ms - last_ms >= LOG_AGAIN_MS) &&
        atomic_compare_exchange_strong(&api->refused_logged_ms, &last_ms, now_ms)) {
        mp_log(MP_LOG_WARN, "api", "a notice to WeChat Pay's route was refused",
               "code=%s field=\"%s\" message=\"%s\"", mp_code_name(err->code), err->field,
               err->message);
    }
}

/* Who does not prove to be WeChat Pay learns nothing, not even whether there is such an app. */
static void refuse_notice(struct http_request *request, struct api *api,
                          const struct mp_error *err) {
    int status = problem_status(err->code);
    char detail[sizeof(err->field) + sizeof(err->message) + 2];
    struct mp_json_writer writer;
    struct mp_buf body;
    log_refusal(api, err);
    snprintf(detail, sizeof(detail), "%s: %s", err->field, err->message);
    mp_buf_init(&body, REFUSAL_BYTES_MAX);
    mp_jw_init(&writer, &body);
    mp_jw_object_begin(&writer);
    mp_jw_key(&writer, "code");
    mp_jw_text(&writer, "FAIL");
    mp_jw_key(&writer, "message");
    mp_jw_text(&writer, err->code == MP_E_DENIED     ? "the signature is not valid"
                        : err->code == MP_E_ARGUMENT ? detail
                                                     : "try again later");
    mp_jw_object_end(&writer);
    http_reply(request, status, "application/json", mp_buf_str(&body));
    mp_buf_deinit(&body);
}

static void notice(struct http_request *request, void *api, bool is_password_free) {
    static const struct collect_face face = {collect_notice, accept_notice, refuse_notice};
    struct collect_input input = {
        .app = http_param(request, "app"),
        .is_password_free = is_password_free,
        .signature = {.timestamp = http_header(request, "Wechatpay-Timestamp"),
                      .nonce = http_header(request, "Wechatpay-Nonce"),
                      .serial = http_header(request, "Wechatpay-Serial"),
                      .signature = http_header(request, "Wechatpay-Signature"),
                      .type = http_header(request, "Wechatpay-Signature-Type")}};
    collect_with(request, api, &face, &input);
}

void handle_notice(struct http_request *request, void *api) {
    notice(request, api, false);
}

void handle_notice_password_free(struct http_request *request, void *api) {
    notice(request, api, true);
}
