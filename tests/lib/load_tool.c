/*
 * load/ as tests in Python drive it: a JSON object a line on standard input, the outcome as a JSON
 * object a line on standard output.
 *
 *   {"do":"open","dir":…,"url":…,"user":…,"password":…,"database":…,
 *    "segment_bytes":…}                             store, schema, journal, apps
 *   {"do":"app","id":…,"zone":…,"open_timeout_ms":…}  adds an app to the registry
 *   {"do":"start","batch_events":…,"batch_wait_ms":…,"rollup_wait_ms":…,
 *    "rollup_cache_bytes":…,"dedupe_ms":…}
 *   {"do":"append","records":[{"context":{…},"events":[{…},…]},…]}    durable when answered
 *   {"do":"drain","timeout_ms":…}, {"do":"stop"}, {"do":"stats"}, {"do":"rebuild","app":…}
 *   {"do":"fill","app":…,"records":…,"events":…,"users":…,"start_ms":…,"step_ms":…,"seed":…}
 *
 * Fields of contexts and events are named as in base/event.h; what is missing is empty. "key" of an
 * event becomes its identity. Each answer has "code" (mp_code_name) and "message".
 */
#include "base/clock.h"
#include "base/event.h"
#include "base/json.h"
#include "base/json_write.h"
#include "load/load.h"

#include <inttypes.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define LINE_BYTES_MAX (256u << 20)
#define PATH_BYTES 4096
#define CONNECTIONS 4

static struct journal *journal;
static struct store *store;
static struct mp_apps *apps;
static struct load *load;
static char load_dir[PATH_BYTES];

static struct mp_str text_of(struct mp_json object, const char *name) {
    struct mp_json value;
    struct mp_str text;
    bool has = mp_json_get(object, mp_str_of(name), &value) && mp_json_str(value, &text);
    return has ? text : mp_str_range("", 0);
}

static int64_t number_of(struct mp_json object, const char *name, int64_t otherwise) {
    struct mp_json value;
    int64_t number;
    bool has = mp_json_get(object, mp_str_of(name), &value) && mp_json_i64(value, &number);
    return has ? number : otherwise;
}

static char *copy_of(struct mp_json object, const char *name) {
    struct mp_str text = text_of(object, name);
    return text.len > 0 ? strndup(text.ptr, text.len) : NULL;
}

/* ---- Opening ---------------------------------------------------------------------------- */

static int open_journal(const char *dir, int64_t segment_bytes, struct mp_error *err) {
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/journal", dir);
    struct journal_config config = {.dir = path,
                                    .segment_bytes = (uint64_t)segment_bytes,
                                    .max_bytes = (uint64_t)4 << 30,
                                    .pending_bytes_max = 64u << 20};
    return journal_open(&config, &journal, err);
}

static int open_all(struct mp_json request, struct mp_error *err) {
    char *dir = copy_of(request, "dir");
    char *url = copy_of(request, "url");
    char *user = copy_of(request, "user");
    char *password = copy_of(request, "password");
    char *database = copy_of(request, "database");
    struct store_config config = {.url = url,
                                  .user = user,
                                  .password = password,
                                  .database = database,
                                  .connections_max = CONNECTIONS,
                                  .connect_timeout_ms = 2000};
    snprintf(load_dir, sizeof(load_dir), "%s/load", dir);
    mkdir(dir, 0700);
    int code = store_open(&config, &store, err);
    code = code ? code : store_migrate(store, err);
    code = code ? code : open_journal(dir, number_of(request, "segment_bytes", 4 << 20), err);
    code = code ? code : mp_apps_open(dir, &apps, err);
    free(dir);
    free(url);
    free(user);
    free(password);
    free(database);
    return code;
}

static int add_app(struct mp_json request, struct mp_error *err) {
    struct mp_app app;
    char *id = copy_of(request, "id");
    char *zone = copy_of(request, "zone");
    int code = mp_apps_add(apps, id, id, zone, (int32_t)number_of(request, "open_timeout_ms", 0),
                           &app, err);
    free(id);
    free(zone);
    return code ? code : mp_apps_refresh(apps, err);
}

static int start(struct mp_json request, struct mp_error *err) {
    struct load_config config = {
        .journal = journal,
        .store = store,
        .apps = apps,
        .dir = load_dir,
        .batch_events_max = (uint32_t)number_of(request, "batch_events", 100000),
        .batch_wait_ms = number_of(request, "batch_wait_ms", 50),
        .rollup_wait_ms = number_of(request, "rollup_wait_ms", 1000),
        .rollup_cache_bytes = (uint64_t)number_of(request, "rollup_cache_bytes", 64 << 20),
        .dedupe_ms = number_of(request, "dedupe_ms", 72 * MP_MS_PER_HOUR),
        .late_ms = 72 * MP_MS_PER_HOUR};
    return load_start(&config, &load, err);
}

/* ---- Records ---------------------------------------------------------------------------- */

static void read_context(struct mp_json object, struct mp_context *context) {
    *context = (struct mp_context){.app = text_of(object, "app"),
                                   .received_ms = number_of(object, "received_ms", mp_now_ms()),
                                   .user = text_of(object, "user"),
                                   .app_version = text_of(object, "app_version"),
                                   .platform = (uint8_t)number_of(object, "platform", 0),
                                   .model = text_of(object, "model"),
                                   .country = text_of(object, "country"),
                                   .province = text_of(object, "province"),
                                   .city = text_of(object, "city")};
}

/* Properties that are texts or numbers. */
static void read_props(struct mp_json object, struct mp_event *event) {
    static struct mp_prop props[MP_EVENT_PROPS_MAX];
    struct mp_json list, value;
    struct mp_str name;
    event->props = props;
    if (!mp_json_get(object, MP_STR("props"), &list)) {
        return;
    }
    struct mp_json_iter each = mp_json_iter(list);
    while (event->prop_count < MP_EVENT_PROPS_MAX && mp_json_next(&each, &name, &value)) {
        struct mp_prop *prop = &props[event->prop_count++];
        *prop = (struct mp_prop){.name = name};
        bool flag;
        if (mp_json_bool(value, &flag)) {
            prop->text = mp_str_of(flag ? "true" : "false");
        } else if (!mp_json_str(value, &prop->text)) {
            prop->type = MP_PROP_NUMBER;
            if (!mp_json_f64(value, &prop->number)) {
                prop->number = 0;
            }
        }
    }
}

static void read_event(struct mp_json object, struct mp_event *event) {
    struct mp_str key = text_of(object, "key");
    struct mp_json password_free;
    *event = (struct mp_event){.identity = mp_hash128(key.ptr, key.len),
                               .user = text_of(object, "user"),
                               .id = key,
                               .name = text_of(object, "name"),
                               .time_ms = number_of(object, "time_ms", 0),
                               .open_id = text_of(object, "open_id"),
                               .open_start_ms = number_of(object, "open_start_ms", 0),
                               .scene = (uint16_t)number_of(object, "scene", 0),
                               .page = text_of(object, "page"),
                               .dwell_ms = number_of(object, "dwell_ms", -1),
                               .amount_fen = number_of(object, "amount_fen", 0)};
    if (mp_json_get(object, MP_STR("password_free"), &password_free) &&
        !mp_json_bool(password_free, &event->password_free)) {
        event->password_free = false;
    }
    read_props(object, event);
}

struct appending {
    sem_t done;
    int result; /* the first failure */
};

static void on_done(void *arg, int result) {
    struct appending *appending = arg;
    appending->result = appending->result ? appending->result : result;
    sem_post(&appending->done);
}

/* Queues all of them, so that they share syncs, and waits for all. */
static int append(struct mp_json request, struct mp_error *err) {
    struct mp_json records, record;
    struct mp_buf bytes;
    struct appending appending = {.result = MP_OK};
    int queued = 0;
    int code = MP_OK;
    mp_buf_init(&bytes, MP_RECORD_BYTES_MAX);
    if (!mp_json_get(request, MP_STR("records"), &records)) {
        return mp_fail(err, MP_E_ARGUMENT, "records", "missing");
    }
    sem_init(&appending.done, 0, 0);
    struct mp_json_iter iter = mp_json_iter(records);
    while (code == MP_OK && mp_json_next(&iter, NULL, &record)) {
        struct mp_json context_json, events, item;
        struct mp_context context;
        struct mp_event event;
        if (!mp_json_get(record, MP_STR("context"), &context_json) ||
            !mp_json_get(record, MP_STR("events"), &events)) {
            code = MP_E_ARGUMENT;
            break;
        }
        mp_buf_clear(&bytes);
        read_context(context_json, &context);
        mp_record_begin(&bytes, &context);
        struct mp_json_iter each = mp_json_iter(events);
        while (mp_json_next(&each, NULL, &item)) {
            read_event(item, &event);
            mp_record_add(&bytes, &event);
        }
        code = journal_append(journal, mp_buf_str(&bytes), on_done, &appending);
        queued += code == MP_OK;
    }
    mp_buf_deinit(&bytes);
    while (queued-- > 0) {
        sem_wait(&appending.done);
    }
    sem_destroy(&appending.done);
    code = code ? code : appending.result;
    return code ? mp_fail(err, (enum mp_code)code, "journal", "refused") : MP_OK;
}

/* ---- Many records, for measuring ---------------------------------------------------------- */

static void on_appended(void *arg, int result) {
    if (result != MP_OK) {
        *(volatile int *)arg = result;
    }
}

static int fill(struct mp_json request, struct mp_error *err) {
    static volatile int failed;
    char user[32], key[64], page[32];
    struct mp_buf bytes;
    char *app = copy_of(request, "app");
    int64_t records = number_of(request, "records", 1);
    int64_t events = number_of(request, "events", 10);
    int64_t users = number_of(request, "users", 1000);
    int64_t at_ms = number_of(request, "start_ms", 0);
    int64_t step_ms = number_of(request, "step_ms", 1);
    uint64_t random = (uint64_t)number_of(request, "seed", 1) * 2654435761u + 1;
    mp_buf_init(&bytes, MP_RECORD_BYTES_MAX);
    for (int64_t i = 0; i < records && !failed; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        snprintf(user, sizeof(user), "user-%" PRIu64, (random >> 33) % (uint64_t)users);
        struct mp_context context = {.app = mp_str_of(app),
                                     .received_ms = at_ms,
                                     .user = mp_str_of(user),
                                     .app_version = MP_STR("1.2.3"),
                                     .sdk = MP_STR("minipulse/1.0.0"),
                                     .platform = 1,
                                     .brand = MP_STR("HUAWEI"),
                                     .model = MP_STR("Mate 60 Pro"),
                                     .os_version = MP_STR("HarmonyOS 4.2"),
                                     .client_version = MP_STR("8.0.50"),
                                     .library_version = MP_STR("3.5.1"),
                                     .screen_width = 390,
                                     .screen_height = 844,
                                     .language = MP_STR("zh_CN"),
                                     .network = MP_STR("wifi"),
                                     .country = MP_STR("中国"),
                                     .province = MP_STR("广东"),
                                     .city = MP_STR("深圳")};
        mp_buf_clear(&bytes);
        mp_record_begin(&bytes, &context);
        for (int64_t j = 0; j < events; j++) {
            snprintf(key, sizeof(key), "%" PRId64 "-%" PRId64 "-%" PRId64, at_ms, i, j);
            snprintf(page, sizeof(page), "pages/goods/%" PRIu64, (random >> 20) % 50);
            bool is_view = j % 2 == 0;
            struct mp_event event = {.identity = mp_hash128(key, strlen(key)),
                                     .id = mp_str_of(key),
                                     .name = is_view ? MP_STR(MP_EVENT_PAGE_VIEW)
                                                     : MP_STR(MP_EVENT_PAGE_LEAVE),
                                     .time_ms = at_ms + j * 1000,
                                     .page = mp_str_of(page),
                                     .dwell_ms = is_view ? -1 : 900};
            random = random * 6364136223846793005u + 1442695040888963407u;
            mp_record_add(&bytes, &event);
        }
        at_ms += step_ms;
        int code = MP_E_FULL;
        while ((code = journal_append(journal, mp_buf_str(&bytes), on_appended, (void *)&failed)) ==
               MP_E_FULL) {
            mp_sleep_ms(1);
        }
        failed = failed ? failed : code;
    }
    int code = failed ? failed : journal_append_wait(journal, mp_buf_str(&bytes));
    mp_buf_deinit(&bytes);
    free(app);
    return code ? mp_fail(err, (enum mp_code)code, "journal", "refused") : MP_OK;
}

/* ---- Requests --------------------------------------------------------------------------- */

static int rebuild(struct mp_json request, struct mp_error *err) {
    char *app = copy_of(request, "app");
    int code = load_rebuild(store, apps, app, NULL, NULL, err);
    free(app);
    return code;
}

static int drain(struct mp_json request, struct mp_error *err) {
    int code = load_drain(load, number_of(request, "timeout_ms", 60000));
    return code ? mp_fail(err, (enum mp_code)code, "", "not drained in time") : code;
}

static int act(struct mp_json request, struct mp_error *err) {
    struct mp_str what = text_of(request, "do");
    if (mp_str_is(what, "open")) {
        return open_all(request, err);
    }
    if (mp_str_is(what, "app")) {
        return add_app(request, err);
    }
    if (mp_str_is(what, "start")) {
        return start(request, err);
    }
    if (mp_str_is(what, "append")) {
        return append(request, err);
    }
    if (mp_str_is(what, "fill")) {
        return fill(request, err);
    }
    if (mp_str_is(what, "drain")) {
        return drain(request, err);
    }
    if (mp_str_is(what, "rebuild")) {
        return rebuild(request, err);
    }
    if (mp_str_is(what, "stop")) {
        load_stop(load);
        load = NULL;
        return MP_OK;
    }
    return mp_str_is(what, "stats") ? MP_OK : mp_fail(err, MP_E_ARGUMENT, "do", "no such request");
}

static void put_number(struct mp_json_writer *json, const char *name, uint64_t value) {
    mp_jw_key(json, name);
    mp_jw_u64(json, value);
}

static void answer(int code, const struct mp_error *err) {
    struct mp_buf line;
    struct mp_json_writer json;
    struct load_stats stats = {0};
    if (load) {
        load_stats(load, &stats);
    }
    mp_buf_init(&line, 1u << 20);
    mp_jw_init(&json, &line);
    mp_jw_object_begin(&json);
    mp_jw_key(&json, "code");
    mp_jw_text(&json, mp_code_name((enum mp_code)code));
    mp_jw_key(&json, "message");
    mp_jw_text(&json, code ? err->message : "");
    mp_jw_key(&json, "last_error");
    mp_jw_text(&json, stats.last_error);
    put_number(&json, "batches", stats.batches);
    put_number(&json, "events", stats.events);
    put_number(&json, "duplicates", stats.duplicates);
    put_number(&json, "retries", stats.retries);
    put_number(&json, "loaded_until_ms", (uint64_t)stats.loaded_until_ms);
    put_number(&json, "corrupt_blocks", stats.corrupt_blocks);
    put_number(&json, "corrupt_records", stats.corrupt_records);
    mp_jw_object_end(&json);
    mp_buf_append_byte(&line, '\n');
    fwrite(line.ptr, 1, line.len, stdout);
    fflush(stdout);
    mp_buf_deinit(&line);
}

int main(void) {
    struct mp_json_parser *parser = mp_json_parser_create(LINE_BYTES_MAX, 16);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t len;
    while ((len = getline(&line, &capacity, stdin)) > 0) {
        struct mp_error err = {0};
        struct mp_json request;
        int code = mp_json_parse(parser, mp_str_range(line, (size_t)len), &request, &err);
        answer(code ? code : act(request, &err), &err);
    }
    load_stop(load);
    if (journal) {
        journal_close(journal);
    }
    mp_apps_close(apps);
    store_close(store);
    mp_json_parser_destroy(parser);
    free(line);
    return 0;
}
