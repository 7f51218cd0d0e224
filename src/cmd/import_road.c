#include "cmd/import_road.h"

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/inlet.h"
#include "cmd/pour.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PENDING_BYTES_MAX (UINT64_C(64) << 20)
/* Longer than the disk takes for anything. */
#define ANSWER_TIMEOUT_S 120
#define PAUSE_MS 200
/* Without one record taken. */
#define NO_ROOM_MS_MAX 60000
/* serve looks for new apps once a second. */
#define NEW_APP_MS_MAX 5000

struct import_road {
    struct journal *journal; /* NULL: by the socket */
    int fd;
};

static int connect_to_serve(const struct mp_config *config, struct import_road *road,
                            struct mp_error *err) {
    const struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
    struct sockaddr_un address;
    int dir_fd;
    int code = inlet_address(config, &address, &dir_fd, err);
    if (code != MP_OK) {
        return code;
    }
    road->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (road->fd < 0 || connect(road->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        setsockopt(road->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) != 0 ||
        setsockopt(road->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) != 0) {
        code = mp_fail(err, MP_E_UNAVAILABLE, "data_dir",
                       "another minipulse uses %s, and its " INLET_SOCKET " does not answer: %s",
                       config->data_dir, strerror(errno));
    }
    close(dir_fd);
    return code;
}

int import_road_open(const struct mp_config *config, struct import_road **out,
                     struct mp_error *err) {
    struct import_road *road = calloc(1, sizeof(*road));
    char dir[CMD_PATH_MAX];
    const struct journal_config journal = {.dir = dir,
                                           .segment_bytes = (uint64_t)config->journal_segment_bytes,
                                           .max_bytes = (uint64_t)config->journal_max_bytes,
                                           .pending_bytes_max = PENDING_BYTES_MAX};
    *out = NULL;
    if (!road) {
        return mp_fail(err, MP_E_MEMORY, "", "no memory");
    }
    road->fd = -1;
    int code = cmd_path(config, CMD_JOURNAL_DIR, dir, err);
    code = code ? code : journal_open(&journal, &road->journal, err);
    if (code == MP_E_EXISTS) {
        code = connect_to_serve(config, road, err);
    }
    if (code != MP_OK) {
        import_road_close(road);
        return code;
    }
    *out = road;
    return MP_OK;
}

void import_road_close(struct import_road *road) {
    if (!road) {
        return;
    }
    if (road->journal) {
        journal_close(road->journal);
    }
    if (road->fd >= 0) {
        close(road->fd);
    }
    free(road);
}

bool import_road_is_live(const struct import_road *road) {
    return !road->journal;
}

/* ---- Into our own journal -------------------------------------------------------------------- */

static int send_here(struct import_road *road, struct mp_str records, struct mp_error *err) {
    const struct pour_options options = {0}; /* nobody reads it meanwhile: no use in waiting */
    struct mp_str *list = malloc(INLET_RECORDS_MAX * sizeof(*list));
    struct mp_reader reader;
    int code = list ? MP_OK : mp_fail(err, MP_E_MEMORY, "", "no memory for records");
    mp_reader_init(&reader, records.ptr, records.len);
    while (code == MP_OK && mp_reader_left(&reader) > 0) {
        size_t count = 0;
        while (count < INLET_RECORDS_MAX && mp_reader_left(&reader) > 0 && !reader.failed) {
            list[count++] = mp_read_lstr(&reader);
        }
        code = pour(road->journal, list, count, &options, err);
    }
    free(list);
    return code;
}

/* ---- To serve -------------------------------------------------------------------------------- */

static bool send_all(int fd, const void *data, size_t len) {
    const char *at = data;
    while (len > 0) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        if (sent <= 0 && errno != EINTR) {
            return false;
        }
        at += sent > 0 ? sent : 0;
        len -= sent > 0 ? (size_t)sent : 0;
    }
    return true;
}

static bool receive_code(int fd, int32_t *code) {
    ssize_t got;
    do {
        got = recv(fd, code, sizeof(*code), MSG_WAITALL);
    } while (got < 0 && errno == EINTR);
    return got == sizeof(*code);
}

static int exchange(struct import_road *road, struct mp_str payload, int32_t *answer,
                    struct mp_error *err) {
    struct mp_buf head;
    mp_buf_init(&head, INLET_HEAD_BYTES);
    mp_buf_append_u32(&head, INLET_MAGIC);
    mp_buf_append_u32(&head, (uint32_t)payload.len);
    bool is_done = !head.failed && send_all(road->fd, head.ptr, head.len) &&
                   send_all(road->fd, payload.ptr, payload.len) && receive_code(road->fd, answer);
    mp_buf_deinit(&head);
    return is_done ? MP_OK
                   : mp_fail(err, MP_E_UNAVAILABLE, "", "minipulse serve went away meanwhile");
}

static int send_payload(struct import_road *road, struct mp_str payload, import_road_go_on *go_on,
                        void *arg, struct mp_error *err) {
    int64_t since_ms = mp_mono_ms();
    for (;;) {
        int32_t answer = MP_OK;
        int code = exchange(road, payload, &answer, err);
        if (code != MP_OK || answer == MP_OK) {
            return code;
        }
        int64_t waited_ms = mp_mono_ms() - since_ms;
        bool is_passing = (answer == MP_E_FULL && waited_ms < NO_ROOM_MS_MAX) ||
                          (answer == MP_E_NOT_FOUND && waited_ms < NEW_APP_MS_MAX);
        if (!is_passing) {
            return mp_fail(err, (enum mp_code)answer, "",
                           answer == MP_E_FULL
                               ? "serve has had no room for a minute: is its engine up?"
                           : answer == MP_E_NOT_FOUND
                               ? "serve does not know the app: do both have the same data_dir?"
                               : "serve did not keep the rows (%s)",
                           mp_code_name((enum mp_code)answer));
        }
        if (!go_on(arg)) {
            return mp_fail(err, MP_E_CANCELLED, "", "stopped");
        }
        mp_sleep_ms(PAUSE_MS);
    }
}

/* In requests of whole records that the other side takes. */
static int send_to_serve(struct import_road *road, struct mp_str records, import_road_go_on *go_on,
                         void *arg, struct mp_error *err) {
    struct mp_reader reader;
    const char *begin = records.ptr;
    size_t count = 0;
    int code = MP_OK;
    mp_reader_init(&reader, records.ptr, records.len);
    while (code == MP_OK && mp_reader_left(&reader) > 0) {
        const char *before = (const char *)reader.at;
        (void)mp_read_lstr(&reader);
        count++;
        if ((size_t)((const char *)reader.at - begin) > INLET_PAYLOAD_BYTES_MAX ||
            count > INLET_RECORDS_MAX) {
            code =
                send_payload(road, mp_str_range(begin, (size_t)(before - begin)), go_on, arg, err);
            begin = before;
            count = 1;
        }
    }
    const char *end = records.ptr + records.len;
    return code == MP_OK && end > begin
               ? send_payload(road, mp_str_range(begin, (size_t)(end - begin)), go_on, arg, err)
               : code;
}

int import_road_send(struct import_road *road, struct mp_str records, import_road_go_on *go_on,
                     void *arg, struct mp_error *err) {
    if (records.len == 0) {
        return MP_OK;
    }
    return road->journal ? send_here(road, records, err)
                         : send_to_serve(road, records, go_on, arg, err);
}
