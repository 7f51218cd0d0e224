/* `minipulse engine`: the process that serve starts; see engine/engine.h. */
#include "engine/engine.h"

#include "base/log.h"
#include "cmd/cmd.h"

#include <fcntl.h>
#include <unistd.h>

/* When memory runs out the engine is to go first: it comes back, and the collector stays. */
static void offer_to_oom_killer(void) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (write(fd, "500", 3) != 3) {
            mp_log(MP_LOG_DEBUG, "engine", "oom_score_adj cannot be set", NULL);
        }
        close(fd);
    }
}

static int run(struct cmd_call *call) {
    const struct mp_config *config = &call->config;
    char library[CMD_PATH_MAX], dir[CMD_PATH_MAX], socket[CMD_PATH_MAX];
    struct mp_error err = {0};
    if (!engine_find_library(config->engine_library, library, sizeof(library))) {
        mp_fail(&err, MP_E_NOT_FOUND, "engine_library",
                "libchdb.so is not found: set engine_library, or store_url for a ClickHouse server "
                "(`minipulse doctor` tells more)");
        mp_log(MP_LOG_ERROR, "engine", err.message, NULL);
        return CMD_FAILED;
    }
    int code = cmd_make_data_dir(config, &err);
    code = code ? code : cmd_path_absolute(config, CMD_ENGINE_DIR, dir, &err);
    code = code ? code : cmd_path_absolute(config, CMD_ENGINE_SOCKET, socket, &err);
    if (code == MP_OK) {
        struct engine_config engine = {
            .library = library,
            .data_dir = dir,
            .socket_path = socket,
            .tcp_listen = config->engine_listen[0] ? config->engine_listen : NULL,
            .tcp_user = config->engine_user,
            .tcp_password = config->engine_password,
            .memory_bytes = (uint64_t)config->engine_memory_bytes,
            .threads = (int)config->engine_threads,
            .connections = (int)config->engine_connections,
            .query_timeout_ms = config->query_timeout_ms,
        };
        offer_to_oom_killer();
        code = engine_run(&engine, &err);
    }
    if (code != MP_OK) {
        mp_log(MP_LOG_ERROR, "engine", "cannot go on", "code=%s message=\"%s\"",
               mp_code_name(err.code), err.message);
    }
    return code == MP_OK ? CMD_DONE : CMD_FAILED;
}

const struct cmd cmd_engine = {
    .name = "engine",
    .arguments = "",
    .summary = "the embedded engine (serve starts it by itself)",
    .details =
        "Runs the embedded engine on DATA_DIR/engine and answers ClickHouse's HTTP protocol\n"
        "on the Unix socket DATA_DIR/engine.sock. `minipulse serve` starts, watches and ends\n"
        "it; by hand it is of use only while no serve runs on that data_dir.",
    .run = run,
};
