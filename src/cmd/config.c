#include "cmd/cmd.h"

#define PAGE_BYTES_MAX (256u << 10)

static const char page_head[] =
    "# Settings\n\n"
    "<!-- Generated: `make docs`. The source is the table in src/base/config_table.c. -->\n\n"
    "Each setting has a default and may be given, weakest first, in the file `minipulse.ini`\n"
    "(`http_threads = 4`), in the environment (`MINIPULSE_HTTP_THREADS=4`) or as a flag\n"
    "(`--http-threads=4`). Sizes take `K`, `M` and `G`. A name that does not exist is an error.\n"
    "`minipulse config` prints what is in force.\n\n";

static int run(struct cmd_call *call) {
    struct mp_buf out;
    mp_buf_init(&out, PAGE_BYTES_MAX);
    if (cmd_flag(call, "markdown")) {
        mp_buf_append_text(&out, page_head);
        mp_config_markdown(&out);
    } else {
        mp_config_show(&call->config, &out);
    }
    int result = cmd_print(mp_buf_str(&out));
    mp_buf_deinit(&out);
    return result;
}

const struct cmd cmd_config = {
    .name = "config",
    .arguments = "[--markdown]",
    .summary = "print the settings in force",
    .details = "Prints every setting with the value that is in force here. Secrets are not shown.",
    .flags = {{.name = "markdown", .doc = "Print the page docs/config.md instead."}},
    .run = run,
};
