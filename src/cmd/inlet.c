#include "cmd/inlet.h"

#include "base/event.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/pour.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_BYTES (256u << 10)

struct caller {
    int fd; /* -1 = free */
    struct mp_buf request;
};

struct inlet {
    const struct mp_config *config;
    struct mp_apps *apps;
    struct journal *journal;
    struct feed *feed;
    int listener;
    int wake;
    atomic_bool is_stopping;
    pthread_t thread;
    struct caller callers[INLET_CONNECTIONS_MAX];
    struct mp_str records[INLET_RECORDS_MAX];
};

int inlet_address(const struct mp_config *config, struct sockaddr_un *address, int *dir_fd,
                  struct mp_error *err) {
    *dir_fd = open(config->data_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*dir_fd < 0) {
        return mp_fail_sys(err, errno, "data_dir", "cannot open the folder %s", config->data_dir);
    }
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/" INLET_SOCKET,
             *dir_fd);
    return MP_OK;
}

/* ---- One request ---------------------------------------------------------------------------- */

/* Collecting goes before: an import must neither fill its journal nor stand before it for long. */
static bool has_room(struct inlet *inlet) {
    struct journal_stats journal;
    struct load_stats load;
    journal_stats(inlet->journal, &journal);
    feed_stats(inlet->feed, &load);
    uint64_t behind = journal.durable_lsn > load.cursor_lsn && load.cursor_lsn > 0
                          ? journal.durable_lsn - load.cursor_lsn
                          : journal.durable_lsn - journal.first_lsn;
    return !journal.is_full && behind < INLET_BACKLOG_BYTES_MAX &&
           journal.disk_bytes <= (uint64_t)inlet->config->journal_max_bytes / 2;
}

/* The record is one that the loader can read to its end, of an app that serve knows. */
static int check_record(const struct mp_apps_snapshot *apps, struct mp_str record) {
    struct mp_prop props[MP_EVENT_PROPS_MAX];
    struct mp_record_reader reader;
    struct mp_context context;
    struct mp_event event;
    int got = mp_record_open(&reader, record, &context) == MP_OK ? 1 : -1;
    while (got == 1) {
        got = mp_record_next(&reader, &event, props);
    }
    if (got < 0 || reader.count == 0) {
        return MP_E_CORRUPT;
    }
    return mp_apps_by_id(apps, context.app) ? MP_OK : MP_E_NOT_FOUND;
}

static int split(struct inlet *inlet, struct mp_str payload, size_t *count) {
    struct mp_apps_snapshot *apps = mp_apps_acquire(inlet->apps);
    struct mp_reader reader;
    int code = MP_OK;
    *count = 0;
    mp_reader_init(&reader, payload.ptr, payload.len);
    while (code == MP_OK && mp_reader_left(&reader) > 0) {
        struct mp_str record = mp_read_lstr(&reader);
        if (reader.failed || *count == INLET_RECORDS_MAX) {
            code = MP_E_CORRUPT;
        } else {
            code = check_record(apps, record);
            inlet->records[(*count)++] = record;
        }
    }
    mp_apps_release(apps);
    return code;
}

static int answer(struct inlet *inlet, struct mp_str payload) {
    const struct pour_options options = {0};
    struct mp_error err = {0};
    size_t count;
    if (!has_room(inlet)) {
        return MP_E_FULL;
    }
    int code = split(inlet, payload, &count);
    return code == MP_OK ? pour(inlet->journal, inlet->records, count, &options, &err) : code;
}

/* ---- Connections ---------------------------------------------------------------------------- */

static void hang_up(struct caller *caller) {
    close(caller->fd);
    caller->fd = -1;
    mp_buf_deinit(&caller->request);
}

static void welcome(struct inlet *inlet) {
    int fd = accept4(inlet->listener, NULL, NULL, SOCK_CLOEXEC);
    for (size_t i = 0; i < INLET_CONNECTIONS_MAX && fd >= 0; i++) {
        struct caller *caller = &inlet->callers[i];
        if (caller->fd < 0) {
            caller->fd = fd;
            mp_buf_init(&caller->request, INLET_HEAD_BYTES + INLET_PAYLOAD_BYTES_MAX + READ_BYTES);
            return;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* False: the caller breaks the rules, or is gone. */
static bool serve_caller(struct inlet *inlet, struct caller *caller) {
    struct mp_reader head;
    char *room = mp_buf_reserve(&caller->request, READ_BYTES);
    ssize_t got = room ? recv(caller->fd, room, READ_BYTES, 0) : 0;
    if (got <= 0) {
        return false;
    }
    caller->request.len += (size_t)got;
    if (caller->request.len < INLET_HEAD_BYTES) {
        return true;
    }
    mp_reader_init(&head, caller->request.ptr, INLET_HEAD_BYTES);
    uint32_t magic = mp_read_u32(&head);
    uint32_t len = mp_read_u32(&head);
    if (magic != INLET_MAGIC || len > INLET_PAYLOAD_BYTES_MAX ||
        caller->request.len > INLET_HEAD_BYTES + len) {
        return false;
    }
    if (caller->request.len < INLET_HEAD_BYTES + len) {
        return true;
    }
    int32_t code = answer(inlet, mp_str_range(caller->request.ptr + INLET_HEAD_BYTES, len));
    mp_buf_clear(&caller->request);
    return send(caller->fd, &code, sizeof(code), MSG_NOSIGNAL) == sizeof(code);
}

static void *run(void *arg) {
    struct inlet *inlet = arg;
    while (!atomic_load(&inlet->is_stopping)) {
        struct pollfd fds[2 + INLET_CONNECTIONS_MAX] = {{.fd = inlet->wake, .events = POLLIN}};
        bool has_seat = false;
        for (size_t i = 0; i < INLET_CONNECTIONS_MAX; i++) {
            fds[2 + i] = (struct pollfd){.fd = inlet->callers[i].fd, .events = POLLIN};
            has_seat = has_seat || inlet->callers[i].fd < 0;
        }
        /* Who comes when all seats are taken waits in the kernel's queue. */
        fds[1] = (struct pollfd){.fd = has_seat ? inlet->listener : -1, .events = POLLIN};
        if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0) {
            continue;
        }
        for (size_t i = 0; i < INLET_CONNECTIONS_MAX; i++) {
            struct caller *caller = &inlet->callers[i];
            if (fds[2 + i].revents && caller->fd >= 0 && !serve_caller(inlet, caller)) {
                hang_up(caller);
            }
        }
        if (fds[1].revents) {
            welcome(inlet);
        }
    }
    return NULL;
}

/* ---- Life ----------------------------------------------------------------------------------- */

static int listen_here(struct inlet *inlet, struct mp_error *err) {
    struct sockaddr_un address;
    int dir_fd = -1;
    int code = inlet_address(inlet->config, &address, &dir_fd, err);
    if (code != MP_OK) {
        return code;
    }
    unlink(address.sun_path); /* of a serve that was killed: the journal's lock says it is gone */
    inlet->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_open = inlet->listener >= 0 &&
                   bind(inlet->listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                   chmod(address.sun_path, 0600) == 0 && listen(inlet->listener, 8) == 0;
    code = is_open ? MP_OK
                   : mp_fail_sys(err, errno, INLET_SOCKET, "cannot listen on %s/" INLET_SOCKET,
                                 inlet->config->data_dir);
    close(dir_fd);
    return code;
}

static void destroy(struct inlet *inlet) {
    for (size_t i = 0; i < INLET_CONNECTIONS_MAX; i++) {
        if (inlet->callers[i].fd >= 0) {
            hang_up(&inlet->callers[i]);
        }
    }
    if (inlet->listener >= 0) {
        close(inlet->listener);
    }
    if (inlet->wake >= 0) {
        close(inlet->wake);
    }
    free(inlet);
}

int inlet_start(const struct mp_config *config, struct mp_apps *apps, struct journal *journal,
                struct feed *feed, struct inlet **out, struct mp_error *err) {
    struct inlet *inlet = calloc(1, sizeof(*inlet));
    *out = NULL;
    if (!inlet) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for imports");
    }
    inlet->config = config;
    inlet->apps = apps;
    inlet->journal = journal;
    inlet->feed = feed;
    inlet->listener = -1;
    for (size_t i = 0; i < INLET_CONNECTIONS_MAX; i++) {
        inlet->callers[i].fd = -1;
    }
    inlet->wake = eventfd(0, EFD_CLOEXEC);
    int code = inlet->wake >= 0 ? listen_here(inlet, err)
                                : mp_fail_sys(err, errno, "", "cannot start imports");
    if (code == MP_OK) {
        int failed = pthread_create(&inlet->thread, NULL, run, inlet);
        code = failed ? mp_fail_sys(err, failed, "", "cannot start imports") : MP_OK;
    }
    if (code != MP_OK) {
        destroy(inlet);
        return code;
    }
    *out = inlet;
    return MP_OK;
}

void inlet_stop(struct inlet *inlet) {
    struct sockaddr_un address;
    uint64_t one = 1;
    int dir_fd;
    if (!inlet) {
        return;
    }
    atomic_store(&inlet->is_stopping, true);
    if (write(inlet->wake, &one, sizeof(one)) != sizeof(one)) {
        mp_log(MP_LOG_WARN, "serve", "cannot wake the thread of imports", NULL);
    }
    pthread_join(inlet->thread, NULL);
    if (inlet_address(inlet->config, &address, &dir_fd, NULL) == MP_OK) {
        unlink(address.sun_path);
        close(dir_fd);
    }
    destroy(inlet);
}
