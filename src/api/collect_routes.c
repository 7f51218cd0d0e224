/* Events in: decode on the event loop, append to the journal, reply when it is on disk. */
#include "api/internal.h"

#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

#define FORWARDED_FOR_BYTES_MAX 8192
#define COUNTS_BYTES_MAX 96
/* Each byte of a fault may be escaped as six. */
#define FAULTS_BYTES_MAX (COLLECT_ERRORS_MAX * (6 * sizeof(struct collect_fault) + 64))

static struct slot *slot_take(struct api *api) {
    pthread_mutex_lock(&api->mutex);
    struct slot *slot = api->free_slots;
    if (slot) {
        api->free_slots = slot->next;
    }
    pthread_mutex_unlock(&api->mutex);
    if (slot) {
        return slot;
    }
    slot = calloc(1, sizeof(*slot));
    if (slot) {
        mp_buf_init(&slot->record, MP_RECORD_BYTES_MAX);
        mp_buf_init(&slot->forwarded_for, FORWARDED_FOR_BYTES_MAX);
        slot->worker = collect_worker_create(api->config.collect);
    }
    if (slot && !slot->worker) {
        free(slot);
        slot = NULL;
    }
    return slot;
}

static void slot_give(struct api *api, struct slot *slot) {
    pthread_mutex_lock(&api->mutex);
    slot->next = api->free_slots;
    api->free_slots = slot;
    pthread_mutex_unlock(&api->mutex);
}

static char *faults_json(const struct collect_result *result) {
    struct mp_buf out;
    struct mp_json_writer writer;
    uint32_t told = result->rejected < COLLECT_ERRORS_MAX ? result->rejected : COLLECT_ERRORS_MAX;
    mp_buf_init(&out, FAULTS_BYTES_MAX);
    mp_jw_init(&writer, &out);
    mp_jw_array_begin(&writer);
    for (uint32_t i = 0; i < told; i++) {
        const struct collect_fault *fault = &result->faults[i];
        mp_jw_object_begin(&writer);
        mp_jw_key(&writer, "index");
        mp_jw_u64(&writer, fault->index);
        mp_jw_key(&writer, "field");
        mp_jw_text(&writer, fault->field);
        mp_jw_key(&writer, "reason");
        mp_jw_text(&writer, fault->reason);
        mp_jw_object_end(&writer);
    }
    mp_jw_array_end(&writer);
    mp_buf_append_byte(&out, 0);
    if (out.failed) {
        mp_buf_deinit(&out);
        return NULL;
    }
    return out.ptr; /* the buffer's memory is plain malloc's */
}

/* Any page may send events: a write key is no secret. */
static const struct http_field allow_origin = {"Access-Control-Allow-Origin", "*"};
static const char content_type[] = "application/json";

static struct mp_str counts_json(char *out, size_t size, uint32_t accepted, uint32_t rejected,
                                 bool has_faults) {
    int len = snprintf(out, size, "{\"accepted\":%u,\"rejected\":%u,\"errors\":%s", accepted,
                       rejected, has_faults ? "" : "[]}");
    return mp_str_range(out, (size_t)len);
}

int collect_answers_open(struct api *api) {
    struct http_field headers[API_FIXED_HEADERS_MAX + 1];
    memcpy(headers, api->headers, api->header_count * sizeof(headers[0]));
    headers[api->header_count] = allow_origin;
    for (uint32_t i = 0; i <= API_ANSWERED_EVENTS_MAX; i++) {
        char text[COUNTS_BYTES_MAX];
        struct mp_str body = counts_json(text, sizeof(text), i, 0, false);
        api->answers[i] =
            http_answer_create(200, content_type, headers, api->header_count + 1, body);
        if (!api->answers[i]) {
            return MP_E_MEMORY;
        }
    }
    return MP_OK;
}

void collect_answers_close(struct api *api) {
    for (uint32_t i = 0; i <= API_ANSWERED_EVENTS_MAX; i++) {
        http_answer_destroy(api->answers[i]);
    }
}

void reply_counts(struct http_request *request, const struct pending_reply *reply) {
    char head[COUNTS_BYTES_MAX];
    struct mp_str body =
        counts_json(head, sizeof(head), reply->accepted, reply->rejected, reply->faults != NULL);
    struct mp_buf longer;
    mp_buf_init(&longer, COUNTS_BYTES_MAX + FAULTS_BYTES_MAX);
    if (reply->faults) {
        mp_buf_append_str(&longer, body);
        mp_buf_append_text(&longer, reply->faults);
        mp_buf_append_text(&longer, "}");
        body = mp_buf_str(&longer);
    }
    http_reply(request, 200, content_type, body);
    mp_buf_deinit(&longer);
}

/* To pages of any origin; most answers are made already. */
static void reply_counts_to_pages(struct http_request *request, const struct pending_reply *reply) {
    if (reply->rejected == 0 && reply->accepted <= API_ANSWERED_EVENTS_MAX) {
        http_reply_answer(request, reply->api->answers[reply->accepted]);
        return;
    }
    http_reply_header(request, allow_origin.name, allow_origin.value);
    reply_counts(request, reply);
}

static void refuse(struct http_request *request, struct api *api, const struct collect_face *face,
                   const struct mp_error *err) {
    atomic_fetch_add(&api->requests_refused[err->code], 1);
    face->refuse(request, api, err);
}

void refuse_with_problem(struct http_request *request, struct api *api,
                         const struct mp_error *err) {
    (void)api;
    reply_error(request, err);
}

static void refuse_to_pages(struct http_request *request, struct api *api,
                            const struct mp_error *err) {
    http_reply_header(request, allow_origin.name, allow_origin.value);
    refuse_with_problem(request, api, err);
}

/* On the committer's thread, once the record is on disk or is not going to be. After the reply the
 * request, and the scratch in it, are gone. */
static void on_committed(void *arg, int result) {
    struct http_request *request = arg;
    struct pending_reply reply = *(struct pending_reply *)http_scratch(request);
    if (result == MP_OK) {
        atomic_fetch_add(&reply.api->events_accepted, reply.accepted);
        atomic_fetch_add(&reply.api->events_rejected, reply.rejected);
        reply.face->accept(request, &reply);
    } else {
        struct mp_error err;
        mp_fail(&err, (enum mp_code)result, "", "the events were not stored; send them again");
        refuse(request, reply.api, reply.face, &err);
    }
    free(reply.faults);
}

static void append(struct http_request *request, struct api *api, const struct collect_face *face,
                   struct slot *slot) {
    struct pending_reply *reply = http_scratch(request);
    *reply = (struct pending_reply){.api = api,
                                    .face = face,
                                    .accepted = slot->result.accepted,
                                    .rejected = slot->result.rejected};
    if (slot->result.rejected > 0) {
        reply->faults = faults_json(&slot->result);
    }
    if (slot->result.accepted == 0) {
        on_committed(request, MP_OK); /* nothing to keep */
        return;
    }
    int code =
        api->config.append(api->config.arg, mp_buf_str(&slot->record), on_committed, request);
    if (code != MP_OK) {
        on_committed(request, code);
    }
}

static void log_note(const struct collect_result *result) {
    if (result->note[0]) {
        mp_log(MP_LOG_INFO, "api", "something told by WeChat Pay was not counted",
               "app=%s because=\"%s\"", result->app, result->note);
    }
}

void collect_with(struct http_request *request, struct api *api, const struct collect_face *face,
                  struct collect_input *input) {
    struct mp_error err = {0};
    struct slot *slot = slot_take(api);
    if (!slot) {
        mp_fail(&err, MP_E_MEMORY, "", "out of memory");
        refuse(request, api, face, &err);
        return;
    }
    input->body = http_body(request);
    input->content_encoding = http_header(request, "Content-Encoding");
    input->key = http_header(request, "X-Minipulse-Key");
    input->peer = http_peer(request);
    input->forwarded_for = http_header_list(request, "X-Forwarded-For", &slot->forwarded_for);
    input->user_agent = http_header(request, "User-Agent");
    input->received_ms = mp_now_ms();
    mp_buf_clear(&slot->record);
    if (face->decode(slot->worker, input, &slot->record, &slot->result, &err) == MP_OK) {
        log_note(&slot->result);
        append(request, api, face, slot);
    } else {
        refuse(request, api, face, &err);
    }
    slot_give(api, slot);
}

void handle_collect(struct http_request *request, void *api) {
    static const struct collect_face face = {collect_native, reply_counts_to_pages,
                                             refuse_to_pages};
    struct collect_input input = {0};
    collect_with(request, api, &face, &input);
}

void handle_sensors(struct http_request *request, void *api) {
    static const struct collect_face face = {collect_sensors, reply_counts_to_pages,
                                             refuse_to_pages};
    struct collect_input input = {.query = http_query(request, "data"),
                                  .project = http_query(request, "project")};
    collect_with(request, api, &face, &input);
}

void handle_preflight(struct http_request *request, void *api) {
    (void)api;
    http_reply_header(request, allow_origin.name, allow_origin.value);
    http_reply_header(request, "Access-Control-Allow-Methods", "GET, POST");
    http_reply_header(request, "Access-Control-Allow-Headers",
                      "Content-Type, Content-Encoding, X-Minipulse-Key");
    http_reply_header(request, "Access-Control-Max-Age", "86400");
    http_reply_static(request, 204, NULL, MP_STR(""));
}
