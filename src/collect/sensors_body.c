/* From what Sensors' clients send to JSON text: form field or query value, base64, gzip. */
#include "collect/form.h"
#include "collect/sensors.h"

#define GZIP_ENCRYPTED "9" /* what the encryption plugins write into the field "gzip" */

static int refuse_encrypted(struct mp_error *err) {
    return mp_fail(err, MP_E_ARGUMENT, "data",
                   "is encrypted, which cannot be read here: take the encryption plugin out of the "
                   "SDK's configuration (HTTPS already protects the way)");
}

/* The plugins' JSON is not base64: {"pkv":…,"ekey":…,"payloads":…} or {"key_id":…,"payload":…}. */
static bool looks_encrypted(struct mp_str data) {
    return data.len > 0 && (data.ptr[0] == '{' || data.ptr[0] == '[') &&
           memmem(data.ptr, data.len, "\"payload", strlen("\"payload"));
}

/* The data of a form body, decoded into worker->unescaped. */
static int take_form(struct collect_worker *worker, struct mp_str form, struct mp_error *err) {
    struct mp_str data = form_field(form, "data_list");
    if (mp_str_is(form_field(form, "gzip"), GZIP_ENCRYPTED) || form_field(form, "payloads").ptr ||
        form_field(form, "ekey").ptr || form_field(form, "pkv").ptr) {
        return refuse_encrypted(err);
    }
    data = data.ptr ? data : form_field(form, "data");
    if (!data.ptr) {
        return mp_fail(err, MP_E_ARGUMENT, "data", "the form has neither data nor data_list");
    }
    if (data.len >= worker->unescaped.max) {
        return mp_fail(err, MP_E_TOO_LARGE, "data", "over %zu bytes", worker->unescaped.max);
    }
    if (!form_decode(data, &worker->unescaped)) {
        return mp_fail(err, MP_E_ARGUMENT, "data", "is not percent-encoded as in a form");
    }
    return MP_OK;
}

int sensors_text(struct collect_worker *worker, const struct collect_input *input,
                 struct mp_str *out, struct mp_error *err) {
    struct mp_buf *data = &worker->unescaped;
    struct mp_str form;
    int code = body_plain(worker, input, &form, err);
    if (code != MP_OK) {
        return code;
    }
    if (form.len > 0) {
        code = take_form(worker, form, err);
        if (code != MP_OK) {
            return code;
        }
    } else {
        mp_buf_clear(data);
        mp_buf_append_str(data, input->query);
    }
    if (data->failed || data->len == 0) {
        return mp_fail(err, MP_E_ARGUMENT, "data", data->failed ? "too large" : "is missing");
    }
    if (looks_encrypted(mp_buf_str(data))) {
        return refuse_encrypted(err);
    }
    int64_t len = base64_decode(data->ptr, data->len);
    if (len < 0) {
        return mp_fail(err, MP_E_ARGUMENT, "data", "is not base64");
    }
    *out = mp_str_range(data->ptr, (size_t)len);
    /* gzip=1 says the same, but a GET's is in the URL; no JSON begins like this. */
    bool is_gzip = len > 2 && memcmp(data->ptr, "\x1f\x8b", 2) == 0;
    return is_gzip ? inflate_gzip(worker, *out, out, err) : MP_OK;
}
