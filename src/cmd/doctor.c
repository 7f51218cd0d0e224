/* `minipulse doctor`: looks at what most often goes wrong, and says what to do. */
#include "cmd/cmd.h"

#include "base/clock.h"
#include "base/json.h"
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#define CONFIG_BYTES_MAX (64u << 10)
/* Room for a start: the journal's first segments and the engine's system tables. */
#define FREE_BYTES_MIN (INT64_C(1) << 30)
#define FSYNC_MS_SLOW 50
#define PROBE_BYTES 4096
/* This program was written later than that: an earlier clock is wrong. */
#define WRITTEN_MS INT64_C(1790000000000)
#define FILES_SPARE 256
#define SERVE_FILE_BYTES_MAX 4096

struct report {
    int problems;
    int warnings;
};

static void say(const char *mark, const char *room, const char *format, va_list arguments) {
    printf("%-5s %-8s ", mark, room);
    vprintf(format, arguments);
    putchar('\n');
}

static void good(const char *room, const char *format, ...) MP_PRINTF(2, 3);
static void good(const char *room, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say("ok", room, format, arguments);
    va_end(arguments);
}

static void warn(struct report *report, const char *room, const char *format, ...) MP_PRINTF(3, 4);
static void warn(struct report *report, const char *room, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say("warn", room, format, arguments);
    va_end(arguments);
    report->warnings++;
}

static void bad(struct report *report, const char *room, const char *format, ...) MP_PRINTF(3, 4);
static void bad(struct report *report, const char *room, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say("BAD", room, format, arguments);
    va_end(arguments);
    report->problems++;
}

/* Writes and syncs a small file; milliseconds, or -1 with errno. */
static int64_t probe_write(const char *path) {
    static const char block[PROBE_BYTES];
    int64_t began_ms = mp_mono_ms();
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -1;
    }
    bool is_written = write(fd, block, sizeof(block)) == (ssize_t)sizeof(block) && fsync(fd) == 0;
    int sys = errno;
    close(fd);
    unlink(path);
    errno = sys;
    return is_written ? mp_mono_ms() - began_ms : -1;
}

static void check_disk(struct report *report, const struct mp_config *config) {
    char path[CMD_PATH_MAX];
    struct mp_error err = {0};
    struct statvfs disk;
    if (cmd_make_data_dir(config, &err) != MP_OK ||
        cmd_path(config, "doctor.tmp", path, &err) != MP_OK) {
        bad(report, "disk", "%s. Make the folder for this user, or set data_dir.", err.message);
        return;
    }
    int64_t sync_ms = probe_write(path);
    if (sync_ms < 0) {
        bad(report, "disk", "%s cannot be written: %s. Check owner, mode and free space.",
            config->data_dir, strerror(errno));
        return;
    }
    if (sync_ms > FSYNC_MS_SLOW) {
        warn(report, "disk",
             "a small write and fsync took %lld ms: every accepted request waits "
             "for one. A local SSD takes 1 to 10.",
             (long long)sync_ms);
    } else {
        good("disk", "%s is writable, a write and fsync took %lld ms", config->data_dir,
             (long long)sync_ms);
    }
    if (statvfs(config->data_dir, &disk) == 0) {
        int64_t free_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
        long long free_mib = (long long)(free_bytes >> 20);
        if (free_bytes < FREE_BYTES_MIN) {
            bad(report, "disk",
                "only %lld MiB are free; collecting stops when the disk is full. "
                "Free some, or move data_dir.",
                free_mib);
        } else if (free_bytes < config->journal_max_bytes) {
            warn(report, "disk",
                 "%lld MiB are free, less than journal_max_bytes: a long failure "
                 "of the engine would fill the disk.",
                 free_mib);
        } else {
            good("disk", "%lld MiB are free", free_mib);
        }
    }
}

static void check_clock(struct report *report) {
    struct timex state = {0};
    if (mp_now_ms() < WRITTEN_MS) {
        bad(report, "clock", "the clock is years behind. Set it, and let NTP keep it.");
    } else if (adjtimex(&state) == TIME_ERROR || (state.status & STA_UNSYNC)) {
        warn(report, "clock",
             "the kernel does not see its clock kept by NTP (in a container that "
             "may be the host's business). Days are counted by this clock: install chrony or "
             "systemd-timesyncd.");
    } else {
        good("clock", "kept by NTP");
    }
}

static void check_files(struct report *report, const struct mp_config *config) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
        limit.rlim_max < (rlim_t)config->connections_max + FILES_SPARE) {
        warn(report, "files",
             "the open file limit is %llu, connections_max is %lld. Raise it "
             "(`ulimit -n`, LimitNOFILE=) or lower connections_max.",
             (unsigned long long)limit.rlim_max, (long long)config->connections_max);
    } else {
        good("files", "the open file limit allows connections_max");
    }
}

/* True when something listens on the address. host:port, [v6]:port. */
static bool somebody_listens(const char *listen) {
    char host[256];
    const char *colon = strrchr(listen, ':');
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    if (!colon || (size_t)(colon - listen) >= sizeof(host)) {
        return false;
    }
    struct mp_str name = mp_str_range(listen, (size_t)(colon - listen));
    if (name.len >= 2 && name.ptr[0] == '[') {
        name = mp_str_range(name.ptr + 1, name.len - 2);
    }
    snprintf(host, sizeof(host), "%.*s", MP_STR_ARG(name));
    if (getaddrinfo(host, colon + 1, &hints, &list) != 0 || !list) {
        return false;
    }
    int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_there = fd >= 0 && connect(fd, list->ai_addr, list->ai_addrlen) == 0;
    if (fd >= 0) {
        close(fd);
    }
    freeaddrinfo(list);
    return is_there;
}

static void check_port(struct report *report, const struct mp_config *config, bool is_serving) {
    if (!somebody_listens(config->listen)) {
        good("port", "%s is free", config->listen);
    } else if (is_serving) {
        good("port", "`minipulse serve` answers on %s", config->listen);
    } else {
        bad(report, "port", "another program listens on %s. Stop it, or set listen.",
            config->listen);
    }
}

static void check_engine(struct report *report, const struct mp_config *config) {
    char library[CMD_PATH_MAX];
    struct store *store = NULL;
    struct mp_error err = {0};
    if (cmd_is_embedded(config)) {
        if (!engine_find_library(config->engine_library, library, sizeof(library))) {
            bad(report, "engine",
                "libchdb.so is not found. `npm ci` in the project's folder "
                "installs it; or set engine_library, or store_url for a ClickHouse server.");
            return;
        }
        good("engine", "library %s", library);
    }
    if (cmd_store_open(config, 1, &store, &err) != MP_OK) {
        bad(report, "engine", "%s", err.message);
        return;
    }
    bool is_answering = store_ping(store, &err) == MP_OK;
    store_close(store);
    if (is_answering) {
        good("engine", "answers");
    } else if (cmd_is_embedded(config)) {
        warn(report, "engine", "does not answer: it runs while `minipulse serve` does. (%s)",
             err.message);
    } else {
        bad(report, "engine", "%s does not answer: %s. Events are kept in the journal meanwhile.",
            config->store_url, err.message);
    }
}

/* Whether the process that wrote serve.json is still there: kill -9 leaves the file behind. */
static bool is_serve_alive(const struct mp_config *config) {
    char path[CMD_PATH_MAX], text[SERVE_FILE_BYTES_MAX];
    struct mp_error err;
    struct mp_json root, member;
    int64_t pid = 0;
    int fd = cmd_path(config, CMD_SERVE_FILE, path, &err) == MP_OK
                 ? open(path, O_RDONLY | O_CLOEXEC)
                 : -1;
    ssize_t len = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
    if (fd >= 0) {
        close(fd);
    }
    struct mp_json_parser *parser = len > 0 ? mp_json_parser_create(sizeof(text), 4) : NULL;
    if (parser && mp_json_parse(parser, mp_str_range(text, (size_t)len), &root, &err) == MP_OK &&
        mp_json_get(root, MP_STR("pid"), &member) && !mp_json_i64(member, &pid)) {
        pid = 0;
    }
    mp_json_parser_destroy(parser);
    return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

static void check_apps(struct report *report, const struct mp_config *config) {
    struct mp_apps *apps = NULL;
    struct mp_error err = {0};
    if (mp_apps_open(config->data_dir, &apps, &err) != MP_OK) {
        bad(report, "apps", "%s", err.message);
        return;
    }
    struct mp_apps_snapshot *snapshot = mp_apps_acquire(apps);
    size_t count = mp_apps_count(snapshot);
    mp_apps_release(snapshot);
    mp_apps_close(apps);
    if (count == 0) {
        warn(report, "apps", "there is none yet: `minipulse app add` makes one and its keys.");
    } else {
        good("apps", "%zu", count);
    }
}

static void note_user(void *arg, const struct accounts_user *user) {
    (void)user;
    ++*(size_t *)arg;
}

/* The database and what SQLite keeps beside it: for nobody else. */
static bool check_modes(struct report *report, const struct mp_config *config) {
    static const char *const names[] = {ACCOUNTS_FILE, ACCOUNTS_FILE "-wal", ACCOUNTS_FILE "-shm"};
    char path[CMD_PATH_MAX];
    struct stat info;
    bool is_good = true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (cmd_path(config, names[i], path, NULL) == MP_OK && stat(path, &info) == 0 &&
            (info.st_mode & 077) != 0) {
            bad(report, "accounts", "%s can be read by others (mode %03o). chmod 600 it.", path,
                (unsigned)info.st_mode & 0777);
            is_good = false;
        }
    }
    return is_good;
}

static void check_accounts(struct report *report, const struct mp_config *config) {
    struct accounts *accounts = NULL;
    struct mp_error err = {0};
    size_t count = 0;
    int code = cmd_accounts_open(config, &accounts, &err);
    bool is_private = code == MP_OK && check_modes(report, config);
    code = code ? code : accounts_users(accounts, note_user, &count, &err);
    accounts_close(accounts);
    if (code != MP_OK) {
        bad(report, "accounts", "%s", err.message);
    } else if (count == 0) {
        warn(report, "accounts", "there is no user yet: `minipulse user add NAME --admin`.");
    } else if (is_private) {
        good("accounts", "%zu", count);
    }
}

static void show_config(const struct mp_config *config) {
    struct mp_buf out;
    mp_buf_init(&out, CONFIG_BYTES_MAX);
    mp_config_show(config, &out);
    printf("\nSettings in force:\n%.*s", MP_STR_ARG(mp_buf_str(&out)));
    mp_buf_deinit(&out);
}

static int run(struct cmd_call *call) {
    struct report report = {0};
    bool is_serving = is_serve_alive(&call->config);
    good("config", "%s", call->config.config[0] ? call->config.config : "no file, as it may be");
    check_disk(&report, &call->config);
    check_clock(&report);
    check_files(&report, &call->config);
    check_port(&report, &call->config, is_serving);
    check_engine(&report, &call->config);
    check_apps(&report, &call->config);
    check_accounts(&report, &call->config);
    if (cmd_flag(call, "settings")) {
        show_config(&call->config);
    }
    printf("\n%d problems, %d warnings\n", report.problems, report.warnings);
    return report.problems == 0 ? CMD_DONE : CMD_FAILED;
}

const struct cmd cmd_doctor = {
    .name = "doctor",
    .arguments = "[--settings]",
    .summary = "look for what is wrong, and say what to do",
    .details =
        "Looks at the disk, the clock, limits, the port, the engine, the apps and the accounts\n"
        "of this configuration. Exits 1 when something must be done.",
    .flags = {{.name = "settings", .doc = "Print every setting in force as well."}},
    .run = run,
};
