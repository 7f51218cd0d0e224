/* One HTTP exchange: a connection of the pool, the request, the answer or the engine's error. */
#include "store/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define ERROR_BODY_MAX 4096
/* How much longer than the engine's own limit the client waits for the engine to say so. */
#define TIMEOUT_GRACE_MS 2000
#define URL_BYTES_MAX (64u * 1024)

#define ENGINE_TIMEOUT_EXCEEDED 159
#define ENGINE_QUERY_WAS_CANCELLED 394
#define ENGINE_TOO_SLOW 160

struct exchange {
    struct call *call;
    CURL *curl;
    int status;
    int engine_code;
    bool stopped_by_reader;
    bool stopped_by_caller;
    size_t error_len;
    char error_body[ERROR_BODY_MAX];
};

void make_query_id(char out[STORE_QUERY_ID_MAX]) {
    uint8_t random[12];
    char hex[2 * sizeof(random) + 1];
    randombytes_buf(random, sizeof(random));
    sodium_bin2hex(hex, sizeof(hex), random, sizeof(random));
    snprintf(out, STORE_QUERY_ID_MAX, "minipulse-%s", hex);
}

static CURL *take_connection(struct store *store) {
    CURL *curl = NULL;
    pthread_mutex_lock(&store->mutex);
    while (store->idle_count == 0 && store->connection_count == store->connections_max) {
        pthread_cond_wait(&store->freed, &store->mutex);
    }
    if (store->idle_count > 0) {
        curl = store->idle[--store->idle_count];
    } else {
        store->connection_count++;
    }
    pthread_mutex_unlock(&store->mutex);
    if (!curl) {
        curl = curl_easy_init();
    }
    if (!curl) {
        pthread_mutex_lock(&store->mutex);
        store->connection_count--;
        pthread_mutex_unlock(&store->mutex);
    }
    return curl;
}

static void give_connection(struct store *store, CURL *curl) {
    pthread_mutex_lock(&store->mutex);
    store->idle[store->idle_count++] = curl;
    pthread_cond_signal(&store->freed);
    pthread_mutex_unlock(&store->mutex);
}

static size_t on_body(char *data, size_t size, size_t count, void *arg) {
    struct exchange *exchange = arg;
    size_t len = size * count;
    if (exchange->status == 0) {
        long status = 0;
        curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &status);
        exchange->status = (int)status;
    }
    if (exchange->status != 200) {
        size_t room = sizeof(exchange->error_body) - 1 - exchange->error_len;
        size_t kept = len < room ? len : room;
        memcpy(exchange->error_body + exchange->error_len, data, kept);
        exchange->error_len += kept;
        return len;
    }
    struct call *call = exchange->call;
    if (call->on_data && call->on_data(call->on_data_arg, mp_str_range(data, len)) != 0) {
        exchange->stopped_by_reader = true;
        return 0;
    }
    return len;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg) {
    struct exchange *exchange = arg;
    struct mp_str value = mp_str_range(data, size * count);
    struct mp_str name = mp_str_cut(&value, ':');
    value = mp_str_trim(value);
    int64_t number;
    if (name.len == 27 && strncasecmp(name.ptr, "X-ClickHouse-Exception-Code", 27) == 0 &&
        mp_str_to_i64(value, &number)) {
        exchange->engine_code = (int)number;
    } else if (name.len == 20 && strncasecmp(name.ptr, "X-ClickHouse-Summary", 20) == 0) {
        static const char key[] = "\"written_rows\":\"";
        const char *at = value.len ? memmem(value.ptr, value.len, key, sizeof(key) - 1) : NULL;
        if (at) {
            struct mp_str rest = mp_str_range(
                at + sizeof(key) - 1, (size_t)(value.ptr + value.len - at) - (sizeof(key) - 1));
            if (mp_str_to_i64(mp_str_cut(&rest, '"'), &number)) {
                exchange->call->written_rows = number;
            }
        }
    }
    return size * count;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    struct exchange *exchange = arg;
    struct call *call = exchange->call;
    (void)a, (void)b, (void)c, (void)d;
    if (call->is_cancelled && call->is_cancelled(call->is_cancelled_arg)) {
        exchange->stopped_by_caller = true;
    }
    return exchange->stopped_by_caller;
}

static void append_parameter(struct mp_buf *url, CURL *curl, const char *name, const char *value) {
    char *escaped = curl_easy_escape(curl, value, (int)strlen(value));
    if (!escaped) {
        url->failed = true;
        return;
    }
    mp_buf_printf(url, "%s%s=%s", url->ptr && url->ptr[url->len - 1] == '?' ? "" : "&", name,
                  escaped);
    curl_free(escaped);
}

static void make_url(struct store *store, const struct call *call, const char *host, CURL *curl,
                     struct mp_buf *url) {
    char seconds[24];
    int64_t timeout_ms = call->timeout_ms > 0 ? call->timeout_ms : STORE_TIMEOUT_MS_DEFAULT;
    mp_buf_printf(url, "%s%s", host, call->path ? call->path : "/?");
    if (!call->path) {
        if (call->is_read_only) {
            append_parameter(url, curl, "readonly", "2");
        }
        snprintf(seconds, sizeof(seconds), "%lld", (long long)((timeout_ms + 999) / 1000));
        append_parameter(url, curl, "max_execution_time", seconds);
        if (!call->without_database) {
            append_parameter(url, curl, "database", store->database);
        }
        append_parameter(url, curl, "query_id", call->query_id);
        /* The engine holds the answer back until it is whole, so that an error in the middle is an
         * HTTP error and never bytes that look like rows. */
        append_parameter(url, curl, "wait_end_of_query", "1");
        if (call->query) {
            append_parameter(url, curl, "query", call->query);
        }
        if (call->settings) {
            mp_buf_append_text(url, call->settings);
        }
    }
    mp_buf_append_byte(url, '\0');
}

static struct curl_slist *make_headers(const struct store *store, const struct call *call) {
    char line[600];
    struct curl_slist *headers = NULL;
    /* Without these two libcurl waits for "100 Continue" and sends a form's content type. */
    headers = curl_slist_append(headers, "Expect:");
    headers = curl_slist_append(headers, "Content-Type: application/octet-stream");
    if (store->user && !(call->path && store->is_unix)) {
        snprintf(line, sizeof(line), "X-ClickHouse-User: %s", store->user);
        headers = curl_slist_append(headers, line);
        snprintf(line, sizeof(line), "X-ClickHouse-Key: %s",
                 store->password ? store->password : "");
        headers = curl_slist_append(headers, line);
    }
    return headers;
}

static void set_options(struct store *store, struct exchange *exchange, const char *url,
                        struct curl_slist *headers) {
    CURL *curl = exchange->curl;
    const struct call *call = exchange->call;
    int64_t timeout_ms = call->timeout_ms > 0 ? call->timeout_ms : STORE_TIMEOUT_MS_DEFAULT;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    if (store->is_unix) {
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, store->socket_path);
    }
    if (store->ca_file) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, store->ca_file);
    }
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (!call->path) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.ptr ? call->body.ptr : "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
    }
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)store->connect_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(timeout_ms + TIMEOUT_GRACE_MS));
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 512L * 1024);
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 2L * 1024 * 1024);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange);
    if (call->is_cancelled) {
        curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, exchange);
    }
}

/* "Code: 60. DB::Exception: …" gives its number where no header did (18.16 sends none). */
static int code_in_text(const char *text) {
    int code = 0;
    return sscanf(text, "Code: %d", &code) == 1 ? code : 0;
}

static int engine_error(struct exchange *exchange, struct mp_error *err) {
    int number = exchange->engine_code;
    exchange->error_body[exchange->error_len] = '\0';
    if (number == 0) {
        number = code_in_text(exchange->error_body);
    }
    enum mp_code code = MP_E_ENGINE;
    if (number == ENGINE_TIMEOUT_EXCEEDED || number == ENGINE_TOO_SLOW) {
        code = MP_E_TIMEOUT;
    } else if (number == ENGINE_QUERY_WAS_CANCELLED) {
        code = MP_E_CANCELLED;
    } else if (number == 0) {
        code = exchange->status >= 500 || exchange->status == 0 ? MP_E_UNAVAILABLE : MP_E_ENGINE;
    }
    struct mp_str text = mp_str_trim(mp_str_range(exchange->error_body, exchange->error_len));
    mp_fail(err, code, "store", "HTTP %d: %.*s", exchange->status, MP_STR_ARG(text));
    if (err) {
        err->engine_code = number;
    }
    return code;
}

static void kill_query(struct store *store, const char *query_id, int host) {
    char sql[160];
    struct mp_error err;
    snprintf(sql, sizeof(sql), "KILL QUERY WHERE query_id = '%s' ASYNC", query_id);
    struct call call = {
        .body = mp_str_of(sql), .timeout_ms = 5000, .without_database = true, .only_host = host};
    if (store_call(store, &call, &err) != MP_OK) {
        mp_log(MP_LOG_WARN, "store", "cannot kill a query", "query_id=%s reason=\"%s\"", query_id,
               err.message);
    }
}

static int judge(struct exchange *exchange, CURLcode result, struct mp_error *err) {
    if (exchange->stopped_by_caller) {
        return mp_fail(err, MP_E_CANCELLED, "", "the asker left");
    }
    if (exchange->stopped_by_reader) {
        return mp_fail(err, MP_E_CANCELLED, "", "the reader of the answer stopped");
    }
    if (result == CURLE_OPERATION_TIMEDOUT) {
        return mp_fail(err, MP_E_TIMEOUT, "store", "no answer within %lld ms",
                       (long long)exchange->call->timeout_ms);
    }
    if (result != CURLE_OK) {
        return mp_fail(err, MP_E_UNAVAILABLE, "store", "%s", curl_easy_strerror(result));
    }
    long status = 0;
    curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &status);
    exchange->status = (int)status;
    return status == 200 ? MP_OK : engine_error(exchange, err);
}

/* True when the connection could not even be made: nothing was sent. */
static bool never_reached(CURLcode result) {
    return result == CURLE_COULDNT_CONNECT || result == CURLE_COULDNT_RESOLVE_HOST ||
           result == CURLE_SSL_CONNECT_ERROR;
}

static int try_host(struct store *store, struct call *call, int host, bool *was_reached,
                    struct mp_error *err) {
    struct exchange exchange = {.call = call};
    struct mp_buf url;
    mp_buf_init(&url, URL_BYTES_MAX);
    exchange.curl = take_connection(store);
    if (!exchange.curl) {
        return mp_fail(err, MP_E_MEMORY, "store", "no memory for a connection");
    }
    make_url(store, call, store->hosts[host], exchange.curl, &url);
    struct curl_slist *headers = make_headers(store, call);
    int code;
    if (url.failed || !headers) {
        code = mp_fail(err, MP_E_TOO_LARGE, "store", "the request's URL is over %u bytes",
                       URL_BYTES_MAX);
        *was_reached = true;
    } else {
        set_options(store, &exchange, url.ptr, headers);
        CURLcode result = curl_easy_perform(exchange.curl);
        *was_reached = !never_reached(result);
        code = judge(&exchange, result, err);
    }
    curl_slist_free_all(headers);
    mp_buf_deinit(&url);
    give_connection(store, exchange.curl);
    return code;
}

int store_call(struct store *store, struct call *call, struct mp_error *err) {
    char made_id[STORE_QUERY_ID_MAX];
    if (!call->query_id) {
        make_query_id(made_id);
        call->query_id = made_id;
    }
    pthread_mutex_lock(&store->mutex);
    int first = call->only_host >= 0 ? call->only_host : store->preferred_host;
    pthread_mutex_unlock(&store->mutex);
    int tries = call->only_host >= 0 ? 1 : store->host_count;
    int code = MP_E_UNAVAILABLE;
    for (int i = 0; i < tries; i++) {
        int host = (first + i) % store->host_count;
        bool was_reached = false;
        call->written_rows = -1;
        code = try_host(store, call, host, &was_reached, err);
        if (was_reached) {
            pthread_mutex_lock(&store->mutex);
            store->preferred_host = host;
            pthread_mutex_unlock(&store->mutex);
        }
        if ((code == MP_E_CANCELLED || code == MP_E_TIMEOUT) && was_reached && !call->path) {
            kill_query(store, call->query_id, host);
        }
        /* A host that was never reached got nothing: the next may have even a write. */
        bool may_try_next = !was_reached || (call->may_fail_over && code == MP_E_UNAVAILABLE);
        if (code == MP_OK || !may_try_next) {
            break;
        }
    }
    if (call->query_id == made_id) {
        call->query_id = NULL;
    }
    return code;
}
