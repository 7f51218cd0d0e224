/*
 * Private to cmd/: a subcommand of `minipulse`, and what several of them need. main.c finds the
 * command, reads its flags and the configuration, answers --help, sets up logging and calls run.
 * Only this room prints; results go to standard output, all else to standard error.
 */
#ifndef MP_CMD_CMD_H
#define MP_CMD_CMD_H

#include "accounts/accounts.h"
#include "base/apps.h"
#include "base/config.h"
#include "base/error.h"
#include "store/store.h"

#define CMD_FLAGS_MAX 12
#define CMD_POSITIONALS_MAX 64
#define CMD_PATH_MAX 1024

/* Under DATA_DIR. */
#define CMD_ENGINE_SOCKET "engine.sock"
#define CMD_ENGINE_DIR "engine"
#define CMD_JOURNAL_DIR "journal"
#define CMD_LOAD_DIR "load"
#define CMD_SUMMARIES_DIR "summaries"
#define CMD_SERVE_FILE "serve.json" /* pid, port and address of the serve that runs */

/* Exit codes; docs/operate.md tells them. */
enum cmd_exit {
    CMD_DONE = 0,
    CMD_FAILED = 1,       /* tried and did not succeed; standard error says why */
    CMD_USAGE = 2,        /* the command line or the configuration is wrong */
    CMD_UNAVAILABLE = 3,  /* the engine or the server cannot be reached; try again */
    CMD_STOPPED_HARD = 4, /* serve: told to stop, not done in time; what was accepted is kept */
    CMD_PARTLY = 5,       /* import: done, but for rows that were refused */
};

struct cmd_call {
    const struct cmd *cmd;
    struct mp_config config;
    struct mp_flag flags[CMD_FLAGS_MAX]; /* those of cmd, with the values given */
    const char *positionals[CMD_POSITIONALS_MAX];
    size_t positional_count;
};

struct cmd {
    const char *name;      /* "app" */
    const char *arguments; /* behind the name in usage lines: "add [ID] | list | …" */
    const char *summary;   /* one line for the list of commands */
    const char *details;   /* for --help: whole sentences, lines up to 79 columns */
    struct mp_flag flags[CMD_FLAGS_MAX]; /* ended by a name NULL */
    size_t positionals_max;
    int (*run)(struct cmd_call *call); /* returns an enum cmd_exit */
};

extern const struct cmd cmd_serve, cmd_demo, cmd_app, cmd_user, cmd_token, cmd_wechatpay,
    cmd_import, cmd_export, cmd_rebuild, cmd_sql, cmd_doctor, cmd_config, cmd_routes,
    cmd_indicators, cmd_engine, cmd_version;

/* The value of one of the command's own flags; NULL when not given, "" for a switch. */
const char *cmd_flag(const struct cmd_call *call, const char *name);
/* The same as a number; standard when not given. MP_E_ARGUMENT unless min … max. */
MP_MUST_CHECK int cmd_flag_i64(const struct cmd_call *call, const char *name, int64_t standard,
                               int64_t min, int64_t max, int64_t *out, struct mp_error *err);
/* What the flag names, a file or "-" for standard input, in memory that cmd_wipe frees; ptr NULL
 * when it is not given. */
MP_MUST_CHECK int cmd_read_input(const struct cmd_call *call, const char *flag, struct mp_str *out,
                                 struct mp_error *err);
/* Overwrites and frees. */
void cmd_wipe(struct mp_str text);
/* Prints "minipulse: message" on standard error; returns the exit code that fits. */
int cmd_error(const struct mp_error *err);
/* Prints the buffer on standard output. CMD_FAILED when that cannot be written. */
int cmd_print(struct mp_str text);

/* DATA_DIR/name. MP_E_TOO_LARGE when it is longer than out. */
MP_MUST_CHECK int cmd_path(const struct mp_config *config, const char *name, char out[CMD_PATH_MAX],
                           struct mp_error *err);
/* The same from the root on; DATA_DIR must be there. The engine and sockets want it so. */
MP_MUST_CHECK int cmd_path_absolute(const struct mp_config *config, const char *name,
                                    char out[CMD_PATH_MAX], struct mp_error *err);
/* Makes DATA_DIR (mode 0700) when missing. */
MP_MUST_CHECK int cmd_make_data_dir(const struct mp_config *config, struct mp_error *err);
/* Makes DATA_DIR and opens its accounts. */
MP_MUST_CHECK int cmd_accounts_open(const struct mp_config *config, struct accounts **out,
                                    struct mp_error *err);
/* Who runs this command, for the audit log. */
struct accounts_caller cmd_caller(void);
/* Notes a new app and makes its first token, a viewer's. */
MP_MUST_CHECK int cmd_first_token(struct accounts *accounts, const char *app,
                                  char token[ACCOUNTS_SECRET_SIZE], struct mp_error *err);
/* MP_E_NOT_FOUND (app) unless DATA_DIR's registry has the app. */
MP_MUST_CHECK int cmd_check_app(const struct mp_config *config, const char *app,
                                struct mp_error *err);
/* Ends what a command does: prints out, or the error of code; frees out. The exit code. */
int cmd_finish(struct mp_buf *out, int code, const struct mp_error *err);
/* Writes the file at path anew, so that a reader sees all of the text or the file before. */
MP_MUST_CHECK int cmd_write_whole(const char *path, struct mp_str text, struct mp_error *err);
/* True when the store is the engine that serve starts. */
bool cmd_is_embedded(const struct mp_config *config);
/* The store of the configuration: store_url, or the socket of the embedded engine. */
MP_MUST_CHECK int cmd_store_open(const struct mp_config *config, int connections_max,
                                 struct store **out, struct mp_error *err);

#endif
