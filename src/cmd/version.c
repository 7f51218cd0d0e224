#include "cmd/cmd.h"

static int run(struct cmd_call *call) {
    (void)call;
    return cmd_print(MP_STR("minipulse " MP_VERSION "\n"));
}

const struct cmd cmd_version = {
    .name = "version",
    .arguments = "",
    .summary = "print the version",
    .details = "Prints the version of this program.",
    .run = run,
};
