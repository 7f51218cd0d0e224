#include "base/apps_file.h"

#include "base/json.h"
#include "base/json_write.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define FILE_BYTES_MAX (16u << 20)

int mp_apps_file_lock(const char *path, int *fd, struct mp_error *err) {
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0 || flock(*fd, LOCK_EX) != 0) {
        return mp_fail_sys(err, errno, path, "cannot lock");
    }
    return MP_OK;
}

void mp_apps_file_unlock(int fd) {
    if (fd >= 0) {
        close(fd);
    }
}

static bool take_text(struct mp_json object, const char *name, char *out, size_t size) {
    struct mp_json value;
    struct mp_str text = {"", 0};
    if (mp_json_get(object, mp_str_of(name), &value) && !mp_json_str(value, &text)) {
        return false;
    }
    if (text.len >= size) {
        return false;
    }
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return true;
}

static int take_app(struct mp_json object, struct mp_app *app, struct mp_error *err) {
    char zone[80] = "";
    struct mp_json value;
    int64_t timeout = MP_OPEN_TIMEOUT_MS_DEFAULT;
    bool is_whole = take_text(object, "id", app->id, sizeof(app->id)) &&
                    take_text(object, "name", app->name, sizeof(app->name)) &&
                    take_text(object, "write_key", app->write_key, sizeof(app->write_key)) &&
                    take_text(object, "previous_write_key", app->previous_write_key,
                              sizeof(app->previous_write_key)) &&
                    take_text(object, "read_key", app->read_key, sizeof(app->read_key)) &&
                    take_text(object, "zone", zone, sizeof(zone));
    if (is_whole && mp_json_get(object, MP_STR("open_timeout_ms"), &value)) {
        is_whole = mp_json_i64(value, &timeout) && timeout > 0 && timeout <= INT32_MAX;
    }
    if (!is_whole || !mp_app_id_is_valid(mp_str_of(app->id)) || !app->write_key[0] ||
        !app->read_key[0]) {
        return mp_fail(err, MP_E_CORRUPT, "apps.json", "an app's fields are missing or malformed");
    }
    app->open_timeout_ms = (int32_t)timeout;
    return mp_zone_open(mp_str_of(zone[0] ? zone : MP_ZONE_DEFAULT), &app->zone, err);
}

static int take_all(struct mp_json root, struct mp_apps_snapshot *snapshot, struct mp_error *err) {
    struct mp_json list, item;
    if (!mp_json_get(root, MP_STR("apps"), &list) || mp_json_type(list) != MP_JSON_ARRAY ||
        mp_json_size(list) > MP_APPS_MAX) {
        return mp_fail(err, MP_E_CORRUPT, "apps.json", "has no list \"apps\"");
    }
    snapshot->apps = calloc(mp_json_size(list) + 1, sizeof(*snapshot->apps));
    if (!snapshot->apps) {
        return mp_fail(err, MP_E_MEMORY, "apps.json", "no memory");
    }
    struct mp_json_iter iter = mp_json_iter(list);
    while (mp_json_next(&iter, NULL, &item)) {
        int code = take_app(item, &snapshot->apps[snapshot->count], err);
        if (code != MP_OK) {
            return code;
        }
        snapshot->count++;
    }
    return MP_OK;
}

static int read_whole(const char *path, struct mp_buf *out, struct mp_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? MP_OK : mp_fail_sys(err, errno, path, "cannot read");
    }
    ssize_t got = 0;
    do {
        char *at = mp_buf_reserve(out, 64 * 1024);
        got = at ? read(fd, at, 64 * 1024) : -1;
        out->len += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    int code = got < 0 ? mp_fail_sys(err, errno, path, "cannot read") : MP_OK;
    close(fd);
    return code;
}

int mp_apps_file_read(const char *path, struct mp_apps_snapshot **out, struct mp_error *err) {
    struct mp_apps_snapshot *snapshot = calloc(1, sizeof(*snapshot));
    struct mp_json_parser *parser = NULL;
    struct mp_json root;
    struct mp_buf text;
    *out = NULL;
    if (!snapshot) {
        return mp_fail(err, MP_E_MEMORY, path, "no memory");
    }
    snapshot->references = 1;
    mp_buf_init(&text, FILE_BYTES_MAX);
    int code = read_whole(path, &text, err);
    if (code == MP_OK && text.len > 0) {
        parser = mp_json_parser_create(text.len, 8);
        code = parser ? mp_json_parse(parser, mp_buf_str(&text), &root, err)
                      : mp_fail(err, MP_E_MEMORY, path, "no memory");
        if (code == MP_OK) {
            code = take_all(root, snapshot, err);
        }
    }
    mp_json_parser_destroy(parser);
    mp_buf_deinit(&text);
    if (code != MP_OK) {
        mp_apps_release(snapshot);
        return mp_error_wrap(err, "%s", path);
    }
    *out = snapshot;
    return MP_OK;
}

static void put_app(struct mp_json_writer *writer, const struct mp_app *app) {
    const struct {
        const char *name, *value;
    } fields[] = {{"id", app->id},
                  {"name", app->name},
                  {"zone", mp_zone_name(app->zone)},
                  {"write_key", app->write_key},
                  {"previous_write_key", app->previous_write_key},
                  {"read_key", app->read_key}};
    mp_jw_object_begin(writer);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        mp_jw_key(writer, fields[i].name);
        mp_jw_text(writer, fields[i].value);
    }
    mp_jw_key(writer, "open_timeout_ms");
    mp_jw_i64(writer, app->open_timeout_ms);
    mp_jw_object_end(writer);
}

/* Writes text to a new file beside path, syncs, and puts it in path's place. */
static int replace_file(const char *path, struct mp_str text, struct mp_error *err) {
    char fresh[4096], folder[4096];
    snprintf(fresh, sizeof(fresh), "%s.new", path);
    snprintf(folder, sizeof(folder), "%s", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && write(fd, text.ptr, text.len) == (ssize_t)text.len &&
                      fsync(fd) == 0 && rename(fresh, path) == 0;
    int sys = errno;
    if (fd >= 0) {
        close(fd);
    }
    int dir = is_written ? open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (dir >= 0) {
        is_written = fsync(dir) == 0;
        close(dir);
    }
    return is_written ? MP_OK : mp_fail_sys(err, sys, path, "cannot write");
}

int mp_apps_file_write(const char *path, const struct mp_apps_snapshot *snapshot,
                       struct mp_error *err) {
    struct mp_buf text;
    struct mp_json_writer writer;
    mp_buf_init(&text, FILE_BYTES_MAX);
    mp_jw_init(&writer, &text);
    mp_jw_object_begin(&writer);
    mp_jw_key(&writer, "apps");
    mp_jw_array_begin(&writer);
    for (size_t i = 0; i < snapshot->count; i++) {
        put_app(&writer, &snapshot->apps[i]);
    }
    mp_jw_array_end(&writer);
    mp_jw_object_end(&writer);
    int code = text.failed ? mp_fail(err, MP_E_MEMORY, path, "no memory")
                           : replace_file(path, mp_buf_str(&text), err);
    mp_buf_deinit(&text);
    return code;
}
