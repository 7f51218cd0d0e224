/* `minipulse indicators`: the catalogue of indicators, from the table that reports go by. */
#include "cmd/cmd.h"

#include "report/report.h"

#define LIST_BYTES_MAX (256u << 10)

static int run(struct cmd_call *call) {
    struct mp_buf out;
    mp_buf_init(&out, LIST_BYTES_MAX);
    if (cmd_flag(call, "markdown")) {
        report_catalogue_markdown(&out);
    } else {
        report_catalogue(&out);
        mp_buf_append_byte(&out, '\n');
    }
    return cmd_finish(&out, MP_OK, NULL);
}

const struct cmd cmd_indicators = {
    .name = "indicators",
    .arguments = "[--markdown]",
    .summary = "print the catalogue of indicators",
    .details = "Prints what GET /v1/catalogue answers: id, names, unit and definition of each.",
    .flags = {{.name = "markdown", .doc = "Print the table of docs/catalogue.md instead."}},
    .run = run,
};
