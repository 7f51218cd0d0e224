/* `minipulse routes`: every HTTP route and who may call it, from the table that serve goes by. */
#include "cmd/cmd.h"

#include "api/api.h"

#define LIST_BYTES_MAX (64u << 10)

static int run(struct cmd_call *call) {
    struct mp_buf out;
    struct api_route route;
    (void)call;
    mp_buf_init(&out, LIST_BYTES_MAX);
    for (size_t i = 0; api_route_at(i, &route); i++) {
        mp_buf_printf(&out, "%-8s %-38s %s\n", route.method, route.path, route.who);
    }
    return cmd_finish(&out, MP_OK, NULL);
}

const struct cmd cmd_routes = {
    .name = "routes",
    .arguments = "",
    .summary = "print the HTTP routes and who may call each",
    .details = "Prints a line a route: method, path, and the least that a caller must be.",
    .run = run,
};
