#include "cmd/cmd.h"

#include "base/log.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define HELP_BYTES_MAX (256u << 10)

static const struct cmd *const commands[] = {
    &cmd_serve,  &cmd_app,        &cmd_user,    &cmd_token,   &cmd_wechatpay, &cmd_demo,
    &cmd_import, &cmd_export,     &cmd_sql,     &cmd_rebuild, &cmd_doctor,    &cmd_config,
    &cmd_routes, &cmd_indicators, &cmd_version, &cmd_engine,
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void list_commands(struct mp_buf *out) {
    mp_buf_append_text(out, "Minipulse: analytics for Weixin Mini Programs, on your own server.\n\n"
                            "Usage: minipulse COMMAND [ARGUMENTS] [--setting=value …]\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        mp_buf_printf(out, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
    }
    mp_buf_append_text(out,
                       "\n`minipulse COMMAND --help` tells more. Settings come from minipulse.ini, "
                       "from the\nenvironment (MINIPULSE_DATA_DIR) and from flags (--data-dir).\n");
}

static size_t flag_count(const struct mp_flag *flags) {
    size_t count = 0;
    while (count < CMD_FLAGS_MAX && flags[count].name) {
        count++;
    }
    return count;
}

static void describe(const struct cmd *cmd, struct mp_buf *out) {
    mp_buf_printf(out, "Usage: minipulse %s%s%s [--setting=value …]\n\n%s\n\n%s\n", cmd->name,
                  cmd->arguments[0] ? " " : "", cmd->arguments, cmd->details, "Flags:\n");
    mp_config_help(out, cmd->flags, flag_count(cmd->flags));
}

static int print_help(const struct cmd *cmd) {
    struct mp_buf out;
    mp_buf_init(&out, HELP_BYTES_MAX);
    if (cmd) {
        describe(cmd, &out);
    } else {
        list_commands(&out);
    }
    int result = cmd_print(mp_buf_str(&out));
    mp_buf_deinit(&out);
    return result;
}

static const struct cmd *find_command(const char *name) {
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

static bool asks_for_help(int argc, char **argv) {
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

static int run_command(const struct cmd *cmd, int argc, char **argv) {
    struct cmd_call call = {.cmd = cmd};
    struct mp_error err = {0};
    memcpy(call.flags, cmd->flags, sizeof(call.flags));
    struct mp_config_input input = {.environment = environ,
                                    .argv = argv,
                                    .argc = argc,
                                    .flags = call.flags,
                                    .flag_count = flag_count(call.flags),
                                    .positionals = call.positionals,
                                    .positionals_max = cmd->positionals_max};
    if (mp_config_read(&call.config, &input, &err) != MP_OK) {
        cmd_error(&err);
        fprintf(stderr, "`minipulse %s --help` lists what may be given.\n", cmd->name);
        return CMD_USAGE;
    }
    call.positional_count = input.positional_count;
    mp_log_setup((enum mp_log_level)call.config.log_level, call.config.log_format == MP_LOG_JSON);
    int result = cmd->run(&call);
    mp_config_deinit(&call.config);
    return result;
}

/* A standard stream that was closed must not become a file or socket of ours: what is printed would
 * go there. In its place nothing can be read or written. */
static void keep_standard_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd) {
            _exit(CMD_FAILED);
        }
    }
}

int main(int argc, char **argv) {
    keep_standard_streams();
    /* Files hold keys and people's data: for nobody else. */
    umask(077);
    /* A peer that goes away is an error of that write, not of the process. */
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        print_help(NULL);
        return CMD_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        return print_help(argc > 2 ? find_command(argv[2]) : NULL);
    }
    const struct cmd *cmd = strcmp(name, "--version") == 0 ? &cmd_version : find_command(name);
    if (!cmd) {
        fprintf(stderr, "minipulse: there is no command %s; `minipulse --help` lists them\n", name);
        return CMD_USAGE;
    }
    if (asks_for_help(argc - 2, argv + 2)) {
        return print_help(cmd);
    }
    return run_command(cmd, argc - 2, argv + 2);
}
