/* What several commands need: errors for people, paths, the store of the configuration. */
#include "cmd/cmd.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_CONNECT_TIMEOUT_MS 3000
#define INPUT_BYTES_MAX (64u << 10)

const char *cmd_flag(const struct cmd_call *call, const char *name) {
    for (size_t i = 0; i < CMD_FLAGS_MAX && call->flags[i].name; i++) {
        if (strcmp(call->flags[i].name, name) == 0) {
            return call->flags[i].value;
        }
    }
    return NULL;
}

int cmd_flag_i64(const struct cmd_call *call, const char *name, int64_t standard, int64_t min,
                 int64_t max, int64_t *out, struct mp_error *err) {
    const char *text = cmd_flag(call, name);
    *out = standard;
    if (text && (!mp_str_to_i64(mp_str_of(text), out) || *out < min || *out > max)) {
        return mp_fail(err, MP_E_ARGUMENT, name, "--%s must be a whole number, %lld to %lld", name,
                       (long long)min, (long long)max);
    }
    return MP_OK;
}

int cmd_read_input(const struct cmd_call *call, const char *flag, struct mp_str *out,
                   struct mp_error *err) {
    const char *path = cmd_flag(call, flag);
    *out = mp_str_range(NULL, 0);
    if (!path) {
        return MP_OK;
    }
    if (strcmp(path, "-") != 0) {
        return mp_file_read(path, INPUT_BYTES_MAX, out, err);
    }
    char *text = malloc(INPUT_BYTES_MAX);
    size_t len = text ? fread(text, 1, INPUT_BYTES_MAX, stdin) : 0;
    *out = mp_str_range(text, len);
    return len > 0 ? MP_OK
                   : mp_fail(err, MP_E_ARGUMENT, flag, "--%s: nothing on standard input", flag);
}

void cmd_wipe(struct mp_str text) {
    if (text.ptr) {
        explicit_bzero((char *)text.ptr, text.len);
        free((char *)text.ptr);
    }
}

int cmd_error(const struct mp_error *err) {
    fprintf(stderr, "minipulse: %s\n", err->message);
    switch (err->code) {
    case MP_E_ARGUMENT:
        return CMD_USAGE;
    case MP_E_UNAVAILABLE:
    case MP_E_TIMEOUT:
        return CMD_UNAVAILABLE;
    default:
        return CMD_FAILED;
    }
}

int cmd_print(struct mp_str text) {
    if (text.len > 0) {
        fwrite(text.ptr, 1, text.len, stdout);
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? CMD_DONE : CMD_FAILED;
}

int cmd_path(const struct mp_config *config, const char *name, char out[CMD_PATH_MAX],
             struct mp_error *err) {
    int len = snprintf(out, CMD_PATH_MAX, "%s/%s", config->data_dir, name);
    return len < CMD_PATH_MAX ? MP_OK
                              : mp_fail(err, MP_E_TOO_LARGE, "data_dir", "data_dir is too long");
}

int cmd_path_absolute(const struct mp_config *config, const char *name, char out[CMD_PATH_MAX],
                      struct mp_error *err) {
    char *dir = realpath(config->data_dir, NULL);
    if (!dir) {
        return mp_fail_sys(err, errno, "data_dir", "cannot find the folder %s", config->data_dir);
    }
    int len = snprintf(out, CMD_PATH_MAX, "%s/%s", dir, name);
    free(dir);
    return len < CMD_PATH_MAX ? MP_OK
                              : mp_fail(err, MP_E_TOO_LARGE, "data_dir", "data_dir is too long");
}

int cmd_make_data_dir(const struct mp_config *config, struct mp_error *err) {
    if (mkdir(config->data_dir, 0700) != 0 && errno != EEXIST) {
        return mp_fail_sys(err, errno, "data_dir", "cannot make the folder %s", config->data_dir);
    }
    return MP_OK;
}

int cmd_accounts_open(const struct mp_config *config, struct accounts **out, struct mp_error *err) {
    char path[CMD_PATH_MAX];
    struct accounts_config accounts = {.path = path,
                                       .session_ms = config->session_hours * MP_MS_PER_HOUR};
    *out = NULL;
    int code = cmd_make_data_dir(config, err);
    code = code ? code : cmd_path(config, ACCOUNTS_FILE, path, err);
    return code ? code : accounts_open(&accounts, out, err);
}

struct accounts_caller cmd_caller(void) {
    struct accounts_caller caller = {.kind = ACCOUNTS_COMMAND, .address = "local"};
    const struct passwd *user = getpwuid(getuid());
    if (user) {
        snprintf(caller.name, sizeof(caller.name), "%s", user->pw_name);
    } else {
        snprintf(caller.name, sizeof(caller.name), "uid %u", (unsigned)getuid());
    }
    return caller;
}

int cmd_first_token(struct accounts *accounts, const char *app, char token[ACCOUNTS_SECRET_SIZE],
                    struct mp_error *err) {
    struct accounts_caller caller = cmd_caller();
    int64_t id = 0;
    int code = accounts_app_added(accounts, &caller, app, err);
    return code ? code
                : accounts_token_add(accounts, &caller, app, MP_STR("first"), ACCOUNTS_VIEWER,
                                     token, &id, err);
}

int cmd_check_app(const struct mp_config *config, const char *app, struct mp_error *err) {
    struct mp_apps *apps = NULL;
    int code = mp_apps_open(config->data_dir, &apps, err);
    if (code != MP_OK) {
        return code;
    }
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
    bool is_there = mp_apps_by_id(snapshot, mp_str_of(app)) != NULL;
    mp_apps_release(snapshot);
    mp_apps_close(apps);
    return is_there ? MP_OK : mp_fail(err, MP_E_NOT_FOUND, "app", "there is no app %s", app);
}

int cmd_finish(struct mp_buf *out, int code, const struct mp_error *err) {
    int result = code == MP_OK ? cmd_print(mp_buf_str(out)) : cmd_error(err);
    mp_buf_deinit(out);
    return result;
}

int cmd_write_whole(const char *path, struct mp_str text, struct mp_error *err) {
    char temporary[CMD_PATH_MAX + 4];
    snprintf(temporary, sizeof(temporary), "%s.new", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && write(fd, text.ptr, text.len) == (ssize_t)text.len;
    if (fd >= 0) {
        close(fd);
    }
    return is_written && rename(temporary, path) == 0
               ? MP_OK
               : mp_fail_sys(err, errno, path, "cannot write %s", path);
}

bool cmd_is_embedded(const struct mp_config *config) {
    return config->store_url[0] == '\0';
}

int cmd_store_open(const struct mp_config *config, int connections_max, struct store **out,
                   struct mp_error *err) {
    char url[CMD_PATH_MAX + 8] = "unix:";
    struct store_config store = {.url = config->store_url,
                                 .user = config->store_user,
                                 .password = config->store_password,
                                 .database = config->store_database,
                                 .ca_file = config->store_ca_file[0] ? config->store_ca_file : NULL,
                                 .connections_max = connections_max,
                                 .connect_timeout_ms = STORE_CONNECT_TIMEOUT_MS};
    if (cmd_is_embedded(config)) {
        int code = cmd_path_absolute(config, CMD_ENGINE_SOCKET, url + strlen("unix:"), err);
        if (code != MP_OK) {
            return code;
        }
        store.url = url;
        store.user = NULL;
        store.password = NULL;
    }
    return store_open(&store, out, err);
}
