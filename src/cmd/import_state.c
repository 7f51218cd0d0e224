#include "cmd/import_state.h"

#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Within one page: a write of it is all there or not at all, whenever the process is killed. */
#define STATE_BYTES_MAX 1024
#define STATE_FIRST_LINE "minipulse import 1"

struct import_state {
    int fd;
    char path[CMD_PATH_MAX];
};

static const struct {
    const char *name;
    size_t offset;
} fields[] = {
    {"size", offsetof(struct import_progress, size)},
    {"changed_ns", offsetof(struct import_progress, changed_ns)},
    {"options", offsetof(struct import_progress, options)},
    {"offset", offsetof(struct import_progress, offset)},
    {"line", offsetof(struct import_progress, line)},
    {"rows", offsetof(struct import_progress, rows)},
    {"accepted", offsetof(struct import_progress, accepted)},
    {"refused", offsetof(struct import_progress, refused)},
    {"reject_bytes", offsetof(struct import_progress, reject_bytes)},
    {"ended_ms", offsetof(struct import_progress, ended_ms)},
};
#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

static int64_t *field_at(struct import_progress *progress, size_t index) {
    return (int64_t *)((char *)progress + fields[index].offset);
}

static bool take_line(struct mp_str *text, const char *name, struct mp_str *value) {
    *value = mp_str_cut(text, '\n');
    return mp_str_is(mp_str_cut(value, ' '), name) && value->ptr;
}

static bool parse(struct mp_str text, struct import_progress *out) {
    struct mp_str rest = text, value;
    uint64_t checksum;
    if (!mp_str_is(mp_str_cut(&rest, '\n'), STATE_FIRST_LINE)) {
        return false;
    }
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (!take_line(&rest, fields[i].name, &value) || !mp_str_to_i64(value, field_at(out, i))) {
            return false;
        }
    }
    size_t len = rest.ptr ? (size_t)(rest.ptr - text.ptr) : 0;
    return take_line(&rest, "checksum", &value) && mp_str_to_u64(value, &checksum) &&
           checksum == mp_checksum(text.ptr, len);
}

static int read_state(struct import_state *state, struct import_progress *progress,
                      struct mp_error *err) {
    char text[STATE_BYTES_MAX];
    ssize_t len = pread(state->fd, text, sizeof(text), 0);
    *progress = (struct import_progress){0};
    if (len < 0) {
        return mp_fail_sys(err, errno, state->path, "cannot read %s", state->path);
    }
    if (len > 0 && !parse(mp_str_range(text, (size_t)len), progress)) {
        *progress = (struct import_progress){0};
        return mp_fail(err, MP_E_CORRUPT, state->path, "%s cannot be read", state->path);
    }
    return MP_OK;
}

/* DATA_DIR/import/<checksum of app and the file's whole path>. */
static int make_path(const struct mp_config *config, const char *app, const char *path,
                     char out[CMD_PATH_MAX], struct mp_error *err) {
    char dir[CMD_PATH_MAX], name[64];
    struct mp_buf key;
    char *whole = realpath(path, NULL);
    if (!whole) {
        return mp_fail_sys(err, errno, path, "cannot open %s", path);
    }
    mp_buf_init(&key, 2 * PATH_MAX);
    mp_buf_append(&key, app, strlen(app) + 1);
    mp_buf_append_text(&key, whole);
    snprintf(name, sizeof(name), CMD_IMPORT_DIR "/%016" PRIx64, mp_checksum(key.ptr, key.len));
    free(whole);
    mp_buf_deinit(&key);
    int code = cmd_path(config, CMD_IMPORT_DIR, dir, err);
    if (code == MP_OK && mkdir(dir, 0700) != 0 && errno != EEXIST) {
        code = mp_fail_sys(err, errno, "data_dir", "cannot make the folder %s", dir);
    }
    return code == MP_OK ? cmd_path(config, name, out, err) : code;
}

int import_state_open(const struct mp_config *config, const char *app, const char *path,
                      struct import_state **out, struct import_progress *progress,
                      struct mp_error *err) {
    struct import_state *state = calloc(1, sizeof(*state));
    *out = state;
    if (!state) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for the import's state");
    }
    state->fd = -1;
    int code = make_path(config, app, path, state->path, err);
    if (code == MP_OK) {
        state->fd = open(state->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (state->fd < 0) {
            code = mp_fail_sys(err, errno, state->path, "cannot open %s", state->path);
        } else if (flock(state->fd, LOCK_EX | LOCK_NB) != 0) {
            code = mp_fail(err, MP_E_EXISTS, path, "%s is being imported at this moment", path);
        }
    }
    code = code ? code : read_state(state, progress, err);
    if (code != MP_OK && code != MP_E_CORRUPT) {
        import_state_close(state);
        *out = NULL;
    }
    return code;
}

void import_state_close(struct import_state *state) {
    if (state) {
        if (state->fd >= 0) {
            close(state->fd);
        }
        free(state);
    }
}

int import_state_save(struct import_state *state, const struct import_progress *progress,
                      struct mp_error *err) {
    struct import_progress copy = *progress;
    struct mp_buf text;
    mp_buf_init(&text, STATE_BYTES_MAX);
    mp_buf_append_text(&text, STATE_FIRST_LINE "\n");
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        mp_buf_printf(&text, "%s %" PRId64 "\n", fields[i].name, *field_at(&copy, i));
    }
    mp_buf_printf(&text, "checksum %" PRIu64 "\n", mp_checksum(text.ptr, text.len));
    /* Shorter than before it leaves the former end behind it, which nobody reads. */
    bool is_written = !text.failed && pwrite(state->fd, text.ptr, text.len, 0) == (ssize_t)text.len;
    mp_buf_deinit(&text);
    return is_written ? MP_OK
                      : mp_fail_sys(err, errno, state->path, "cannot write %s", state->path);
}
