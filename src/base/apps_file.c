/* DATA_DIR/apps.json: {"version": 1, "apps": [{"id": …, "zone": …, …}]}. */
#include "base/apps_snapshot.h"

#include "base/file.h"
#include "base/json_file.h"
#include "base/json_write.h"

#include <stdlib.h>

#define FILE_VERSION 1
#define FILE_BYTES_MAX ((size_t)16 << 20) /* MP_APPS_MAX apps of at most 1.6 KB */
#define FILE_DEPTH_MAX 6

/* Copies a member that must be a string without NUL bytes and fit. */
static int text_member(struct mp_json object, const char *name, char *out, size_t size,
                       struct mp_error *err) {
    struct mp_json member;
    struct mp_str text;
    if (!mp_json_get(object, mp_str_of(name), &member) || !mp_json_str(member, &text) ||
        text.len >= size || !mp_str_is_utf8(text)) {
        return mp_fail(err, MP_E_CORRUPT, name, "%s is missing, no text, or over %zu bytes", name,
                       size - 1);
    }
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return MP_OK;
}

static int read_app(struct mp_json object, struct mp_apps_snapshot *snapshot,
                    struct mp_error *err) {
    struct mp_app app = {0};
    char zone[96];
    struct mp_json timeout, sdk;
    int64_t timeout_ms = 0;
    int code = text_member(object, "id", app.id, sizeof(app.id), err);
    code = code ? code : text_member(object, "name", app.name, sizeof(app.name), err);
    code =
        code ? code : text_member(object, "write_key", app.write_key, sizeof(app.write_key), err);
    code = code ? code
                : text_member(object, "previous_write_key", app.previous_write_key,
                              sizeof(app.previous_write_key), err);
    code = code ? code : text_member(object, "zone", zone, sizeof(zone), err);
    if (code != MP_OK) {
        return code;
    }
    if (!mp_json_get(object, MP_STR("open_timeout_ms"), &timeout) ||
        !mp_json_i64(timeout, &timeout_ms) || timeout_ms < 0 || timeout_ms > INT32_MAX) {
        return mp_fail(err, MP_E_CORRUPT, "open_timeout_ms", "open_timeout_ms is no whole number");
    }
    app.open_timeout_ms = (int32_t)timeout_ms;
    if (mp_json_get(object, MP_STR("sdk"), &sdk)) {
        code = mp_app_sdk_read(sdk, &app.sdk, err);
        if (code != MP_OK) {
            return code;
        }
    }
    return mp_snapshot_add(snapshot, &app, mp_str_of(zone), err);
}

static int read_document(void *out, struct mp_json root, struct mp_error *err) {
    struct mp_json member, apps;
    int64_t version = 0;
    if (!mp_json_get(root, MP_STR("version"), &member) || !mp_json_i64(member, &version) ||
        version != FILE_VERSION) {
        return mp_fail(err, MP_E_CORRUPT, MP_APPS_FILE, "version is not %d", FILE_VERSION);
    }
    if (!mp_json_get(root, MP_STR("apps"), &apps) || mp_json_type(apps) != MP_JSON_ARRAY ||
        mp_json_size(apps) > MP_APPS_MAX) {
        return mp_fail(err, MP_E_CORRUPT, MP_APPS_FILE, "apps is no list of at most %d",
                       MP_APPS_MAX);
    }
    struct mp_apps_snapshot *snapshot = mp_snapshot_create(mp_json_size(apps));
    if (!snapshot) {
        return mp_fail(err, MP_E_MEMORY, MP_APPS_FILE, "no memory for the apps");
    }
    int code = MP_OK;
    size_t index = 0;
    struct mp_json app;
    for (struct mp_json_iter it = mp_json_iter(apps);
         code == MP_OK && mp_json_next(&it, NULL, &app); index++) {
        code = read_app(app, snapshot, err);
        if (code != MP_OK) {
            code = mp_error_wrap(err, "apps[%zu]", index);
        }
    }
    code = code ? code : mp_snapshot_index(snapshot, err);
    if (code != MP_OK) {
        mp_apps_release(snapshot);
        return code;
    }
    *(struct mp_apps_snapshot **)out = snapshot;
    return MP_OK;
}

int mp_apps_file_read(const char *path, struct mp_apps_snapshot **out, struct mp_error *err) {
    struct mp_error own = {0};
    return mp_json_file_read(path, FILE_BYTES_MAX, FILE_DEPTH_MAX, read_document, out,
                             err ? err : &own);
}

static void write_document(struct mp_buf *out, const struct mp_apps_snapshot *snapshot) {
    struct mp_json_writer writer;
    mp_jw_init(&writer, out);
    mp_jw_object_begin(&writer);
    mp_jw_key(&writer, "version");
    mp_jw_i64(&writer, FILE_VERSION);
    mp_jw_key(&writer, "apps");
    mp_jw_array_begin(&writer);
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct mp_app *app = &snapshot->apps[i];
        mp_jw_object_begin(&writer);
        mp_jw_text_member(&writer, "id", app->id);
        mp_jw_text_member(&writer, "name", app->name);
        mp_jw_text_member(&writer, "zone", mp_zone_name(app->zone));
        mp_jw_key(&writer, "open_timeout_ms");
        mp_jw_i64(&writer, app->open_timeout_ms);
        mp_jw_text_member(&writer, "write_key", app->write_key);
        mp_jw_text_member(&writer, "previous_write_key", app->previous_write_key);
        mp_jw_key(&writer, "sdk");
        mp_jw_object_begin(&writer);
        mp_app_sdk_put(&writer, &app->sdk);
        mp_jw_object_end(&writer);
        mp_jw_object_end(&writer);
    }
    mp_jw_array_end(&writer);
    mp_jw_object_end(&writer);
    mp_buf_append_byte(out, '\n');
}

int mp_apps_file_write(const char *data_dir, const struct mp_apps_snapshot *snapshot,
                       struct mp_error *err) {
    struct mp_buf text;
    mp_buf_init(&text, FILE_BYTES_MAX);
    write_document(&text, snapshot);
    int code = text.failed
                   ? mp_fail(err, MP_E_TOO_LARGE, MP_APPS_FILE, "over %zu bytes", FILE_BYTES_MAX)
                   : mp_file_replace(data_dir, MP_APPS_FILE, mp_buf_str(&text), err);
    mp_buf_deinit(&text);
    return code;
}
