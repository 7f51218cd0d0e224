/*
 * One call: takes a connection, sends, receives, and turns what went wrong into an error value.
 * A call that may be in doubt is never sent twice; a call that never left may go to the next host.
 */
#include <stdio.h>
#include <strings.h>

#include "base/clock.h"
#include "store/body.h"
#include "store/internal.h"

/* ---- Receiving -------------------------------------------------------------------------- */

static size_t on_body(char *data, size_t size, size_t count, void *arg) {
    struct store_call *call = arg;
    size_t len = size * count;
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) {
        size_t room = sizeof(call->answer) - call->answer_len;
        size_t kept = len < room ? len : room;
        memcpy(call->answer + call->answer_len, data, kept);
        call->answer_len += kept;
        return len;
    }
    call->was_delivered = true;
    if (call->on_data && call->on_data(call->arg, mp_str_range(data, len))) {
        call->was_stopped = true;
        return 0;
    }
    return len;
}

/* The value of header `name` when line is that header. */
static bool header_value(struct mp_str line, const char *name, struct mp_str *value) {
    size_t len = strlen(name);
    if (line.len <= len || line.ptr[len] != ':' || strncasecmp(line.ptr, name, len) != 0) {
        return false;
    }
    *value = mp_str_trim(mp_str_range(line.ptr + len + 1, line.len - len - 1));
    return true;
}

/* X-ClickHouse-Summary: {"read_rows":"0",…,"written_rows":"10",…} */
static void read_summary(struct store_call *call, struct mp_str json) {
    struct mp_str key = MP_STR("\"written_rows\":\"");
    const char *at = memmem(json.ptr, json.len, key.ptr, key.len);
    if (at) {
        struct mp_str rest = {at + key.len, json.len - (size_t)(at + key.len - json.ptr)};
        call->has_written_rows = mp_str_to_u64(mp_str_cut(&rest, '"'), &call->written_rows);
    }
}

static size_t on_header(char *data, size_t size, size_t count, void *arg) {
    struct store_call *call = arg;
    struct mp_str line = {data, size * count};
    struct mp_str value;
    uint64_t number = 0;
    if (header_value(line, "X-ClickHouse-Exception-Code", &value)) {
        if (mp_str_to_u64(value, &number) && number < 100000) {
            call->exception_code = (int)number;
        }
    } else if (header_value(line, "X-ClickHouse-Summary", &value)) {
        read_summary(call, value);
    }
    return line.len;
}

static size_t on_read(char *out, size_t size, size_t count, void *arg) {
    return store_body_read(arg, out, size * count);
}

/* libcurl asks for it before it sends again, what it was refused before the first byte. */
static int on_seek(void *arg, curl_off_t offset, int origin) {
    if (offset != 0 || origin != SEEK_SET) {
        return CURL_SEEKFUNC_FAIL;
    }
    store_body_rewind(arg);
    return CURL_SEEKFUNC_OK;
}

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up) {
    (void)down_total, (void)down, (void)up_total, (void)up;
    struct store_call *call = arg;
    const struct store_options *options = call->options;
    if (options && options->is_cancelled && options->is_cancelled(options->is_cancelled_arg)) {
        call->was_cancelled = true;
        return 1;
    }
    return 0;
}

/* ---- Sending ---------------------------------------------------------------------------- */

static void set_connection(const struct store *store, const struct store_call *call) {
    CURL *easy = call->easy;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXCONNECTS, (long)STORE_HOSTS_MAX);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)store->connect_timeout_ms);
    if (store->socket_path) {
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, store->socket_path);
    }
    if (store->ca_file) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, store->ca_file);
    }
    /* On a kept connection that the server closes without an answer libcurl sends again: that must
     * not happen to an INSERT. */
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, call->is_repeatable ? 0L : 1L);
}

static void set_body(CURL *easy, const struct store_call *call) {
    if (call->rows) {
        store_body_rewind(call->rows);
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(easy, CURLOPT_READDATA, call->rows);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, call->rows);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)store_body_length(call->rows));
    } else if (call->body.ptr) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body.ptr);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
    }
}

static void set_request(const struct store *store, struct store_call *call, const char *url,
                        int64_t timeout_ms) {
    CURL *easy = call->easy;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->rows ? store->insert_headers : store->headers);
    set_body(easy, call);
    /* A server that stands still never says "continue", and then never gets the rows either. */
    curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, call);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
}

static int answer_error(const struct store_call *call, struct mp_error *err) {
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200 && call->exception_code == 0) {
        return 0;
    }
    return store_engine_error(err, status, call->exception_code,
                              mp_str_range(call->answer, call->answer_len));
}

/* Whether any byte of the request may have reached the server. */
static bool was_sent(const struct store_call *call, CURLcode result) {
    curl_off_t ready_us = 0;
    curl_easy_getinfo(call->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    return ready_us > 0 && result != CURLE_COULDNT_CONNECT && result != CURLE_COULDNT_RESOLVE_HOST;
}

static int transfer_error(const struct store_call *call, CURLcode result, const char *origin,
                          const char *detail, struct mp_error *err) {
    if (call->was_cancelled) {
        return mp_fail(err, MP_E_CANCELLED, "store", "cancelled by the caller");
    }
    if (call->was_stopped) {
        return mp_fail(err, MP_E_CANCELLED, "store", "the caller stopped reading the answer");
    }
    enum mp_code code = MP_E_UNAVAILABLE;
    if (result == CURLE_OUT_OF_MEMORY) {
        code = MP_E_MEMORY;
    } else if (result == CURLE_OPERATION_TIMEDOUT && was_sent(call, result)) {
        code = MP_E_TIMEOUT;
    }
    return mp_fail(err, code, "store", "%s: %s", origin,
                   detail[0] ? detail : curl_easy_strerror(result));
}

/* Sends once, to that host. */
static int perform_at(struct store *store, struct store_call *call, int origin, int64_t timeout_ms,
                      bool *sent, struct mp_error *err) {
    char url[STORE_URL_BYTES_MAX + STORE_ORIGIN_BYTES_MAX];
    int len =
        snprintf(url, sizeof(url), "%s%.*s", store->origins[origin], MP_STR_ARG(call->url_path));
    *sent = false;
    if (len < 0 || (size_t)len >= sizeof(url)) {
        return mp_fail(err, MP_E_TOO_LARGE, "store", "the request's URL is too long");
    }
    char detail[CURL_ERROR_SIZE] = "";
    curl_easy_reset(call->easy);
    set_connection(store, call);
    set_request(store, call, url, timeout_ms);
    curl_easy_setopt(call->easy, CURLOPT_ERRORBUFFER, detail);
    call->exception_code = 0;
    call->has_written_rows = false;
    call->answer_len = 0;
    CURLcode result = curl_easy_perform(call->easy);
    *sent = was_sent(call, result);
    int code = result == CURLE_OK
                   ? answer_error(call, err)
                   : transfer_error(call, result, store->origins[origin], detail, err);
    curl_easy_setopt(call->easy, CURLOPT_ERRORBUFFER, NULL);
    return code;
}

/* ---- Giving up -------------------------------------------------------------------------- */

/* The server would go on with a statement whose client is gone. Whether this works is not told:
 * who must know calls store_settle. */
static void kill_query(struct store *store, const struct store_call *given_up, int origin) {
    struct mp_buf sql;
    mp_buf_init(&sql, STORE_URL_BYTES_MAX);
    struct store_statement *statement;
    int code = store_sql_statement(store, "kill", &statement, NULL);
    if (code == 0) {
        store_bind_str(statement, "query_id", mp_str_of(given_up->query_id));
        code = store_statement_render(statement, &sql, NULL);
    }
    if (code == 0) {
        struct store_call call = {.url_path = MP_STR("/"),
                                  .body = mp_buf_str(&sql),
                                  .is_repeatable = true,
                                  .easy = given_up->easy};
        bool sent;
        perform_at(store, &call, origin, STORE_KILL_TIMEOUT_MS, &sent, NULL);
    }
    store_statement_destroy(statement);
    mp_buf_deinit(&sql);
}

/* ---- A call ----------------------------------------------------------------------------- */

static bool may_go_on(const struct store_call *call, int code, bool sent) {
    return code == MP_E_UNAVAILABLE && (!sent || (call->is_repeatable && !call->was_delivered));
}

static int perform(struct store *store, struct store_call *call, int64_t deadline_ms,
                   struct mp_error *err) {
    bool is_any = call->only_origin < 0;
    int first = is_any ? atomic_load(&store->preferred) : call->only_origin;
    int tries = is_any ? store->origin_count : 1;
    int code = 0;
    for (int i = 0; i < tries; i++) {
        int origin = (first + i) % store->origin_count;
        int64_t left_ms = deadline_ms - mp_mono_ms();
        bool sent;
        code = perform_at(store, call, origin, left_ms > 1 ? left_ms : 1, &sent, err);
        if (code == 0 && is_any) {
            atomic_store(&store->preferred, origin);
        }
        if (sent && call->query_id && (code == MP_E_CANCELLED || code == MP_E_TIMEOUT)) {
            kill_query(store, call, origin);
        }
        if (!may_go_on(call, code, sent)) {
            break;
        }
    }
    return code;
}

int store_call_perform(struct store *store, struct store_call *call, struct mp_error *err) {
    int64_t deadline_ms = mp_mono_ms() + call->timeout_ms;
    int code = store_pool_take(store, call->options, deadline_ms, &call->easy, err);
    if (code) {
        return code;
    }
    code = perform(store, call, deadline_ms, err);
    store_pool_give(store, call->easy);
    call->easy = NULL;
    return code;
}
