#include "cmd/supervise.h"

#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAUSE_MS_MIN 100
#define PAUSE_MS_MAX 10000
/* An engine that lived so long was well: the next pause is short again. */
#define WELL_MS 60000
#define LOOK_MS_STARTING 50
#define LOOK_MS 1000
/* So many looks in a row without an answer, each waiting up to 5 s: the engine hangs. Queries do
 * not keep it from answering, so this is far beyond what load can do. */
#define HANGING_LOOKS_MAX 24
#define START_MS_MAX 120000
#define ARGUMENTS_MAX 16
#define ARGUMENT_BYTES (CMD_PATH_MAX + 64)

struct supervise {
    const struct mp_config *config;
    struct store *store;
    pthread_t thread;
    int wake_fd;  /* an eventfd: readable once stopping */
    bool is_dead; /* under the mutex: supervise_kill was called, start nothing any more */
    pthread_mutex_t mutex;
    struct supervise_stats stats; /* under the mutex */
    int64_t stop_wait_ms;         /* set before wake_fd is */
    char arguments[ARGUMENTS_MAX][ARGUMENT_BYTES];
    char *argv[ARGUMENTS_MAX + 1];
    int argc;
};

static void add_text(struct supervise *supervise, const char *flag, const char *value) {
    int index = supervise->argc++;
    snprintf(supervise->arguments[index], ARGUMENT_BYTES, "--%s=%s", flag, value);
    supervise->argv[index] = supervise->arguments[index];
}

static void add_number(struct supervise *supervise, const char *flag, int64_t value) {
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)value);
    add_text(supervise, flag, text);
}

/* What is in force here goes to the child as flags, whatever its environment and directory say.
 * Only the password goes through the environment: flags can be read by other users. */
static void make_arguments(struct supervise *supervise) {
    const struct mp_config *config = supervise->config;
    supervise->argv[0] = "minipulse";
    supervise->argv[1] = "engine";
    supervise->argc = 2;
    add_text(supervise, "config", "");
    add_text(supervise, "data-dir", config->data_dir);
    add_text(supervise, "log-format", config->log_format == MP_LOG_JSON ? "json" : "text");
    add_text(supervise, "log-level",
             config->log_level == MP_LOG_DEBUG  ? "debug"
             : config->log_level == MP_LOG_INFO ? "info"
             : config->log_level == MP_LOG_WARN ? "warn"
                                                : "error");
    add_text(supervise, "engine-library", config->engine_library);
    add_number(supervise, "engine-memory-bytes", config->engine_memory_bytes);
    add_number(supervise, "engine-threads", config->engine_threads);
    add_number(supervise, "engine-connections", config->engine_connections);
    add_text(supervise, "engine-listen", config->engine_listen);
    add_text(supervise, "engine-user", config->engine_user);
    add_number(supervise, "query-timeout-ms", config->query_timeout_ms);
    supervise->argv[supervise->argc] = NULL;
}

/* In the child between fork and exec: only what is safe there. */
static void become_engine(struct supervise *supervise, pid_t parent) {
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    /* Ctrl-C in the terminal is for the server, which ends the engine last. */
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(CMD_FAILED); /* the parent died before the line above */
    }
    execv("/proc/self/exe", supervise->argv);
    _exit(CMD_FAILED);
}

static pid_t start_engine(struct supervise *supervise) {
    pid_t parent = getpid();
    pthread_mutex_lock(&supervise->mutex);
    pid_t pid = supervise->is_dead ? -1 : fork();
    if (pid == 0) {
        become_engine(supervise, parent);
    }
    supervise->stats.pid = pid > 0 ? pid : 0;
    supervise->stats.is_answering = false;
    supervise->stats.starts += pid > 0;
    pthread_mutex_unlock(&supervise->mutex);
    if (pid < 0) {
        mp_log(MP_LOG_ERROR, "supervise", "cannot start the engine", "errno=%d", errno);
    }
    return pid;
}

/* Waits until the fd is readable or wake_fd is; true when stopping. */
static bool wait_for(struct supervise *supervise, int fd, int64_t wait_ms, bool *is_ready) {
    struct pollfd fds[2] = {{.fd = supervise->wake_fd, .events = POLLIN},
                            {.fd = fd, .events = POLLIN}};
    *is_ready = poll(fds, 2, (int)wait_ms) > 0 && (fds[1].revents & POLLIN);
    return (fds[0].revents & POLLIN) != 0;
}

static void set_answering(struct supervise *supervise, bool is_answering) {
    pthread_mutex_lock(&supervise->mutex);
    supervise->stats.is_answering = is_answering;
    pthread_mutex_unlock(&supervise->mutex);
}

/* Until the engine ends, hangs or all is to stop. True when stopping. */
static bool watch_engine(struct supervise *supervise, pid_t pid, int pid_fd) {
    int64_t began_ms = mp_mono_ms();
    bool was_answering = false, has_ended = false;
    int misses = 0;
    for (;;) {
        if (wait_for(supervise, pid_fd, was_answering ? LOOK_MS : LOOK_MS_STARTING, &has_ended)) {
            return true;
        }
        if (has_ended) {
            return false;
        }
        struct mp_error err;
        bool is_answering = store_ping(supervise->store, &err) == MP_OK;
        if (is_answering && !was_answering) {
            mp_log(MP_LOG_INFO, "supervise", "the engine answers", "pid=%d after_ms=%lld", pid,
                   (long long)(mp_mono_ms() - began_ms));
        }
        was_answering = was_answering || is_answering;
        misses = is_answering ? 0 : misses + 1;
        set_answering(supervise, is_answering);
        bool hangs =
            was_answering ? misses > HANGING_LOOKS_MAX : mp_mono_ms() - began_ms > START_MS_MAX;
        if (hangs) {
            mp_log(MP_LOG_ERROR, "supervise", "the engine does not answer: killing it", "pid=%d",
                   pid);
            kill(pid, SIGKILL);
            return false;
        }
    }
}

/* Reaps the child and says how it ended. */
static void bury_engine(struct supervise *supervise, pid_t pid) {
    int status = 0;
    /* Forgotten before it is reaped: from then on its number may be another process's. */
    pthread_mutex_lock(&supervise->mutex);
    supervise->stats.pid = 0;
    supervise->stats.is_answering = false;
    pthread_mutex_unlock(&supervise->mutex);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        mp_log(MP_LOG_WARN, "supervise", "the engine was killed", "pid=%d signal=%d%s", pid,
               WTERMSIG(status),
               WTERMSIG(status) == SIGKILL ? " hint=\"out of memory? see dmesg\"" : "");
    } else {
        mp_log(WEXITSTATUS(status) == 0 ? MP_LOG_INFO : MP_LOG_ERROR, "supervise",
               "the engine ended", "pid=%d code=%d", pid, WEXITSTATUS(status));
    }
}

/* SIGTERM, then patience, then SIGKILL. */
static void end_engine(struct supervise *supervise, pid_t pid, int pid_fd) {
    struct pollfd fd = {.fd = pid_fd, .events = POLLIN};
    kill(pid, SIGTERM);
    if (poll(&fd, 1, (int)supervise->stop_wait_ms) <= 0) {
        mp_log(MP_LOG_WARN, "supervise", "the engine takes too long to end: killing it", "pid=%d",
               pid);
        kill(pid, SIGKILL);
    }
}

/* One life of the engine; true when stopping. */
static bool live_once(struct supervise *supervise) {
    pid_t pid = start_engine(supervise);
    if (pid < 0) {
        return false;
    }
    int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pid_fd < 0) {
        mp_log(MP_LOG_ERROR, "supervise", "cannot watch the engine", "errno=%d", errno);
        kill(pid, SIGKILL);
        bury_engine(supervise, pid);
        return false;
    }
    bool is_stopping = watch_engine(supervise, pid, pid_fd);
    if (is_stopping) {
        end_engine(supervise, pid, pid_fd);
    }
    close(pid_fd);
    bury_engine(supervise, pid);
    return is_stopping;
}

static void *run(void *arg) {
    struct supervise *supervise = arg;
    int64_t pause_ms = PAUSE_MS_MIN;
    bool is_stopping = false, ignored;
    while (!is_stopping) {
        int64_t began_ms = mp_mono_ms();
        is_stopping = live_once(supervise);
        if (!is_stopping) {
            bool was_well = mp_mono_ms() - began_ms >= WELL_MS;
            pause_ms = was_well ? PAUSE_MS_MIN : pause_ms;
            is_stopping = wait_for(supervise, -1, pause_ms, &ignored);
            pause_ms = pause_ms * 2 < PAUSE_MS_MAX ? pause_ms * 2 : PAUSE_MS_MAX;
        }
    }
    return NULL;
}

int supervise_start(const struct mp_config *config, struct store *store, struct supervise **out,
                    struct mp_error *err) {
    struct supervise *supervise = calloc(1, sizeof(*supervise));
    *out = NULL;
    if (!supervise) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory for the supervisor");
    }
    supervise->config = config;
    supervise->store = store;
    pthread_mutex_init(&supervise->mutex, NULL);
    make_arguments(supervise);
    if (config->engine_password[0]) {
        setenv("MINIPULSE_ENGINE_PASSWORD", config->engine_password, 1);
    }
    supervise->wake_fd = eventfd(0, EFD_CLOEXEC);
    int failed =
        supervise->wake_fd < 0 ? errno : pthread_create(&supervise->thread, NULL, run, supervise);
    if (failed != 0) {
        if (supervise->wake_fd >= 0) {
            close(supervise->wake_fd);
        }
        free(supervise);
        return mp_fail_sys(err, failed, "", "cannot start the supervisor");
    }
    *out = supervise;
    return MP_OK;
}

void supervise_stop(struct supervise *supervise, int64_t wait_ms) {
    if (!supervise) {
        return;
    }
    supervise->stop_wait_ms = wait_ms;
    eventfd_write(supervise->wake_fd, 1);
    pthread_join(supervise->thread, NULL);
    close(supervise->wake_fd);
    pthread_mutex_destroy(&supervise->mutex);
    free(supervise);
}

void supervise_kill(struct supervise *supervise) {
    pthread_mutex_lock(&supervise->mutex);
    supervise->is_dead = true;
    if (supervise->stats.pid > 0) {
        kill(supervise->stats.pid, SIGKILL);
    }
    pthread_mutex_unlock(&supervise->mutex);
}

void supervise_stats(struct supervise *supervise, struct supervise_stats *out) {
    pthread_mutex_lock(&supervise->mutex);
    *out = supervise->stats;
    pthread_mutex_unlock(&supervise->mutex);
}
