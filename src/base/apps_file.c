/* DATA_DIR/apps.json: {"version": 1, "apps": [{"id": …, "zone": …, …}]}. */
#include "base/apps_snapshot.h"

#include "base/json.h"
#include "base/json_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_VERSION 1
#define FILE_BYTES_MAX ((size_t)16 << 20) /* MP_APPS_MAX apps of at most 1.5 KB */
#define FILE_DEPTH_MAX 4
#define PATH_BYTES_MAX 4096

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
    struct mp_json timeout;
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
    return mp_snapshot_add(snapshot, &app, mp_str_of(zone), err);
}

static int read_document(struct mp_json root, struct mp_apps_snapshot **out, struct mp_error *err) {
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
    *out = snapshot;
    return MP_OK;
}

/* Reads all of an open file into *text; the caller frees text->ptr. */
static int read_all(int fd, struct mp_str *text, struct mp_error *err) {
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return mp_fail_sys(err, errno, MP_APPS_FILE, "cannot stat it");
    }
    if (!S_ISREG(info.st_mode) || info.st_size < 0 || (size_t)info.st_size > FILE_BYTES_MAX) {
        return mp_fail(err, MP_E_CORRUPT, MP_APPS_FILE, "no plain file of at most %zu bytes",
                       FILE_BYTES_MAX);
    }
    size_t size = (size_t)info.st_size, done = 0;
    char *bytes = malloc(size + 1);
    if (!bytes) {
        return mp_fail(err, MP_E_MEMORY, MP_APPS_FILE, "no memory to read it");
    }
    while (done < size) {
        ssize_t got = read(fd, bytes + done, size - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            free(bytes);
            return mp_fail_sys(err, got < 0 ? errno : EIO, MP_APPS_FILE, "cannot read it");
        }
        done += (size_t)got;
    }
    *text = mp_str_range(bytes, size);
    return MP_OK;
}

int mp_apps_file_read(const char *path, struct mp_apps_snapshot **out, struct mp_error *err) {
    struct mp_str text = {0};
    struct mp_error own = {0};
    err = err ? err : &own;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return mp_fail(err, MP_E_NOT_FOUND, MP_APPS_FILE, "there is no %s", path);
    }
    if (fd < 0) {
        return mp_fail_sys(err, errno, MP_APPS_FILE, "cannot open %s", path);
    }
    int code = read_all(fd, &text, err);
    close(fd);
    struct mp_json_parser *parser = NULL;
    if (code == MP_OK) {
        parser = mp_json_parser_create(text.len + 1, FILE_DEPTH_MAX);
        code = parser ? MP_OK : mp_fail(err, MP_E_MEMORY, MP_APPS_FILE, "no memory to parse it");
    }
    struct mp_json root;
    code = code ? code : mp_json_parse(parser, text, &root, err);
    code = code ? code : read_document(root, out, err);
    mp_json_parser_destroy(parser);
    free((char *)text.ptr);
    if (code == MP_OK) {
        return MP_OK;
    }
    /* Whatever rule a file from outside breaks: what stands on disk is at fault. */
    if (code != MP_E_IO && code != MP_E_MEMORY) {
        err->code = MP_E_CORRUPT;
    }
    return mp_error_wrap(err, "%s", path);
}

static void write_member(struct mp_json_writer *writer, const char *name, const char *value) {
    mp_jw_key(writer, name);
    mp_jw_text(writer, value);
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
        write_member(&writer, "id", app->id);
        write_member(&writer, "name", app->name);
        write_member(&writer, "zone", mp_zone_name(app->zone));
        mp_jw_key(&writer, "open_timeout_ms");
        mp_jw_i64(&writer, app->open_timeout_ms);
        write_member(&writer, "write_key", app->write_key);
        write_member(&writer, "previous_write_key", app->previous_write_key);
        mp_jw_object_end(&writer);
    }
    mp_jw_array_end(&writer);
    mp_jw_object_end(&writer);
    mp_buf_append_byte(out, '\n');
}

/* 0 or errno. */
static int write_all(int fd, struct mp_str text) {
    while (text.len > 0) {
        ssize_t put = write(fd, text.ptr, text.len);
        if (put < 0 && errno != EINTR) {
            return errno;
        }
        size_t step = put > 0 ? (size_t)put : 0;
        text = mp_str_range(text.ptr + step, text.len - step);
    }
    return 0;
}

/* Makes the rename itself durable. 0 or errno. */
static int sync_dir(const char *dir) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    int sys = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return sys;
}

static int replace(const char *dir, struct mp_str text, struct mp_error *err) {
    char path[PATH_BYTES_MAX], fresh[PATH_BYTES_MAX];
    int len = snprintf(path, sizeof(path), "%s/" MP_APPS_FILE, dir);
    snprintf(fresh, sizeof(fresh), "%s/" MP_APPS_FILE ".tmp", dir);
    if (len < 0 || (size_t)len + sizeof(".tmp") > sizeof(path)) {
        return mp_fail(err, MP_E_ARGUMENT, "data_dir", "the path is too long");
    }
    /* 0600, as all that we keep. */
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return mp_fail_sys(err, errno, MP_APPS_FILE, "cannot make %s", fresh);
    }
    int sys = write_all(fd, text);
    sys = sys == 0 && fsync(fd) != 0 ? errno : sys;
    close(fd);
    sys = sys == 0 && rename(fresh, path) != 0 ? errno : sys;
    if (sys != 0) {
        unlink(fresh);
        return mp_fail_sys(err, sys, MP_APPS_FILE, "cannot write %s", path);
    }
    sys = sync_dir(dir);
    return sys == 0 ? MP_OK : mp_fail_sys(err, sys, MP_APPS_FILE, "cannot sync %s", dir);
}

int mp_apps_file_write(const char *data_dir, const struct mp_apps_snapshot *snapshot,
                       struct mp_error *err) {
    struct mp_buf text;
    mp_buf_init(&text, FILE_BYTES_MAX);
    write_document(&text, snapshot);
    int code = text.failed
                   ? mp_fail(err, MP_E_TOO_LARGE, MP_APPS_FILE, "over %zu bytes", FILE_BYTES_MAX)
                   : replace(data_dir, mp_buf_str(&text), err);
    mp_buf_deinit(&text);
    return code;
}
