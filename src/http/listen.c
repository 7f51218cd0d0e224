#include "http/internal.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_BACKLOG 4096 /* the system may allow less */
#define LISTEN_FLAGS (SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)

/* Removes the socket of a server that was killed; nothing but a socket. */
static void remove_stale(const char *path) {
    struct stat info;
    if (lstat(path, &info) == 0 && S_ISSOCK(info.st_mode)) {
        unlink(path);
    }
}

static int listen_unix(const char *path, char **socket_path, struct mp_error *err) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        mp_fail(err, MP_E_ARGUMENT, "listen", "socket path over %zu bytes: %s",
                sizeof(address.sun_path) - 1, path);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    remove_stale(path);
    *socket_path = strdup(path);
    int fd = socket(AF_UNIX, LISTEN_FLAGS, 0);
    /* Between bind and listen nobody can connect, so the mode comes in time. */
    if (!*socket_path || fd < 0 ||
        bind(fd, (struct sockaddr *)(void *)&address, sizeof(address)) != 0 ||
        chmod(path, 0600) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        mp_fail_sys(err, errno, "listen", "cannot listen on %s", path);
        free(*socket_path);
        *socket_path = NULL;
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static int listen_at(const struct addrinfo *place) {
    int yes = 1;
    int fd = socket(place->ai_family, LISTEN_FLAGS, 0);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(fd, place->ai_addr, place->ai_addrlen) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        int sys = errno;
        close(fd);
        errno = sys;
        return -1;
    }
    return fd;
}

static int listen_tcp(const char *host, const char *port, struct mp_error *err) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(host[0] ? host : NULL, port, &hints, &found);
    if (failed) {
        mp_fail(err, MP_E_ARGUMENT, "listen", "%s:%s: %s", host, port, gai_strerror(failed));
        return -1;
    }
    int fd = -1;
    for (struct addrinfo *place = found; place && fd < 0; place = place->ai_next) {
        fd = listen_at(place);
    }
    if (fd < 0) {
        mp_fail_sys(err, errno, "listen", "cannot listen on %s port %s", host, port);
    }
    freeaddrinfo(found);
    return fd;
}

int listen_open(const char *address, char **socket_path, struct mp_error *err) {
    char host[256];
    if (strncmp(address, "unix:", 5) == 0) {
        return listen_unix(address + 5, socket_path, err);
    }
    const char *colon = strrchr(address, ':');
    if (!colon || (size_t)(colon - address) >= sizeof(host)) {
        mp_fail(err, MP_E_ARGUMENT, "listen", "must be host:port or unix:/path");
        return -1;
    }
    struct mp_str name = mp_str_range(address, (size_t)(colon - address));
    if (name.len >= 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']') {
        name = mp_str_range(name.ptr + 1, name.len - 2);
    }
    snprintf(host, sizeof(host), "%.*s", MP_STR_ARG(name));
    return listen_tcp(host, colon + 1, err);
}
