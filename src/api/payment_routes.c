/* Payments in, from the app's own server. */
#include "api/internal.h"

void handle_payments(struct http_request *request, void *api) {
    static const struct collect_face face = {collect_payments, reply_counts, reply_error};
    struct collect_input input = {.app = http_param(request, "app")};
    if (authorize_write(request, api)) {
        collect_with(request, api, &face, &input);
    }
}
